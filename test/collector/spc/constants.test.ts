import { expect, test } from "vitest";
import { chartConstants, subgroupMax } from "../../../collector/spc/constants.ts";

// Exact by quadrature, to six digits.
test.each([
	[2, 1.128379, 0.852502, 0.797885],
	[3, 1.692569, 0.888368, 0.886227],
	[4, 2.058751, 0.879808, 0.921318],
	[5, 2.325929, 0.864082, 0.939986],
	[6, 2.534413, 0.84804, 0.951533],
	[7, 2.704357, 0.833205, 0.959369],
	[8, 2.847201, 0.819831, 0.96503],
	[9, 2.970026, 0.807834, 0.969311],
	[10, 3.077505, 0.797051, 0.972659],
	[15, 3.471827, 0.756211, 0.982316],
	[20, 3.73495, 0.728686, 0.986934],
	[25, 3.930629, 0.708441, 0.98964],
])("subgroups of %i", (size, d2, d3, c4) => {
	const found = chartConstants(size);
	expect(Math.abs(found.d2 - d2)).toBeLessThanOrEqual(5.1e-7);
	expect(Math.abs(found.d3 - d3)).toBeLessThanOrEqual(5.1e-7);
	expect(Math.abs(found.c4 - c4)).toBeLessThanOrEqual(5.1e-7);
});

test("of two and three values they have closed forms, and printed ones are as printed", () => {
	expect(chartConstants(2).d2).toBeCloseTo(2 / Math.sqrt(Math.PI), 12);
	expect(chartConstants(3).d2).toBeCloseTo(3 / Math.sqrt(Math.PI), 12);
	expect(chartConstants(2).d3).toBeCloseTo(Math.sqrt(2 - 4 / Math.PI), 8);
	expect(chartConstants(2, "nist").d2).toBe(1.128);
	// Where nothing is printed the exact ones stand.
	expect(chartConstants(30, "nist")).toEqual(chartConstants(30));
});

test.each([1, 0, 2.5, subgroupMax + 1, Number.NaN])("there are none for %d values", (size) => {
	expect(() => chartConstants(size)).toThrow(`expected subgroups of 2 to 100 values, found ${size}`);
});
