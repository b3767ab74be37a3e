import { type Chart, limitPanel } from "./chart.ts";
import { type Column, isThere, nothing } from "./numerics/column.ts";

export interface EwmaOptions {
	readonly mean: number;
	/** Of what is averaged: a value, or the mean of a subgroup. */
	readonly sigma: number;
	/** 0 < λ ≤ 1: what the newest value counts for. */
	readonly lambda: number;
	/** Half the width of the limits in sigmas of the statistic. */
	readonly width: number;
	/** `exact` limits begin narrow and widen; `asymptotic` ones are what they widen to. */
	readonly limits: "exact" | "asymptotic";
}

/** Half the distance between the asymptotic limits. */
function ewmaReach({ sigma, lambda, width }: Omit<EwmaOptions, "limits" | "mean">): number {
	return width * sigma * Math.sqrt(lambda / (2 - lambda));
}

/**
 * The exponentially weighted moving average of single values, beginning at the mean: S. W. Roberts, Technometrics 1 (1959);
 * NIST/SEMATECH e-Handbook 6.3.2.4. A missing value leaves the statistic where it is and takes no step of the limits.
 */
export function ewmaChart(
	values: Column,
	options: EwmaOptions,
	of: { readonly n: number; readonly sigma: number; readonly shown?: Column },
): Chart {
	const { mean, lambda, limits } = options;
	const reach = ewmaReach(options);
	const statistic: Column = new Float64Array(values.length);
	const exact = limits === "exact";
	const lower: Column = new Float64Array(exact ? values.length : 0);
	const upper: Column = new Float64Array(exact ? values.length : 0);
	let average = mean;
	// (1 − λ)²ⁱ: how far the limits of the i-th value are from their last place.
	let rest = 1;
	for (let index = 0; index < values.length; index++) {
		const value = values[index] as number;
		const here = isThere(value);
		if (here) {
			average = lambda * value + (1 - lambda) * average;
			rest *= (1 - lambda) ** 2;
		}
		statistic[index] = here ? average : nothing;
		if (!exact) continue;
		const half = reach * Math.sqrt(1 - rest);
		lower[index] = here ? mean - half : nothing;
		upper[index] = here ? mean + half : nothing;
	}
	const edges = exact ? { lower, upper } : { lower: mean - reach, upper: mean + reach };
	return {
		...{ chart: "ewma", n: of.n, center: mean, sigma: of.sigma, value: of.shown ?? values },
		panels: [limitPanel("moving average", statistic, { center: mean, ...edges })],
		provisional: undefined,
	};
}
