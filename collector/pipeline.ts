// The way of a sample through the collector. Read this first.
//
//   broker ──► host ──► intake ──► store ──► (followers)
//              Sparkplug  │  ▲       SQLite, one transaction per batch
//                         ▼  │
//                       quality ──► lots        judged before, committed with the samples
//                                                    │
//                                   notify ◄── outbox rows of the same transaction
//
// For each batch of records of one edge node: decode, judge on provisional state, commit everything in one
// transaction, confirm to the agent. A failed commit discards the provisional state and confirms nothing.
// Stages know the types below and never each other; collector.ts joins them.

import type { HeldEpoch } from "../common/contract/delivery.ts";
import type { Gap } from "../common/contract/gap.ts";
import type { SampleColumns } from "../common/contract/samples.ts";
import type { GenealogyLink } from "./genealogy-port.ts";
import type { Assembled } from "./laboratory-port.ts";
import type { WindowLimits } from "./window-limits.ts";

/** A sample's series: one tag of one device of one edge node with one data type. Ids count from 1. */
export interface Series {
	readonly id: number;
	readonly edgeNode: number;
	readonly device: string;
	readonly tag: string;
	readonly datatype: number;
	readonly eu: string | undefined;
}

export interface EdgeNodeRow {
	readonly id: number;
	readonly group: string;
	readonly edgeNode: string;
}

/** A record as it came from the wire. `samples.tagId` holds series ids. */
export interface IncomingRecord {
	readonly edgeNode: number;
	readonly epoch: number;
	readonly offset: number;
	/** The last offset it occupies: its own, or the end of a range that the journal's bound dropped. */
	readonly last: number;
	readonly device: string;
	readonly throughMs: number | undefined;
	readonly hash: Uint8Array;
	readonly samples: SampleColumns;
	/** Sent later than it came about, as a backlog is. */
	readonly historical: boolean;
	/** Taken over from files: it is not stored, though its offset may have been written off. */
	readonly adopted?: true;
	readonly receivedMs: number;
}

/** Everything the host tells the intake. Calls return at once; a promise asks the host to wait before it reads on. */
export interface IntakePort {
	record(record: IncomingRecord): Promise<void> | undefined;
	/** A message without samples: the device is complete up to `throughMs` when `lastOffset` is. */
	progress(edgeNode: number, device: string, epoch: number, lastOffset: number, throughMs: number): void;
	held(edgeNode: number, held: readonly HeldEpoch[], atBirth: boolean): void;
	/** A gap that the host itself noticed; committed with the next batch. */
	gap(row: GapRow): void;
	/** The highest offset of an epoch that is stored, and the source time up to which the node is complete, if known. */
	known(
		edgeNode: number,
		epoch: number,
	): { readonly highestOffset: number; readonly completeMs: number | undefined };
}

/** What the intake sends back towards an agent. */
export interface CommandPort {
	confirm(edgeNode: number, epoch: number, confirmed: number): void;
	resend(edgeNode: number, epoch: number, from: number, to: number): void;
}

/** Offsets `first` … `last` of an epoch that are in the store. */
export interface OffsetRange {
	readonly first: number;
	readonly last: number;
}

/** A record's row; `seq` is its place in the store, and sample `index` of it has `pos = seq × 512 + index`. */
export interface RecordRow {
	readonly seq: number;
	readonly edgeNode: number;
	readonly epoch: number;
	readonly offset: number;
	readonly last: number;
	readonly device: string;
	readonly samples: number;
	readonly sourceMinMs: number;
	readonly sourceMaxMs: number;
	readonly throughMs: number | undefined;
	readonly hash: Uint8Array;
	readonly receivedMs: number;
}

export const samplesPerSeq = 512;

export interface EpochRow {
	readonly edgeNode: number;
	readonly epoch: number;
	/** The epoch before it and that one's last offset; zeros when there is none or it is not known yet. */
	readonly previousEpoch: number;
	readonly previousLast: number;
	readonly ranges: readonly OffsetRange[];
}

export interface GapRow extends Gap {
	readonly id: string;
	readonly edgeNode: number;
	readonly noticedMs: number;
}

/** A record that came under the place of another one: what it held is kept aside, as text. */
export interface ConflictRow {
	readonly edgeNode: number;
	readonly epoch: number;
	readonly offset: number;
	readonly hash: Uint8Array;
	readonly device: string;
	readonly receivedMs: number;
	/** JSON: a list of [tag, source time in ms, status, value]. */
	readonly samples: string;
}

export interface ThroughRow {
	readonly edgeNode: number;
	readonly device: string;
	readonly throughMs: number;
}

/** A stretch of a device's time that was judged and has since got older samples. */
export interface DirtyRow {
	readonly device: string;
	readonly fromMs: number;
	readonly toMs: number;
}

/** One violation of one specification window, from the first value outside to its end. Times are source times. */
export interface Occurrence {
	readonly id: string;
	readonly window: string;
	readonly specVersion: number;
	readonly unit: string;
	readonly tag: string;
	readonly batch: string;
	readonly lot: string;
	readonly phase: string;
	readonly side: "low" | "high";
	readonly limit: number;
	readonly startedMs: number;
	readonly raisedMs: number;
	readonly clearedMs: number | undefined;
	readonly clearedBy: "returned" | "phase_end" | undefined;
	/** The value farthest outside so far. */
	readonly extreme: number;
	/** Which limit inside those of the specification it is beyond; without one it is a violation. */
	readonly level?: AlertLevel | undefined;
}

/**
 * Limits inside the specification's: look soon, act now; and one outside of it, which holds the batch at once. What is beyond them is
 * told live, and is no violation.
 */
export const alertLevels = ["alert", "action", "hold"] as const;
export type AlertLevel = (typeof alertLevels)[number];

/** A window's judgement over one run of its phases; written when the run has ended. */
export interface WindowPeriod {
	readonly id: string;
	readonly window: string;
	readonly specVersion: number;
	readonly unit: string;
	readonly batch: string;
	readonly lot: string;
	readonly fromMs: number;
	readonly toMs: number;
	readonly goodSamples: number;
	readonly badSamples: number;
	readonly violations: number;
}

/** A batch in a unit. `startObserved`: the collector saw the unit before, so the visit's beginning is known. */
export interface UnitVisit {
	readonly unit: string;
	readonly batch: string;
	readonly lot: string;
	readonly recipe: string;
	readonly fromMs: number;
	readonly toMs: number | undefined;
	readonly startObserved: boolean;
}

export type LotVerdictName = "in" | "alert" | "out" | "not_evaluable";

export interface LotRow {
	readonly lot: string;
	readonly openedMs: number;
	readonly closedMs: number | undefined;
	/** Every batch of it was seen from its first moment on the line. */
	readonly observedWhole: boolean;
}

/** A final verdict that becomes due when the watermark of the route has passed `dueMs`. */
export interface DueRow {
	readonly lot: string;
	readonly dueMs: number;
}

export interface LotVerdict {
	readonly id: string;
	readonly lot: string;
	readonly specVersion: number;
	readonly verdict: LotVerdictName;
	readonly violations: number;
	readonly windows: number;
	readonly reasons: readonly string[];
	readonly observedWhole: boolean;
	readonly judgedMs: number;
}

/** A message to one destination, written with the fact it tells. `body` is sent byte for byte. */
export interface OutboxRow {
	readonly id: string;
	readonly destination: string;
	readonly type: string;
	readonly body: string;
	readonly createdMs: number;
}

/** Everything that one batch changes; the store commits it whole or not at all. */
export interface CommitBatch {
	readonly edgeNodes: readonly EdgeNodeRow[];
	readonly series: readonly Series[];
	readonly records: readonly RecordRow[];
	/** The samples of all records, one after the other. */
	readonly samples: SampleColumns;
	readonly epochs: readonly EpochRow[];
	readonly gaps: readonly GapRow[];
	readonly throughs: readonly ThroughRow[];
	readonly conflicts: readonly ConflictRow[];
	readonly dirty: readonly DirtyRow[];
	readonly occurrences: readonly Occurrence[];
	/** Like occurrences, of alert and action limits. */
	readonly alerts: readonly Occurrence[];
	readonly periods: readonly WindowPeriod[];
	readonly limits: readonly WindowLimits[];
	readonly visits: readonly UnitVisit[];
	readonly lots: readonly LotRow[];
	readonly due: readonly DueRow[];
	readonly outbox: readonly OutboxRow[];
	/** Laboratory results that the samples have told; undefined when they told none. */
	readonly laboratory?: Assembled | undefined;
	/** Links that the samples have told; undefined when they told none. */
	readonly genealogy?: readonly GenealogyLink[] | undefined;
	/** The judgement's state after this batch, when it is time to save it. */
	readonly cache: { readonly seq: number; readonly state: string } | undefined;
}

/** A unit's change from one thing it was doing to the next, at a source time. */
export interface ContextChange {
	readonly unit: string;
	readonly atMs: number;
	/** Undefined when the unit had never named its batch and lot. */
	readonly before: { batch: string; lot: string } | undefined;
	readonly after: { batch: string; lot: string; recipe: string };
}

/** What judging a batch gives; times are source times. */
export interface Judgement {
	readonly occurrences: Occurrence[];
	readonly alerts: Occurrence[];
	readonly periods: WindowPeriod[];
	readonly limits: WindowLimits[];
	readonly visits: UnitVisit[];
	readonly lots: LotRow[];
	readonly due: DueRow[];
	readonly dirty: DirtyRow[];
	/** Samples that were not judged, because their source time is more than a day after they were received. */
	fromFuture: number;
}

/** A record of a batch, or only a Through of its device, with `count` samples from `from` on. */
export interface JudgedRecord extends Pick<RecordRow, "device" | "throughMs" | "receivedMs"> {
	readonly from: number;
	readonly count: number;
}

/**
 * Judges batches on provisional state. `judge` may be called again only after `keep` or `discard`; `discard`
 * leaves the state as it was before the batch.
 */
export interface JudgePort {
	judge(batch: { records: readonly JudgedRecord[]; samples: SampleColumns }): Judgement;
	keep(): void;
	discard(): void;
	/** The state as text, for the cache; only between `keep` and the next `judge`. */
	save(): string;
	/** Tells the judge what a series id means, before the first sample of the series. */
	addSeries(series: Series): void;
}

/** The store as the intake sees it. A rejected promise means that nothing of the batch was stored. */
export interface CommitPort {
	commit(batch: CommitBatch): Promise<void>;
}

/** What the store has under a place, for comparing. */
export interface HashPort {
	/** The hash of the record stored there, or undefined. */
	recordHash(edgeNode: number, epoch: number, offset: number): Promise<Uint8Array | undefined>;
}

/** A message that is due to be sent. */
export interface DueMessage {
	readonly id: string;
	readonly destination: string;
	readonly type: string;
	readonly body: string;
	readonly attempts: number;
	readonly createdMs: number;
}

/** What an attempt gave. A message leaves `waiting` once: delivered, or given up with its last error. */
export type Settlement = {
	readonly id: string;
	readonly destination: string;
	readonly atMs: number;
} & (
	| { readonly outcome: "delivered" }
	| { readonly outcome: "retry"; readonly nextMs: number; readonly error: string }
	| { readonly outcome: "failed"; readonly error: string }
);

/** The outbox as the notifier sees it. */
export interface OutboxPort {
	takeMessages(nowMs: number, limit: number): Promise<DueMessage[]>;
	settleMessage(settlement: Settlement): Promise<void>;
}
