import fc from "fast-check";
import { expect, test } from "vitest";
import { NoChart } from "../../../collector/spc/chart.ts";
import {
	individualsBasis,
	individualsChart,
	knownBasis,
	movingRanges,
} from "../../../collector/spc/individuals.ts";
import { columnOf } from "../../../collector/spc/numerics/column.ts";
import { standardDeviation } from "../../../collector/spc/numerics/sums.ts";
import { nelson, usual } from "../../../collector/spc/rules.ts";
import { flowRate } from "../../fixtures/spc/published.ts";

const rates = columnOf(flowRate);

test("the published flow rates: ranges, limits with printed and exact constants, no signal", () => {
	const ranges = [2.0, 2.3, 1.4, 3.5, 3.4, 1.4, 0.2, 1.2, 1.5];
	for (const [index, range] of movingRanges(rates).slice(1).entries())
		expect(range).toBeCloseTo(ranges[index] as number, 10);
	const nist = individualsChart(rates, individualsBasis(rates, "nist"), { rules: nelson, constants: "nist" });
	expect(nist.center).toBeCloseTo(50.81, 10);
	expect(nist.panels[1]?.center).toBeCloseTo(1.8778, 4);
	expect(Math.abs((nist.panels[0].upper as number) - 55.8041)).toBeLessThan(6e-5);
	expect(Math.abs((nist.panels[0].lower as number) - 45.8159)).toBeLessThan(6e-5);
	expect(Math.abs((nist.panels[1]?.upper as number) - 6.1347)).toBeLessThan(6e-5);
	const exact = individualsChart(rates, individualsBasis(rates), { rules: nelson });
	expect(exact.panels[0].upper).toBeCloseTo(55.802412, 6);
	expect(exact.panels[0].lower).toBeCloseTo(45.817588, 6);
	expect(exact.panels[1]?.upper).toBeCloseTo(6.133821, 6);
	expect(standardDeviation(rates)).toBeCloseTo(2.033852, 6);
	expect([...exact.panels.flatMap(({ signals }) => [...signals])]).toEqual([]);
	expect(exact.provisional?.points).toBe(10);
});

test("a missing value breaks the moving ranges on both sides of it, and the chart's runs", () => {
	const values = columnOf([1, 3, undefined, 8, 9]);
	expect([...movingRanges(values)]).toEqual([Number.NaN, 2, Number.NaN, Number.NaN, 1]);
	expect(individualsBasis(values)).toMatchObject({ n: 4, center: 5.25, meanRange: 1.5 });
	const one = Array.from({ length: 17 }, () => 0.5);
	const whole = individualsChart(columnOf(one), knownBasis(0, 1), { rules: usual });
	expect(whole.panels[0].signals.length).toBe(9);
	const broken = columnOf(one.map((value, index) => (index === 8 ? undefined : value)));
	expect(individualsChart(broken, knownBasis(0, 1), { rules: usual }).panels[0].signals.length).toBe(0);
});

test.each([
	[[], "expected at least 2 values to estimate from, found 0"],
	[[5], "expected at least 2 values to estimate from, found 1"],
	[[5, undefined, 6], "expected two values side by side, found a gap behind each value"],
	[[5, 5, 5], "expected values that differ, found 5 in all of them"],
])("of %j there is no chart", (values, message) => {
	expect(() => individualsBasis(columnOf(values))).toThrow(new NoChart(message));
});

test("limits move and stretch with the values, and signals stay where they are", () => {
	fc.assert(
		fc.property(
			fc.array(fc.integer({ min: -1_000, max: 1_000 }), { minLength: 3, maxLength: 40 }),
			fc.integer({ min: -500, max: 500 }),
			fc.integer({ min: 1, max: 50 }),
			(values, shift, scale) => {
				fc.pre(new Set(values).size > 1);
				const chart = (column: readonly number[]) => {
					const own = columnOf(column);
					return individualsChart(own, individualsBasis(own), { rules: usual });
				};
				const before = chart(values);
				const moved = chart(values.map((value) => value * scale + shift));
				expect(moved.sigma).toBeCloseTo(before.sigma * scale, 6);
				expect(moved.panels[0].upper).toBeCloseTo((before.panels[0].upper as number) * scale + shift, 6);
				expect(moved.provisional?.lower).toBeCloseTo(
					(before.provisional?.lower as number) * scale + shift,
					5,
				);
			},
		),
		{ seed: 20_261_123 },
	);
});

test("with 25 points limits are no longer provisional", () => {
	const values = (count: number) => columnOf(Array.from({ length: count }, (_, index) => index % 3));
	expect(individualsBasis(values(24)).next).toBeDefined();
	expect(individualsBasis(values(25)).next).toBeUndefined();
});
