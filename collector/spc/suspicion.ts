// What speaks against values before limits are made from them: one that does not belong, and values that follow each other.

import { type Column, isThere, present } from "./numerics/column.ts";
import { studentTQuantile } from "./numerics/distributions.ts";
import { CompensatedSum, meanOf, squaredDeviations, standardDeviation } from "./numerics/sums.ts";

export interface GrubbsTest {
	/** The distance of the farthest value from the mean, in standard deviations. */
	readonly g: number;
	readonly critical: number;
	/** The place of that value, from 0. */
	readonly index: number;
	readonly outlier: boolean;
}

/**
 * Grubbs' test for one outlier among normal values (F. E. Grubbs, Technometrics 11, 1969; NIST/SEMATECH e-Handbook 1.3.5.17.1), for
 * the farthest value on either side, or with `side` on that one alone. Undefined below three values, or without variation.
 */
export function grubbs(
	values: Column,
	options: { readonly alpha?: number; readonly side?: "upper" | "lower" } = {},
): GrubbsTest | undefined {
	const { alpha = 0.05, side } = options;
	const given = present(values);
	const n = given.length;
	if (n < 3 || given.every((value) => value === given[0])) return undefined;
	const [mean, s] = [meanOf(given), standardDeviation(given)];
	if (s === 0) return undefined;
	let [farthest, index] = [Number.NEGATIVE_INFINITY, 0];
	for (let at = 0; at < values.length; at++) {
		const apart = (values[at] as number) - mean;
		const distance = side === undefined ? Math.abs(apart) : side === "upper" ? apart : -apart;
		if (!(distance > farthest)) continue;
		[farthest, index] = [distance, at];
	}
	const t = studentTQuantile(1 - alpha / (side === undefined ? 2 * n : n), n - 2);
	const critical = ((n - 1) / Math.sqrt(n)) * Math.sqrt(t ** 2 / (n - 2 + t ** 2));
	const g = farthest / s;
	return { g, critical, index, outlier: g > critical };
}

/**
 * The lag-1 autocorrelation, as NIST's reference datasets have it: Σ (xᵢ − x̄)(xᵢ₊₁ − x̄) / Σ (xᵢ − x̄)². A missing value has no neighbours.
 * Undefined below three values, or without variation.
 */
export function autocorrelation(values: Column): number | undefined {
	const given = present(values);
	if (given.length < 3 || given.every((value) => value === given[0])) return undefined;
	const mean = meanOf(given);
	const sum = new CompensatedSum();
	for (let index = 1; index < values.length; index++) {
		const product = ((values[index - 1] as number) - mean) * ((values[index] as number) - mean);
		if (isThere(product)) sum.add(product);
	}
	const squares = squaredDeviations(given, mean);
	return squares > 0 ? sum.value / squares : undefined;
}

/** What the autocorrelation of independent values stays within, in nineteen of twenty cases. */
export function autocorrelationLimit(n: number): number {
	return 1.96 / Math.sqrt(n);
}
