import { expect, test } from "vitest";
import { columnOf } from "../../../collector/spc/numerics/column.ts";
import { SeededNormals } from "../../../collector/spc/numerics/random.ts";
import { autocorrelation, autocorrelationLimit, grubbs } from "../../../collector/spc/suspicion.ts";
import { lew, mavro, michelso } from "../../fixtures/spc/strd.ts";

test("the handbook's outlier (NIST 1.3.5.17.1)", () => {
	const values = columnOf([199.31, 199.53, 200.19, 200.82, 201.92, 201.95, 202.18, 245.57]);
	const found = grubbs(values, { side: "upper" });
	expect(found?.g).toBeCloseTo(2.468765, 6);
	expect(found?.critical).toBeCloseTo(2.031652, 6);
	expect(found).toMatchObject({ index: 7, outlier: true });
	// Of eight values none can be three standard deviations away, however far it is.
	expect(found?.g).toBeLessThan(7 / Math.sqrt(8));
	expect(grubbs(values, { side: "lower" })?.outlier).toBe(false);
	expect(grubbs(values)?.critical).toBeGreaterThan(2.031652);
});

test("normal values have an outlier in one of twenty samples", () => {
	const normals = new SeededNormals(20_261_123);
	const runs = 8_000;
	let found = 0;
	for (let run = 0; run < runs; run++)
		if (grubbs(columnOf(Array.from({ length: 12 }, () => normals.next())))?.outlier) found++;
	expect(Math.abs(found / runs - 0.05)).toBeLessThan(0.008);
});

const alternating = (first: number, low: number, high: number) =>
	columnOf([first, ...Array.from({ length: 500 }, () => [low, high]).flat()]);

test.each([
	["NumAcc1", columnOf([10_000_001, 10_000_003, 10_000_002]), -0.5, 14],
	["NumAcc2", alternating(1.2, 1.1, 1.3), -0.999, 12],
	["NumAcc3", alternating(1_000_000.2, 1_000_000.1, 1_000_000.3), -0.999, 9],
	["NumAcc4", alternating(10_000_000.2, 10_000_000.1, 10_000_000.3), -0.999, 8],
	["Michelso", columnOf(michelso), 0.535199668621283, 12],
	["Mavro", columnOf(mavro), 0.937989183438248, 12],
	["Lew", columnOf(lew), -0.307304800605679, 13],
] as const)("%s: the lag-1 autocorrelation is the certified one", (_, values, certified, digits) => {
	const found = autocorrelation(values) ?? 0;
	expect(Math.abs(found / certified - 1)).toBeLessThan(10 ** -digits);
});

test("a missing value has no neighbours, and without variation there is nothing to say", () => {
	expect(autocorrelation(columnOf([1, 2, undefined, 3]))).toBeCloseTo(0 / 2, 12);
	expect(autocorrelation(columnOf([2, 2, 2]))).toBeUndefined();
	expect(grubbs(columnOf([2, 2, 2]))).toBeUndefined();
	expect(grubbs(columnOf([1, undefined, 2]))).toBeUndefined();
	expect(grubbs(columnOf([1, undefined, 1.1, 1.2, 9]), { side: "upper" })).toMatchObject({ index: 4 });
});

test("independent values stay within the limit in nineteen of twenty cases", () => {
	const normals = new SeededNormals(20_261_123);
	const runs = 2_000;
	let outside = 0;
	for (let run = 0; run < runs; run++) {
		const r = autocorrelation(columnOf(Array.from({ length: 80 }, () => normals.next()))) ?? 0;
		if (Math.abs(r) > autocorrelationLimit(80)) outside++;
	}
	expect(outside / runs).toBeGreaterThan(0.03);
	expect(outside / runs).toBeLessThan(0.06);
});
