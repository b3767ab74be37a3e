// What the collector tells about itself and its data: the reading side of pipeline.ts. Both ports are read only.
// Rows are plain data that fit JSON as they are: a number that a double cannot hold exactly is text.

import type { Figures } from "../common/runtime/process-figures.ts";
import type { ChartAnswer, ChartEntry, ChartQuery, ChartSignalEntry } from "./chart-port.ts";
import type { VerdictRecord } from "./judgement-port.ts";
import type { LaboratoryAnswer } from "./laboratory-port.ts";
import type { MaterialVerdict } from "./material-port.ts";
import type { EdgeNodeRow, Occurrence, UnitVisit } from "./pipeline.ts";
import type { SpecWindow } from "./specification.ts";
import type { SpecificationRow } from "./specification-port.ts";

/** A value for people and JSON: 64-bit integers beyond 2^53, NaN and infinities are text; bytes are `base64:…`. */
export type ReadValue = number | string | null;

export interface SampleCounts {
	readonly total: number;
	/** By `unit/tag`, over all edge nodes and data types; the edge nodes' own ledger records are left out. */
	readonly tags: Readonly<Record<string, number>>;
}

export interface TagRow {
	readonly group: string;
	readonly edgeNode: string;
	readonly unit: string;
	readonly tag: string;
	readonly datatype: string;
	readonly eu: string | undefined;
	readonly samples: number;
	readonly lastSourceMs: number;
	readonly lastStatus: number;
	readonly lastValue: ReadValue;
}

export interface GapEntry {
	readonly id: string;
	readonly edgeNode: string;
	readonly unit: string;
	readonly tags: readonly string[];
	readonly fromMs: number;
	readonly toMs: number;
	readonly cause: string;
	readonly backfilled: boolean;
	readonly noticedMs: number;
}

export interface LotEntry {
	readonly lot: string;
	readonly openedMs: number;
	readonly closedMs: number | undefined;
	readonly observedWhole: boolean;
	readonly occurrences: number;
	/** The newest; undefined until the lot is judged. */
	readonly verdict:
		| {
				readonly verdict: string;
				readonly violations: number;
				readonly windows: number;
				readonly reasons: readonly string[];
				readonly specVersion: number;
				readonly judgedMs: number;
		  }
		| undefined;
}

/** A message to a destination, without its body. */
export interface MessageEntry {
	readonly id: string;
	readonly type: string;
	readonly destination: string;
	readonly state: string;
	readonly attempts: number;
	readonly createdMs: number;
	readonly settledMs: number | undefined;
	readonly lastError: string | undefined;
}

export interface StoreTotals {
	readonly samples: number;
	readonly gaps: number;
	readonly occurrences: number;
	readonly openOccurrences: number;
	readonly lots: number;
	readonly messages: { readonly waiting: number; readonly delivered: number; readonly failed: number };
}

export interface TrendQuery {
	readonly unit: string;
	readonly tag: string;
	/** Source times, both ends included. */
	readonly fromMs: number;
	readonly toMs: number;
	/** At most this many buckets or changes, 1 to 2000. */
	readonly points: number;
	/** The tag by which the unit tells its phase. */
	readonly phaseTag: string;
}

/** Buckets in time order, as columns: one with no plottable value is left out. `atMs` is the time of `last`. */
export interface TrendBuckets {
	readonly atMs: number[];
	readonly min: number[];
	readonly max: number[];
	readonly last: number[];
}

export type NotGoodReason = "bad" | "uncertain" | "no_value" | "not_a_number";

/** From a sample that is not Good or has no number, to the next that is; `toMs` is undefined when none came. */
export interface NotGoodStretch {
	readonly fromMs: number;
	readonly toMs: number | undefined;
	readonly status: number;
	readonly reason: NotGoodReason;
}

export interface ValueChange {
	readonly atMs: number;
	readonly value: ReadValue;
	readonly status: number;
}

/** One stretch in which a window applied, from the beginning of its phase. */
export interface WindowRun {
	readonly window: string;
	readonly specVersion: number;
	readonly fromMs: number;
	readonly toMs: number;
}

export interface TrendAnswer {
	readonly unit: string;
	readonly tag: string;
	readonly fromMs: number;
	readonly toMs: number;
	readonly kind: "number" | "text";
	readonly datatype: string;
	readonly eu: string | undefined;
	/** Samples of the tag in the period. */
	readonly samples: number;
	/** False when a bound of the query was met: then the period is covered only from `coveredFromMs`. */
	readonly complete: boolean;
	readonly coveredFromMs: number;
	/** The last sample before the period, when it is near. */
	readonly before: ValueChange | undefined;
	readonly buckets: TrendBuckets;
	/** Text tags: each change of value, the newest `points` of them. */
	readonly changes: readonly ValueChange[];
	readonly notGood: readonly NotGoodStretch[];
	readonly gaps: readonly GapEntry[];
	/** What the unit was doing, change by change; the first may begin before the period. */
	readonly phases: readonly ValueChange[];
	/** Finished runs of the unit's windows that touch the period. */
	readonly runs: readonly WindowRun[];
	readonly visits: readonly UnitVisit[];
	readonly occurrences: readonly Occurrence[];
}

/** What to reconcile: the visits of a lot's batches, or a unit, or every unit; source times, both ends included. */
export interface ReconciliationQuery {
	/** The tag by which units count what they write. */
	readonly written: string;
	readonly lot?: string | undefined;
	readonly unit?: string | undefined;
	readonly fromMs?: number | undefined;
	readonly toMs?: number | undefined;
}

/**
 * What a unit says it has written against what is stored, after its count at `fromMs` and up to its count at `toMs`.
 * The figures are undefined when there are no two counts to compare.
 */
export interface ReconciliationRow {
	readonly unit: string;
	readonly batch: string | undefined;
	readonly lot: string | undefined;
	/**
	 * The first and the last count of the period that was asked for; the nearest one outside instead, where values
	 * between that and the end of the period are missing.
	 */
	readonly fromMs: number | undefined;
	readonly toMs: number | undefined;
	readonly produced: number | undefined;
	readonly stored: number | undefined;
	/** Produced less stored; below zero when more is stored than was counted. */
	readonly missing: number | undefined;
	/** Rows of the gap ledger that touch the unit and the period. */
	readonly gaps: number;
	/** The unit began to count anew: what it wrote between its last and its next count is in neither figure. */
	readonly restarted: boolean;
	/**
	 * False when a bound of the query was met: then only the newest part of the period is compared, from `fromMs`, or
	 * parts of it are left out around restarts.
	 */
	readonly complete: boolean;
}

/** The store as the API sees it. Answers are bounded. @throws CodedError STORE_FAILED, DATA_FORMAT_NEWER */
export interface ReadPort {
	/** The newest verdict on each lot of a raw material, the last judged first. */
	materials(query: { readonly limit: number }): Promise<readonly MaterialVerdict[]>;
	/** Every verdict on the lots of raw materials with this id, the newest first. */
	material(lot: string): Promise<readonly MaterialVerdict[]>;
	counts(): Promise<SampleCounts>;
	tags(): Promise<TagRow[]>;
	/** Undefined when the store has no such tag. */
	trend(query: TrendQuery): Promise<TrendAnswer | undefined>;
	violations(query: { limit: number }): Promise<Occurrence[]>;
	/** Of alert and action limits. */
	alerts(query: { limit: number }): Promise<Occurrence[]>;
	gaps(query: { limit: number }): Promise<GapEntry[]>;
	lots(query: { limit: number }): Promise<LotEntry[]>;
	messages(query: { limit: number }): Promise<MessageEntry[]>;
	/** Of one lot, or the newest of all; at most `limit` of each kind. */
	laboratory(query: { lot?: string | undefined; limit: number }): Promise<LaboratoryAnswer>;
	totals(): Promise<StoreTotals>;
	/** In order of time for a lot, else of name; empty when the store knows no such lot or unit. */
	reconciliation(query: ReconciliationQuery): Promise<ReconciliationRow[]>;
	/** Every verdict that a lot was given, by stage, the newest revision first; empty for one that has none. */
	verdicts(lot: string): Promise<VerdictRecord[]>;
	/** Every version that this collector has had, the newest first. */
	specifications(): Promise<SpecificationRow[]>;
	/** In order of name. */
	charts(query: { limit: number }): Promise<ChartEntry[]>;
	/** Undefined when no lot has had a point of it. */
	chart(query: ChartQuery): Promise<ChartAnswer | undefined>;
	/** The newest first, by the time at which they were noted; of one lot in order of name. */
	chartSignals(query: { limit: number; lot?: string | undefined }): Promise<ChartSignalEntry[]>;
}

export interface LiveUnit {
	readonly unit: string;
	readonly phase: string;
	readonly batch: string;
	readonly lot: string;
	readonly recipe: string;
	/** The unit's newest Through: everything older has arrived or is a gap. */
	readonly throughMs: number | undefined;
}

/** An edge node as people see it. */
export interface EdgeNodeView {
	readonly row: EdgeNodeRow;
	readonly online: boolean;
	/** Monotonic. */
	readonly lastMessageMs: number | undefined;
	/** Since when its own values are stale, UTC ms; undefined while it is online. */
	readonly staleSinceMs: number | undefined;
	/** Its devices; `staleSinceMs` is undefined while a device lives. */
	readonly devices: readonly { readonly device: string; readonly staleSinceMs: number | undefined }[];
}

export interface LiveEdgeNode {
	readonly group: string;
	readonly edgeNode: string;
	readonly online: boolean;
	/** Wall clock. */
	readonly lastMessageMs: number | undefined;
	/** Since when its own values are stale, UTC ms; absent while it is online. */
	readonly staleSinceMs?: number;
	/** Its devices; `staleSinceMs` is absent while a device lives. */
	readonly devices: readonly { readonly device: string; readonly staleSinceMs?: number }[];
	/** Current epochs of two agents that publish as this edge node: nothing of it is stored while there are any. */
	readonly rivals: readonly number[];
	/** What the agent holds: stored without a hole up to `prefix`, and `held` records not stored yet. */
	readonly epochs: readonly { readonly epoch: number; readonly prefix: number; readonly held: number }[];
}

/** How far a database is that follows the store. Counts are since the process started. */
export interface LiveFollower {
	readonly name: string;
	readonly kind: string;
	/** Without user, password or query. */
	readonly url: string;
	readonly database: string;
	/** `waiting` tries again by itself; `held` does so too, but needs a person. */
	readonly state: "starting" | "current" | "catching_up" | "waiting" | "held" | "stopped";
	/** Every sample below this position is in the database or among the dead letters. */
	readonly pos: number;
	/** About so many samples wait; exact when it is 0. */
	readonly waitingSamples: number;
	/** For how long the oldest of them has been stored; 0 when none waits. */
	readonly lagMs: number;
	/** Further behind than `backlog` allows: the store no longer keeps for it what it would let go. */
	readonly overBound: boolean;
	readonly writtenLines: number;
	readonly refusedLines: number;
	readonly retries: number;
	/** Samples that the store no longer had when their turn came. */
	readonly missingSamples: number;
	readonly deadLetterFile: string;
	/** Absent while all is well. */
	readonly lastError?: string;
	/** Wall clock; absent while nothing is waited for. */
	readonly nextAttemptMs?: number;
}

/** The process now. Holds no secret: addresses without user, password or query. */
export interface LiveStatus {
	readonly process: "collector";
	/** Cost of the process; absent where nobody measures. */
	readonly figures?: Figures;
	/** Age of live samples (wall clock less source time) when they were committed; samples of a backlog do not count. */
	readonly commitAgeMs?: {
		readonly p50: number;
		readonly p99: number;
		readonly max: number;
		readonly count: number;
	};
	readonly host: string;
	readonly instance: string;
	readonly broker: { readonly url: string; readonly connected: boolean };
	/** Connections that anybody on the way can read, in words: `broker`, `destination hall-screen`. */
	readonly insecure: readonly string[];
	/** The values come from a simulator. */
	readonly simulated?: boolean;
	/** The newest Through of any device. */
	readonly plantTimeMs: number | undefined;
	readonly storedPerSecond: number;
	readonly waitingSamples: number;
	readonly edgeNodes: readonly LiveEdgeNode[];
	readonly units: readonly LiveUnit[];
	readonly specification: { readonly product: string; readonly version: number };
	/** Absent where none is configured. */
	readonly followers?: readonly LiveFollower[];
	readonly lastCommitError?: string;
}

export interface LivePort {
	/** Cheap: probes and pages call it every second. */
	status(): LiveStatus;
	/** The windows in force. */
	windows(): readonly SpecWindow[];
}
