// Stored samples, raw and in buckets, for everybody who takes data out: the API, notebooks, exports. Read only.

import type { ReadValue } from "./read-port.ts";

/** Which samples: of these tags of a unit, or of a lot while its batches were in the unit; source times. */
export interface SampleSelection {
	/** Every unit that the lot was in when left out; needed without a lot. */
	readonly unit?: string | undefined;
	/** Every tag of the units when empty. */
	readonly tags: readonly string[];
	readonly lot?: string | undefined;
	/** Only while the unit told this phase. */
	readonly phase?: string | undefined;
	/** The tag by which units tell their phase. */
	readonly phaseTag: string;
	/** Both ends included. */
	readonly fromMs: number;
	readonly toMs: number;
}

/** One tag over one stretch of time: what a selection comes down to. */
export interface SamplePiece {
	readonly unit: string;
	readonly tag: string;
	readonly datatype: string;
	readonly eu: string | undefined;
	/** The tag's series, of all edge nodes and data types. */
	readonly series: readonly number[];
	readonly fromMs: number;
	readonly toMs: number;
}

/** Samples as columns, in order of source time. `value` and `status` are as stored. */
export interface SampleSlice {
	readonly atMs: number[];
	/** What the source time has beyond the millisecond, in ticks of 100 ns. */
	readonly restTicks: number[];
	/** Server time less source time, in ticks of 100 ns; null when the server gave none. */
	readonly serverLagTicks: (number | null)[];
	readonly status: number[];
	readonly value: ReadValue[];
	/** Where to read on; undefined when that was all. */
	readonly nextMs: number | undefined;
}

/** Figures of buckets of equal width that begin at whole multiples of it since 1970, as columns; none is left out. */
export interface BucketSlice {
	readonly atMs: number[];
	/** Over values that are Good and finite; null in a bucket that has none and into which none lasts. */
	readonly min: (number | null)[];
	readonly max: (number | null)[];
	/** Time-weighted: each value counts for as long as it holds, also from before the bucket. */
	readonly mean: (number | null)[];
	/** The share of the bucket in which a Good value held and no gap is known, 0 to 1. */
	readonly coverage: number[];
	readonly samples: number[];
	/** Samples that are not Good, or have no finite number. */
	readonly notGood: number[];
}

export interface ParquetExport {
	/** A file of the reader's own; whoever asked deletes it. */
	readonly path: string;
	readonly samples: number;
	readonly bytes: number;
}

/** Pieces whose buckets are asked for at once, at most; a month of one is read from 43,200 minutes. */
export const bucketPiecesMost = 8;

/** Answers are bounded. @throws CodedError STORE_FAILED; USAGE for more than a bound allows */
export interface SamplesPort {
	/** Tag by tag and stretch by stretch; undefined when the store has no such unit or lot. */
	pieces(selection: SampleSelection): Promise<SamplePiece[] | undefined>;
	/** At most about `limit` samples of a piece. */
	slice(piece: SamplePiece, limit: number): Promise<SampleSlice>;
	/** At most 10,000 buckets: the piece must not be longer. */
	buckets(piece: SamplePiece, widthMs: number): Promise<BucketSlice>;
	/** Of each piece; at most `bucketPiecesMost`. Pieces of one unit and period cost less together. */
	bucketsOfEach(pieces: readonly SamplePiece[], widthMs: number): Promise<BucketSlice[]>;
	/** Every sample of the pieces as one Parquet file. */
	parquet(pieces: readonly SamplePiece[]): Promise<ParquetExport>;
}
