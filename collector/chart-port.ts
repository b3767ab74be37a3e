// Control charts, lot by lot: what goes between the stages that measure, chart, store and tell.

/**
 * A number that a lot gave and that is charted lot by lot: today the mean of a window's tag over its runs; results of a
 * laboratory can come the same way.
 */
export interface LotNumber {
	/** Such as `F500.TT01-soak/mean`. */
	readonly characteristic: string;
	readonly lot: string;
	/** Source time: when what it is about ended. */
	readonly atMs: number;
	/** Undefined when nothing gave one. */
	readonly value: number | undefined;
	/** Values behind it. */
	readonly samples: number;
	/** Why it does not count, in words; undefined when it does. */
	readonly rejected: string | undefined;
	/** The newest revision that is stored of this lot and characteristic; 0 when there is none. */
	readonly stored: number;
}

/** What a number was held against when it came. */
export interface ChartLimits {
	readonly center: number | undefined;
	readonly lower: number | undefined;
	readonly upper: number | undefined;
	/** Undefined while limits are provisional, or there are none. */
	readonly baselineVersion: number | undefined;
}

/** A lot's point of a chart. A lot that is judged again with other numbers gets the next revision; none is changed. */
export interface ChartPointRow extends Omit<LotNumber, "stored">, ChartLimits {
	/** Counts from 1. */
	readonly revision: number;
	readonly judgedMs: number;
}

/** A rule that a point completed; a source of alarms. The id is that of its cause. */
export interface ChartSignalRow extends Omit<LotNumber, "stored">, ChartLimits {
	readonly id: string;
	readonly rule: string;
	readonly revision: number;
	readonly notedMs: number;
}

/** A frozen baseline; a row never changes. `body` is all of it as JSON. */
export interface ChartBaselineRow {
	readonly characteristic: string;
	/** Counts from 1. */
	readonly version: number;
	readonly hash: string;
	readonly atMs: number;
	readonly by: string;
	readonly n: number;
	readonly body: string;
}

/** What a lot did to the charts. */
export interface ChartCommit {
	readonly points: readonly ChartPointRow[];
	readonly signals: readonly ChartSignalRow[];
	readonly baselines: readonly ChartBaselineRow[];
}

/** What the charts need to go on where they stopped: the newest revision of each lot, oldest lot first. */
export interface StoredCharts {
	readonly points: readonly ChartPointRow[];
	readonly baselines: readonly ChartBaselineRow[];
}

/** A lot that is charted, and the holes in the data of its units. */
export interface ChartedLot extends Pick<LotNumbersQuery, "lot" | "gaps"> {
	readonly openedMs: number;
}

/** What of a lot is to be read in numbers. */
export interface LotNumbersQuery {
	readonly lot: string;
	/** `blankingMs`: so long after a run began nothing of it counts, as in the judgement. */
	readonly windows: readonly {
		readonly id: string;
		readonly unit: string;
		readonly tag: string;
		readonly blankingMs: number;
	}[];
	/** Holes in the data of units while the lot was in them. */
	readonly gaps: readonly {
		readonly unit: string;
		readonly cause: string;
		readonly fromMs: number;
		readonly toMs: number;
	}[];
}

/** A control chart in a list. */
export interface ChartEntry {
	readonly characteristic: string;
	/** Lots that have a point, and those of them whose newest revision counts. */
	readonly lots: number;
	readonly counting: number;
	/** Fewer than 25 points and no baseline: limits are those for the next value. */
	readonly provisional: boolean;
	readonly baselineVersion: number | undefined;
	readonly last: ChartPointRow;
	readonly signals: number;
}

export interface ChartQuery {
	readonly characteristic: string;
	/** At most so many of the newest lots. */
	readonly limit: number;
}

/** A point with what it signalled. */
export interface ChartPointEntry extends ChartPointRow {
	readonly signals: readonly string[];
}

export interface ChartAnswer {
	readonly characteristic: string;
	/** The newest revision of each lot, oldest lot first. */
	readonly points: readonly ChartPointEntry[];
	/** Revisions that others have replaced. */
	readonly corrected: readonly ChartPointRow[];
	/** Oldest version first, each as it was frozen. */
	readonly baselines: readonly unknown[];
}

/** A signal of a control chart, as an alarm is made from it. */
export interface ChartSignalEntry {
	readonly id: string;
	readonly characteristic: string;
	readonly lot: string;
	readonly revision: number;
	readonly rule: string;
	readonly atMs: number;
	readonly value: number | undefined;
	readonly center: number | undefined;
	readonly lower: number | undefined;
	readonly upper: number | undefined;
	readonly baselineVersion: number | undefined;
	readonly notedMs: number;
}
