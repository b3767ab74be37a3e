import fc from "fast-check";
import { expect, test } from "vitest";
import {
	individualsLimits,
	knownLimits,
	movingRanges,
	standardised,
} from "../../../collector/spc/individuals.ts";
import { nelson, RunRules } from "../../../collector/spc/rules.ts";

/** NIST/SEMATECH e-Handbook 6.3.2.2. */
const flowRate = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1];

test("the published flow rates: ranges, limits with printed and exact constants, no signal", () => {
	const ranges = [2.0, 2.3, 1.4, 3.5, 3.4, 1.4, 0.2, 1.2, 1.5];
	for (const [index, range] of movingRanges(flowRate).entries())
		expect(range).toBeCloseTo(ranges[index] as number, 10);
	const nist = individualsLimits(flowRate, "nist");
	expect(nist?.center).toBeCloseTo(50.81, 10);
	expect(nist?.range?.center).toBeCloseTo(1.8778, 4);
	expect(nist?.upper).toBeCloseTo(55.8041, 4);
	expect(nist?.lower).toBeCloseTo(45.8159, 4);
	const exact = individualsLimits(flowRate);
	expect(exact?.upper).toBeCloseTo(55.802412, 6);
	expect(exact?.lower).toBeCloseTo(45.817588, 6);
	expect(exact?.range?.upper).toBeCloseTo(6.133821, 6);
	const rules = new RunRules(nelson);
	const limits = exact ?? knownLimits(0, 1);
	expect(standardised(flowRate, limits).flatMap((z) => rules.next(z))).toEqual([]);
});

test("a missing value breaks the moving ranges on both sides of it", () => {
	expect(movingRanges([1, 3, undefined, 8, 9])).toEqual([2, undefined, undefined, 1]);
	expect(individualsLimits([1, 3, undefined, 8, 9])).toMatchObject({
		n: 4,
		center: 5.25,
		range: { center: 1.5 },
	});
});

test("without a range or without variation there are no limits", () => {
	for (const values of [[], [5], [5, undefined, 6], [5, 5, 5]])
		expect(individualsLimits(values)).toBeUndefined();
});

test("limits move and stretch with the values", () => {
	fc.assert(
		fc.property(
			fc.array(fc.integer({ min: -1_000, max: 1_000 }), { minLength: 3, maxLength: 40 }),
			fc.integer({ min: -500, max: 500 }),
			fc.integer({ min: 1, max: 50 }),
			(values, shift, scale) => {
				const limits = individualsLimits(values);
				const moved = individualsLimits(values.map((value) => value * scale + shift));
				if (limits === undefined) return expect(moved).toBeUndefined();
				expect(moved?.sigma).toBeCloseTo(limits.sigma * scale, 6);
				expect(moved?.upper).toBeCloseTo(limits.upper * scale + shift, 6);
			},
		),
		{ seed: 20_261_123 },
	);
});
