import { type Chart, NoChart, shewhartPanel } from "./chart.ts";
import { type Column, isThere, nothing, present } from "./numerics/column.ts";
import { normalCdf, normalQuantile, studentTQuantile, studentTTail } from "./numerics/distributions.ts";
import { Moments } from "./numerics/moments.ts";
import { meanOf, standardDeviation } from "./numerics/sums.ts";
import type { RuleName } from "./rules.ts";

/** What three sigmas promise on one side. */
const oneSide = normalCdf(3);

/** How many standard deviations of m values hold the next normal one as often as three known sigmas would. */
export function predictionFactor(m: number): number {
	return studentTQuantile(oneSide, m - 1) * Math.sqrt(1 + 1 / m);
}

/** Limits for the next value, exact for normal ones: mean ± t(0.99865; m − 1)·√(1 + 1/m)·s. At least two values. */
export function predictionLimits(values: Column): { lower: number; upper: number } {
	const center = meanOf(values);
	const half = predictionFactor(values.length) * standardDeviation(values);
	return { lower: center - half, upper: center + half };
}

/**
 * Limits for the mean of the next subgroup, from m subgroups of n values with a pooled standard deviation: the same with
 * m·(n − 1) degrees of freedom.
 */
export function nextMeanLimits(
	center: number,
	pooled: number,
	{ m, n }: { m: number; n: number },
): { lower: number; upper: number } {
	const half = studentTQuantile(oneSide, m * (n - 1)) * pooled * Math.sqrt((1 + 1 / m) / n);
	return { lower: center - half, upper: center + half };
}

/** Farther out a double has no tail probability left. */
const qMax = 37;

/**
 * Q statistics of single values with unknown mean and sigma: each from the third on compared with all before it, standard normal
 * and independent while the process stays as it was (C. P. Quesenberry, J. Quality Technology 23, 1991, case III). A value
 * has none while those before it do not differ; a missing one is passed over.
 */
export function qStatistics(values: Column): Column {
	const before = new Moments();
	return values.map((value) => {
		if (!isThere(value)) return nothing;
		const { count, mean, standardDeviation: s } = before;
		before.add(value);
		if (count < 2 || s === 0) return nothing;
		const t = (Math.sqrt(count / (count + 1)) * (value - mean)) / s;
		const tail = studentTTail(Math.abs(t), count - 1);
		const q = tail > 0 ? Math.min(-normalQuantile(tail), qMax) : qMax;
		return t < 0 ? -q : q;
	});
}

/**
 * The chart of them: it needs no baseline, and known limits.
 * @throws NoChart with fewer than three values, or without variation
 */
export function qChart(
	values: Column,
	options: { readonly rules: readonly RuleName[]; readonly shown?: Column },
): Chart {
	const given = present(values);
	if (given.length < 3) throw new NoChart(`expected at least 3 values for a Q chart, found ${given.length}`);
	const sigma = standardDeviation(given);
	if (given.every((value) => value === given[0]))
		throw new NoChart(`expected values that differ, found ${given[0]} in all of them`);
	const panel = shewhartPanel("Q", qStatistics(values), { center: 0, sigma: 1 }, options.rules);
	return {
		...{ chart: "q", n: given.length, center: meanOf(given), sigma, value: options.shown ?? values },
		panels: [panel],
		provisional: undefined,
	};
}
