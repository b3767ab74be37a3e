import type { ClientSession } from "node-opcua";
import { SampleColumns } from "../../common/contract/samples.ts";
import { parseNodeText } from "../../common/runtime/opcua-names.ts";
import type { DeviceConfig } from "../config.ts";
import type { ReadableTag } from "../pipeline.ts";
import type { Tag, TagBook } from "../tag-book.ts";
import { CycleBuilder, type SourceTag } from "./cycle-builder.ts";
import type { SampleTarget } from "./data-change-reader.ts";
import type { NamedTag } from "./opcua-session.ts";

/** Finds out, while a session lasts, what is left to the server. */
export interface TagResolver {
	/** Configured tags of which nothing is known yet. */
	readonly unresolved: number;
	run(session: ClientSession, over: AbortSignal): void;
}

/** The tags of one source by device, and where the values of each go. They may change while values arrive. */
export class SourceTags {
	readonly builders = new Map<string, CycleBuilder>();
	/** By client handle, which counts from 1; a handle is never used again. */
	readonly targets: (SampleTarget | undefined)[] = [undefined];
	readonly #book: TagBook;
	readonly #devices = new Map<string, { readonly config: DeviceConfig; tags: readonly NamedTag[] }>();
	#all: readonly NamedTag[] = [];
	/** Takes what the server still sends for tags that the device has no more. */
	readonly #ignored: SampleTarget = { samples: new SampleColumns(16), tagId: 0, datatype: 10 };

	constructor(book: TagBook) {
		this.#book = book;
	}

	/** Every tag, device by device; another list whenever one of them changes. */
	get all(): readonly NamedTag[] {
		return this.#all;
	}

	add(config: DeviceConfig, tags: readonly ReadableTag[]): CycleBuilder {
		const builder = new CycleBuilder(config, []);
		this.builders.set(config.name, builder);
		this.#devices.set(config.name, { config, tags: [] });
		this.change(config.name, tags);
		return builder;
	}

	/**
	 * The device has these tags from now on. A tag that stays what it was, its node included, keeps its handle. Returns
	 * the ids of tags that came, and tags that the device has no more.
	 */
	change(device: string, tags: readonly ReadableTag[]): { came: number[]; left: SourceTag[] } {
		const entry = this.#devices.get(device);
		const builder = this.builders.get(device);
		if (entry === undefined || builder === undefined) return { came: [], left: [] };
		const before = new Map(entry.tags.map((named) => [keyOf(named.namespace, named.tag), named]));
		const named = tags.map((readable, rank) => this.#named(entry.config, readable, rank, before));
		builder.retag(named.map(({ tag }) => tag));
		for (const { tag, handle } of named) {
			const { id, datatype } = tag.tag;
			this.targets[handle] ??= { samples: builder.samples, tagId: id, datatype };
		}
		const stays = new Set(named.map(({ tag }) => tag.tag.id));
		const isThere = new Set(named.map(({ handle }) => handle));
		for (const { handle } of entry.tags) if (!isThere.has(handle)) this.targets[handle] = this.#ignored;
		const had = new Set(entry.tags.map(({ tag }) => tag.tag.id));
		const left = entry.tags.map(({ tag }) => tag).filter(({ tag }) => !stays.has(tag.id));
		entry.tags = named;
		this.#all = [...this.#devices.values()].flatMap((each) => each.tags);
		return { came: [...stays].filter((id) => !had.has(id)), left };
	}

	/** Drops what came for tags that are no more. */
	forgetIgnored(): void {
		this.#ignored.samples.count = 0;
	}

	#named(
		{ name: device, namespace }: DeviceConfig,
		{ name, node }: ReadableTag,
		rank: number,
		before: ReadonlyMap<string, NamedTag>,
	): NamedTag {
		const tag: Tag | undefined = this.#book.find(device, name);
		if (tag === undefined) throw new Error(`the tag book has no ${device}/${name}`);
		const parsed = parseNodeText(node);
		const own = { namespace: parsed?.namespace ?? namespace, tag: { tag, nodeId: parsed?.id ?? node, rank } };
		const same = before.get(keyOf(own.namespace, own.tag));
		if (same?.tag.rank === rank) return same;
		// Another rank is nothing to the server.
		if (same !== undefined) return Object.assign(same, own);
		const handle = this.targets.push(undefined) - 1;
		return { ...own, handle };
	}
}

function keyOf(namespace: string, { tag, nodeId }: SourceTag): string {
	return `${tag.id}\n${namespace}\n${nodeId}`;
}

/** The tags of a device of which nothing is left to the server. */
export function completeTags(device: DeviceConfig): ReadableTag[] {
	return device.tags.flatMap(({ name, node, type, eu, low, high }) =>
		node === undefined || type === undefined ? [] : [{ name, node, type, eu, low, high }],
	);
}
