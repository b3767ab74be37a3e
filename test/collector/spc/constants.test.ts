import { expect, test } from "vitest";
import { c4Of, chartConstants, subgroupMax } from "../../../collector/spc/constants.ts";

// Exact by quadrature, to six digits: d2, d3, c4, A2, D3, D4, A3, B3, B4.
test.each([
	[2, 1.128379, 0.852502, 0.797885, 1.879971, 0, 3.266532, 2.658681, 0, 3.266532],
	[3, 1.692569, 0.888368, 0.886227, 1.023327, 0, 2.574591, 1.95441, 0, 2.56817],
	[4, 2.058751, 0.879808, 0.921318, 0.728597, 0, 2.282052, 1.628103, 0, 2.266047],
	[5, 2.325929, 0.864082, 0.939986, 0.576819, 0, 2.114499, 1.427299, 0, 2.088998],
	[6, 2.534413, 0.84804, 0.951533, 0.483246, 0, 2.00383, 1.287128, 0.030363, 1.969637],
	[7, 2.704357, 0.833205, 0.959369, 0.419284, 0.075708, 1.924292, 1.181916, 0.117685, 1.882315],
	[8, 2.847201, 0.819831, 0.96503, 0.372527, 0.136171, 1.863829, 1.099095, 0.18509, 1.81491],
	[9, 2.970026, 0.807834, 0.969311, 0.336697, 0.184013, 1.815987, 1.031661, 0.239133, 1.760867],
	[10, 3.077505, 0.797051, 0.972659, 0.308264, 0.223023, 1.776977, 0.97535, 0.283706, 1.716294],
	[15, 3.471827, 0.756211, 0.982316, 0.223109, 0.346559, 1.653441, 0.788541, 0.4282, 1.5718],
	[20, 3.73495, 0.728686, 0.986934, 0.179606, 0.414702, 1.585298, 0.679701, 0.510231, 1.489769],
	[25, 3.930629, 0.708441, 0.98964, 0.152647, 0.459292, 1.540708, 0.606281, 0.564786, 1.435214],
])("subgroups of %i", (size, ...expected) => {
	const { d2, d3, c4, rangeLower, rangeUpper } = chartConstants(size);
	const spread = (3 * Math.sqrt(1 - c4 ** 2)) / c4;
	const [a2, a3] = [3 / (d2 * Math.sqrt(size)), 3 / (c4 * Math.sqrt(size))];
	const found = [d2, d3, c4, a2, rangeLower, rangeUpper, a3, Math.max(0, 1 - spread), 1 + spread];
	for (const [index, value] of expected.entries())
		expect(Math.abs((found[index] as number) - value)).toBeLessThanOrEqual(5.1e-7);
});

test("of two and three values they have closed forms, and printed ones are as printed", () => {
	expect(chartConstants(2).d2).toBeCloseTo(2 / Math.sqrt(Math.PI), 12);
	expect(chartConstants(3).d2).toBeCloseTo(3 / Math.sqrt(Math.PI), 12);
	expect(chartConstants(2).d3).toBeCloseTo(Math.sqrt(2 - 4 / Math.PI), 8);
	expect(chartConstants(2, "nist").d2).toBe(1.128);
	expect([chartConstants(2, "nist").rangeUpper, chartConstants(5, "nist").rangeUpper]).toEqual([
		3.267, 2.115,
	]);
	// Where nothing is printed the exact ones stand.
	expect(chartConstants(30, "nist")).toEqual(chartConstants(30));
});

test.each([1, 0, 2.5, subgroupMax + 1, Number.NaN])("there are none for %d values", (size) => {
	expect(() => chartConstants(size)).toThrow(`expected subgroups of 2 to 100 values, found ${size}`);
});

test("c4 of large subgroups goes on smoothly", () => {
	expect(Math.abs(c4Of(301) - c4Of(300) - (c4Of(300) - c4Of(299)))).toBeLessThan(1e-7);
	expect(c4Of(1_000_000)).toBeCloseTo(1 - 1 / 4_000_000, 12);
});
