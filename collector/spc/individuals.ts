import { type Chart, limitPanel, lockedPoints, NoChart, type Panel, shewhartPanel } from "./chart.ts";
import { type ConstantsKind, chartConstants } from "./constants.ts";
import { type Column, isThere, nothing, present } from "./numerics/column.ts";
import { CompensatedSum } from "./numerics/sums.ts";
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
	const ranges: Column = new Float64Array(values.length);
	let before = nothing;
	for (let index = 0; index < values.length; index++) {
		const value = values[index] as number;
		ranges[index] = Math.abs(value - before);
		before = value;
	}
	return ranges;
}

/**
 * Centre and sigma of values that stand for the process, sigma = mean moving range / d2(2).
 * @throws NoChart without two values side by side, or without variation
 */
export function individualsBasis(values: Column, constants: ConstantsKind = "exact"): IndividualsBasis {
	const [sum, ranges] = [new CompensatedSum(), new CompensatedSum()];
	let [n, pairs, before] = [0, 0, nothing];
	for (let index = 0; index < values.length; index++) {
		const value = values[index] as number;
		if (isThere(value)) {
			n++;
			sum.add(value);
			if (isThere(before)) {
				pairs++;
				ranges.add(Math.abs(value - before));
			}
		}
		before = value;
	}
	if (n < 2) throw new NoChart(`expected at least 2 values to estimate from, found ${n}`);
	if (pairs === 0) throw new NoChart("expected two values side by side, found a gap behind each value");
	const meanRange = ranges.value / pairs;
	if (meanRange === 0) {
		const message = `expected values that differ, found ${values.find(isThere)} in all of them`;
		throw new NoChart(message);
	}
	return {
		...{ center: sum.value / n, sigma: meanRange / chartConstants(2, constants).d2, meanRange, n },
		next: n < lockedPoints ? predictionLimits(present(values)) : undefined,
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
