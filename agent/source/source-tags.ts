import type { ClientSession } from "node-opcua";
import type { Datatype } from "../../common/contract/datatype.ts";
import { SampleColumns } from "../../common/contract/samples.ts";
import { parseNodeText } from "../../common/runtime/opcua-names.ts";
import type { DeviceConfig } from "../config.ts";
import type { ReadableTag } from "../pipeline.ts";
import type { TagBook } from "../tag-book.ts";
import type { HistoryTag } from "./backfill.ts";
import { CycleBuilder, type SourceTag } from "./cycle-builder.ts";
import type { FlatTarget, SampleTarget } from "./data-change-reader.ts";
import { leafCount, type Shape } from "./flat/shape.ts";
import type { NodeIdOf } from "./plant-listener.ts";
import { type NamedTag, partsOf } from "./watched-tags.ts";

/** Finds out, while a session lasts, what is left to the server. */
export interface TagResolver {
	/** Configured tags of which nothing is known yet. */
	readonly unresolved: number;
	run(session: ClientSession, over: AbortSignal): void;
	/** Values show that the server has more than it said. */
	lookAgain(): void;
}

/** Elements of lists that had no tag. */
export interface Surplus {
	readonly device: string;
	/** What the names of the value's tags begin with. */
	readonly name: string;
	readonly elements: number;
}

interface Device {
	readonly config: DeviceConfig;
	/** The place of each item, by what it is known by. */
	readonly items: ReadonlyMap<string, number>;
}

/** A tag in the making. */
interface Placed {
	readonly namespace: string;
	readonly tag: SourceTag;
	readonly part: ReadableTag["part"];
}

/** The tags of one source by device, and where the values of each go. They may change while values arrive. */
export class SourceTags {
	readonly builders = new Map<string, CycleBuilder>();
	/** What the server is to watch, by place; a place is never used again. */
	readonly list: (NamedTag | undefined)[] = [];
	/** By tag id: its place in the list, which is one for all tags of an item. */
	readonly places = new Map<number, number>();
	/** By client handle, which is the place counted from 1. */
	readonly targets: (SampleTarget | undefined)[] = [undefined];
	readonly #book: TagBook;
	readonly #devices = new Map<string, Device>();
	/** Items whose values are several tags, by place. */
	readonly #flat = new Map<
		number,
		{ readonly target: FlatTarget; readonly device: string; readonly name: string }
	>();
	#tags: readonly SourceTag[] = [];
	/** Takes what the server still sends for tags that the device has no more. */
	readonly #ignored: SampleTarget = { samples: new SampleColumns(16), tagId: 0, datatype: 10 };

	constructor(book: TagBook) {
		this.#book = book;
	}

	/** Every tag, device by device. */
	get tags(): readonly SourceTag[] {
		return this.#tags;
	}

	get count(): number {
		return this.#tags.length;
	}

	add(config: DeviceConfig, tags: readonly ReadableTag[]): CycleBuilder {
		const builder = new CycleBuilder(config, []);
		this.builders.set(config.name, builder);
		this.#devices.set(config.name, { config, items: new Map() });
		const { came } = this.change(config.name, tags);
		builder.resumeFurther(
			came.filter((id) => this.#book.isFresh(id)),
			new Map(),
		);
		return builder;
	}

	/** The device is read here no more. Returns the places that are empty now. */
	remove(device: string): number[] {
		const { emptied } = this.change(device, []);
		this.#devices.delete(device);
		this.builders.delete(device);
		return emptied;
	}

	/** Everything was asked for but what stands at these places: the devices of all others are complete. */
	begun(waiting: ReadonlySet<number>, nowMs: number): void {
		for (const [name, { items }] of this.#devices)
			if (![...items.values()].some((place) => waiting.has(place))) this.builders.get(name)?.begun(nowMs);
	}

	/**
	 * The device has these tags from now on. An item whose node stays keeps its place, whatever its values are taken for.
	 * Returns the ids of tags that came, tags that the device has no more, and the places that are empty now.
	 */
	change(
		device: string,
		tags: readonly ReadableTag[],
	): { came: number[]; left: SourceTag[]; emptied: number[] } {
		const entry = this.#devices.get(device);
		const builder = this.builders.get(device);
		if (entry === undefined || builder === undefined) return { came: [], left: [], emptied: [] };
		const placed = tags.map((readable, rank) => this.#placed(entry.config, readable, rank));
		const before = entry.items;
		const had = this.#tagsAt(before.values());
		for (const { tag } of had) this.places.delete(tag.id);
		builder.retag(placed.map(({ tag }) => tag));
		const items = new Map<string, number>();
		for (const [key, parts] of byItem(placed)) items.set(key, this.#item(before.get(key), parts, builder));
		const emptied = [...before].flatMap(([key, place]) => (items.has(key) ? [] : [place]));
		for (const place of emptied) {
			this.list[place] = undefined;
			this.targets[place + 1] = this.#ignored;
			this.#flat.delete(place);
		}
		const hasNow = new Set(placed.map(({ tag }) => tag.tag.id));
		const hadIds = new Set(had.map(({ tag }) => tag.id));
		this.#devices.set(device, { config: entry.config, items });
		this.#tags = [...this.#devices.values()].flatMap((each) => this.#tagsAt(each.items.values()));
		return {
			came: [...hasNow].filter((id) => !hadIds.has(id)),
			left: had.filter(({ tag }) => !hasNow.has(tag.id)),
			emptied,
		};
	}

	#tagsAt(places: Iterable<number>): SourceTag[] {
		return [...places].flatMap((place) => {
			const named = this.list[place];
			return named === undefined ? [] : partsOf(named);
		});
	}

	/** A tag as the server's history knows it; a value that is several tags is not read from there. */
	historyTag(tagId: number, nodeIdOf: NodeIdOf): HistoryTag | undefined {
		const place = this.places.get(tagId);
		const named = place === undefined ? undefined : this.list[place];
		if (place === undefined || named === undefined) return undefined;
		const part = partsOf(named).find(({ tag }) => tag.id === tagId);
		if (part === undefined) return undefined;
		const { name, datatype } = part.tag;
		return { name, datatype, nodeId: named.parts === undefined ? nodeIdOf(place) : undefined };
	}

	/** After each notification: drops what came for tags that are no more, and tells what had no place. */
	settle(): Surplus[] {
		this.#ignored.samples.count = 0;
		if (this.#flat.size === 0) return [];
		const surplus: Surplus[] = [];
		for (const { target, device, name } of this.#flat.values()) {
			if (target.surplus > 0) surplus.push({ device, name, elements: target.surplus });
			target.surplus = 0;
		}
		return surplus;
	}

	#placed({ name: device, namespace }: DeviceConfig, readable: ReadableTag, rank: number): Placed {
		const { name, node, part } = readable;
		const tag = this.#book.find(device, name);
		if (tag === undefined) throw new Error(`the tag book has no ${device}/${name}`);
		const parsed = parseNodeText(node);
		return {
			namespace: parsed?.namespace ?? namespace,
			tag: { tag, nodeId: parsed?.id ?? node, rank },
			part,
		};
	}

	#item(before: number | undefined, placed: readonly Placed[], builder: CycleBuilder): number {
		const { namespace, tag, part } = placed[0] as Placed;
		const parts = part === undefined ? undefined : placed.map((one) => one.tag);
		const { id, datatype } = tag.tag;
		const flat = part === undefined ? undefined : flatTarget(part.shape as Shape, placed);
		// The server watches the object that it was told of; what is in its values is nothing to it.
		const place = before ?? this.list.length;
		this.list[place] = { namespace, tag, parts };
		this.targets[place + 1] = { samples: builder.samples, tagId: id, datatype, flat };
		for (const one of placed) this.places.set(one.tag.tag.id, place);
		this.#flat.delete(place);
		if (flat !== undefined && part !== undefined)
			this.#flat.set(place, { target: flat, device: builder.device, name: part.of });
		return place;
	}
}

/** Tags of one value are one item, by the node; of other tags each is its own item, also where two name one node. */
function byItem(placed: readonly Placed[]): Map<string, Placed[]> {
	const items = new Map<string, Placed[]>();
	for (const one of placed) {
		const key = keyOf(one);
		const parts = items.get(key);
		if (parts === undefined) items.set(key, [one]);
		else parts.push(one);
	}
	return items;
}

function flatTarget(shape: Shape, placed: readonly Placed[]): FlatTarget {
	const leaves: { tagId: number; datatype: Datatype }[] = [];
	for (const { tag, part } of placed)
		if (part !== undefined) leaves[part.leaf] = { tagId: tag.tag.id, datatype: tag.tag.datatype };
	return { shape, leaves: Array.from({ length: leafCount(shape) }, (_, leaf) => leaves[leaf]), surplus: 0 };
}

/** An item by its node, and by its tag or by what its tags' names have in common. */
function keyOf({ namespace, tag, part }: Placed): string {
	return `${namespace}\n${tag.nodeId}\n${part === undefined ? tag.tag.id : `of ${part.of}`}`;
}

/** The tags of a device of which nothing is left to the server. */
export function completeTags(device: DeviceConfig): ReadableTag[] {
	return device.tags.flatMap(({ name, node, type, eu, low, high }) =>
		node === undefined || type === undefined ? [] : [{ name, node, type, eu, low, high }],
	);
}
