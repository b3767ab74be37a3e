// pipeline.ts's part about lots as people deal with them: their state, what was decided, and the record that can be printed.

import type { LotGenealogy } from "./genealogy-port.ts";
import type { EvidenceGap, Judged, LotJudgement, VerdictStage, WindowVerdict } from "./judgement-port.ts";
import type { LabResult } from "./laboratory-port.ts";
import type { CommentEntry } from "./people-port.ts";
import type { Occurrence, UnitVisit } from "./pipeline.ts";
import type { Proposal } from "./specification.ts";

/** What quality can decide of a lot. */
export const lotDecisions = ["release", "conditional", "hold", "rework", "reject"] as const;
export type LotDecisionName = (typeof lotDecisions)[number];

export type LotState =
	| "RUNNING"
	| "COMPLETE"
	| "QC_PENDING"
	| "RELEASED"
	| "CONDITIONAL"
	| "HOLD"
	| "REWORK"
	| "REJECTED";

/** What the customer agrees to with a lot that does not meet everything. */
export interface Concession {
	readonly customer: string;
	readonly reference: string;
	/** A second person, not the one who decides. */
	readonly agreedBy: string;
}

/** A decision by a named person with a reason; rows of the input table. */
export interface LotDecision {
	readonly n: number;
	readonly lot: string;
	readonly decision: LotDecisionName;
	readonly by: string;
	/** Wall clock. */
	readonly atMs: number;
	readonly reason: string;
	/** The verdict that the person saw. */
	readonly verdictId: string;
	readonly concession: Concession | undefined;
	/** What the person's program named the request, so that it can be sent again when its answer is lost. */
	readonly requestId?: string | undefined;
}

/** A stored verdict of a lot, as far as its state needs it. */
export interface StandingVerdict {
	readonly id: string;
	readonly stage: VerdictStage;
	readonly verdict: Judged;
	readonly proposal: Proposal;
	readonly judgedMs: number;
}

export interface LotStanding {
	readonly state: LotState;
	/** Who put it there: a person, or the rules. */
	readonly by: string;
	readonly reason: string;
	/** What was decided was decided on another verdict than the newest one. */
	readonly needsReview: boolean;
	/** What could be decided now. */
	readonly possible: readonly LotDecisionName[];
}

/** An excursion with a small chart of it: buckets of the tag around it, null where nothing is known. */
export interface Excursion extends Occurrence {
	readonly eu: string;
	readonly chart: {
		readonly fromMs: number;
		readonly toMs: number;
		readonly min: readonly (number | null)[];
		readonly max: readonly (number | null)[];
	};
}

/** Everything that is known of a lot, as one document. */
export interface LotRecord {
	readonly lot: string;
	readonly product: { readonly code: string; readonly formula: string };
	/** The values come from a simulator. */
	readonly simulated: boolean;
	readonly standing: LotStanding;
	readonly openedMs: number;
	readonly closedMs: number | undefined;
	readonly visits: readonly UnitVisit[];
	readonly judgement: LotJudgement | undefined;
	readonly verdictId: string | undefined;
	readonly revisions: number;
	readonly windows: readonly WindowVerdict[];
	readonly excursions: readonly Excursion[];
	readonly gaps: readonly EvidenceGap[];
	readonly results: readonly LabResult[];
	readonly decisions: readonly LotDecision[];
	/** On the lot and on its violations, in the order in which they were entered. */
	readonly comments: readonly CommentEntry[];
	/** Undefined when nobody reads genealogy. */
	readonly genealogy: LotGenealogy | undefined;
	/** SHA-256 of everything above, in canonical form. */
	readonly hash: string;
}
