import type { MissingOfTag } from "./backfill.ts";

/** What the devices of a server had in one cycle. */
export interface CycleCounts {
	samples: number;
	notGood: number;
	repeats: number;
	/** Within a deadband, by configuration. */
	leftOut: number;
	/** Samples with the overflow bit: between the tag's sample before it and itself the server lost some. */
	readonly overflowed: MissingOfTag[];
	/** Samples whose source times cannot be right. */
	fromFuture: number;
	timeFrozen: number;
	/** Tag ids whose source times were right until now. */
	readonly timeWrong: number[];
	/** Tag ids of which the server says that there is no such node. */
	readonly gone: number[];
}

/** Nothing has been counted. */
export function noCounts(): CycleCounts {
	return {
		...{ samples: 0, notGood: 0, repeats: 0, leftOut: 0, fromFuture: 0, timeFrozen: 0 },
		...{ overflowed: [], timeWrong: [], gone: [] },
	};
}
