// pipeline.ts's part about final verdicts: what they are made from, and what they say. A final verdict is a pure function of
// the specification, the context, the samples, the gaps and the laboratory's results; nothing in it depends on the order in
// which any of them arrived. Times are source times unless a name says otherwise.

import type { LabResult } from "./laboratory-port.ts";
import type { Proposal, SpecClass } from "./specification.ts";

/** A run of one context in a unit: as long as batch, lot, recipe and phase stay as they are. */
export interface ContextStretch {
	readonly unit: string;
	readonly batch: string;
	readonly lot: string;
	readonly recipe: string;
	readonly phase: string;
	readonly fromMs: number;
	readonly toMs: number;
	/** The unit was heard of before, so that its beginning is known. */
	readonly startObserved: boolean;
	/** What came next was heard, so that its end is known. */
	readonly endObserved: boolean;
}

/** Time in which values of a unit may be missing: of these tags, or of all when there are none. */
export interface EvidenceGap {
	readonly unit: string;
	readonly tags: readonly string[];
	readonly cause: string;
	readonly fromMs: number;
	readonly toMs: number;
}

/**
 * A tag's values as columns, in order of source time, then of rest, epoch's place in its chain, offset and index. `value` is
 * NaN for what has no number.
 */
export interface EvidenceColumns {
	readonly atMs: Float64Array;
	readonly value: Float64Array;
	readonly status: Uint32Array;
}

export type Judged = "in" | "alert" | "out" | "not_evaluable";

/** Why something is as it is, for programs; the sentence for people is made from it. */
export interface Reason {
	readonly code: string;
	readonly text: string;
}

/** What one window says of a lot: once for each batch in its unit, once for each laboratory test. */
export interface WindowVerdict {
	readonly window: string;
	readonly characteristic: string;
	readonly kind: "stream" | "aggregate" | "laboratory" | "material";
	readonly class: SpecClass;
	/** Empty for a laboratory's result. */
	readonly unit: string;
	readonly batch: string;
	readonly verdict: Judged;
	/** What was judged: the number of an aggregate or a result; of a stream the value farthest outside, or nearest to a limit. */
	readonly value: number | undefined;
	readonly eu: string;
	readonly low: number | undefined;
	readonly high: number | undefined;
	readonly fromMs: number;
	readonly toMs: number;
	/** How far outside at the most, in `eu`, and for how long altogether. */
	readonly depth: number;
	readonly timeOutsideMs: number;
	/** Depth times time outside, in `eu` times hours. */
	readonly outsideIntegral: number;
	readonly violations: number;
	/** The share of the judged time that values that count cover, 0 to 1. */
	readonly coverage: number;
	readonly goodSamples: number;
	readonly uncertainSamples: number;
	readonly badSamples: number;
	readonly reasons: readonly Reason[];
}

/** `line`: everything that the line told. `complete`: with the laboratory's results, or without those that are overdue. */
export type VerdictStage = "line" | "complete";

export interface LotJudgement {
	readonly lot: string;
	readonly stage: VerdictStage;
	readonly product: string;
	readonly specVersion: number;
	/** SHA-256 of the specification's canonical form. */
	readonly specHash: string;
	readonly verdict: Judged;
	/** What the hold rules propose; only a person decides. */
	readonly proposal: Proposal;
	readonly observedWhole: boolean;
	readonly fromMs: number;
	readonly toMs: number;
	readonly windows: readonly WindowVerdict[];
	/** Of the lot as a whole: gaps, what was never judged, results that are missing. */
	readonly reasons: readonly Reason[];
}

/** Everything that a lot's verdict is made from but the samples, which are read tag by tag. */
export interface LotEvidence {
	readonly lot: string;
	readonly observedWhole: boolean;
	readonly openedMs: number;
	readonly closedMs: number;
	/** In order of unit and time. */
	readonly context: readonly ContextStretch[];
	readonly gaps: readonly EvidenceGap[];
	readonly results: readonly LabResult[];
}

/** A stored verdict: the judgement in its envelope. The newest revision of a lot and stage counts. */
export interface VerdictRecord {
	/** Hash of lot, stage and canonical form: the same verdict again is the same row. */
	readonly id: string;
	readonly revision: number;
	/** The verdict that it corrects. */
	readonly corrects: string | undefined;
	/** RFC 8785 JSON of the judgement, and its SHA-256. */
	readonly canonical: string;
	readonly hash: string;
	/** Knowledge time: wall clock. */
	readonly judgedMs: number;
}
