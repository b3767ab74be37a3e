import { type ConstantsKind, chartConstants } from "./constants.ts";
import { meanOf } from "./numerics/sums.ts";
import type { Point } from "./rules.ts";

/** A value, or undefined where there is none: missing, rejected or excluded. It breaks moving ranges. */
export type Value = number | undefined;

/** Centre and spread that a chart of single values stands on. */
export interface IndividualsLimits {
	readonly center: number;
	readonly sigma: number;
	readonly lower: number;
	readonly upper: number;
	/** Of the moving ranges; undefined when mean and sigma are given. */
	readonly range: { readonly center: number; readonly upper: number } | undefined;
	/** Values that it was estimated from. */
	readonly n: number;
}

/** Moving ranges of two: one less than values, and undefined beside each missing one (NIST/SEMATECH e-Handbook 6.3.2.2). */
export function movingRanges(values: readonly Value[]): Value[] {
	return values.slice(1).map((value, index) => {
		const before = values[index];
		return value === undefined || before === undefined ? undefined : Math.abs(value - before);
	});
}

/**
 * The limits of a chart of individuals, three sigmas from the mean, with sigma = mean moving range / d2; undefined when
 * there is no moving range, or no variation.
 */
export function individualsLimits(
	values: readonly Value[],
	constants: ConstantsKind = "exact",
): IndividualsLimits | undefined {
	const given = values.filter((value) => value !== undefined);
	const ranges = movingRanges(values).filter((range) => range !== undefined);
	if (ranges.length === 0) return undefined;
	const { d2, d3 } = chartConstants(2, constants);
	const center = meanOf(given);
	const meanRange = meanOf(ranges);
	if (meanRange === 0) return undefined;
	const sigma = meanRange / d2;
	const range = { center: meanRange, upper: meanRange * (1 + (3 * d3) / d2) };
	return { center, sigma, lower: center - 3 * sigma, upper: center + 3 * sigma, range, n: given.length };
}

/** The same with mean and sigma that are known. */
export function knownLimits(mean: number, sigma: number): IndividualsLimits {
	return {
		...{ center: mean, sigma, lower: mean - 3 * sigma, upper: mean + 3 * sigma },
		...{ range: undefined, n: 0 },
	};
}

/** The values in sigmas from the centre, as run rules take them. */
export function standardised(values: readonly Value[], { center, sigma }: IndividualsLimits): Point[] {
	return values.map((value) => (value === undefined ? undefined : (value - center) / sigma));
}
