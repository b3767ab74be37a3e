// How a follower reads the store: by position, each at its own pace. Sealed and hot samples are one row of positions.

import type { SampleColumns } from "../common/contract/samples.ts";
import type { EdgeNodeRow, GapRow, LotRow, LotVerdict, Occurrence, Series, UnitVisit } from "./pipeline.ts";
import type { WindowLimits } from "./window-limits.ts";

/** What one reading gave: a stretch of positions, in rising order. */
export interface PositionSlice {
	/** `tagId` holds series ids. Its memory belongs to whoever asked. */
	readonly samples: SampleColumns;
	/** The position of each sample: seq × 512 + index. Exact, because it stays below 2^53. */
	readonly pos: Float64Array;
	/** Every sample below this position has been given, or lies in `missing`; read on from here. */
	readonly nextPos: number;
	/** The end of what is stored: `storedPos - nextPos` is what waits, and 0 means that all was read. */
	readonly storedPos: number;
	/** Stretches that the store no longer has: retired by age or size, or in a part that is damaged. */
	readonly missing: readonly MissingPositions[];
}

export interface MissingPositions {
	readonly fromPos: number;
	/** Not included. */
	readonly toPos: number;
	readonly reason: "retired" | "damaged";
	/** Samples that were there. */
	readonly samples: number;
}

/** Something that was found out or entered, as it stands now; one that changes comes again with a higher `n`. */
export type StoreEvent = { readonly n: number } & (
	| { readonly kind: "violation"; readonly row: Occurrence }
	| { readonly kind: "verdict"; readonly row: LotVerdict }
	| { readonly kind: "gap"; readonly row: GapRow }
	| { readonly kind: "visit"; readonly row: UnitVisit }
	| { readonly kind: "lot"; readonly row: LotRow }
	| { readonly kind: "limits"; readonly row: WindowLimits }
);

export interface EventSlice {
	readonly events: readonly StoreEvent[];
	/** Read on after this one. */
	readonly lastN: number;
}

/** @throws CodedError STORE_FAILED */
export interface PositionReader {
	/**
	 * Samples from `fromPos` on, about `limit` of them (1 to 100,000); fewer at the end of what is stored or of a part.
	 * 0 begins with the first sample there is.
	 */
	readPositions(fromPos: number, limit: number): Promise<PositionSlice>;
	/** Events after `afterN`, at most `limit` of them (1 to 10,000). 0 begins with the first. */
	readEvents(afterN: number, limit: number): Promise<EventSlice>;
	/** Series with an id above `afterId`, at most `limit`, in order of id; series of a slice are always among them. */
	readSeries(afterId: number, limit: number): Promise<Series[]>;
	readEdgeNodes(): Promise<EdgeNodeRow[]>;
}

/** How far a follower has come. Written with the data of its own backlog bound in mind. */
export interface FollowerPosition {
	/** The follower's name in the configuration. */
	readonly name: string;
	/** Every sample below it has been taken by the follower's database, or is in its dead-letter file. */
	readonly pos: number;
	/** The last event that has been. */
	readonly eventN: number;
	/** The follower asks that nothing above `pos` is retired, as long as it is at most this many samples behind. */
	readonly holdSamples: number;
	/** Wall clock. */
	readonly savedMs: number;
}

/** Positions of followers, kept in the store's own file. @throws CodedError STORE_FAILED */
export interface FollowerPositions {
	followerPositions(): Promise<FollowerPosition[]>;
	/** Replaces the follower's row. About once a second is often enough: after a crash the rest is sent again. */
	saveFollowerPosition(position: FollowerPosition): Promise<void>;
	/** A follower that is no longer configured holds nothing. */
	forgetFollower(name: string): Promise<void>;
}
