// pipeline.ts's part about laboratory results, however they came.

import type { SampleColumns } from "../common/contract/samples.ts";
import type { RecordRow, Series, ThroughRow } from "./pipeline.ts";

/** What a result is about: a lot of the product, or a lot of a raw material. */
export interface LabSubject {
	readonly lot: string;
	/** The raw material's name; empty for the product. */
	readonly material: string;
}

/** One result. A correction has the same subject, sample and test, and a higher version; the highest counts. */
export interface LabResult extends LabSubject {
	/** Hash of everything that it says: the same result, read twice or by two roads, is one row. */
	readonly id: string;
	readonly sample: string;
	readonly test: string;
	readonly eu: string;
	/** As reported, corrected to the method's conditions; undefined when there is none (a lost sample). */
	readonly value: number | undefined;
	/** `below`: less than `value`, as in "<0.3"; `none`: nothing was found, and no limit is known. */
	readonly censored: "below" | "above" | "none" | undefined;
	readonly repeats: readonly number[];
	readonly operator: string;
	readonly instrument: string;
	/** The instrument's calibration holds until then; undefined when nobody said. */
	readonly calibrationDueMs: number | undefined;
	readonly method: string;
	readonly detectionLimit: number | undefined;
	/** Of the sample while it was measured, degC. */
	readonly temperatureC: number | undefined;
	readonly measuredMs: number;
	/** Source time of the report. */
	readonly reportedMs: number;
	/** Counts from 1. */
	readonly version: number;
	readonly reason: string;
	readonly road: "opcua" | "http" | "csv";
	/** Knowledge time: wall clock. */
	readonly enteredMs: number;
	/** Who entered it; empty when a server told it. */
	readonly enteredBy: string;
}

/** Something that came as a result and could not be one; kept aside, named. */
export interface RefusedResult {
	readonly id: string;
	/** File and line, or tag and source time. */
	readonly where: string;
	readonly code: string;
	readonly message: string;
	/** What came, shortened. */
	readonly body: string;
	readonly enteredMs: number;
}

/** What a batch of records makes of the laboratory, committed with it. */
export interface Assembled {
	readonly results: readonly LabResult[];
	readonly refused: readonly RefusedResult[];
	/** Ids of refusals that no longer hold, because the rest has come. */
	readonly withdrawn: readonly string[];
	/** What waits for its rest after this batch, as text; undefined when nothing of it has changed. */
	readonly state: string | undefined;
}

/**
 * Puts results together from the samples of their fields, on provisional state: `take` may be called again only after
 * `keep` or `discard`.
 */
export interface AssemblePort {
	take(batch: {
		readonly records: readonly RecordRow[];
		/** The samples of all records, one after the other. */
		readonly samples: SampleColumns;
		readonly throughs: readonly ThroughRow[];
	}): Assembled | undefined;
	keep(): void;
	discard(): void;
	/** Nothing but the state as it is kept. */
	settled(): Assembled;
	addSeries(series: Series): void;
}

/** A result that should have come: raised once, cleared by the result that came after all. */
export interface LabOverdue {
	/** Hash of lot and test. */
	readonly id: string;
	readonly lot: string;
	/** The specification's window, and what the laboratory calls the test. */
	readonly window: string;
	readonly test: string;
	/** When the lot left the line, and when the result should have been there: source times. */
	readonly leftMs: number;
	readonly dueMs: number;
	/** Plant time at which it was raised, and at which a result was there. */
	readonly raisedMs: number;
	readonly clearedMs: number | undefined;
}

/** A result as it is told to people, with its place among the versions of its sample and test. */
export interface LabEntry extends LabResult {
	/** It has the highest version; older ones are history. */
	readonly counts: boolean;
	/** Different results have the same highest version: none of them can be judged by. */
	readonly conflict: boolean;
}

export interface LaboratoryAnswer {
	/** Whether the line has told of the lot; absent when none was asked for. A result may come before its lot. */
	readonly lotKnown?: boolean;
	/** In order of test and sample, the highest version first; the newest ones first when no lot was asked for. */
	readonly results: readonly LabEntry[];
	/** What came as a result and was none, the newest first; of every lot, because it may not say which. */
	readonly refused: readonly RefusedResult[];
	/** Raised and not cleared first. */
	readonly overdue: readonly LabOverdue[];
}
