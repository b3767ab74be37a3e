import type { Value } from "./individuals.ts";

export interface EwmaPoint {
	readonly statistic: number;
	readonly lower: number;
	readonly upper: number;
}

export interface EwmaOptions {
	readonly mean: number;
	readonly sigma: number;
	/** 0 < λ ≤ 1: what the newest value counts for. */
	readonly lambda: number;
	/** Half the width of the limits in sigmas of the statistic. */
	readonly width: number;
	/** `exact` limits begin narrow and widen; `asymptotic` ones are what they widen to. */
	readonly limits: "exact" | "asymptotic";
}

/**
 * The exponentially weighted moving average of single values, beginning at the mean: S. W. Roberts, Technometrics 1 (1959);
 * NIST/SEMATECH e-Handbook 6.3.2.4. A missing value leaves the statistic where it is and takes no step of the limits.
 */
export function ewma(values: readonly Value[], options: EwmaOptions): (EwmaPoint | undefined)[] {
	const { mean, sigma, lambda, width, limits } = options;
	let statistic = mean;
	let seen = 0;
	return values.map((value) => {
		if (value === undefined) return undefined;
		statistic = lambda * value + (1 - lambda) * statistic;
		seen++;
		const grown = limits === "exact" ? 1 - (1 - lambda) ** (2 * seen) : 1;
		const half = width * sigma * Math.sqrt((lambda / (2 - lambda)) * grown);
		return { statistic, lower: mean - half, upper: mean + half };
	});
}
