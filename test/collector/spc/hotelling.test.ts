import fc from "fast-check";
import { expect, test } from "vitest";
import {
	contributions,
	hotellingBasis,
	hotellingLimits,
	hotellingStatistics,
	type Observations,
	pointMeans,
} from "../../../collector/spc/hotelling.ts";
import { columnOf } from "../../../collector/spc/numerics/column.ts";
import { chiSquaredQuantile } from "../../../collector/spc/numerics/distributions.ts";
import { hotellingChart } from "../../../collector/spc/t2.ts";
import { ryanX1, ryanX2 } from "../../fixtures/spc/published.ts";

const ryan: Observations = {
	names: ["X1", "X2"],
	columns: [columnOf(ryanX1.flat()), columnOf(ryanX2.flat())],
	starts: Uint32Array.from({ length: 21 }, (_, index) => 4 * index),
};
const three = (p: number) => Array.from({ length: p }, (_, index) => `v${index}`);

test("Ryan's data: means, pooled covariances, T² of each subgroup", () => {
	const basis = hotellingBasis(ryan);
	expect(basis.mean).toEqual([60.375, 18.4875]);
	const expected = [
		[222.033333, 103.116667],
		[103.116667, 56.579167],
	];
	for (const [i, row] of expected.entries())
		for (const [j, value] of row.entries()) expect(basis.covariance[i]?.[j]).toBeCloseTo(value, 6);
	const t2 = `2.2416 0.6527 1.2722 0.2201 1.5279 8.9818 1.3202 3.7736 4.9485 63.7604
		6.5510 1.3674 1.3632 3.2561 7.4099 2.7638 0.1243 1.3265 3.5039 13.0376`.split(/\s+/);
	for (const [index, value] of hotellingStatistics(pointMeans(ryan), basis).entries())
		expect(value).toBeCloseTo(Number(t2[index]), 4);
});

test.each([
	[1 - 0.9973 ** 2, 11.039757, 12.201836],
	[0.0027, 12.654194, 13.986214],
	[0.001, 15.039348, 16.622437],
])("its limits at α = %d", (alpha, phase1, phase2) => {
	const found = hotellingLimits({ names: ["X1", "X2"], m: 20, n: 4 }, alpha);
	expect(found.phase1).toBeCloseTo(phase1, 5);
	expect(found.phase2).toBeCloseTo(phase2, 5);
});

test("limits of the textile example, and of single observations where χ² would be three times too low", () => {
	const textile = hotellingLimits({ names: three(2), m: 20, n: 10 }, 0.001);
	expect(textile.phase1).toBeCloseTo(13.720742, 5);
	expect(textile.phase2).toBeCloseTo(15.16503, 5);
	expect(chiSquaredQuantile(0.999, 2)).toBeCloseTo(13.815511, 6);
	const few = hotellingLimits({ names: three(8), m: 25, n: 1 }, 0.001);
	expect(few.phase2).toBeCloseTo(70.03, 2);
	expect(chiSquaredQuantile(0.999, 8)).toBeCloseTo(26.12, 2);
});

test("covariances of single observations (NIST 6.5.4)", () => {
	const rows = [
		[4.0, 2.0, 0.6],
		[4.2, 2.1, 0.59],
		[3.9, 2.0, 0.58],
		[4.3, 2.1, 0.62],
		[4.1, 2.2, 0.63],
	];
	const columns = [0, 1, 2].map((at) => columnOf(rows.map((row) => row[at])));
	const { mean, covariance } = hotellingBasis({ names: three(3), columns, starts: undefined });
	for (const [index, value] of [4.1, 2.08, 0.604].entries()) expect(mean[index]).toBeCloseTo(value, 12);
	const expected = [
		[0.025, 0.0075, 0.00175],
		[0.0075, 0.007, 0.00135],
		[0.00175, 0.00135, 0.00043],
	];
	for (const [i, row] of expected.entries())
		for (const [j, value] of row.entries()) expect(covariance[i]?.[j]).toBeCloseTo(value, 12);
});

test("T² of single observations in phase I add up to p·(m − 1), and none exceeds (m − 1)²/m", () => {
	const vector = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 3, maxLength: 3 });
	fc.assert(
		fc.property(fc.array(vector, { minLength: 6, maxLength: 20 }), (rows) => {
			const columns = [0, 1, 2].map((at) =>
				columnOf(rows.map((row, index) => (row[at] as number) + Math.cos(index * (at + 2)))),
			);
			const observations = { names: three(3), columns, starts: undefined };
			const basis = (() => {
				try {
					return hotellingBasis(observations);
				} catch {
					return undefined;
				}
			})();
			fc.pre(basis !== undefined);
			if (basis === undefined) return;
			const t2 = hotellingStatistics(columns, basis);
			const m = rows.length;
			expect(t2.reduce((sum, value) => sum + value, 0) / (3 * (m - 1))).toBeCloseTo(1, 6);
			for (const value of t2) expect(value).toBeLessThanOrEqual(((m - 1) ** 2 / m) * (1 + 1e-9));
		}),
		{ seed: 20_261_123 },
	);
});

test("T² does not change with the units, and a contribution is what T² loses without the variable", () => {
	const number = fc.double({ min: -5, max: 5, noNaN: true });
	fc.assert(
		fc.property(fc.array(fc.tuple(number, number, number), { minLength: 12, maxLength: 12 }), (rows) => {
			const columns = [0, 1, 2].map((at) =>
				columnOf(rows.map((row, index) => (row[at] as number) + Math.sin(index * (at + 1) + at))),
			);
			const of = (own: readonly (typeof columns)[number][]) =>
				hotellingBasis({ names: three(own.length), columns: own, starts: undefined });
			const basis = of(columns);
			const [first] = hotellingStatistics(columns, basis);
			const scaled = columns.map((column, at) => column.map((value) => 7 ** at * value - 40));
			expect(hotellingStatistics(scaled, of(scaled))[0]).toBeCloseTo(first as number, 6);
			const point = columns.map((column) => column[0] as number);
			for (const { name, given, alone } of contributions(point, basis)) {
				const rest = columns.filter((_, at) => `v${at}` !== name);
				const [without] = hotellingStatistics(rest, of(rest));
				expect(given).toBeCloseTo((first as number) - (without as number), 6);
				expect(alone).toBeGreaterThanOrEqual(0);
			}
		}),
		{ seed: 20_261_123, numRuns: 50 },
	);
});

test("a signal names the variable that did it", () => {
	const chart = hotellingChart(ryan, hotellingBasis(ryan), { alpha: 0.0027, baseline: () => true });
	expect([...chart.panels[0].signals]).toEqual([
		{ index: 10, rule: "beyond-limit" },
		{ index: 20, rule: "beyond-limit" },
	]);
	// In the tenth subgroup X1 is low and X2 is not: what broke is their relation.
	const causes = chart.causes.get(10);
	expect(causes?.map(({ name }) => name)).toEqual(["X1", "X2"]);
	expect(causes?.[0]?.given).toBeGreaterThan(55);
	expect(chart.panels[0].upper).toBeCloseTo(12.654194, 5);
});

test("points outside of the baseline have limits of phase II", () => {
	const basis = hotellingBasis(ryan, (index) => index < 9);
	const chart = hotellingChart(ryan, basis, { alpha: 0.0027, baseline: (index) => index < 9 });
	const { phase1, phase2 } = hotellingLimits({ names: ryan.names, m: 9, n: 4 }, 0.0027);
	expect([...(chart.panels[0].upper as Float64Array).subarray(8, 10)]).toEqual([phase1, phase2]);
	expect([...chart.panels[0].signals].map(({ index }) => index)).toEqual([10]);
});

test("too few points, sizes that differ, and variables that others explain are no chart", () => {
	const column = columnOf([1, 2, 4, 3, 7]);
	const of = (columns: Float64Array<ArrayBuffer>[], starts?: number[]) =>
		hotellingBasis({
			names: ["a", "b", "c"].slice(0, columns.length),
			columns,
			starts: starts && Uint32Array.from(starts),
		});
	const other = columnOf([1, 0, 1, 2, 2]);
	expect(() => of([column, other, column.map((value) => 2 * value + 1)])).toThrow(
		"found c explained by the others",
	);
	expect(() => of([column, columnOf([3, 3, 3, 3, 3])])).toThrow("found one only in b");
	expect(() => of([column.slice(0, 3), other.slice(0, 3)])).toThrow(
		"at least 4 points for 2 variables, found 3",
	);
	expect(() => of([column, other], [0, 2, 5])).toThrow("expected 2 observations in each subgroup, found 3");
	expect(() => of([column, other], [0, 1, 2, 3, 4, 5])).toThrow("at least 2 observations");
});
