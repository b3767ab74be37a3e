import { expect, test } from "vitest";
import { isIntact } from "../../../collector/spc/baseline.ts";
import { LotChart, type LotPoint, personalBaseline } from "../../../collector/spc/lot-chart.ts";
import { columnOf } from "../../../collector/spc/numerics/column.ts";
import { SeededNormals } from "../../../collector/spc/numerics/random.ts";
import { predictionLimits } from "../../../collector/spc/small-sample.ts";

const point = (n: number, value: number | undefined, rejected?: string): LotPoint => ({
	...{ lot: `L${n}`, atMs: n * 1_000, value, rejected, revision: 1 },
});

/** Around 50 with a spread of 2 and nothing special: none of 60 signals. */
function calm(count: number): number[] {
	const normals = new SeededNormals(11);
	return Array.from({ length: count }, () => 50 + 2 * Math.max(-1.8, Math.min(1.8, normals.next())));
}

function fed(values: readonly (number | undefined)[]): {
	chart: LotChart;
	judged: ReturnType<LotChart["next"]>[];
} {
	const chart = new LotChart("soak/mean");
	return { chart, judged: values.map((value, index) => chart.next(point(index + 1, value), 9)) };
}

test("three points make no limits; after them they are those for the next value, and a value beyond them signals", () => {
	const { judged } = fed([50, 52, 49, 51, 90]);
	expect(judged.slice(0, 3).map(({ lower }) => lower)).toEqual([undefined, undefined, undefined]);
	const { lower, upper } = predictionLimits(columnOf([50, 52, 49]));
	expect(judged[3]).toMatchObject({ lower, upper, baselineVersion: undefined, signals: [] });
	expect(judged[4]?.signals).toEqual(["beyond-limit"]);
});

test("25 points in control are frozen as version 1, which judges from the next one on", () => {
	const values = calm(26);
	const { chart, judged } = fed(values);
	expect(judged.slice(0, 24).every(({ frozen }) => frozen === undefined)).toBe(true);
	const frozen = judged[24]?.frozen;
	expect(frozen).toMatchObject({
		version: 1,
		n: 25,
		by: "collector",
		chart: "imr",
		characteristic: "soak/mean",
	});
	expect(frozen !== undefined && isIntact(frozen)).toBe(true);
	expect(frozen?.points.map(({ id }) => id)).toEqual(
		Array.from({ length: 25 }, (_, index) => `L${index + 1}`),
	);
	expect(judged[24]?.baselineVersion).toBeUndefined();
	const center = (frozen?.center ?? 0) as number;
	const sigma = frozen?.sigma ?? 0;
	expect(judged[25]).toMatchObject({
		...{
			center,
			lower: center - 3 * sigma,
			upper: center + 3 * sigma,
			baselineVersion: 1,
			frozen: undefined,
		},
	});
	expect(chart.next(point(27, center + 3.01 * sigma), 9).signals).toEqual(["beyond-3-sigma"]);
});

test("out of control at 25 it stays provisional, until a person says what to leave out", () => {
	const values = [...calm(12), 90, ...calm(30).slice(12, 27)];
	const { chart, judged } = fed(values);
	expect(judged.every(({ frozen }) => frozen === undefined)).toBe(true);
	expect(judged[12]?.signals).toEqual(["beyond-limit"]);
	const wanted = {
		...{ version: 1, from: "L1", to: "L28", excluded: [{ lot: "L13", reason: "gas bottle changed" }] },
		...{ by: "M. Weber", reason: "campaign 7" },
	};
	const baseline = personalBaseline("soak/mean", chart.points, wanted, 9);
	expect(baseline).toMatchObject({ n: 27, by: "M. Weber", reason: "campaign 7" });
	expect(baseline.points[12]).toMatchObject({ id: "L13", value: 90, excluded: "gas bottle changed" });
	chart.adopt(baseline);
	expect(chart.next(point(29, 90), 9)).toMatchObject({ baselineVersion: 1, signals: ["beyond-3-sigma"] });
});

test.each([
	[{ from: "L99" }, "expected a lot with a point of soak/mean, found L99"],
	[{ from: "L3", to: "L1" }, "expected L3 before L1"],
	[{ excluded: [{ lot: "L77", reason: "no" }] }, "found L77"],
	[{ from: "L1", to: "L1" }, "soak/mean: expected at least 2 values to estimate from, found 1"],
	[{ by: "" }, "expected a name"],
] as const)("a baseline with %j is refused", (change, message) => {
	const { chart } = fed(calm(5));
	const wanted = { version: 2, from: "L1", to: "L5", excluded: [], by: "M. Weber", reason: "new powder" };
	expect(() => personalBaseline("soak/mean", chart.points, { ...wanted, ...change }, 9)).toThrow(message);
});

test("a rejected point counts nowhere and breaks a run; a missing one, too", () => {
	const { chart } = fed(calm(25));
	const { center, sigma } = chart.baseline ?? { center: 0, sigma: 0 };
	const high = center + 0.5 * sigma;
	for (let n = 26; n <= 33; n++) expect(chart.next(point(n, high), 9).signals).toEqual([]);
	expect(chart.next(point(34, high, "gap: agent_down"), 9).signals).toEqual([]);
	for (let n = 35; n <= 42; n++) expect(chart.next(point(n, high), 9).signals).toEqual([]);
	expect(chart.next(point(43, high), 9).signals).toEqual(["nine-on-one-side"]);
	expect(chart.next(point(44, undefined, "no good value"), 9).signals).toEqual([]);
	expect(chart.next(point(45, high), 9).signals).toEqual([]);
});

test("a lot that is judged again is judged in its old place, and what follows knows the new value", () => {
	const { chart } = fed(calm(25));
	const { center, sigma } = chart.baseline ?? { center: 0, sigma: 0 };
	const high = center + 0.5 * sigma;
	for (let n = 26; n <= 33; n++) chart.next(point(n, n === 30 ? center - sigma : high), 9);
	expect(chart.next(point(30, center + 9 * sigma), 9).signals).toEqual(["beyond-3-sigma"]);
	// Seven were on one side until now; with the corrected one it is nine.
	expect(chart.next(point(34, high), 9).signals).toEqual(["nine-on-one-side"]);
});

test("loaded again it goes on as if it had never stopped", () => {
	const values = [...calm(25), ...Array.from({ length: 8 }, () => 51.5)];
	const { chart } = fed(values);
	const again = new LotChart("soak/mean");
	again.load(chart.points, chart.baseline);
	for (const next of [51.5, 70, 30])
		expect(again.next(point(40 + next, next), 9)).toEqual(chart.next(point(40 + next, next), 9));
});
