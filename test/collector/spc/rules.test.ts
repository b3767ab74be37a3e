import { expect, test } from "vitest";
import { nelson, type RuleName, RunRules, ruleNames, westernElectric } from "../../../collector/spc/rules.ts";

const nothing = Number.NaN;

/** Signals as rule number of Nelson's set → indexes from 1. */
function signals(points: readonly number[], names: readonly RuleName[] = nelson): Record<string, number[]> {
	const rules = new RunRules(names);
	const found: Record<string, number[]> = {};
	for (const [index, z] of points.entries()) {
		const mask = rules.next(z);
		for (const [rule, name] of ruleNames.entries()) {
			if (((mask >> rule) & 1) === 0) continue;
			const key = `N${names.indexOf(name) + 1}`;
			found[key] = [...(found[key] ?? []), index + 1];
		}
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

test("four of five: the flagged point is beyond, and there are five points", () => {
	expect(signals([1.5, 1.5, 1.5, 1.5])).toEqual({});
	expect(signals([1.5, 1.5, 0.5, 1.5, 1.5])).toEqual({ N6: [5] });
	expect(signals([1.5, 1.5, 1.5, 1.5, 0.5])).toEqual({});
	expect(signals([1.5, 1.5, -1.5, 1.5, 1, 1.5])).toEqual({});
	expect(signals([0.1, 2.5, -0.1, 2.5])).toEqual({ N5: [4] });
});

test("Western Electric's run on one side is eight, and only rules of the set are told", () => {
	expect(signals(times(8, 0.4), westernElectric)).toEqual({ N4: [8] });
	expect(signals(times(9, 0.4), ["nine-on-one-side"])).toEqual({ N1: [9] });
	expect(signals([9, -9, 9, -9], [])).toEqual({});
});

test("eight outside of one sigma lie on both sides", () => {
	expect(signals(times(8, 1.5)).N8).toBeUndefined();
	expect(signals(times(4, 1.5, -1.5)).N8).toEqual([8]);
	expect(signals([-1.5, ...times(7, 1.5), 1.5]).N8).toEqual([8]);
	expect(signals([-1.5, ...times(8, 1.5)]).N8).toEqual([8]);
});

test("a missing point breaks every pattern", () => {
	expect(signals([...times(8, 0.4), nothing, ...times(8, 0.4)])).toEqual({});
	expect(signals([1.1, 1.1, 1.1, nothing, 1.1, 1.1])).toEqual({});
	expect(signals([2.5, nothing, 2.5, 0.1])).toEqual({});
	expect(signals([0, 0.1, 0.2, nothing, 0.3, 0.4, 0.5])).toEqual({});
	expect(signals(times(7, 0.1, -0.2).flatMap((z, at) => (at === 7 ? [nothing, z] : [z])))).toEqual({});
	expect(signals([...times(14, 0.4, 0.3), nothing, 0.4]).N7).toEqual(
		Array.from({ length: 14 }, (_, index) => 15 + index),
	);
	expect(signals([...times(2, 1.5, -1.5), nothing, ...times(3, 1.5, -1.5)]).N8).toBeUndefined();
});
