import { expect, test } from "vitest";
import {
	flowRate,
	flowWidth,
	handbookEwma,
	pistonRings,
	ryanX1,
	ryanX2,
	table91,
} from "../../fixtures/spc/published.ts";
import { charted, column, document, subgrouped } from "./charted.ts";

const near = (found: number, expected: number, off: number) =>
	expect(Math.abs(found - expected), `${found} for ${expected}`).toBeLessThanOrEqual(off);
const of = (text: string, options: Parameters<typeof charted>[1]) => document(charted(text, options));

test("the flow rates: the shape of the document, limits by exact and printed constants, provisional", () => {
	const found = of(column(flowRate), { chart: "imr" });
	expect(found).toMatchObject({ chart: "imr", n: 10, signals: [], capability: null, baseline: null });
	near(found.center, 50.81, 1e-10);
	near(found.limits.upper, 55.802412, 1e-6);
	near(found.limits.lower, 45.817588, 1e-6);
	expect(found.points).toHaveLength(10);
	expect(found.points[2]).toEqual({
		...{ index: 3, value: 49.9, statistic: 49.9 },
		...{ lower: found.limits.lower, upper: found.limits.upper },
	});
	expect(found.provisional).toMatchObject({ points: 10, pointsWanted: 25 });
	near(found.provisional.upper, 50.81 + 4.294 * 2.033852, 2e-3);
	expect(found.falseAlarms).toEqual({ everyPoints: 216.7, by: "exact", perPointWithEstimatedLimits: 0.0235 });
	expect(found.dispersion[0]).toMatchObject({ chart: "moving range", signals: [] });
	expect(found.dispersion[0].statistic.slice(0, 2)).toEqual([null, 2]);
	const nist = of(column(flowRate), { chart: "imr", constants: "nist" });
	near(nist.limits.upper, 55.8041, 6e-5);
	near(nist.limits.lower, 45.8159, 6e-5);
});

test("the piston rings: phase I on 25 subgroups, signals of phase II, capability", () => {
	const options = {
		chart: "xbar-r",
		baseline: "1-25",
		rules: "nelson",
		lsl: "73.95",
		usl: "74.05",
		target: "74",
	};
	const found = of(subgrouped(pistonRings), options);
	expect(found).toMatchObject({ n: 125, baseline: [{ from: 1, to: 25 }], provisional: null });
	near(found.sigma, 0.00978534, 1e-8);
	near(found.limits.lower, 73.988048, 1e-6);
	near(found.limits.upper, 74.014304, 1e-6);
	const at = (rule: string) =>
		found.signals
			.filter((signal: { rule: string }) => signal.rule === rule)
			.map(({ index }: { index: number }) => index);
	expect(at("beyond-3-sigma")).toEqual([37, 38, 39]);
	expect(at("two-of-three-beyond-2-sigma")).toEqual([35, 37, 38, 39, 40]);
	expect(at("four-of-five-beyond-1-sigma")).toEqual([35, 38, 39, 40]);
	expect(found.signals).toHaveLength(12);
	const { capability } = found;
	for (const [name, value] of Object.entries({
		cp: 1.70328,
		cpl: 1.74334,
		cpu: 1.66322,
		cpk: 1.66322,
		cpm: 1.69111,
	}))
		near(capability[name], value, 1e-4);
	for (const [name, value] of Object.entries({ pp: 1.65509, ppk: 1.61616, ppm: 1.64391 }))
		near(capability[name], value, 1e-5);
	near(capability.intervals.cp.lower, 1.49141, 1e-4);
	near(capability.intervals.cp.upper, 1.91483, 1e-4);
	expect(capability).toMatchObject({ n: 125, refused: {} });
	near(found.dispersion[0].limits.upper, 0.048126, 1e-6);
	const printed = of(subgrouped(pistonRings), { ...options, constants: "nist" });
	near(printed.capability.cp, 1.70328, 1e-5);
	const deviations = of(subgrouped(pistonRings), { chart: "xbar-s", baseline: "1-25" });
	near(deviations.limits.upper, 74.014364, 1e-6);
	near(deviations.dispersion[0].limits.upper, 0.0193024, 1e-7);
});

test("capability is refused without a baseline, and of one that is not in control", () => {
	const limits = { chart: "xbar-r", lsl: "73.95", usl: "74.05" };
	const none = of(subgrouped(pistonRings), limits).capability;
	expect(none).toMatchObject({ cp: null, cpk: null, n: 200 });
	expect(none.pp).toBeGreaterThan(1);
	expect(none.refused.cp).toBe("there is no baseline (--baseline): this is performance, not capability");
	const wild = of(subgrouped(pistonRings), { ...limits, baseline: "1-40", rules: "none" }).capability;
	expect(wild.cp).toBeNull();
	expect(wild.refused.cpk).toMatch(/^the baseline is not in control: signals at 3[789]/);
	const oneSided = of(subgrouped(pistonRings), {
		chart: "xbar-r",
		baseline: "1-25",
		usl: "74.05",
	}).capability;
	expect(oneSided).toMatchObject({ cp: null, cpl: null, pp: null });
	expect(oneSided.cpk).toBeCloseTo(oneSided.cpu, 12);
	expect(oneSided.refused.cp).toBe("one limit alone has no width");
});

test("the handbook's capability with a known mean and sigma", () => {
	const found = of(column([14, 16, 18, 15, 17]), {
		...{ chart: "individuals", mean: "16", sigma: "2", lsl: "8", usl: "20", target: "14" },
	}).capability;
	near(found.cp, 1, 1e-12);
	near(found.cpl, 1.3333, 1e-4);
	near(found.cpk, 0.6667, 1e-4);
	near(found.cpm, Math.SQRT1_2, 1e-6);
});

test("the flow widths", () => {
	const found = of(subgrouped(flowWidth), { chart: "xbar-r", baseline: "1-25", lsl: "1", usl: "2" });
	near(found.center, 1.5056104, 1e-6);
	near(found.limits.lower, 1.31795, 2e-4);
	near(found.limits.upper, 1.69325, 2e-4);
	near(found.dispersion[0].limits.upper, 0.68749, 2e-4);
	near(found.capability.cp, 1.192, 2e-4);
	near(found.capability.cpk, 1.17868, 1e-4);
});

test("the moving averages of the handbook and of table 9.1", () => {
	const options = { chart: "ewma", mean: "50", sigma: "2.0539", lambda: "0.3", width: "3" };
	const exact = of(column(handbookEwma), options);
	near(exact.limits.upper, 52.588431, 1e-6);
	near(exact.limits.lower, 47.411569, 1e-6);
	near(exact.points[0].lower, 48.15149, 1e-5);
	near(exact.points[19].statistic, 51.98824326, 1e-8);
	expect(exact.signals).toEqual([]);
	const settled = of(column(handbookEwma), { ...options, ewmaLimits: "asymptotic" });
	near(settled.points[0].upper, 52.588431, 1e-6);
	const montgomery = of(column(table91), {
		chart: "ewma",
		mean: "10",
		sigma: "1",
		lambda: "0.1",
		width: "2.7",
	});
	expect(montgomery.signals).toEqual([
		{ index: 29, rule: "beyond-limit" },
		{ index: 30, rule: "beyond-limit" },
	]);
});

test("the sums of table 9.1, with and without a head start", () => {
	const options = { chart: "cusum", mean: "10", sigma: "1", k: "0.5", h: "5" };
	const found = of(column(table91), options);
	expect(found.limits).toEqual({ lower: -5, upper: 5 });
	expect(found.signals[0]).toEqual({ index: 29, rule: "sum-above-limit" });
	near(found.points[28].statistic, 5.28, 1e-8);
	near(found.points[1].low, 1.56, 1e-8);
	near(of(column(table91), { ...options, fir: true }).points[0].high, 1.45, 1e-8);
	near(found.falseAlarms.everyPoints, 465.44, 465.44 * 0.03);
});

test("T² of Ryan's data, both phases, with the variable that did it", () => {
	const rows = ryanX1.flatMap((own, at) => own.map((x, index) => `${at + 1},${x},${ryanX2[at]?.[index]}`));
	const found = of(`subgroup,X1,X2\n${rows.join("\n")}\n`, { chart: "t2" });
	near(found.points[9].statistic, 63.7604, 1e-4);
	near(found.phase1, 12.654194, 1e-6);
	near(found.phase2, 13.986214, 1e-6);
	expect(found.signals[0]).toMatchObject({ index: 10, rule: "beyond-limit", subgroup: "10", variable: "X1" });
	expect(found).toMatchObject({ sigma: null, variables: ["X1", "X2"], n: 80 });
	near(of(`subgroup,X1,X2\n${rows.join("\n")}\n`, { chart: "t2", alpha: "0.001" }).phase1, 15.039348, 1e-6);
	// Columns that are not named are left alone, also when they hold text.
	const chosen = of(`subgroup,note,X1,X2\n${rows.map((row) => row.replace(",", ",ok,")).join("\n")}\n`, {
		...{ chart: "t2", columns: "X1,X2" },
	});
	near(chosen.points[9].statistic, 63.7604, 1e-4);
});

test("Q statistics of the flow rates, and counts of wafers", () => {
	const found = of(column(flowRate), { chart: "q" });
	expect(found.points[1].statistic).toBeNull();
	near(found.points[2].statistic, 0.5387, 1e-4);
	near(found.points[9].statistic, 0.6189, 1e-4);
	const counts = of(column([3, 5, 2, 4, 6]), { chart: "c" });
	near(counts.center, 4, 1e-12);
	expect(counts.limits).toEqual({ lower: 0, upper: 10 });
});

test("an excluded row breaks moving ranges and runs, is told, and is not plotted", () => {
	const rows = Array.from(
		{ length: 30 },
		(_, index) => `${index % 2 === 0 ? 5 : 6},${index === 8 ? "line stopped" : ""}`,
	);
	const found = of(`value,excluded\n${rows.join("\n")}\n`, { chart: "imr" });
	expect(found.excluded).toEqual([{ index: 9, reason: "line stopped" }]);
	expect(found.points[8]).toMatchObject({ value: 5, statistic: null });
	expect(found.dispersion[0].statistic.slice(7, 11)).toEqual([1, null, null, 1]);
	expect(found.n).toBe(29);
});

test("subgroups whose rows do not stand together are one, and it is said", () => {
	const apart = of("subgroup,value\nA,1\nB,4\nA,3\nB,6\n", { chart: "xbar-r" });
	expect(
		apart.points.map(({ value, subgroup }: { value: number; subgroup: string }) => [subgroup, value]),
	).toEqual([
		["A", 2],
		["B", 5],
	]);
	expect(apart.notes[0]).toContain("do not stand together");
	expect(of("subgroup,value\nA,1\nA,4\n", { chart: "imr" }).notes[0]).toContain("subgroups are not used");
});

test("an average of subgroup means is compared with the spread of means", () => {
	const found = of(subgrouped(pistonRings), { chart: "ewma", baseline: "1-25" });
	near(found.limits.upper - found.center, (3 * found.sigma * Math.sqrt(0.2 / 1.8)) / Math.sqrt(5), 1e-12);
	expect(found.signals[0].index).toBeGreaterThan(25);
});

test("values that follow each other, and one that does not belong, are said beside the chart", () => {
	const walk = Array.from({ length: 60 }, (_, index) => 50 + 5 * Math.sin(index / 9) + (index % 3) / 10);
	const found = of(column(walk), { chart: "imr" });
	expect(found.autocorrelation).toBeGreaterThan(0.9);
	expect(found.notes[0]).toMatch(/^points follow each other: lag-1 autocorrelation 0\.9\d, beyond ±0\.25; /);
	const grubbs = of(column([199.31, 199.53, 200.19, 200.82, 201.92, 201.95, 202.18, 245.57]), {
		chart: "imr",
	});
	expect(grubbs.notes[0]).toMatch(/^point 8 is an outlier among those .* Grubbs' G 2\.47 above 2\.13 at 5 %/);
	expect(of(column(flowRate), { chart: "imr" }).notes).toEqual([]);
});
