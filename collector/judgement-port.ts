// pipeline.ts's part about final verdicts: what they are made from, and what they say. A final verdict is a pure function of
// the specification, the context, the samples, the gaps and the laboratory's results; nothing in it depends on the order in
// which any of them arrived. Times are source times unless a name says otherwise.

import type { ChartCommit } from "./chart-port.ts";
import type { LotRow, LotVerdict, OutboxRow, UnitVisit } from "./pipeline.ts";
import type { Route } from "./route.ts";
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

/** Of a reason that a lot was made of a lot of a raw material that is out. */
export const materialCode = "material_out";

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
	/** What nobody told of its making, and what it was made of though it is out (`materialCode`). */
	readonly genealogy: readonly Reason[];
}

/** A stored verdict in its envelope. The newest revision of a lot and stage counts. */
export interface VerdictRecord {
	/** Hash of lot, stage, canonical form and the verdict before: the same story again has the same ids. */
	readonly id: string;
	readonly stage: VerdictStage;
	/** Counts from 1. */
	readonly revision: number;
	/** The verdict that it corrects. */
	readonly corrects: string | undefined;
	readonly hash: string;
	readonly proposal: Proposal;
	/** Knowledge time: wall clock. */
	readonly judgedMs: number;
	readonly judgement: LotJudgement;
}

type ContextKey = "batch" | "lot" | "recipe" | "phase";

/** What a unit said of itself in a period, in order of source time, and what it had said before. */
export interface StoredUnitContext {
	readonly unit: string;
	readonly fromMs: number;
	readonly untilMs: number;
	readonly before: Readonly<Partial<Record<ContextKey, string>>>;
	readonly values: readonly {
		readonly key: ContextKey;
		readonly atMs: number;
		readonly value: string;
	}[];
}

/** What is read of a lot before its samples: what its units said of themselves, and what may be missing. */
export interface StoredLot {
	readonly lot: string;
	/** As the lot book had it while values came; it may have missed what came late. */
	readonly openedMs: number;
	readonly closedMs: number | undefined;
	/** Each unit of the route, in its order; the period that was read is wider than the lot's time in the unit. */
	readonly units: readonly StoredUnitContext[];
	readonly gaps: readonly EvidenceGap[];
}

export interface StoredLotQuery {
	readonly lot: string;
	readonly route: Route;
	/** The tags by which every unit tells what it is doing. */
	readonly contextTags: Readonly<Record<ContextKey, string>>;
}

/** A stretch of a unit's time that has got older data than was judged, or another gap; rows up to `lastRow` say so. */
export interface DirtyPeriod {
	readonly unit: string;
	readonly fromMs: number;
	readonly toMs: number;
	readonly lastRow: number;
}

/** What a unit was visited by in a dirty period, as the samples now say. */
export interface ContextRefresh extends DirtyPeriod {
	/** Whole visits that touch the period, in order of time. */
	readonly visits: readonly UnitVisit[];
}

/** Samples of some tags of a unit, with the one before the period, which may hold into it. */
export interface LotSamplesQuery {
	readonly unit: string;
	readonly tags: readonly string[];
	readonly fromMs: number;
	/** Exclusive. */
	readonly toMs: number;
}

/** The store as final judgement reads it. Answers are bounded. @throws CodedError STORE_FAILED */
export interface EvidencePort {
	/** Undefined when the store has no such lot. */
	storedLot(query: StoredLotQuery): Promise<StoredLot | undefined>;
	/** Undefined when there are more samples than one answer may have. */
	lotSamples(query: LotSamplesQuery): Promise<ReadonlyMap<string, EvidenceColumns> | undefined>;
	/** A unit's context around a period. */
	contextOf(
		query: Pick<StoredLotQuery, "contextTags"> & Pick<DirtyPeriod, "unit" | "fromMs" | "toMs">,
	): Promise<StoredUnitContext>;
}

/** What the laboratory's results say of a lot by one version of the specification. */
export interface LaboratoryVerdicts {
	readonly windows: readonly WindowVerdict[];
	/** Results that never came in time. */
	readonly reasons: readonly Reason[];
	/** Everything that is asked for is there, or is overdue. */
	readonly isComplete: boolean;
	/** Plant time at which the next missing result is overdue. */
	readonly nextDueMs: number | undefined;
}

/** One transaction of the final judge. */
export interface FinalVerdictCommit {
	/** Undefined when the newest one says the same. */
	readonly verdict:
		| {
				readonly row: LotVerdict;
				readonly stage: VerdictStage;
				readonly proposal: Proposal;
				/** RFC 8785 JSON of the judgement, and its SHA-256. */
				readonly canonical: string;
				readonly hash: string;
				/** The verdict that it corrects. */
				readonly corrects: string | undefined;
		  }
		| undefined;
	readonly lot: string;
	/** The lot as it is booked by now; undefined leaves it as it is. */
	readonly booked: LotRow | undefined;
	/** The due time that is answered; a later one, set meanwhile, stays due. */
	readonly dueMs: number | undefined;
	readonly nextDueMs: number | undefined;
	readonly outbox: readonly OutboxRow[];
	readonly charts: ChartCommit | undefined;
}
