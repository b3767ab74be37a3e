import { expect, test } from "vitest";
import { individualsBasis } from "../../../collector/spc/individuals.ts";
import { columnOf } from "../../../collector/spc/numerics/column.ts";
import { studentTQuantile, studentTTail } from "../../../collector/spc/numerics/distributions.ts";
import { SeededNormals } from "../../../collector/spc/numerics/random.ts";
import { standardDeviation } from "../../../collector/spc/numerics/sums.ts";
import { nelson } from "../../../collector/spc/rules.ts";
import { predictionFactor, qChart, qStatistics } from "../../../collector/spc/small-sample.ts";
import { flowRate } from "../../fixtures/spc/published.ts";

test.each([
	[5, 7.252],
	[8, 4.805],
	[10, 4.294],
	[15, 3.755],
	[20, 3.532],
	[25, 3.411],
	[30, 3.335],
	[50, 3.192],
	[100, 3.093],
	[300, 3.03],
])("from %i points it takes k = %d standard deviations", (m, k) => {
	expect(Math.abs(predictionFactor(m) - k)).toBeLessThan(6e-4);
});

test("the next value is outside of provisional limits as seldom as promised, of three sigmas nine times as often", () => {
	const normals = new SeededNormals(20_261_123);
	const runs = 40_000;
	let [provisional, usual] = [0, 0];
	for (let run = 0; run < runs; run++) {
		const values = columnOf(Array.from({ length: 10 }, () => normals.next()));
		const { center, sigma, next } = individualsBasis(values);
		const value = normals.next();
		if (next === undefined || value < next.lower || value > next.upper) provisional++;
		if (Math.abs(value - center) > 3 * sigma) usual++;
	}
	expect(Math.abs(provisional / runs - 0.0027)).toBeLessThan(0.0008);
	expect(Math.abs(usual / runs - 0.0235)).toBeLessThan(0.0025);
});

test("the Q statistics of the flow rates", () => {
	const expected = [0.5387, 1.1335, -0.8989, 1.0115, 1.4786, 1.0988, 1.445, 0.6189];
	const found = qStatistics(columnOf(flowRate));
	expect([...found.slice(0, 2)]).toEqual([Number.NaN, Number.NaN]);
	for (const [index, q] of expected.entries()) expect(found[index + 2]).toBeCloseTo(q, 4);
	expect(qChart(columnOf(flowRate), { rules: nelson }).n).toBe(10);
});

test("Q statistics are standard normal while nothing changes, whatever the mean and sigma", () => {
	const normals = new SeededNormals(20_261_123);
	const all: number[] = [];
	for (let run = 0; run < 4_000; run++) {
		const values = columnOf(Array.from({ length: 8 }, () => 900 + 40 * normals.next()));
		all.push(...qStatistics(values).slice(2));
	}
	expect(Math.abs(all.reduce((sum, q) => sum + q, 0) / all.length)).toBeLessThan(0.02);
	expect(Math.abs(standardDeviation(all) - 1)).toBeLessThan(0.02);
	expect(Math.abs(all.filter((q) => Math.abs(q) > 1.959964).length / all.length - 0.05)).toBeLessThan(0.005);
});

test("a Q statistic is never infinite, and there is none while nothing differs", () => {
	const start = qStatistics(columnOf([1, 1, 5, undefined, 1e150]));
	expect([...start.subarray(0, 4)]).toEqual([Number.NaN, Number.NaN, Number.NaN, Number.NaN]);
	expect(start[4]).toBeCloseTo(37, 0);
	const far = qStatistics(columnOf([...Array.from({ length: 60 }, (_, index) => index % 2), 1e120]));
	expect(far.at(-1)).toBe(37);
	expect(() => qChart(columnOf([3, 3, 3]), { rules: nelson })).toThrow("found 3 in all of them");
	expect(() => qChart(columnOf([3, undefined, 4]), { rules: nelson })).toThrow("at least 3 values");
});

test("the tail of Student's t is the complement of its quantile", () => {
	for (const df of [1, 2, 5, 40])
		for (const p of [0.6, 0.9, 0.99, 0.99865])
			expect(studentTTail(studentTQuantile(p, df), df)).toBeCloseTo(1 - p, 12);
});
