import { expect, test } from "vitest";
import { countsBasis, countsChart } from "../../../collector/spc/counts.ts";
import { columnOf } from "../../../collector/spc/numerics/column.ts";
import { usual } from "../../../collector/spc/rules.ts";

/** NIST/SEMATECH e-Handbook 6.3.3.1: defects on 25 wafers of 100 chips, c̄ = 16. */
const wafers = columnOf([
	...[16, 14, 28, 16, 12, 20, 10, 12, 10, 17, 19, 17, 14],
	...[16, 15, 13, 14, 16, 11, 20, 11, 19, 16, 31, 13],
]);

test("the handbook's wafers: limits 4 and 28, a signal on the 24th", () => {
	const chart = countsChart(wafers, countsBasis(wafers), { rules: usual });
	expect(chart.center).toBeCloseTo(16, 10);
	expect([chart.panels[0].lower, chart.panels[0].upper]).toEqual([4, 28]);
	expect([...chart.panels[0].signals]).toEqual([{ index: 24, rule: "beyond-3-sigma" }]);
});

test("there is nothing below no defect", () => {
	const chart = countsChart(columnOf([0, 2, 1]), { center: 1, n: 0 }, { rules: usual });
	expect([chart.panels[0].lower, chart.panels[0].upper]).toEqual([0, 4]);
});

test.each([
	[[3, -1, 2], "expected a count, 0 or a whole number above, found -1", 2],
	[[3, 2, 1.5], "expected a count, 0 or a whole number above, found 1.5", 3],
])("%j are no counts", (counts, message, first) => {
	expect(() => countsChart(columnOf(counts), { center: 2, n: 0 }, { rules: usual })).toThrow(
		expect.objectContaining({ message, first }),
	);
});

test("zeros alone have no limits", () => {
	expect(() => countsBasis(columnOf([0, 0, 0]))).toThrow("found 0 in all of them");
	expect(() => countsBasis(columnOf([4]))).toThrow("at least 2 counts");
});
