import type { SampleValue } from "../common/contract/samples.ts";
import type { GenealogyLink, LinkRefusal, TagValues } from "./genealogy-port.ts";

interface RebuildOptions {
	/** Undefined when the configuration names no tag: what was read before stays, and nobody asks for it. */
	readonly links:
		| {
				readonly tag: string;
				read(
					unit: string,
					atMs: number,
					status: number,
					value: SampleValue,
				): GenealogyLink | LinkRefusal | undefined;
		  }
		| undefined;
	readonly reader: { tagValues(query: { tag: string; fromMs: number }): Promise<TagValues> };
	readonly store: {
		linksTag(): Promise<string | undefined>;
		beginLinks(): Promise<void>;
		addLinks(links: readonly GenealogyLink[], endsTag?: string): Promise<void>;
	};
	readonly telemetry: { rebuilt(fields: { tag: string; links: number }): void };
}

/**
 * Reads links out of what is stored, when the store is older than that, or the configuration names another tag than before. What is
 * interrupted begins anew at the next start.
 */
export async function rebuildGenealogy({ links, reader, store, telemetry }: RebuildOptions): Promise<void> {
	if (links === undefined || (await store.linksTag()) === links.tag) return;
	await store.beginLinks();
	let found = 0;
	for (let fromMs: number | undefined = -8.64e15; fromMs !== undefined; ) {
		const { values, nextMs }: TagValues = await reader.tagValues({ tag: links.tag, fromMs });
		const told = values.flatMap(({ unit, atMs, status, value }) => {
			const read = links.read(unit, atMs, status, value);
			return read === undefined || "reason" in read ? [] : [read];
		});
		found += told.length;
		await store.addLinks(told, nextMs === undefined ? links.tag : undefined);
		fromMs = nextMs;
	}
	if (found > 0) telemetry.rebuilt({ tag: links.tag, links: found });
}
