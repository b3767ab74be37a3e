// pipeline.ts's part about laboratory results, however they came.

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
