import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Datatype, datatypeName, datatypes, type TagDatatypeName } from "../common/contract/datatype.ts";
import { gapMetric } from "../common/contract/delivery.ts";
import { nodeDevice } from "../common/contract/ids.ts";
import { openedMetric } from "../common/contract/opened.ts";
import { CodedError, errorText } from "../common/runtime/coded-error.ts";
import { replaceFile } from "../common/runtime/data-directory.ts";

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

/** What the book has to know of a tag; one whose type the server has yet to tell is not in it. */
interface TagDefinition {
	readonly name: string;
	readonly type?: TagDatatypeName | undefined;
	readonly eu?: string | undefined;
	readonly low?: number | undefined;
	readonly high?: number | undefined;
}

const bookFormat = 1;

/**
 * Gives every (device, name, data type) a number for ever. Records hold these numbers, so the book is
 * on disk before the first record that uses it.
 */
export class TagBook {
	readonly #path: string;
	/** By id less one; an entry is replaced when what is configured changes. */
	readonly #tags: Tag[];
	/** The last number that an earlier run gave. */
	readonly #lastOld: number;
	readonly #ids = new Map<string, number>();
	/** Configured tags by device and name. */
	readonly #byName = new Map<string, Tag>();

	private constructor(path: string, stored: readonly StoredTag[]) {
		this.#path = path;
		this.#lastOld = stored.length;
		this.#tags = stored.map(({ id, device, name, type }) => {
			this.#ids.set(keyOf(device, name, type), id);
			return { id, device, name, datatype: datatypes[type], configured: false };
		});
	}

	/** Reads the book of a data directory and adds what the configuration has new. */
	static async open(
		directory: string,
		config: {
			readonly devices: readonly { readonly name: string; readonly tags: readonly TagDefinition[] }[];
		},
	): Promise<TagBook> {
		const path = join(directory, "tags.json");
		const book = new TagBook(path, await readBook(path));
		const own = [gapMetric, openedMetric].map((name) => ({ name, type: "String" as const }));
		const devices = [
			{ name: nodeDevice as string, tags: own as readonly TagDefinition[] },
			...config.devices,
		];
		await book.addAll(devices);
		for (const { name, tags } of devices) book.configure(name, tags);
		return book;
	}

	/**
	 * Numbers for the tags of a device that have none yet, on disk when it resolves. Nothing else changes until
	 * `configure` is called.
	 */
	async add(device: string, tags: readonly TagDefinition[]): Promise<void> {
		await this.addAll([{ name: device, tags }]);
	}

	/** From now on a device consists of these tags; `add` has given them their numbers. */
	configure(device: string, tags: readonly TagDefinition[]): void {
		for (const [at, tag] of this.#tags.entries()) {
			if (tag.device !== device || !tag.configured) continue;
			const { id, name, datatype } = tag;
			this.#byName.delete(`${device}\n${name}`);
			this.#tags[at] = { id, device, name, datatype, configured: false };
		}
		for (const { name, type, eu, low, high } of tags) {
			if (type === undefined) continue;
			const id = this.#ids.get(keyOf(device, name, type));
			if (id === undefined) throw new Error(`the tag book has no ${device}/${name}`);
			const tag = { id, device, name, datatype: datatypes[type], configured: true, eu, low, high };
			this.#tags[id - 1] = tag;
			this.#byName.set(`${device}\n${name}`, tag);
		}
	}

	/** As `add`, for several devices. */
	async addAll(
		devices: readonly { readonly name: string; readonly tags: readonly TagDefinition[] }[],
	): Promise<void> {
		const added = new Map<string, StoredTag>();
		for (const { name: device, tags } of devices) {
			for (const { name, type } of tags) {
				if (type === undefined) continue;
				const key = keyOf(device, name, type);
				if (!this.#ids.has(key) && !added.has(key))
					added.set(key, { id: this.#tags.length + added.size + 1, device, name, type });
			}
		}
		if (added.size === 0) return;
		const stored = this.#tags.map(
			({ id, device, name, datatype }): StoredTag => ({
				...{ id, device, name },
				type: datatypeName(datatype) as TagDatatypeName,
			}),
		);
		const all = [...stored, ...added.values()];
		await replaceFile(this.#path, `${JSON.stringify({ format: bookFormat, tags: all }, null, "\t")}\n`);
		for (const [key, { id, device, name, type }] of added) {
			this.#ids.set(key, id);
			this.#tags.push({ id, device, name, datatype: datatypes[type], configured: false });
		}
	}

	/** Every tag ever, in order of id; the list grows, and its entries are replaced, when a device's tags change. */
	get tags(): readonly Tag[] {
		return this.#tags;
	}

	get(id: number): Tag | undefined {
		// Ids count from 1 without holes, because tags are only ever added.
		return this.#tags[id - 1];
	}

	/** Whether the tag got its number in this run: no record of an earlier one can hold it. */
	isFresh(id: number): boolean {
		return id > this.#lastOld;
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
