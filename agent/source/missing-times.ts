import type { SampleColumns } from "../../common/contract/samples.ts";
import type { MissingOfTag, SourceTime } from "./backfill.ts";

/**
 * Between which times of each tag something may be missing: after the last sample before a hole, and before the first
 * one after it. A tag that repeats its old value lacks nothing.
 */
export class MissingTimes {
	readonly #last: ReadonlyMap<number, SourceTime>;
	readonly #first = new Map<number, SourceTime>();
	readonly #onTold: () => void;

	constructor(last: Iterable<readonly [number, SourceTime]>, onTold: () => void) {
		this.#last = new Map(last);
		this.#onTold = onTold;
	}

	/** A sample that came after the hole had begun. */
	came(samples: SampleColumns, index: number): void {
		const tagId = samples.tagId[index] as number;
		if (this.#first.has(tagId)) return;
		const ms = samples.sourceMs[index] as number;
		this.#first.set(tagId, { ms, ticks: samples.sourceRestTicks[index] as number });
	}

	/** What is known by now; nothing is noted any more. */
	told(): MissingOfTag[] {
		this.#onTold();
		const missing: MissingOfTag[] = [];
		for (const [tagId, after] of this.#last) {
			const before = this.#first.get(tagId);
			const isAfter =
				before === undefined ||
				before.ms > after.ms ||
				(before.ms === after.ms && before.ticks > after.ticks);
			if (isAfter) missing.push({ tagId, after, before });
		}
		return missing;
	}
}
