// pipeline.ts's part about the limits that windows had, run by run.

/**
 * A window's limits in one run, from the end of its blanking to the end of the run. Told when they begin to apply, again
 * while they do, and when they end.
 */
export interface WindowLimits {
	/** The id of the run's `WindowPeriod`. */
	readonly id: string;
	readonly window: string;
	readonly specVersion: number;
	readonly unit: string;
	readonly tag: string;
	readonly batch: string;
	readonly lot: string;
	readonly low: number | undefined;
	readonly high: number | undefined;
	readonly fromMs: number;
	/** Undefined while they apply. */
	readonly toMs: number | undefined;
	/** The source time at which this says whether they apply; undefined: their end. */
	readonly atMs: number | undefined;
}
