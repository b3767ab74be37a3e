import { expect, test } from "vitest";
import { indices } from "../../../collector/spc/capability.ts";
import { normalQuantile } from "../../../collector/spc/numerics/distributions.ts";
import { Moments } from "../../../collector/spc/numerics/moments.ts";
import { Seeded } from "../../delivery/seeded.ts";

test("the handbook's example (NIST 6.1.6), with a target", () => {
	const found = indices(16, 2, 50, { lower: 8, upper: 20, target: 14 });
	expect(found?.spread?.value).toBeCloseTo(1, 12);
	expect([found?.lower, found?.upper].map((value) => value?.toFixed(4))).toEqual(["1.3333", "0.6667"]);
	expect(found?.worst.value).toBeCloseTo(0.6667, 4);
	expect(found?.target).toBeCloseTo(Math.SQRT1_2, 6);
});

test("the piston rings: indices of the printed mean and sigma, and the interval of Cp", () => {
	const specification = { lower: 73.95, upper: 74.05, target: 74 };
	const capability = indices(74.001176, 0.00978504, 125, specification);
	expect(capability?.spread?.value).toBeCloseTo(1.70328, 4);
	expect(capability?.spread?.interval?.lower).toBeCloseTo(1.49141, 4);
	expect(capability?.spread?.interval?.upper).toBeCloseTo(1.91483, 4);
	expect(capability?.lower).toBeCloseTo(1.74334, 4);
	expect(capability?.upper).toBeCloseTo(1.66322, 4);
	expect(capability?.target).toBeCloseTo(1.69111, 4);
	const performance = indices(74.001176, 0.01006997, 125, specification);
	expect(performance?.spread?.value).toBeCloseTo(1.65509, 4);
	expect(performance?.worst.value).toBeCloseTo(1.61616, 4);
	expect(performance?.target).toBeCloseTo(1.64391, 4);
});

test.each([
	[5, 0.36, 2.3],
	[10, 0.68, 1.98],
	[20, 0.88, 1.78],
	[30, 0.97, 1.69],
	[50, 1.05, 1.61],
	[100, 1.13, 1.53],
])("of %i values a Cpk of 1.33 may be anything between two numbers", (n, lower, upper) => {
	const { interval } = indices(0, 1, n, { upper: 3 * 1.33 })?.worst ?? {};
	expect(interval?.lower).toBeCloseTo(lower, 2);
	expect(interval?.upper).toBeCloseTo(upper, 2);
});

test("one limit has no spread; none, or no variation, has nothing at all", () => {
	expect(indices(5, 1, 30, { upper: 8 })).toMatchObject({
		spread: undefined,
		lower: undefined,
		target: undefined,
	});
	expect(indices(5, 1, 30, {})).toBeUndefined();
	for (const sigma of [0, Number.NaN, Number.POSITIVE_INFINITY])
		expect(indices(5, sigma, 30, { upper: 8 })).toBeUndefined();
	expect(indices(5, 1, 1, { lower: 2, upper: 8 })).toMatchObject({ spread: { interval: undefined } });
});

test("in nineteen of twenty samples the intervals hold the truth", () => {
	const random = new Seeded(20_261_123);
	const specification = { lower: -4, upper: 4.5 };
	const [truth, runs] = [4 / 3, 4_000];
	let [spreads, worsts] = [0, 0];
	for (let run = 0; run < runs; run++) {
		const moments = new Moments();
		for (let n = 0; n < 40; n++) moments.add(normalQuantile((random.from(0, 999_999) + 0.5) / 1_000_000));
		const found = indices(moments.mean, moments.standardDeviation, 40, specification);
		const holds = (interval: { lower: number; upper: number } | undefined, value: number) =>
			interval !== undefined && interval.lower <= value && value <= interval.upper;
		if (holds(found?.spread?.interval, 8.5 / 6)) spreads++;
		if (holds(found?.worst.interval, truth)) worsts++;
	}
	expect(Math.abs(spreads / runs - 0.95)).toBeLessThan(0.012);
	// The one of the worst side is an approximation, and a little too often right.
	expect(Math.abs(worsts / runs - 0.95)).toBeLessThan(0.025);
});
