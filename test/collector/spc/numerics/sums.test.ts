import fc from "fast-check";
import { expect, test } from "vitest";
import { Moments } from "../../../../collector/spc/numerics/moments.ts";
import {
	CompensatedSum,
	meanOf,
	squaredDeviations,
	standardDeviation,
} from "../../../../collector/spc/numerics/sums.ts";
import { lew, mavro, michelso } from "../../../fixtures/spc/strd.ts";

const alternating = (first: number, low: number, high: number) => [
	first,
	...Array.from({ length: 500 }, () => [low, high]).flat(),
];

/** Correct significant digits. */
const digits = (found: number, certified: number): number =>
	found === certified ? 15 : -Math.log10(Math.abs(found - certified) / Math.abs(certified));

/** Certified mean and standard deviation, and the digits of the latter that doubles allow. */
const certified: readonly [string, readonly number[], number, number, number][] = [
	["NumAcc1", [10_000_001, 10_000_003, 10_000_002], 10_000_002, 1, 14],
	["NumAcc2", alternating(1.2, 1.1, 1.3), 1.2, 0.1, 13],
	["NumAcc3", alternating(1_000_000.2, 1_000_000.1, 1_000_000.3), 1_000_000.2, 0.1, 9],
	["NumAcc4", alternating(10_000_000.2, 10_000_000.1, 10_000_000.3), 10_000_000.2, 0.1, 8],
	["Michelso", michelso, 299.8524, 0.0790105478190518, 12],
	["Mavro", mavro, 2.001856, 0.000429123454003053, 12],
	["Lew", lew, -177.435, 277.332168044316, 14],
];

test.each(certified)(
	"%s: mean and standard deviation are the certified ones",
	(_, values, mean, spread, least) => {
		const moments = new Moments();
		for (const value of values) moments.add(value);
		expect(digits(meanOf(values), mean)).toBeGreaterThanOrEqual(13.9);
		expect(digits(moments.mean, mean)).toBeGreaterThanOrEqual(13);
		expect(digits(standardDeviation(values), spread)).toBeGreaterThanOrEqual(least);
		expect(digits(moments.standardDeviation, spread)).toBeGreaterThanOrEqual(least - 1);
	},
);

test("a sum of squares less the squared sum would not do: it has a negative variance", () => {
	const values = alternating(10_000_000.2, 10_000_000.1, 10_000_000.3);
	const naive =
		values.reduce((sum, x) => sum + x * x, 0) - values.reduce((sum, x) => sum + x, 0) ** 2 / values.length;
	expect(Math.abs(naive / squaredDeviations(values) - 1)).toBeGreaterThan(0.5);
});

test("a sum loses nothing to the order of its terms", () => {
	const sum = new CompensatedSum();
	for (const term of [1, 1e100, 1, -1e100]) sum.add(term);
	expect(sum.value).toBe(2);
});

test("two counts together are the count of both, and too few values have no spread", () => {
	fc.assert(
		fc.property(
			fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 50 }),
			fc.nat(50),
			(values, at) => {
				const [left, right, whole] = [new Moments(), new Moments(), new Moments()];
				for (const [index, value] of values.entries()) {
					(index < at ? left : right).add(value);
					whole.add(value);
				}
				left.merge(right);
				expect(left.count).toBe(whole.count);
				expect(left.mean).toBeCloseTo(whole.mean, 6);
				if (values.length > 1) expect(left.standardDeviation).toBeCloseTo(whole.standardDeviation, 4);
			},
		),
		{ seed: 20_261_123 },
	);
	expect([new Moments().mean, standardDeviation([1]), meanOf([])]).toEqual([
		Number.NaN,
		Number.NaN,
		Number.NaN,
	]);
});
