import { SampleColumns, type SampleValue, valueKind } from "../../common/contract/samples.ts";
import { hasOverflow, isGood } from "../../common/contract/status.ts";
import type { DeviceConfig } from "../config.ts";
import type { Cycle, LastSample } from "../pipeline.ts";
import type { Tag } from "../tag-book.ts";

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
}

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
	/** 1 until the first new value of a tag after a reconnect: its last value may come again. */
	#mayRepeat = new Uint8Array(0);
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
		const moved = this.#lowestId - lowest;
		const rank = new Float64Array(places);
		const seen = new Uint8Array(places);
		const mayRepeat = new Uint8Array(places);
		const last = new SampleColumns(places);
		rank.set(this.#rank, before > 0 ? moved : 0);
		seen.set(this.#seen, before > 0 ? moved : 0);
		mayRepeat.set(this.#mayRepeat, before > 0 ? moved : 0);
		for (let place = 0; place < before; place++) last.put(place + moved, this.#last, place);
		this.#lowestId = lowest;
		this.#rank = rank;
		this.#seen = seen;
		this.#mayRepeat = mayRepeat;
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
	expectRepeats(): void {
		for (const id of this.#tagIds) this.#mayRepeat[id - this.#lowestId] = 1;
	}

	/**
	 * Takes up where an earlier run stopped. A first value that this run has not seen is a repeat when it is the tag's
	 * last sample, or not newer than the device's Through, because everything up to there is in the journal.
	 */
	resume(throughMs: number | undefined, samples: ReadonlyMap<number, LastSample>): void {
		this.#resumedThroughMs = throughMs ?? Number.NEGATIVE_INFINITY;
		this.#recall(this.#tagIds, samples);
		this.expectRepeats();
	}

	/** As `resume`, for tags that the device has got since: nothing of them was in the journal but these samples. */
	resumeFurther(ids: readonly number[], samples: ReadonlyMap<number, LastSample>): void {
		for (const id of this.#recall(ids, samples)) this.#mayRepeat[id - this.#lowestId] = 1;
	}

	/** Returns those of which there is a sample. */
	#recall(ids: readonly number[], samples: ReadonlyMap<number, LastSample>): number[] {
		return ids.filter((id) => {
			const last = samples.get(id);
			if (last === undefined || this.#seen[id - this.#lowestId] === 1) return false;
			const place = id - this.#lowestId;
			this.#seen[place] = 1;
			this.#last.sourceMs[place] = last.sourceMs;
			this.#last.sourceRestTicks[place] = last.sourceRestTicks;
			this.#last.status[place] = last.status;
			this.#last.setValue(place, last.value);
			this.#newestMs = Math.max(this.#newestMs, last.sourceMs);
			return true;
		});
	}

	/** Forgets what was gathered since the last `finish`. */
	discard(): void {
		this.#samples.count = 0;
		this.#samples.other.length = 0;
	}

	/** The cycle gathered since the last call, or undefined when there is nothing to say. */
	finish(publishThroughMs: number | undefined, counts: CycleCounts): Cycle | undefined {
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
			if (this.#mayRepeat[place] === 1 && this.#isRepeat(gathered, index, place)) {
				this.#mayRepeat[place] = 0;
				counts.repeats++;
				continue;
			}
			this.#remember(gathered, index, place);
			sorted.copyFrom(gathered, index);
			const status = gathered.status[index] as number;
			if (!isGood(status)) counts.notGood++;
			if (hasOverflow(status)) counts.overflows++;
			// The heartbeat is written last in each cycle of the unit, so its source time closes the cycle.
			if (gathered.tagId[index] === this.#timeBaseId && isGood(status))
				throughMs = gathered.sourceMs[index] as number;
		}
		counts.samples += sorted.count;
		this.discard();
		if (sorted.count === 0 && throughMs === undefined) return undefined;
		return { device: this.device, samples: sorted, throughMs };
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
	 * The same source time, status and value as the tag's last sample, once after a reconnect. A server that kept its
	 * queues sends what they hold first and the present value again after it, so the repeat need not come first.
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
