import fc from "fast-check";
import { expect, test } from "vitest";
import { betweenWithinBasis, betweenWithinChart } from "../../../collector/spc/between-within.ts";
import { indices } from "../../../collector/spc/capability.ts";
import { limitAt, type Panel } from "../../../collector/spc/chart.ts";
import { individualsBasis } from "../../../collector/spc/individuals.ts";
import { columnOf } from "../../../collector/spc/numerics/column.ts";
import { SeededNormals } from "../../../collector/spc/numerics/random.ts";
import { squaredDeviations, standardDeviation } from "../../../collector/spc/numerics/sums.ts";
import { nelson, type RuleName, westernElectric } from "../../../collector/spc/rules.ts";
import { type SubgroupColumns, subgroupColumns } from "../../../collector/spc/subgroups.ts";
import { xbarBasis, xbarChart } from "../../../collector/spc/xbar.ts";
import { flowWidth, pistonRings } from "../../fixtures/spc/published.ts";

function grouped(rows: readonly (readonly number[])[]): { columns: SubgroupColumns; labels: string[] } {
	const starts = Uint32Array.from({ length: rows.length + 1 }, (_, at) => rows.slice(0, at).flat().length);
	const labels = rows.map((_, index) => String(index + 1));
	return { columns: subgroupColumns({ values: columnOf(rows.flat()), starts, labels }), labels };
}

const near = (found: unknown, expected: number, off: number) =>
	expect(Math.abs((found as number) - expected), `${found} for ${expected}`).toBeLessThanOrEqual(off);
const indexes = (panel: Panel, rule: RuleName) =>
	[...panel.signals].filter((signal) => signal.rule === rule).map(({ index }) => index);

const rings = grouped(pistonRings);
const phase1 = (index: number) => index < 25;

test("the piston rings by ranges: centre, sigma, limits of means and ranges", () => {
	const basis = xbarBasis(rings.columns, rings.labels, { by: "range", keep: phase1 });
	near(basis.center, 74.001176, 1e-6);
	near(basis.sigma, 0.00978534, 1e-8);
	expect(basis).toMatchObject({ subgroups: 25, n: 125, next: undefined });
	const [means, ranges] = xbarChart(rings.columns, basis, { rules: nelson }).panels as [Panel, Panel];
	near(means.lower, 73.988048, 1e-6);
	near(means.upper, 74.014304, 1e-6);
	near(ranges.center, 0.02276, 1e-8);
	near(ranges.upper, 0.048126, 1e-6);
	expect(ranges.lower).toBe(0);
	const printed = xbarBasis(rings.columns, rings.labels, { by: "range", keep: phase1, constants: "nist" });
	near(printed.sigma, 0.00978504, 1e-8);
});

test("the piston rings by standard deviations", () => {
	const basis = xbarBasis(rings.columns, rings.labels, { by: "deviation", keep: phase1 });
	near(basis.sigma, 0.00982998, 1e-8);
	const [means, deviations] = xbarChart(rings.columns, basis, { rules: nelson }).panels as [Panel, Panel];
	near(means.lower, 73.987988, 1e-6);
	near(means.upper, 74.014364, 1e-6);
	near(deviations.center, 0.0092400366, 1e-10);
	near(deviations.upper, 0.0193024, 1e-7);
	const first = pistonRings.slice(0, 25);
	near(standardDeviation(first.flat()), 0.01006997, 1e-8);
	const pooled = Math.sqrt(first.reduce((sum, row) => sum + squaredDeviations(row), 0) / 100);
	near(pooled, 0.00986286, 1e-8);
});

test("the later piston rings signal where two other programs see it", () => {
	const basis = xbarBasis(rings.columns, rings.labels, { by: "range", keep: phase1 });
	const [means] = xbarChart(rings.columns, basis, { rules: [...nelson, "eight-on-one-side"] }).panels;
	expect(indexes(means, "beyond-3-sigma")).toEqual([37, 38, 39]);
	expect(indexes(means, "two-of-three-beyond-2-sigma")).toEqual([35, 37, 38, 39, 40]);
	expect(indexes(means, "four-of-five-beyond-1-sigma")).toEqual([35, 38, 39, 40]);
	for (const rule of [nelson[1], nelson[2], nelson[3], nelson[6], nelson[7]])
		expect(indexes(means, rule as RuleName)).toEqual([]);
	const own = xbarChart(rings.columns, basis, { rules: westernElectric, plotted: (index) => index !== 37 });
	expect(indexes(own.panels[0], "beyond-3-sigma")).toEqual([37, 39]);
});

test("the flow widths of table 6.1, and their capability", () => {
	const { columns, labels } = grouped(flowWidth);
	const basis = xbarBasis(columns, labels, { by: "range" });
	const [means, ranges] = xbarChart(columns, basis, { rules: nelson }).panels as [Panel, Panel];
	near(basis.center, 1.5056104, 1e-6);
	near(basis.sigma, 0.139814, 1e-5);
	// The sixth decimal depends on the digits of d2.
	near(means.lower, 1.31803, 1e-5);
	near(means.upper, 1.693191, 1e-5);
	near(means.lower, 1.31795, 2e-4);
	near(means.upper, 1.69325, 2e-4);
	near(ranges.center, 0.325208, 1e-6);
	near(ranges.upper, 0.687642, 2e-5);
	near(ranges.upper, 0.68749, 2e-4);
	const limits = { lower: 1, upper: 2 };
	const found = indices(basis.center, basis.sigma, basis.n, limits);
	near(found?.spread?.value, 1.192, 2e-4);
	near(found?.worst.value, 1.17868, 1e-4);
	const printed = xbarBasis(columns, labels, { by: "range", constants: "nist" });
	near(indices(printed.center, printed.sigma, printed.n, limits)?.spread?.value, 1.19206, 1e-5);
});

test("the order inside a subgroup says nothing", () => {
	fc.assert(
		fc.property(
			fc.array(fc.array(fc.integer({ min: -99, max: 99 }), { minLength: 4, maxLength: 4 }), {
				minLength: 3,
				maxLength: 12,
			}),
			fc.nat(23),
			(rows, turn) => {
				fc.pre(rows.some((row) => new Set(row).size > 1));
				const turned = rows.map((row, at) => {
					const by = (turn + at) % 4;
					return [...row.slice(by), ...row.slice(0, by)].reverse();
				});
				for (const by of ["range", "deviation"] as const) {
					const [one, other] = [rows, turned].map((own) => {
						const { columns, labels } = grouped(own);
						const basis = xbarBasis(columns, labels, { by });
						return xbarChart(columns, basis, { rules: nelson });
					});
					expect(other?.sigma).toBeCloseTo(one?.sigma as number, 9);
					expect(other?.center).toBeCloseTo(one?.center as number, 9);
					expect([...(other?.panels[1]?.signals ?? [])]).toEqual([...(one?.panels[1]?.signals ?? [])]);
				}
			},
		),
		{ seed: 20_261_123, numRuns: 60 },
	);
});

test("subgroups of different sizes have limits of their own, and do not compare by ranges", () => {
	const rows = pistonRings.slice(0, 25).map((row, index) => row.slice(0, index % 3 === 0 ? 3 : 5));
	const { columns, labels } = grouped(rows);
	expect(() => xbarBasis(columns, labels, { by: "range" })).toThrow(
		"expected 3 values in each subgroup, found 5 in subgroup 2; ranges of different sizes do not compare, xbar-s does",
	);
	const basis = xbarBasis(columns, labels, { by: "deviation" });
	near(basis.sigma, 0.0098, 6e-4);
	const [means, deviations] = xbarChart(columns, basis, { rules: nelson }).panels as [Panel, Panel];
	near(limitAt(means.upper, 0) - basis.center, (3 * basis.sigma) / Math.sqrt(3), 1e-12);
	near(limitAt(means.upper, 1) - basis.center, (3 * basis.sigma) / Math.sqrt(5), 1e-12);
	expect(limitAt(deviations.upper, 0)).toBeGreaterThan(limitAt(deviations.upper, 1));
	// One of the subgroups has a single value: it has a mean, and no spread.
	const { columns: some, labels: names } = grouped([...rows, [74.001]]);
	const [, alone] = xbarChart(some, xbarBasis(some, names, { by: "deviation" }), { rules: nelson }).panels;
	expect(alone?.statistic.at(-1)).toBeNaN();
	expect([...(alone?.signals ?? [])]).toEqual([]);
});

test("no variation inside of subgroups is no chart, however their means differ", () => {
	const { columns, labels } = grouped([
		[0.1, 0.1, 0.1],
		[0.7, 0.7, 0.7],
	]);
	for (const by of ["range", "deviation"] as const)
		expect(() => xbarBasis(columns, labels, { by })).toThrow("expected values that differ within subgroups");
	expect(() => xbarBasis(columns, labels, { by: "range", keep: (index) => index === 0 })).toThrow(
		"expected at least 2 subgroups to estimate from, found 1",
	);
});

test("below 25 subgroups there are limits for the next mean, and they hold what they promise", () => {
	const normals = new SeededNormals(20_261_123);
	let outside = 0;
	const runs = 30_000;
	for (let run = 0; run < runs; run++) {
		const rows = Array.from({ length: 5 }, () => Array.from({ length: 3 }, () => normals.next()));
		const { columns, labels } = grouped(rows);
		const { next } = xbarBasis(columns, labels, { by: "deviation" });
		const mean = (normals.next() + normals.next() + normals.next()) / 3;
		if (next === undefined || mean < next.lower || mean > next.upper) outside++;
	}
	// 0.0027 · 30,000 = 81, and its square root is 9.
	expect(Math.abs(outside - 81)).toBeLessThan(27);
});

test("between and within: each component is found again, and means are compared with means", () => {
	const normals = new SeededNormals(20_261_123);
	const rows = Array.from({ length: 400 }, () => {
		const batch = 3 * normals.next();
		return Array.from({ length: 4 }, () => 50 + batch + normals.next());
	});
	const { columns, labels } = grouped(rows);
	const basis = betweenWithinBasis(columns, labels);
	near(basis.within, 1, 0.06);
	near(basis.between, 3, 0.3);
	near(basis.total, Math.sqrt(10), 0.3);
	near(basis.center, 50, 0.5);
	const chart = betweenWithinChart(columns, basis, { rules: ["beyond-3-sigma"] });
	expect(chart.panels.map(({ name }) => name)).toEqual(["mean", "moving range", "range"]);
	// The limits of an X̄ chart, from the spread inside, would be crossed by most means.
	const wolf = xbarChart(columns, xbarBasis(columns, labels, { by: "range" }), { rules: ["beyond-3-sigma"] });
	expect(wolf.panels[0].signals.length).toBeGreaterThan(200);
	expect(chart.panels[0].signals.length).toBeLessThan(8);
	const means = individualsBasis(columns.mean);
	expect(basis.sigmaOfMeans).toBe(means.sigma);
});

test("between and within: nothing between is nothing, and more than eight values go by deviations", () => {
	const normals = new SeededNormals(7);
	const rows = Array.from({ length: 300 }, () => Array.from({ length: 9 }, () => normals.next()));
	const { columns, labels } = grouped(rows);
	const basis = betweenWithinBasis(columns, labels);
	expect(basis.by).toBe("deviation");
	near(basis.within, 1, 0.05);
	expect(basis.between).toBeLessThan(0.15);
	const uneven = grouped([
		[1, 2],
		[3, 4, 5],
		[1, 2],
	]);
	expect(() => betweenWithinBasis(uneven.columns, uneven.labels)).toThrow("found 3 in subgroup 2");
	const single = grouped([[1], [2], [3]]);
	expect(() => betweenWithinBasis(single.columns, single.labels)).toThrow("found 1");
});
