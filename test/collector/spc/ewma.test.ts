import { expect, test } from "vitest";
import { limitAt } from "../../../collector/spc/chart.ts";
import { type CusumOptions, cusumChart } from "../../../collector/spc/cusum.ts";
import { type EwmaOptions, ewmaChart } from "../../../collector/spc/ewma.ts";
import { columnOf } from "../../../collector/spc/numerics/column.ts";
import { handbookEwma, table91 } from "../../fixtures/spc/published.ts";

const numbers = (text: string): number[] => text.trim().split(/\s+/).map(Number);
const of = { n: 0, sigma: 1 };

function ewma(values: readonly (number | undefined)[], options: EwmaOptions) {
	const [panel] = ewmaChart(columnOf(values), options, of).panels;
	const points = values.map((_, index) => ({
		statistic: panel.statistic[index] as number,
		lower: limitAt(panel.lower, index),
		upper: limitAt(panel.upper, index),
	}));
	return { points, signals: [...panel.signals].map(({ index }) => index) };
}

function cusum(values: readonly (number | undefined)[], options: CusumOptions) {
	const chart = cusumChart(columnOf(values), options, of);
	return { ...chart.sums, statistic: chart.panels[0].statistic, signals: [...chart.panels[0].signals] };
}

test("the handbook's moving average: statistics, both kinds of limits, no signal", () => {
	const options = { mean: 50, sigma: 2.0539, lambda: 0.3, width: 3 };
	const { points, signals } = ewma(handbookEwma, { ...options, limits: "asymptotic" });
	const published = numbers(
		"50.60 49.52 50.56 50.18 50.16 49.21 49.75 49.85 50.26 50.33 50.11 49.36 49.52 50.05 49.38 49.92 50.73 51.23 51.94 51.99",
	);
	for (const [index, point] of points.entries())
		expect(Math.abs(point.statistic - (published[index] as number))).toBeLessThanOrEqual(0.0051);
	expect(points.at(-2)?.statistic).toBeCloseTo(51.94034751, 8);
	expect(points.at(-1)?.statistic).toBeCloseTo(51.98824326, 8);
	// Printed with the sixth decimal cut off, not rounded.
	expect(Math.abs((points[0]?.upper ?? 0) - 52.588431)).toBeLessThan(1e-6);
	expect(Math.abs((points[0]?.lower ?? 0) - 47.411569)).toBeLessThan(1e-6);
	expect(signals).toEqual([]);
	const exact = ewma(handbookEwma, { ...options, limits: "exact" }).points;
	for (const [index, lower, upper] of [
		[0, 48.15149, 51.84851],
		[1, 47.743606, 52.256394],
		[2, 47.568594, 52.431406],
	] as const) {
		expect(Math.abs((exact[index]?.lower ?? 0) - lower)).toBeLessThan(1e-5);
		expect(Math.abs((exact[index]?.upper ?? 0) - upper)).toBeLessThan(1e-5);
	}
});

test("the moving average of table 9.1 signals at 29 and 30", () => {
	const options = { mean: 10, sigma: 1, lambda: 0.1, width: 2.7, limits: "exact" } as const;
	const { points, signals } = ewma(table91, options);
	for (const [index, z] of [
		[0, 9.945],
		[1, 9.7495],
		[2, 9.70355],
		[27, 10.57314],
		[28, 10.64682],
		[29, 10.63414],
	] as const)
		expect(points[index]?.statistic).toBeCloseTo(z, 5);
	for (const [index, lower, upper] of [
		[0, 9.73, 10.27],
		[1, 9.63675, 10.36325],
		[29, 9.38113, 10.61887],
	] as const) {
		expect(points[index]?.lower).toBeCloseTo(lower, 5);
		expect(points[index]?.upper).toBeCloseTo(upper, 5);
	}
	expect(signals).toEqual([29, 30]);
});

test("the cumulative sums of table 9.1: both sides, the signal at 29, and a head start that is forgotten", () => {
	const options = { mean: 10, sigma: 1, k: 0.5, h: 5 };
	const { high: highs, low: lows, signals, statistic } = cusum(table91, options);
	const high = numbers(
		`0 0 0 1.16 2.82 2.50 0.04 1.00 0 0 0 0.97 0.98 0 0 0 0.12 0 0 0.34 0.74 0 1.79 2.79 2.89 3.47 3.35 4.47 5.28 5.30`,
	);
	for (const [index, sum] of high.entries()) expect(highs[index]).toBeCloseTo(sum, 8);
	const low = numbers("0.05 1.56 1.77 0 0 0 1.46 0 0.30 0 0.47 0 0 0.10 0 0.13 0 0 0.98 0 0 0.17 0");
	for (const [index, sum] of low.entries()) expect(lows[index]).toBeCloseTo(sum, 8);
	expect(signals).toEqual([
		{ index: 29, rule: "sum-above-limit" },
		{ index: 30, rule: "sum-above-limit" },
	]);
	expect([statistic[1], statistic[28]]).toEqual([expect.closeTo(-1.56, 8), expect.closeTo(5.28, 8)]);
	const fast = cusum(table91, { ...options, head: 2.5 });
	expect(fast.high[0]).toBeCloseTo(1.45, 8);
	for (const [index, sum] of numbers("2.55 4.06 4.27 2.11 0 0 1.46").entries())
		expect(fast.low[index]).toBeCloseTo(sum, 8);
	for (let index = 1; index < table91.length; index++)
		expect(fast.high[index]).toBeCloseTo(highs[index] as number, 8);
});

test("a missing value is no point, and what follows goes on from before it", () => {
	const options = { mean: 0, sigma: 1 };
	const moving = ewma([1, undefined, 1], { ...options, lambda: 0.5, width: 3, limits: "exact" });
	expect(moving.points.map(({ statistic }) => statistic)).toEqual([0.5, Number.NaN, 0.75]);
	expect(moving.points[2]?.upper).toBeCloseTo(3 * Math.sqrt((0.5 / 1.5) * (1 - 0.5 ** 4)), 12);
	const sums = cusum([1, undefined, 1], { ...options, k: 0.5, h: 5 });
	expect([...sums.high]).toEqual([0.5, Number.NaN, 1]);
	expect([...sums.statistic]).toEqual([0.5, Number.NaN, 1]);
});
