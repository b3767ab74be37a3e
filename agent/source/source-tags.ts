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
import { filterLevels } from "./monitored-item.ts";
import type { NodeIdOf } from "./plant-listener.ts";
import { ownSampling, type Sampling, type SamplingRules, widthOf } from "./sampling.ts";
import { filteredBy } from "./tag-columns.ts";
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

const none: ReadonlySet<number> = new Set();
/** Of the tag that is written last: without it nothing is known to be complete. */
const everyValue = {
	deadband: { kind: "absolute", width: 0 },
	trigger: "status_value_timestamp",
} as const;

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
	readonly sampling: Sampling;
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

	readonly #rules: SamplingRules;
	/** The server offers no subscriptions: every tag is read in intervals. */
	#pollsAll = false;
	/** By device; empty when something has changed. */
	readonly #pollIntervals = new Map<string, Set<number>>();
	#polled: number | undefined;
	/** By place: how much of its filter the server takes, as far as is known. */
	readonly #levels: number[] = [];

	constructor(book: TagBook, rules: SamplingRules) {
		this.#book = book;
		this.#rules = rules;
	}

	/** The poll intervals of a device's tags. */
	pollIntervals(device: string): ReadonlySet<number> {
		if (this.#pollIntervals.size === 0) {
			for (const name of this.#devices.keys()) this.#pollIntervals.set(name, new Set());
			for (const [place, named] of this.list.entries())
				if (named !== undefined && this.isPolled(place))
					this.#pollIntervals.get(named.tag.tag.device)?.add(named.sampling.pollMs ?? this.#rules.pollElseMs);
		}
		return this.#pollIntervals.get(device) ?? none;
	}

	/** Of tags that have no interval of their own. */
	get pollElseMs(): number {
		return this.#rules.pollElseMs;
	}

	/** Whether anything is read in intervals. */
	isAny(): boolean {
		return [...this.#devices.keys()].some((device) => this.pollIntervals(device).size > 0);
	}

	/** How many tags are read in intervals. */
	get polled(): number {
		if (this.#polled === undefined) {
			this.#polled = 0;
			for (const [place, named] of this.list.entries())
				if (named !== undefined && this.isPolled(place)) this.#polled += named.parts?.length ?? 1;
		}
		return this.#polled;
	}

	isTimeBase(place: number): boolean {
		const tag = this.list[place]?.tag.tag;
		const base = tag === undefined ? undefined : this.#devices.get(tag.device)?.config.time_base;
		return base !== undefined && base !== "publish" && base.tag === tag?.name;
	}

	/** Whether a tag, by place, is read in intervals. */
	readonly isPolled = (place: number): boolean =>
		this.#pollsAll || this.list[place]?.sampling.pollMs !== undefined;

	/** What the present server offers. */
	pollAll(pollsAll: boolean): void {
		if (pollsAll === this.#pollsAll) return;
		this.#pollsAll = pollsAll;
		this.#pollIntervals.clear();
		this.#polled = undefined;
		for (const place of this.list.keys()) this.setFilter(place, filterLevels.whole);
	}

	/**
	 * The server takes so much of the filter of an item; the agent sees to the rest. Returns false where nobody can, because
	 * nobody knows the range of which the deadband is a part.
	 */
	setFilter(place: number, level: number): boolean {
		const named = this.list[place];
		if (named === undefined) return true;
		this.#levels[place] = level;
		const { sampling, tag, parts } = named;
		const { deadband, trigger } = sampling;
		const isPolled = this.isPolled(place);
		const isHere =
			isPolled || (level !== filterLevels.whole && (deadband ?? trigger) !== "status_value_timestamp");
		const known = widthOf(sampling, tag.tag);
		let width = parts === undefined || isHere ? known : undefined;
		if (!isHere) {
			// What a server leaves out of an unknown range cannot be told from what it has lost.
			if (deadband !== undefined) width ??= Number.POSITIVE_INFINITY;
			// Without a filter servers leave out what is only written again (Part 4 §7.22.2).
			else if (level === filterLevels.none && parts === undefined) width ??= 0;
		}
		const rules = {
			...{ width, isPolled },
			// Parts of a value are not read one by one.
			silenceMs: parts === undefined || isHere ? sampling.longestSilenceMs : undefined,
			filteredBy: isHere ? filteredBy.agent : filteredBy.server,
		};
		for (const part of partsOf(named))
			this.builders.get(tag.tag.device)?.hearing.setRules(part.tag.id, rules);
		return !isHere || known !== undefined || deadband === undefined;
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
		this.#pollIntervals.clear();
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
		// Parts of one value stay together, so that two values at one source time stay apart.
		const first = new Map<string, number>();
		const rankOf = ({ node, part }: ReadableTag, place: number): number => {
			const key = `${node}\n${part?.of ?? ""}`;
			if (part === undefined || !first.has(key)) first.set(key, place);
			return first.get(key) as number;
		};
		const placed = tags.map((one, place) => this.#placed(entry.config, one, rankOf(one, place)));
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
		this.#pollIntervals.clear();
		this.#polled = undefined;
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

	#placed({ name: device, namespace, time_base }: DeviceConfig, readable: ReadableTag, rank: number): Placed {
		const { name, node, part, sampling } = readable;
		const tag = this.#book.find(device, name);
		if (tag === undefined) throw new Error(`the tag book has no ${device}/${name}`);
		const parsed = parseNodeText(node);
		const isBase = time_base !== "publish" && time_base.tag === name;
		const isWhole = part === undefined;
		return {
			namespace: parsed?.namespace ?? namespace,
			tag: { tag, nodeId: parsed?.id ?? node, rank },
			part,
			sampling: this.#rules.of(isBase ? { ...sampling, ...everyValue } : sampling, tag.datatype, isWhole),
		};
	}

	#item(before: number | undefined, placed: readonly Placed[], builder: CycleBuilder): number {
		const { namespace, tag, part, sampling } = placed[0] as Placed;
		const parts = part === undefined ? undefined : placed.map((one) => one.tag);
		const { id, datatype } = tag.tag;
		const flat = part === undefined ? undefined : flatTarget(part.shape as Shape, placed);
		// The server watches the object that it was told of; what is in its values is nothing to it.
		const place = before ?? this.list.length;
		this.list[place] = { namespace, tag, parts, sampling };
		this.targets[place + 1] = { samples: builder.samples, tagId: id, datatype, flat };
		for (const one of placed) this.places.set(one.tag.tag.id, place);
		this.setFilter(place, this.#levels[place] ?? filterLevels.whole);
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
	return device.tags.flatMap((tag) => {
		const { name, node, type, eu, low, high } = tag;
		const sampling = ownSampling(device, tag);
		return node === undefined || type === undefined ? [] : [{ name, node, type, eu, low, high, sampling }];
	});
}
