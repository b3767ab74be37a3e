import { expect, test } from "vitest";
import { normalQuantile } from "../../../collector/spc/numerics/distributions.ts";
import {
	nelson,
	type Point,
	type RuleName,
	RunRules,
	usual,
	westernElectric,
} from "../../../collector/spc/rules.ts";
import { Seeded } from "../../delivery/seeded.ts";

/** Signals as rule number of Nelson's set → indexes from 1. */
function signals(points: readonly Point[], names: readonly RuleName[] = nelson): Record<string, number[]> {
	const rules = new RunRules(names);
	const found: Record<string, number[]> = {};
	for (const [index, z] of points.entries())
		for (const name of rules.next(z)) {
			const key = `N${names.indexOf(name) + 1}`;
			found[key] = [...(found[key] ?? []), index + 1];
		}
	return found;
}

const times = (count: number, ...points: number[]): number[] =>
	Array.from({ length: count }, () => points).flat();

// Vectors on which two independent implementations agree.
test.each([
	["A", [0.5, -0.4, 3.01, 0.2, -3.01, 3, -3], { N1: [3, 5], N5: [7] }],
	[
		"B",
		[-0.5, ...times(9, 0.4), -0.5, ...times(10, -0.4)],
		{ N2: [10, 19, 20, 21], N7: [15, 16, 17, 18, 19, 20, 21] },
	],
	["C, zero breaks the run", [...times(5, 0.4), 0, ...times(5, 0.4)], {}],
	["D", [0, -1.2, -0.8, -0.4, 0.1, 0.5, 0.9, 0.2], { N3: [7] }],
	["E, a tie breaks", [-1.2, -0.8, -0.4, -0.4, 0.1, 0.5, 0.9], {}],
	["F", [...times(3, 0.1, -0.1, 0.2, -0.2), 0.1, -0.1, 0.5, 0.6], { N4: [14, 15], N7: [15, 16] }],
	["H, exactly two sigma", [0, 2, 2, 2, 0], {}],
	["J", [1.5, ...times(5, 0.3, -0.3, 0.3), -1.5], { N7: [16] }],
	["M, fewer than three points", [2.5, 2.6, 0, 0, 0], {}],
] as const)("vector %s", (_, points, expected) => {
	expect(signals(points)).toEqual(expected);
});

test("eight outside of one sigma lie on both sides, and a missing point breaks every pattern", () => {
	expect(signals(times(8, 1.5)).N8).toBeUndefined();
	expect(signals(times(4, 1.5, -1.5)).N8).toEqual([8]);
	expect(signals([...times(8, 0.4), undefined, ...times(8, 0.4)])).toEqual({});
	expect(signals([1.1, 1.1, 1.1, undefined, 1.1])).toEqual({});
});

/** The mean number of points to the first signal of a process in control, over `runs` runs. */
function runLength(names: readonly RuleName[], runs: number, shift = 0): number {
	const random = new Seeded(20_261_123);
	// Wide steps of the quantile function would show; a table of 2^16 of them does not.
	const table = Float64Array.from({ length: 65_536 }, (_, index) => normalQuantile((index + 0.5) / 65_536));
	let points = 0;
	for (let run = 0; run < runs; run++) {
		const rules = new RunRules(names);
		do points++;
		while (rules.next((table[random.from(0, 65_535)] as number) + shift).length === 0);
	}
	return points / runs;
}

test.each([
	["beyond three sigma", ["beyond-3-sigma"], 0, 370.4],
	["nine on one side", ["nine-on-one-side"], 0, 511],
	["the usual two", usual, 0, 216.7],
	["Western Electric's four", westernElectric, 0, 91.75],
	["Western Electric's four, one sigma off", westernElectric, 1, 9.22],
	["all eight of Nelson's", nelson, 0, 73.4],
] as const)("a false signal of %s comes as seldom as it should", (_, names, shift, expected) => {
	const runs = shift === 0 ? 12_000 : 30_000;
	expect(Math.abs(runLength(names, runs, shift) / expected - 1)).toBeLessThan(0.03);
});
