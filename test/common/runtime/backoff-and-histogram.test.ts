import fc from "fast-check";
import { expect, test } from "vitest";
import { Backoff } from "../../../common/runtime/backoff.ts";
import { Histogram, RollingHistogram } from "../../../common/runtime/histogram.ts";

test("pauses grow to their maximum and stay within the upper half of each step", () => {
	fc.assert(
		fc.property(
			fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 12, maxLength: 12 }),
			(dice) => {
				let at = 0;
				const backoff = new Backoff(
					{ initialMs: 100, maximumMs: 1_600, factor: 2 },
					() => dice[at++] as number,
				);
				for (const step of [100, 200, 400, 800, 1_600, 1_600, 1_600]) {
					const pauseMs = backoff.nextMs();
					expect(pauseMs).toBeGreaterThanOrEqual(step / 2);
					expect(pauseMs).toBeLessThanOrEqual(step);
				}
				backoff.reset();
				expect(backoff.nextMs()).toBeLessThanOrEqual(100);
			},
		),
	);
});

test("a percentile is right to within five per cent, whatever the values", () => {
	fc.assert(
		fc.property(
			fc.array(fc.double({ min: 0.2, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 200 }),
			(values) => {
				const histogram = new Histogram();
				for (const value of values) histogram.add(value);
				const sorted = values.toSorted((a, b) => a - b);
				for (const share of [0.5, 0.99, 1]) {
					const exact = sorted[Math.ceil(share * sorted.length) - 1] as number;
					expect(histogram.percentile(share)).toBeGreaterThanOrEqual(exact * 0.999);
					expect(histogram.percentile(share)).toBeLessThanOrEqual(exact * 1.051);
				}
				expect(histogram.summary()).toMatchObject({ count: values.length });
			},
		),
	);
});

test("weights count, and nothing at all is zero", () => {
	const histogram = new Histogram();
	expect(histogram.summary()).toEqual({ p50: 0, p99: 0, max: 0, count: 0 });
	histogram.add(10, 99);
	histogram.add(1_000, 1);
	expect(histogram.percentile(0.5)).toBeLessThan(11);
	expect(histogram.percentile(0.995)).toBeGreaterThan(900);
});

test("what is older than the period is forgotten", () => {
	const rolling = new RollingHistogram(30_000);
	rolling.add(1_000, 10, 0);
	rolling.add(10, 10, 20_000);
	expect(rolling.summary(20_000)).toMatchObject({ count: 20, max: 1_000 });
	expect(rolling.summary(45_000)).toMatchObject({ count: 10, max: 10 });
	expect(rolling.summary(500_000)).toMatchObject({ count: 0, max: 0 });
});
