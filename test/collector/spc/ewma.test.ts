import { expect, test } from "vitest";
import { cusum } from "../../../collector/spc/cusum.ts";
import { ewma } from "../../../collector/spc/ewma.ts";

const numbers = (text: string): number[] => text.trim().split(/\s+/).map(Number);

/** NIST/SEMATECH e-Handbook 6.3.2.4. */
const handbook = numbers(
	"52.0 47.0 53.0 49.3 50.1 47.0 51.0 50.1 51.2 50.5 49.6 47.6 49.9 51.3 47.8 51.2 52.6 52.4 53.6 52.1",
);
/** Montgomery, "Introduction to Statistical Quality Control", table 9.1. */
const table = numbers(
	`9.45 7.99 9.29 11.66 12.16 10.18 8.04 11.46 9.20 10.34 9.03 11.47 10.51 9.40 10.08 9.37 10.62 10.31 8.52 10.84
	10.90 9.33 12.29 11.50 10.60 11.08 10.38 11.62 11.31 10.52`,
);

test("the handbook's moving average: statistics, both kinds of limits, no signal", () => {
	const options = { mean: 50, sigma: 2.0539, lambda: 0.3, width: 3 };
	const points = ewma(handbook, { ...options, limits: "asymptotic" });
	const published = numbers(
		"50.60 49.52 50.56 50.18 50.16 49.21 49.75 49.85 50.26 50.33 50.11 49.36 49.52 50.05 49.38 49.92 50.73 51.23 51.94 51.99",
	);
	for (const [index, point] of points.entries())
		expect(Math.abs((point?.statistic ?? 0) - (published[index] as number))).toBeLessThanOrEqual(0.0051);
	expect(points.at(-1)?.statistic).toBeCloseTo(51.98824326, 8);
	// Printed with the sixth decimal cut off, not rounded.
	expect(Math.abs((points[0]?.upper ?? 0) - 52.588431)).toBeLessThan(1e-6);
	expect(Math.abs((points[0]?.lower ?? 0) - 47.411569)).toBeLessThan(1e-6);
	expect(
		points.some((point) => point && (point.statistic > point.upper || point.statistic < point.lower)),
	).toBe(false);
	const exact = ewma(handbook, { ...options, limits: "exact" });
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
	const points = ewma(table, { mean: 10, sigma: 1, lambda: 0.1, width: 2.7, limits: "exact" });
	expect(points.slice(0, 3).map((point) => point?.statistic)).toEqual([
		...[expect.closeTo(9.945, 10), expect.closeTo(9.7495, 10), expect.closeTo(9.70355, 10)],
	]);
	expect(points[29]?.lower).toBeCloseTo(9.38113, 5);
	const signals = points.flatMap((point, index) =>
		point && (point.statistic > point.upper || point.statistic < point.lower) ? [index + 1] : [],
	);
	expect(signals).toEqual([29, 30]);
});

test("the cumulative sums of table 9.1: both sides, the signal at 29, and a head start that is forgotten", () => {
	const options = { mean: 10, sigma: 1, k: 0.5, h: 5 };
	const points = cusum(table, options);
	const high = numbers(
		`0 0 0 1.16 2.82 2.50 0.04 1.00 0 0 0 0.97 0.98 0 0 0 0.12 0 0 0.34 0.74 0 1.79 2.79 2.89 3.47 3.35 4.47 5.28 5.30`,
	);
	for (const [index, sum] of high.entries()) expect(points[index]?.high).toBeCloseTo(sum, 8);
	const low = numbers("0.05 1.56 1.77 0 0 0 1.46 0 0.30 0 0.47 0 0 0.10 0 0.13 0 0 0.98 0 0 0.17 0");
	for (const [index, sum] of low.entries()) expect(points[index]?.low).toBeCloseTo(sum, 8);
	expect(points.flatMap((point, index) => (point?.signal ? [[index + 1, point.signal]] : []))).toEqual([
		[29, "high"],
		[30, "high"],
	]);
	const fast = cusum(table, { ...options, head: 2.5 });
	expect(fast[0]?.high).toBeCloseTo(1.45, 8);
	for (const [index, sum] of numbers("2.55 4.06 4.27 2.11 0 0 1.46").entries())
		expect(fast[index]?.low).toBeCloseTo(sum, 8);
	for (const [index, point] of points.entries())
		if (index > 0) expect(fast[index]?.high).toBeCloseTo(point?.high ?? 0, 8);
});

test("a missing value is no point, and what follows goes on from before it", () => {
	const options = { mean: 0, sigma: 1 };
	const moving = ewma([1, undefined, 1], { ...options, lambda: 0.5, width: 3, limits: "exact" });
	expect([moving[1], moving[2]?.statistic]).toEqual([undefined, 0.75]);
	expect(moving[2]?.upper).toBeCloseTo(3 * Math.sqrt((0.5 / 1.5) * (1 - 0.5 ** 4)), 12);
	const sums = cusum([1, undefined, 1], { ...options, k: 0.5, h: 5 });
	expect([sums[1], sums[2]?.high]).toEqual([undefined, 1]);
});
