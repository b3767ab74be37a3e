import { SampleColumns, type SampleValue } from "../../common/contract/samples.ts";
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
	readonly #timeBaseId: number | undefined;
	readonly #rank = new Map<number, number>();
	readonly #samples = new SampleColumns(1024);
	readonly #sorted = new SampleColumns(1024);
	readonly #last = new SampleColumns(0);
	readonly #seen: boolean[] = [];
	/** Until the first new value of each tag after a reconnect, its last value may come again. */
	#mayRepeat = new Set<number>();
	#newestMs = Number.NEGATIVE_INFINITY;
	#resumedThroughMs: number | undefined;

	constructor(device: DeviceConfig, tags: readonly SourceTag[]) {
		this.device = device.name;
		for (const { tag, rank } of tags) this.#rank.set(tag.id, rank);
		const base = device.time_base;
		this.#timeBaseId = base === "publish" ? undefined : tags.find(({ tag }) => tag.name === base.tag)?.tag.id;
		if (this.#timeBaseId !== undefined) this.#rank.set(this.#timeBaseId, Number.MAX_SAFE_INTEGER);
		const idsMax = tags.reduce((highest, { tag }) => Math.max(highest, tag.id), 0);
		this.#last.reserve(idsMax + 1);
	}

	/** Where the next sample goes; append with `appendDataValue`. */
	get samples(): SampleColumns {
		return this.#samples;
	}

	/** The newest source time ever seen, or −Infinity. */
	get newestMs(): number {
		return this.#newestMs;
	}

	/** The last source time of a tag, or undefined when it never had a value. */
	lastSourceMs(tagId: number): number | undefined {
		return this.#seen[tagId] === true ? this.#last.sourceMs[tagId] : undefined;
	}

	/** After a reconnect the server sends each tag's present value once more, which may be the one we have. */
	expectRepeats(): void {
		this.#mayRepeat = new Set(this.#rank.keys());
	}

	/**
	 * Takes up where an earlier run stopped. A first value that this run has not seen is a repeat when it is the tag's
	 * last sample, or not newer than the device's Through, because everything up to there is in the journal.
	 */
	resume(throughMs: number | undefined, samples: ReadonlyMap<number, LastSample>): void {
		this.#resumedThroughMs = throughMs;
		for (const id of this.#rank.keys()) {
			const last = samples.get(id);
			if (last === undefined) continue;
			this.#seen[id] = true;
			this.#last.sourceMs[id] = last.sourceMs;
			this.#last.sourceRestTicks[id] = last.sourceRestTicks;
			this.#last.status[id] = last.status;
			this.#last.setValue(id, last.value);
			this.#newestMs = Math.max(this.#newestMs, last.sourceMs);
		}
		this.expectRepeats();
	}

	/** The cycle gathered since the last call, or undefined when there is nothing to say. */
	finish(publishThroughMs: number | undefined, counts: CycleCounts): Cycle | undefined {
		const gathered = this.#samples;
		const order = this.#order(gathered);
		const sorted = this.#sorted;
		sorted.reserve(gathered.count);
		sorted.count = 0;
		sorted.other.length = 0;
		let throughMs = this.#timeBaseId === undefined ? publishThroughMs : undefined;
		for (const index of order) {
			if (this.#isRepeat(gathered, index)) {
				counts.repeats++;
				continue;
			}
			this.#remember(gathered, index);
			sorted.copyFrom(gathered, index);
			const status = gathered.status[index] as number;
			if (!isGood(status)) counts.notGood++;
			if (hasOverflow(status)) counts.overflows++;
			// The heartbeat is written last in each cycle of the unit, so its source time closes the cycle.
			if (gathered.tagId[index] === this.#timeBaseId && isGood(status))
				throughMs = gathered.sourceMs[index] as number;
		}
		counts.samples += sorted.count;
		gathered.count = 0;
		gathered.other.length = 0;
		if (sorted.count === 0 && throughMs === undefined) return undefined;
		return { device: this.device, samples: sorted, throughMs };
	}

	#order(samples: SampleColumns): number[] {
		const order = Array.from({ length: samples.count }, (_, index) => index);
		const { sourceMs, sourceRestTicks, tagId } = samples;
		return order.sort(
			(a, b) =>
				(sourceMs[a] as number) - (sourceMs[b] as number) ||
				(sourceRestTicks[a] as number) - (sourceRestTicks[b] as number) ||
				(this.#rank.get(tagId[a] as number) ?? 0) - (this.#rank.get(tagId[b] as number) ?? 0) ||
				a - b,
		);
	}

	/**
	 * The same source time, status and value as the tag's last sample, once after a reconnect. A server that kept its
	 * queues sends what they hold first and the present value again after it, so the repeat need not come first.
	 */
	#isRepeat(samples: SampleColumns, index: number): boolean {
		const id = samples.tagId[index] as number;
		if (!this.#mayRepeat.has(id)) return false;
		const repeat =
			this.#seen[id] === true
				? this.#isLast(samples, index, id)
				: (samples.sourceMs[index] as number) <= (this.#resumedThroughMs ?? Number.NEGATIVE_INFINITY);
		if (repeat) this.#mayRepeat.delete(id);
		return repeat;
	}

	#isLast(samples: SampleColumns, index: number, id: number): boolean {
		const last = this.#last;
		return (
			last.sourceMs[id] === samples.sourceMs[index] &&
			last.sourceRestTicks[id] === samples.sourceRestTicks[index] &&
			last.status[id] === samples.status[index] &&
			last.kind[id] === samples.kind[index] &&
			sameValue(last.value(id), samples.value(index))
		);
	}

	#remember(samples: SampleColumns, index: number): void {
		const id = samples.tagId[index] as number;
		this.#seen[id] = true;
		this.#last.sourceMs[id] = samples.sourceMs[index] as number;
		this.#last.sourceRestTicks[id] = samples.sourceRestTicks[index] as number;
		this.#last.status[id] = samples.status[index] as number;
		this.#last.setValue(id, samples.value(index));
		this.#newestMs = Math.max(this.#newestMs, samples.sourceMs[index] as number);
	}
}

function sameValue(a: SampleValue, b: SampleValue): boolean {
	if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0;
	return Object.is(a, b);
}
