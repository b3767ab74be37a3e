import { type Chart, limitPanel, lockedPoints, NoChart, type Panel, shewhartPanel } from "./chart.ts";
import { type ConstantsKind, chartConstants } from "./constants.ts";
import { type Column, present } from "./numerics/column.ts";
import { meanOf } from "./numerics/sums.ts";
import type { RuleName } from "./rules.ts";
import { predictionLimits } from "./small-sample.ts";

/** What a chart of single values stands on, once it has been estimated or given. */
export interface IndividualsBasis {
	readonly center: number;
	readonly sigma: number;
	/** The mean moving range; undefined when mean and sigma are given. */
	readonly meanRange: number | undefined;
	/** Values that it was estimated from. */
	readonly n: number;
	/** Limits for the next value from so few; undefined from 25 on. */
	readonly next: { readonly lower: number; readonly upper: number } | undefined;
}

/** Moving ranges of two, each beside the later value, and nothing beside a missing one (NIST/SEMATECH e-Handbook 6.3.2.2). */
export function movingRanges(values: Column): Column {
	return values.map((value, index) => Math.abs(value - (values[index - 1] ?? Number.NaN)));
}

/**
 * Centre and sigma of values that stand for the process, sigma = mean moving range / d2(2).
 * @throws NoChart without two values side by side, or without variation
 */
export function individualsBasis(values: Column, constants: ConstantsKind = "exact"): IndividualsBasis {
	const given = present(values);
	const ranges = present(movingRanges(values));
	if (given.length < 2)
		throw new NoChart(`expected at least 2 values to estimate from, found ${given.length}`);
	if (ranges.length === 0)
		throw new NoChart("expected two values side by side, found a gap behind each value");
	const meanRange = meanOf(ranges);
	if (meanRange === 0) throw new NoChart(`expected values that differ, found ${given[0]} in all of them`);
	const n = given.length;
	return {
		...{ center: meanOf(given), sigma: meanRange / chartConstants(2, constants).d2, meanRange, n },
		next: n < lockedPoints ? predictionLimits(given) : undefined,
	};
}

/** The same with a mean and a sigma that are known. */
export function knownBasis(center: number, sigma: number): IndividualsBasis {
	return { center, sigma, meanRange: undefined, n: 0, next: undefined };
}

/** Single values, and with limits that were estimated also their moving ranges, against a basis. */
export function individualsChart(
	values: Column,
	basis: IndividualsBasis,
	options: {
		readonly rules: readonly RuleName[];
		readonly constants?: ConstantsKind;
		/** Values that are shown though they are not plotted. */
		readonly shown?: Column;
	},
): Chart {
	const { center, sigma, n, meanRange, next } = basis;
	const main = shewhartPanel("individuals", values, { center, sigma }, options.rules);
	const spread =
		meanRange === undefined ? [] : [rangePanel(movingRanges(values), meanRange, options.constants)];
	return {
		chart: meanRange === undefined ? "individuals" : "imr",
		...{ n, center, sigma, value: options.shown ?? values, panels: [main, ...spread] },
		provisional: next === undefined ? undefined : { points: n, ...next },
	};
}

/** Moving ranges of two, between nothing and D4(2) times their mean. */
export function rangePanel(ranges: Column, meanRange: number, constants: ConstantsKind = "exact"): Panel {
	const upper = meanRange * chartConstants(2, constants).rangeUpper;
	return limitPanel("moving range", ranges, { center: meanRange, lower: 0, upper });
}
