import type { Chart } from "./chart.ts";
import { type Column, isThere, nothing } from "./numerics/column.ts";
import { Signals } from "./signals.ts";

export interface CusumOptions {
	readonly mean: number;
	/** Of what is summed: a value, or the mean of a subgroup. */
	readonly sigma: number;
	/** The reference value and the decision interval, in sigmas. */
	readonly k: number;
	readonly h: number;
	/** Where both sums begin, in sigmas: 0, or half of h for a fast initial response. */
	readonly head?: number;
}

/** The sums in the unit of the values, neither of them negative. */
export interface CusumSums {
	readonly high: Column;
	readonly low: Column;
}

/**
 * The tabular cumulative sums of single values on both sides: E. S. Page, Biometrika 41 (1954); the head start is Lucas' and
 * Crosier's, Technometrics 24 (1982). A missing value leaves both where they are.
 */
function cusumSums(values: Column, options: CusumOptions): CusumSums {
	const { mean, sigma, k, head = 0 } = options;
	let [high, low] = [head * sigma, head * sigma];
	const [highs, lows] = [new Float64Array(values.length), new Float64Array(values.length)];
	for (let index = 0; index < values.length; index++) {
		const value = values[index] as number;
		const here = isThere(value);
		if (here) {
			high = Math.max(0, high + value - mean - k * sigma);
			low = Math.max(0, low + mean - value - k * sigma);
		}
		highs[index] = here ? high : nothing;
		lows[index] = here ? low : nothing;
	}
	return { high: highs, low: lows };
}

/**
 * Their chart. What is plotted is the larger sum, the lower one downwards, so that a point beyond a limit is a signal; a sum is
 * beyond when it exceeds h, strictly, and goes on behind a signal.
 */
export function cusumChart(
	values: Column,
	options: CusumOptions,
	of: { readonly n: number; readonly sigma: number; readonly shown?: Column },
): Chart & { readonly sums: CusumSums } {
	const sums = cusumSums(values, options);
	const { high, low } = sums;
	const reach = options.h * options.sigma;
	const signals = new Signals();
	const statistic = high.map((up, index) => {
		const down = low[index] as number;
		if (up > reach) signals.add(index, "sum-above-limit");
		if (down > reach) signals.add(index, "sum-below-limit");
		return up >= down ? up : isThere(up) ? -down : nothing;
	});
	return {
		...{ chart: "cusum", n: of.n, center: options.mean, sigma: of.sigma, value: of.shown ?? values, sums },
		panels: [{ name: "cumulative sums", center: 0, lower: -reach, upper: reach, statistic, signals }],
		provisional: undefined,
	};
}
