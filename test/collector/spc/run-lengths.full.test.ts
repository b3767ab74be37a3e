import { expect, test } from "vitest";
import {
	cusumFalseAlarms,
	estimatedFalseAlarm,
	ewmaFalseAlarms,
	ruleFalseAlarms,
} from "../../../collector/spc/false-alarms.ts";
import { SeededNormals } from "../../../collector/spc/numerics/random.ts";
import { nelson, type RuleName, RunRules, usual, westernElectric } from "../../../collector/spc/rules.ts";

const seed = 20_261_123;

/** The mean number of points to the first signal. */
function runLength(shift: number, alarms: (z: number) => boolean, restart: () => void): number {
	const normals = new SeededNormals(seed);
	let points = 0;
	for (let run = 0; run < runs; run++) {
		restart();
		do points++;
		while (!alarms(normals.next() + shift));
	}
	return points / runs;
}

/** Runs for a standard error of about one per cent: run lengths in control are spread like their mean. */
const runs = 12_000;

function near(found: number, expected: number): void {
	expect(Math.abs(found / expected - 1), `${found.toFixed(2)} for ${expected}`).toBeLessThan(0.03);
}

/**
 * The published chains begin as if points in the middle had come before, so that "two of three" may be the first two. Here it
 * takes three points; four in the middle before each run make the same beginning.
 */
function ofRules(names: readonly RuleName[], shift: number, expected: number): void {
	const rules = new RunRules(names);
	const begin = () => {
		rules.restart();
		for (let before = 0; before < 4; before++) rules.next(0);
	};
	near(
		runLength(shift, (z) => rules.next(z) !== 0, begin),
		expected,
	);
}

test.each([
	["beyond-3-sigma", 370.4],
	["nine-on-one-side", 511],
	["six-rising-or-falling", 421],
	["fourteen-alternating", 601],
	["two-of-three-beyond-2-sigma", 510],
	["four-of-five-beyond-1-sigma", 293],
	["fifteen-within-1-sigma", 971],
] as const)("alone and in control, %s signals every %d points", (name, expected) => {
	ofRules([name], 0, expected);
});

test.each([
	["the usual two", usual, 216.7],
	["the first four of Nelson's", nelson.slice(0, 4), 119.4],
	["one, two, five and six", [...usual, nelson[4], nelson[5]] as RuleName[], 109.05],
	["all eight of Nelson's", nelson, 73.4],
] as const)("in control, %s signal every so many points", (_, names, expected) => {
	ofRules(names, 0, expected);
});

const [one, two, three, four] = westernElectric as [RuleName, RuleName, RuleName, RuleName];
// Champ and Woodall, Technometrics 29 (1987): shifts of 0, 0.5, 1 and 2 sigmas.
test.each([
	[[one], [370.4, 155.22, 43.89, 6.3]],
	[
		[one, two],
		[225.44, 77.72, 20, 3.65],
	],
	[
		[one, three],
		[166.05, 46.18, 12.66, 3.68],
	],
	[
		[one, four],
		[152.73, 44.28, 14.58, 4.89],
	],
	[westernElectric, [91.75, 27.33, 9.22, 3.13]],
] as const)("Western Electric's %j", (names, expected) => {
	for (const [index, shift] of [0, 0.5, 1, 2].entries()) ofRules(names, shift, expected[index] as number);
});

test.each([
	[4, [167.68, 74.22, 26.63, 8.38, 3.34, 2.19]],
	[4.77, [368.56, 121.3, 35.21, 9.92, 3.86, 2.48]],
	[5, [465.44, 139.5, 38, 10.38, 4.01, 2.57]],
] as const)("sums with k = 0.5 and h = %d", (h, expected) => {
	for (const [index, shift] of [0, 0.25, 0.5, 1, 2, 3].entries()) {
		let [high, low] = [0, 0];
		const found = runLength(
			shift,
			(z) => {
				high = Math.max(0, high + z - 0.5);
				low = Math.max(0, low - z - 0.5);
				return high > h || low > h;
			},
			() => {
				high = 0;
				low = 0;
			},
		);
		near(found, expected[index] as number);
	}
});

test.each([
	[0.4, 3.054, [499.95, 71.2, 14.26, 3.52, 2.02]],
	[0.25, 2.998, [499.84, 48.29, 11.14, 3.61, 2.26]],
	[0.2, 2.962, [499.74, 41.76, 10.54, 3.74, 2.38]],
	[0.1, 2.814, [499.58, 31.3, 10.33, 4.36, 2.87]],
	[0.05, 2.615, [499.93, 28.76, 11.38, 5.23, 3.5]],
] as const)("moving averages with λ = %d and L = %d", (lambda, width, expected) => {
	const limit = width * Math.sqrt(lambda / (2 - lambda));
	for (const [index, shift] of [0, 0.5, 1, 2, 3].entries()) {
		let average = 0;
		const found = runLength(
			shift,
			(z) => {
				average = lambda * z + (1 - lambda) * average;
				return Math.abs(average) > limit;
			},
			() => {
				average = 0;
			},
		);
		near(found, expected[index] as number);
	}
});

test("what a user is told is what the tables say, counted where no table has it", () => {
	expect(ruleFalseAlarms([...usual].reverse())).toEqual({ runLength: 216.7, by: "exact" });
	expect(ruleFalseAlarms([])).toEqual({ runLength: undefined, by: "exact" });
	const some = ruleFalseAlarms(nelson.slice(0, 4));
	expect(some.by).toBe("counted");
	near(some.runLength ?? 0, 119.4);
	near(cusumFalseAlarms(0.5, 4).runLength ?? 0, 167.68);
	near(ewmaFalseAlarms(0.2, 2.962).runLength ?? 0, 499.74);
	expect(cusumFalseAlarms(5, 50).runLength).toBeUndefined();
	expect(estimatedFalseAlarm(10)).toBe(0.0235);
	expect(estimatedFalseAlarm(12)).toBeGreaterThan(0.0146);
	expect(estimatedFalseAlarm(12)).toBeLessThan(0.0235);
	expect(estimatedFalseAlarm(3_000)).toBeCloseTo(0.00274, 5);
	expect([estimatedFalseAlarm(4), estimatedFalseAlarm(5)]).toEqual([undefined, 0.0567]);
});
