import { chiSquaredQuantile, normalQuantile } from "./numerics/distributions.ts";

/** What the product may be; a side that is undefined has no limit. */
export interface Specification {
	readonly lower?: number | undefined;
	readonly upper?: number | undefined;
	readonly target?: number | undefined;
}

export interface Index {
	readonly value: number;
	/** Two-sided confidence interval at 95 %; undefined where n is below 2. */
	readonly interval: { readonly lower: number; readonly upper: number } | undefined;
}

/** Indices of one kind: capability with the sigma of a baseline in control, performance with that of all values. */
export interface Indices {
	readonly n: number;
	/** Spread against both limits; undefined with one limit, because there is no spread to compare. */
	readonly spread: Index | undefined;
	readonly lower: number | undefined;
	readonly upper: number | undefined;
	/** The worse side. */
	readonly worst: Index;
	/** Spread around the target; undefined without one or without both limits. */
	readonly target: number | undefined;
}

const confidence = 0.95;

/**
 * Cp, Cpl, Cpu, Cpk and Cpm, or with the overall sigma Pp, Ppk and so on: NIST/SEMATECH e-Handbook 6.1.6, ISO 22514-4. The
 * interval of the spread is that of χ², the one of the worst side is Bissell's (Applied Statistics 39, 1990). Undefined without
 * a limit, and when sigma is no positive number: there is nothing to compare.
 */
export function indices(
	mean: number,
	sigma: number,
	n: number,
	{ lower, upper, target }: Specification,
): Indices | undefined {
	const below = lower === undefined ? undefined : (mean - lower) / (3 * sigma);
	const above = upper === undefined ? undefined : (upper - mean) / (3 * sigma);
	if (!(sigma > 0 && Number.isFinite(sigma)) || (below === undefined && above === undefined))
		return undefined;
	const worst = Math.min(below ?? Number.POSITIVE_INFINITY, above ?? Number.POSITIVE_INFINITY);
	const width = lower === undefined || upper === undefined ? undefined : upper - lower;
	return {
		...{ n, lower: below, upper: above },
		spread: width === undefined ? undefined : spreadOf(width / (6 * sigma), n),
		worst: { value: worst, interval: n < 2 ? undefined : bissell(worst, n) },
		target:
			width === undefined || target === undefined
				? undefined
				: width / (6 * Math.hypot(sigma, mean - target)),
	};
}

function spreadOf(value: number, n: number): Index {
	if (n < 2) return { value, interval: undefined };
	const half = (1 - confidence) / 2;
	const factor = (p: number) => Math.sqrt(chiSquaredQuantile(p, n - 1) / (n - 1));
	return { value, interval: { lower: value * factor(half), upper: value * factor(1 - half) } };
}

function bissell(value: number, n: number): { lower: number; upper: number } {
	const z = normalQuantile(1 - (1 - confidence) / 2);
	const half = z * Math.hypot(1 / (3 * Math.sqrt(n)), value / Math.sqrt(2 * (n - 1)));
	return { lower: value - half, upper: value + half };
}
