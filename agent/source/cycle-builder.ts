import { SampleColumns } from "../../common/contract/samples.ts";
import { hasOverflow, isGood } from "../../common/contract/status.ts";
import type { DeviceConfig } from "../config.ts";
import type { Cycle, LastSample } from "../pipeline.ts";
import type { Tag } from "../tag-book.ts";
import { MissingTimes } from "./missing-times.ts";
import { isNoNode } from "./quiet-tags.ts";
import { TagColumns } from "./tag-columns.ts";

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
/** What a server repeats of its own accord comes within this time. */
const untoldAfterMs = 1_000;
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
	readonly #columns = new TagColumns();
	/** Tags that the device has got since it began, until their first values. */
	readonly #came = new Set<number>();
	/** Until this monotonic time the last value of a tag may come again, and more than once. */
	#repeatsUntilMs = Number.NEGATIVE_INFINITY;
	/** When tags that we called Bad, and of which nothing has come, are to be asked for. */
	#untoldAfterMs = Number.POSITIVE_INFINITY;
	#isDoubtful = false;
	/** Since when each tag that we called Bad ourselves is known to have its old value still; 0 while that is not known. */
	readonly #calledBad = new Map<number, number>();
	#calledBadMs = Number.NEGATIVE_INFINITY;
	#throughMs = Number.NEGATIVE_INFINITY;
	readonly #noting = new Set<MissingTimes>();
	/** Which tag `takeQuiet` looks at next. */
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
		const columns = this.#columns;
		columns.cover(this.#tagIds);
		for (const { tag, rank } of tags) columns.rank[columns.place(tag.id)] = rank;
		this.#timeBaseId = base === "publish" ? undefined : tags.find(({ tag }) => tag.name === base.tag)?.tag.id;
		if (this.#timeBaseId !== undefined)
			columns.rank[columns.place(this.#timeBaseId)] = Number.MAX_SAFE_INTEGER;
		const isThere = new Set(this.#tagIds);
		// Nothing is said of a tag that left. When it comes back, its old value may have to be said.
		for (const id of this.#calledBad.keys()) if (!isThere.has(id)) this.#calledBad.set(id, 0);
		for (const id of this.#came) if (!isThere.has(id)) this.#came.delete(id);
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
		this.#untoldAfterMs = nowMs + untoldAfterMs;
	}

	/** A message is lost for good: of any tag the server may have a newer value, which it does not send by itself. */
	doubt(nowMs: number): void {
		this.#isDoubtful = true;
		this.#untoldAfterMs = nowMs + untoldAfterMs;
	}

	/**
	 * Tags to be asked for: after a lost message all of them; else those that were called Bad and of which nothing has come in
	 * the time in which present values come, because a server took a subscription over without repeating them. Once for each
	 * such time.
	 */
	takeUntold(nowMs: number): readonly number[] {
		if (nowMs < this.#untoldAfterMs) return [];
		this.#untoldAfterMs = Number.POSITIVE_INFINITY;
		const isDoubtful = this.#isDoubtful;
		this.#isDoubtful = false;
		if (isDoubtful) return this.#tagIds;
		const isThere = new Set(this.#tagIds);
		return [...this.#calledBad].flatMap(([id, sinceMs]) => (sinceMs === 0 && isThere.has(id) ? [id] : []));
	}

	/**
	 * The server was asked for a tag and has said this. Whether that is its last sample, time, status and value; a tag that was
	 * called Bad is known to have it still, then. What a status says of the queue is not the value's.
	 */
	stands(samples: SampleColumns, index: number, nowMs: number): boolean {
		const tagId = samples.tagId[index] as number;
		const place = this.#columns.place(tagId);
		const lastStatus = this.#columns.last.status[place] as number;
		if ((lastStatus ^ (samples.status[index] as number)) >>> 16 === 0) samples.status[index] = lastStatus;
		if (this.#columns.seen[place] === 0 || !this.#columns.isSame(place, samples, index)) return false;
		if (this.#calledBad.get(tagId) === 0) this.#calledBad.set(tagId, nowMs - stillSameAfterMs);
		return true;
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
		this.#newestMs = Math.max(this.#newestMs, this.#columns.recall(ids, samples));
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
		const { heardMs, takenMs, seen } = this.#columns;
		for (let turn = 0; turn < count && quiet.length < most; turn++) {
			const id = this.#tagIds[this.#nextTaken++ % count] as number;
			const place = this.#columns.place(id);
			const lastMs = Math.max(heardMs[place] as number, takenMs[place] as number);
			if (seen[place] === 0 || lastMs > beforeMs) continue;
			takenMs[place] = nowMs;
			quiet.push(id);
		}
		return quiet;
	}

	/** Whether a tag's last sample has this source time. */
	isLast(tagId: number, sourceMs: number): boolean {
		return this.#columns.last.sourceMs[this.#columns.place(tagId)] === sourceMs;
	}

	/** Whether something was heard of a tag after `sinceMs`, monotonic. */
	isHeardSince(tagId: number, sinceMs: number): boolean {
		return (this.#columns.heardMs[this.#columns.place(tagId)] as number) > sinceMs;
	}

	/** From now on it is noted between which times of each tag something is missing, until it is `told`. */
	noteMissing(): MissingTimes {
		const known = this.#columns.times(this.#tagIds);
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
		const columns = this.#columns;
		const order = this.#sort();
		for (let turn = 0; turn < order.length; turn++) {
			const index = order[turn] as number;
			const place = columns.place(gathered.tagId[index] as number);
			columns.heardMs[place] = nowMs;
			if (this.#noting.size > 0) for (const missing of this.#noting) missing.came(gathered, index);
			const isCalledBad = this.#calledBad.size > 0 && this.#calledBad.has(gathered.tagId[index] as number);
			const isFirst = this.#came.size > 0 && this.#came.delete(gathered.tagId[index] as number);
			const mayRepeat = isFirst ? columns.seen[place] === 1 : nowMs <= this.#repeatsUntilMs;
			if (mayRepeat && this.#isRepeat(gathered, index, place)) {
				counts.repeats++;
				if (isCalledBad && this.#calledBad.get(gathered.tagId[index] as number) === 0)
					this.#calledBad.set(gathered.tagId[index] as number, nowMs);
				continue;
			}
			columns.remember(place, gathered, index);
			const sampleMs = gathered.sourceMs[index] as number;
			if (sampleMs > this.#newestMs) this.#newestMs = sampleMs;
			sorted.copyFrom(gathered, index);
			if (isCalledBad) this.#calledBad.delete(gathered.tagId[index] as number);
			const status = gathered.status[index] as number;
			if (!isGood(status)) {
				counts.notGood++;
				if (isNoNode(status)) counts.gone.push(gathered.tagId[index] as number);
			}
			if (hasOverflow(status)) counts.overflows++;
			// The heartbeat is written last in each cycle of the unit, so its source time closes the cycle.
			if (gathered.tagId[index] === this.#timeBaseId && isGood(status)) throughMs = sampleMs;
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
		const { seen, last } = this.#columns;
		const sourceMs = Math.max(this.#newestMs, Math.floor(Math.max(this.#throughMs, this.#calledBadMs)) + 1);
		for (const [id, sinceMs] of this.#calledBad) {
			const place = this.#columns.place(id);
			if (sinceMs === 0 || nowMs - sinceMs < stillSameAfterMs || seen[place] === 0) continue;
			this.#calledBad.delete(id);
			samples.reserve(samples.count + 1);
			const index = samples.count++;
			samples.tagId[index] = id;
			samples.sourceMs[index] = sourceMs;
			samples.sourceRestTicks[index] = 0;
			samples.serverLagTicks[index] = Number.NaN;
			samples.status[index] = ((last.status[place] as number) & 0xffff_0000) | notFromSource;
			samples.setValue(index, last.value(place));
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
		const columns = this.#columns;
		return (
			(sourceMs[a] as number) - (sourceMs[b] as number) ||
			(sourceRestTicks[a] as number) - (sourceRestTicks[b] as number) ||
			(columns.rank[columns.place(tagId[a] as number)] as number) -
				(columns.rank[columns.place(tagId[b] as number)] as number)
		);
	}

	/**
	 * The same source time, status and value as the tag's last sample, soon after a reconnect. A server that kept its
	 * queues sends what they hold first and the present value again after it, so the repeat need not come first; and some
	 * send the present value for more than one reason.
	 */
	#isRepeat(samples: SampleColumns, index: number, place: number): boolean {
		if (this.#columns.seen[place] === 0) return (samples.sourceMs[index] as number) <= this.#resumedThroughMs;
		return this.#columns.isSame(place, samples, index);
	}
}
