import type { Value } from "./individuals.ts";

export interface CusumPoint {
	/** Upper and lower sums in the unit of the values, neither of them negative. */
	readonly high: number;
	readonly low: number;
	readonly signal: "high" | "low" | undefined;
}

export interface CusumOptions {
	readonly mean: number;
	readonly sigma: number;
	/** The reference value and the decision interval, in sigmas. */
	readonly k: number;
	readonly h: number;
	/** Where both sums begin, in sigmas: 0, or half of h for a fast initial response. */
	readonly head?: number;
}

/**
 * The tabular cumulative sum of single values on both sides: E. S. Page, Biometrika 41 (1954); the head start is Lucas' and
 * Crosier's, Technometrics 24 (1982). A sum is beyond when it exceeds h, strictly. A missing value leaves both where they are.
 */
export function cusum(values: readonly Value[], options: CusumOptions): (CusumPoint | undefined)[] {
	const { mean, sigma, k, h, head = 0 } = options;
	let high = head * sigma;
	let low = head * sigma;
	return values.map((value) => {
		if (value === undefined) return undefined;
		high = Math.max(0, high + value - mean - k * sigma);
		low = Math.max(0, low + mean - value - k * sigma);
		const signal = high > h * sigma ? "high" : low > h * sigma ? "low" : undefined;
		return { high, low, signal };
	});
}
