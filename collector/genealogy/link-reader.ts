import type { SampleColumns, SampleValue } from "../../common/contract/samples.ts";
import { isGood } from "../../common/contract/status.ts";
import type { GenealogyLink, GenealogyReader, LinkRefusal, LinksTold } from "../genealogy-port.ts";
import type { Series } from "../pipeline.ts";
import { readLinkText } from "./link-text.ts";

/** Reads links out of samples. A value says the same whenever it comes, so there is no state to keep or discard. */
export class LinkReader implements GenealogyReader {
	/** The tag by which units tell links. */
	readonly tag: string;
	readonly #units = new Map<number, string>();

	constructor(tag: string) {
		this.tag = tag;
	}

	addSeries({ id, device, tag }: Series): void {
		if (tag === this.tag) this.#units.set(id, device);
	}

	take(samples: SampleColumns): LinksTold | undefined {
		if (this.#units.size === 0) return undefined;
		const links: GenealogyLink[] = [];
		const refused: LinkRefusal[] = [];
		for (let index = 0; index < samples.count; index++) {
			const unit = this.#units.get(samples.tagId[index] as number);
			if (unit === undefined) continue;
			const [atMs, status] = [samples.sourceMs[index] as number, samples.status[index] as number];
			const read = this.read(unit, atMs, status, samples.value(index));
			if (read === undefined) continue;
			if ("reason" in read) refused.push(read);
			else links.push(read);
		}
		return links.length + refused.length === 0 ? undefined : { links, refused };
	}

	/** What one value tells; undefined when it is not Good, or says that there is no link. */
	read(
		unit: string,
		atMs: number,
		status: number,
		value: SampleValue,
	): GenealogyLink | LinkRefusal | undefined {
		if (!isGood(status) || value === null) return undefined;
		const read = typeof value === "string" ? readLinkText(value) : { refused: "expected a text" };
		if (read === undefined) return undefined;
		return "refused" in read ? { unit, atMs, reason: read.refused } : { ...read, unit, atMs };
	}
}
