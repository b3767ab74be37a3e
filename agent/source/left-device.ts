import type { LastSample } from "../pipeline.ts";

/** What a builder leaves to the one that takes its device over. */
export interface LeftDevice {
	/** Up to this source time everything is handed over, or a gap; undefined while nothing is known. */
	readonly throughMs: number | undefined;
	/** First values up to this source time were handed over by an earlier run. */
	readonly resumedThroughMs: number;
	readonly newestMs: number;
	readonly samples: ReadonlyMap<number, LastSample>;
	/** Tags of which it is settled what the first value means. */
	readonly settled: ReadonlySet<number>;
	/** Tags that were called Bad and have not come since, and the source time of that word. */
	readonly calledBad: { readonly tagIds: readonly number[]; readonly sourceMs: number };
}
