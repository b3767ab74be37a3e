import { SampleColumns, type SampleValue, valueKind } from "../../common/contract/samples.ts";
import { hasOverflow, isGood } from "../../common/contract/status.ts";
import type { DeviceConfig } from "../config.ts";
import type { Cycle, LastSample } from "../pipeline.ts";
import type { Tag } from "../tag-book.ts";
import { MissingTimes } from "./missing-times.ts";
import { isNoNode } from "./quiet-tags.ts";

/** A configured tag with its place in the configuration, which decides between equal source times. */
export interface SourceTag {
	readonly tag: Tag;
	readonly nodeId: string;
	/** Order in the device; a heartbeat stands after all others whatever its place. */
	readonly rank: number;
}

export interface CycleCounts {
	samples: number;
	notGood: number;
	repeats: number;
	overflows: number;
	/** Tag ids of which the server says that there is no such node. */
	readonly gone: number[];
}

/** Part 4 §7.39.1: a data value (InfoType) that no source wrote (HistorianBits: interpolated). */
const notFromSource = 0x402;
/** So soon after a reconnect a server repeats present values. */
const repeatsWithinMs = 10_000;
/** So long after its old value came again a tag that was called Bad waits for a new one. */
const stillSameAfterMs = 2_000;

/**
 * Gathers the samples of one device during one publish cycle and puts them in order of source time.
 *
 * A publish response lists each monitored item's queue in turn, so within a cycle the order of arrival says nothing
 * across tags; what a unit does (its phase changes, then values follow) is only readable in order of source time.
 */
export class CycleBuilder {
	readonly device: string;
	readonly #timeBase: DeviceConfig["time_base"];
	/** Undefined while nobody knows the tag that is written last. */
	#timeBaseId: number | undefined;
	#tagIds: readonly number[] = [];
	/** The arrays below are indexed by tag id less the lowest that the device has ever had. */
	#lowestId = 0;
	#rank = new Float64Array(0);
	#last = new SampleColumns(0);
	/** 1 where `#last` holds a sample. */
	#seen = new Uint8Array(0);
	/** Tags that the device has got since it began, until their first values. */
	readonly #came = new Set<number>();
	/** Until this monotonic time the last value of a tag may come again, and more than once. */
	#repeatsUntilMs = Number.NEGATIVE_INFINITY;
	/** Since when each tag that we called Bad ourselves is known to have its old value still; 0 while that is not known. */
	readonly #calledBad = new Map<number, number>();
	#calledBadMs = Number.NEGATIVE_INFINITY;
	#throughMs = Number.NEGATIVE_INFINITY;
	readonly #noting = new Set<MissingTimes>();
	/** By place: when something was last heard of the tag, monotonic. */
	#heardMs = new Float64Array(0);
	/** By place: when `takeQuiet` last gave it; and which is looked at next. */
	#takenMs = new Float64Array(0);
	#nextTaken = 0;
	readonly #samples = new SampleColumns(512);
	readonly #sorted = new SampleColumns(512);
	readonly #order: number[] = [];
	#newestMs = Number.NEGATIVE_INFINITY;
	#resumedThroughMs = Number.NEGATIVE_INFINITY;

	constructor(device: DeviceConfig, tags: readonly SourceTag[]) {
		this.device = device.name;
		this.#timeBase = device.time_base;
		this.retag(tags);
	}

	/**
	 * The device has these tags from now on. What is known of a tag stays known, also of one that it has no more: it may
	 * have been gathered already.
	 */
	retag(tags: readonly SourceTag[]): void {
		const base = this.#timeBase;
		this.#tagIds = tags.map(({ tag }) => tag.id);
		this.#cover(this.#tagIds);
		for (const { tag, rank } of tags) this.#rank[tag.id - this.#lowestId] = rank;
		this.#timeBaseId = base === "publish" ? undefined : tags.find(({ tag }) => tag.name === base.tag)?.tag.id;
		if (this.#timeBaseId !== undefined)
			this.#rank[this.#timeBaseId - this.#lowestId] = Number.MAX_SAFE_INTEGER;
		const isThere = new Set(this.#tagIds);
		// Nothing more is said of a tag that left, whatever was to be said.
		for (const known of [this.#calledBad, this.#came])
			for (const id of [...known.keys()]) if (!isThere.has(id)) known.delete(id);
	}

	/** Makes room for further tag ids, keeping what is known of the others. */
	#cover(ids: readonly number[]): void {
		const before = this.#rank.length;
		const lowest = ids.reduce(
			(least, id) => Math.min(least, id),
			before > 0 ? this.#lowestId : (ids[0] ?? 0),
		);
		const highest = ids.reduce((most, id) => Math.max(most, id), this.#lowestId + before - 1);
		const places = highest - lowest + 1;
		if (places === before) return;
		const moved = before > 0 ? this.#lowestId - lowest : 0;
		const last = new SampleColumns(places);
		for (let place = 0; place < before; place++) last.put(place + moved, this.#last, place);
		const seen = new Uint8Array(places);
		seen.set(this.#seen, moved);
		const wider = (old: Float64Array) => {
			const wide = new Float64Array(places);
			wide.set(old, moved);
			return wide;
		};
		this.#lowestId = lowest;
		this.#rank = wider(this.#rank);
		this.#heardMs = wider(this.#heardMs);
		this.#takenMs = wider(this.#takenMs);
		this.#seen = seen;
		this.#last = last;
	}

	/** Whether there is anything to be complete. */
	get hasTags(): boolean {
		return this.#tagIds.length > 0;
	}

	/** Whether the device's time is the server's clock, not a tag of the device. */
	get isTimedByServer(): boolean {
		return this.#timeBase === "publish";
	}

	/** Where samples of this device are gathered until `finish`. */
	get samples(): SampleColumns {
		return this.#samples;
	}

	/** The newest source time ever seen, or −Infinity. */
	get newestMs(): number {
		return this.#newestMs;
	}

	/** After a reconnect the server sends each tag's present value once more, which may be the one we have. */
	expectRepeats(nowMs: number): void {
		this.#repeatsUntilMs = nowMs + repeatsWithinMs;
	}

	/**
	 * Takes up where an earlier run stopped. A first value that this run has not seen is a repeat when it is the tag's
	 * last sample, or not newer than the device's Through, because everything up to there is in the journal.
	 */
	resume(throughMs: number | undefined, samples: ReadonlyMap<number, LastSample>): void {
		this.#resumedThroughMs = throughMs ?? Number.NEGATIVE_INFINITY;
		this.#repeatsUntilMs = Number.POSITIVE_INFINITY;
		this.#recall(this.#tagIds, samples);
	}

	/**
	 * As `resume`, for tags that the device has got since: nothing of them is in the journal but these samples, and what
	 * this run has seen of them before they left. The first value of any other is new, however old it is.
	 */
	resumeFurther(ids: readonly number[], samples: ReadonlyMap<number, LastSample>): void {
		this.#recall(ids, samples);
		for (const id of ids) this.#came.add(id);
	}

	#recall(ids: readonly number[], samples: ReadonlyMap<number, LastSample>): void {
		for (const id of ids) {
			const last = samples.get(id);
			const place = id - this.#lowestId;
			if (last === undefined || this.#seen[place] === 1) continue;
			this.#seen[place] = 1;
			this.#last.sourceMs[place] = last.sourceMs;
			this.#last.sourceRestTicks[place] = last.sourceRestTicks;
			this.#last.status[place] = last.status;
			this.#last.setValue(place, last.value);
			this.#newestMs = Math.max(this.#newestMs, last.sourceMs);
		}
	}

	/** These tags were called Bad at a source time, not by the server but because it could not be asked. */
	calledBad(tagIds: readonly number[], sourceMs: number): void {
		for (const id of tagIds) this.#calledBad.set(id, 0);
		this.#calledBadMs = Math.max(this.#calledBadMs, sourceMs);
	}

	/**
	 * Tags of which nothing was heard since `beforeMs` and that were not taken since then either, at most `most`; the next
	 * call goes on where this one has ended.
	 */
	takeQuiet(beforeMs: number, nowMs: number, most: number): number[] {
		const quiet: number[] = [];
		const count = this.#tagIds.length;
		for (let turn = 0; turn < count && quiet.length < most; turn++) {
			const id = this.#tagIds[this.#nextTaken++ % count] as number;
			const place = id - this.#lowestId;
			const lastMs = Math.max(this.#heardMs[place] as number, this.#takenMs[place] as number);
			if (this.#seen[place] === 0 || lastMs > beforeMs) continue;
			this.#takenMs[place] = nowMs;
			quiet.push(id);
		}
		return quiet;
	}

	/** Whether a tag's last sample has this source time. */
	isLast(tagId: number, sourceMs: number): boolean {
		return this.#last.sourceMs[tagId - this.#lowestId] === sourceMs;
	}

	/** Whether something was heard of a tag after `sinceMs`, monotonic. */
	isHeardSince(tagId: number, sinceMs: number): boolean {
		return (this.#heardMs[tagId - this.#lowestId] as number) > sinceMs;
	}

	/** From now on it is noted between which times of each tag something is missing, until it is `told`. */
	noteMissing(): MissingTimes {
		const last = this.#last;
		const known = this.#tagIds.flatMap((tagId) => {
			const place = tagId - this.#lowestId;
			if (this.#seen[place] === 0) return [];
			return [
				[
					tagId,
					{ ms: last.sourceMs[place] as number, ticks: last.sourceRestTicks[place] as number },
				] as const,
			];
		});
		const missing: MissingTimes = new MissingTimes(known, () => this.#noting.delete(missing));
		this.#noting.add(missing);
		return missing;
	}

	/** Forgets what was gathered since the last `finish`. */
	discard(): void {
		this.#samples.count = 0;
		this.#samples.other.length = 0;
	}

	/** The cycle gathered since the last call, or undefined when there is nothing to say. */
	finish(publishThroughMs: number | undefined, counts: CycleCounts, nowMs: number): Cycle | undefined {
		const gathered = this.#samples;
		const sorted = this.#sorted;
		sorted.reserve(gathered.count);
		sorted.count = 0;
		sorted.other.length = 0;
		let throughMs = this.isTimedByServer && this.hasTags ? publishThroughMs : undefined;
		const order = this.#sort();
		for (let turn = 0; turn < order.length; turn++) {
			const index = order[turn] as number;
			const place = (gathered.tagId[index] as number) - this.#lowestId;
			this.#heardMs[place] = nowMs;
			if (this.#noting.size > 0) for (const missing of this.#noting) missing.came(gathered, index);
			const isCalledBad = this.#calledBad.size > 0 && this.#calledBad.has(gathered.tagId[index] as number);
			const isFirst = this.#came.size > 0 && this.#came.delete(gathered.tagId[index] as number);
			const mayRepeat = isFirst ? this.#seen[place] === 1 : nowMs <= this.#repeatsUntilMs;
			if (mayRepeat && this.#isRepeat(gathered, index, place)) {
				counts.repeats++;
				if (isCalledBad && this.#calledBad.get(gathered.tagId[index] as number) === 0)
					this.#calledBad.set(gathered.tagId[index] as number, nowMs);
				continue;
			}
			this.#remember(gathered, index, place);
			sorted.copyFrom(gathered, index);
			if (isCalledBad) this.#calledBad.delete(gathered.tagId[index] as number);
			const status = gathered.status[index] as number;
			if (!isGood(status)) {
				counts.notGood++;
				if (isNoNode(status)) counts.gone.push(gathered.tagId[index] as number);
			}
			if (hasOverflow(status)) counts.overflows++;
			// The heartbeat is written last in each cycle of the unit, so its source time closes the cycle.
			if (gathered.tagId[index] === this.#timeBaseId && isGood(status))
				throughMs = gathered.sourceMs[index] as number;
		}
		counts.samples += sorted.count;
		this.discard();
		if (throughMs !== undefined) this.#throughMs = Math.max(this.#throughMs, throughMs);
		if (sorted.count === 0 && throughMs === undefined) return undefined;
		return { device: this.device, samples: sorted, throughMs };
	}

	/**
	 * Tags that were called Bad and have their old values still: said once, marked as not written by the plant, with the time
	 * at which it is known, or they would be Bad until they change. One that changes soon needs no such word. To be asked
	 * after `finish`; a cycle of its own, because what the plant wrote is counted by whole records.
	 */
	stillSame(nowMs: number): Cycle | undefined {
		const samples = this.#sorted;
		samples.count = 0;
		samples.other.length = 0;
		const sourceMs = Math.max(this.#newestMs, Math.floor(Math.max(this.#throughMs, this.#calledBadMs)) + 1);
		for (const [id, sinceMs] of this.#calledBad) {
			const place = id - this.#lowestId;
			if (sinceMs === 0 || nowMs - sinceMs < stillSameAfterMs || this.#seen[place] === 0) continue;
			this.#calledBad.delete(id);
			samples.reserve(samples.count + 1);
			const index = samples.count++;
			samples.tagId[index] = id;
			samples.sourceMs[index] = sourceMs;
			samples.sourceRestTicks[index] = 0;
			samples.serverLagTicks[index] = Number.NaN;
			samples.status[index] = ((this.#last.status[place] as number) & 0xffff_0000) | notFromSource;
			samples.setValue(index, this.#last.value(place));
		}
		return samples.count === 0 ? undefined : { device: this.device, samples, throughMs: undefined };
	}

	/** The indexes of what was gathered, by source time, then by the place in the configuration. */
	#sort(): readonly number[] {
		const order = this.#order;
		const { count } = this.#samples;
		order.length = count;
		let inOrder = true;
		for (let index = 0; index < count; index++) {
			order[index] = index;
			inOrder &&= index === 0 || this.#compare(index - 1, index) <= 0;
		}
		return inOrder ? order : order.sort((a, b) => this.#compare(a, b) || a - b);
	}

	#compare(a: number, b: number): number {
		const { sourceMs, sourceRestTicks, tagId } = this.#samples;
		return (
			(sourceMs[a] as number) - (sourceMs[b] as number) ||
			(sourceRestTicks[a] as number) - (sourceRestTicks[b] as number) ||
			(this.#rank[(tagId[a] as number) - this.#lowestId] as number) -
				(this.#rank[(tagId[b] as number) - this.#lowestId] as number)
		);
	}

	/**
	 * The same source time, status and value as the tag's last sample, soon after a reconnect. A server that kept its
	 * queues sends what they hold first and the present value again after it, so the repeat need not come first; and some
	 * send the present value for more than one reason.
	 */
	#isRepeat(samples: SampleColumns, index: number, place: number): boolean {
		if (this.#seen[place] === 0) return (samples.sourceMs[index] as number) <= this.#resumedThroughMs;
		const last = this.#last;
		return (
			last.sourceMs[place] === samples.sourceMs[index] &&
			last.sourceRestTicks[place] === samples.sourceRestTicks[index] &&
			last.status[place] === samples.status[index] &&
			last.kind[place] === samples.kind[index] &&
			sameValue(last.value(place), samples.value(index))
		);
	}

	#remember(samples: SampleColumns, index: number, place: number): void {
		const last = this.#last;
		const sourceMs = samples.sourceMs[index] as number;
		const kind = samples.kind[index] as number;
		this.#seen[place] = 1;
		last.sourceMs[place] = sourceMs;
		last.sourceRestTicks[place] = samples.sourceRestTicks[index] as number;
		last.status[place] = samples.status[index] as number;
		last.kind[place] = kind;
		last.number[place] = samples.number[index] as number;
		if (kind === valueKind.other) last.other[place] = samples.other[index];
		if (sourceMs > this.#newestMs) this.#newestMs = sourceMs;
	}
}

function sameValue(a: SampleValue, b: SampleValue): boolean {
	if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0;
	return Object.is(a, b);
}
