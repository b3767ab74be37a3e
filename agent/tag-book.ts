import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Datatype, datatypeName, datatypes, type TagDatatypeName } from "../common/contract/datatype.ts";
import { gapMetric } from "../common/contract/delivery.ts";
import { nodeDevice } from "../common/contract/ids.ts";
import { openedMetric } from "../common/contract/opened.ts";
import { CodedError, errorText } from "../common/runtime/coded-error.ts";
import { replaceFile } from "../common/runtime/data-directory.ts";
import type { AgentConfig } from "./config.ts";

/** A tag as records know it. The same name with another data type is another tag, with another id. */
export interface Tag {
	readonly id: number;
	readonly device: string;
	readonly name: string;
	readonly datatype: Datatype;
	/** In the configuration now; a tag that is only held in old records is not. */
	readonly configured: boolean;
	readonly eu?: string | undefined;
	readonly low?: number | undefined;
	readonly high?: number | undefined;
}

interface StoredTag {
	readonly id: number;
	readonly device: string;
	readonly name: string;
	readonly type: TagDatatypeName;
}

const bookFormat = 1;

/**
 * Gives every (device, name, data type) a number for ever. Records hold these numbers, so the book is
 * on disk before the first record that uses it.
 */
export class TagBook {
	readonly #tags: Tag[];
	/** Configured tags by device and name. */
	readonly #byName: ReadonlyMap<string, Tag>;

	private constructor(tags: Tag[]) {
		this.#tags = tags;
		this.#byName = new Map(
			tags.filter(({ configured }) => configured).map((tag) => [`${tag.device}\n${tag.name}`, tag]),
		);
	}

	/** Reads the book of a data directory and adds what the configuration has new. */
	static async open(directory: string, config: AgentConfig): Promise<TagBook> {
		const path = join(directory, "tags.json");
		const stored = await readBook(path);
		const known = new Map(stored.map((tag) => [keyOf(tag.device, tag.name, tag.type), tag]));
		let nextId = stored.reduce((highest, tag) => Math.max(highest, tag.id), 0) + 1;
		const configured = new Map<string, Omit<Tag, "id" | "configured">>();
		for (const name of [gapMetric, openedMetric]) {
			configured.set(keyOf(nodeDevice, name, "String"), {
				device: nodeDevice,
				name,
				datatype: datatypes.String,
			});
		}
		for (const device of config.devices) {
			for (const { name, type, eu, low, high } of device.tags) {
				configured.set(keyOf(device.name, name, type), {
					device: device.name,
					name,
					datatype: datatypes[type],
					eu,
					low,
					high,
				});
			}
		}
		const all = [...stored];
		for (const [key, tag] of configured) {
			if (known.has(key)) continue;
			all.push({
				id: nextId++,
				device: tag.device,
				name: tag.name,
				type: datatypeName(tag.datatype) as TagDatatypeName,
			});
		}
		if (all.length > stored.length)
			await replaceFile(path, `${JSON.stringify({ format: bookFormat, tags: all }, null, "\t")}\n`);
		return new TagBook(
			all.map(({ id, device, name, type }) => {
				const now = configured.get(keyOf(device, name, type));
				return { id, device, name, datatype: datatypes[type], configured: now !== undefined, ...now };
			}),
		);
	}

	/** Every tag ever, in order of id. */
	get tags(): readonly Tag[] {
		return this.#tags;
	}

	get(id: number): Tag | undefined {
		// Ids count from 1 without holes, because tags are only ever added.
		return this.#tags[id - 1];
	}

	/** The configured tag of a device, or undefined. */
	find(device: string, name: string): Tag | undefined {
		return this.#byName.get(`${device}\n${name}`);
	}
}

function keyOf(device: string, name: string, type: string): string {
	return `${device}\n${name}\n${type}`;
}

async function readBook(path: string): Promise<StoredTag[]> {
	let text: string;
	try {
		text = await readFile(path, "utf8");
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
		throw error;
	}
	let raw: { format?: unknown; tags?: unknown } | null;
	try {
		raw = JSON.parse(text);
	} catch (error) {
		throw new CodedError(
			"DATA_DAMAGED",
			`${path}: expected JSON: ${errorText(error)}; restore it from a backup`,
		);
	}
	if (typeof raw?.format === "number" && raw.format > bookFormat) {
		throw new CodedError("DATA_FORMAT_NEWER", `${path}: expected format ${bookFormat}, found ${raw.format}`);
	}
	const tags = raw?.tags as (StoredTag | null)[];
	const sound =
		Array.isArray(tags) &&
		tags.every((tag, index) => tag?.id === index + 1 && datatypes[tag.type] !== undefined);
	if (!sound)
		throw new CodedError(
			"DATA_DAMAGED",
			`${path}: expected tags with ids 1, 2, 3 …; restore it from a backup`,
		);
	return tags as StoredTag[];
}
