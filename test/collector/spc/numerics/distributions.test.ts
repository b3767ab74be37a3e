import { expect, test } from "vitest";
import {
	betaQuantile,
	chiSquaredQuantile,
	fQuantile,
	normalCdf,
	normalQuantile,
	studentTQuantile,
} from "../../../../collector/spc/numerics/distributions.ts";
import { gammaP, gammaQ, logGamma } from "../../../../collector/spc/numerics/gamma.ts";

/** Values by SciPy 1.17, to 15 digits. */
const known: readonly [string, (...of: number[]) => number, number[], number][] = [
	["normal", normalQuantile, [1e-6], -4.7534243088229],
	["normal", normalQuantile, [0.00135], -2.99997699270339],
	["normal", normalQuantile, [0.005], -2.5758293035489],
	["normal", normalQuantile, [0.025], -1.95996398454005],
	["normal", normalQuantile, [0.5], 0],
	["normal", normalQuantile, [0.975], 1.95996398454005],
	["normal", normalQuantile, [0.995], 2.5758293035489],
	["normal", normalQuantile, [0.99865], 2.9999769927034],
	["normal", normalQuantile, [0.999999], 4.75342430881709],
	["normal", normalQuantile, [1e-20], -9.26234008979841],
	["normal", normalQuantile, [1e-100], -21.2734535609653],
	["t", studentTQuantile, [0.975, 1], 12.7062047361747],
	["t", studentTQuantile, [0.975, 4], 2.77644510519779],
	["t", studentTQuantile, [0.975, 24], 2.06389856162802],
	["t", studentTQuantile, [0.99865, 9], 4.09420480047659],
	["t", studentTQuantile, [0.99865, 24], 3.3447217413075],
	["χ²", chiSquaredQuantile, [0.025, 9], 2.70038949998036],
	["χ²", chiSquaredQuantile, [0.975, 9], 19.0227677986416],
	["χ²", chiSquaredQuantile, [0.99865, 2], 13.2153013730637],
	["χ²", chiSquaredQuantile, [0.025, 99], 73.3610801912837],
	["χ²", chiSquaredQuantile, [0.975, 99], 128.42198864384],
	["F", fQuantile, [0.99865, 2, 59], 7.40615805976733],
	["F", fQuantile, [0.995, 3, 25], 5.461519222726],
	["F", fQuantile, [0.99865, 8, 17], 5.64740239517852],
	["F", fQuantile, [0.975, 1, 1], 647.789011477844],
	["beta", betaQuantile, [0.99865, 4, 8], 0.745492814709885],
	["beta", betaQuantile, [0.995, 1, 8.5], 0.463844718130873],
	["beta", betaQuantile, [0.025, 0.5, 0.5], 0.00154133313343601],
	["ln Γ", logGamma, [0.5], 0.5723649429247],
	["ln Γ", logGamma, [1.5], -0.120782237635245],
	["ln Γ", logGamma, [12], 17.5023078458739],
	["ln Γ", logGamma, [100.5], 361.435540467778],
	["Φ", normalCdf, [-6], 9.86587645037695e-10],
	["Φ", normalCdf, [-3], 0.00134989803163009],
	["Φ", normalCdf, [1], 0.841344746068543],
];

test.each(known)("%s, function %#, is the published value to twelve digits", (_, of, args, value) => {
	expect(Math.abs(of(...args) - value)).toBeLessThanOrEqual(1e-12 * Math.abs(value));
});

test("a quantile undoes its distribution function, and both tails have the same size", () => {
	for (const p of [1e-300, 1e-30, 1e-12, 1e-6, 0.01, 0.3, 0.7, 0.99]) {
		expect(Math.abs(normalCdf(normalQuantile(p)) / p - 1)).toBeLessThan(1e-11);
		if (p < 1e-20) continue;
		for (const df of [1, 2, 5, 30, 200]) {
			const mirrored = studentTQuantile(1 - p, df) + studentTQuantile(p, df);
			// 1 − p has lost digits of a small p, which count for nothing in the middle.
			if (p >= 0.01) expect(Math.abs(mirrored)).toBeLessThan(1e-9 * Math.abs(studentTQuantile(p, df)));
			// F with one degree of freedom is t squared.
			const upper = studentTQuantile(1 - p / 2, df);
			if (p >= 0.01) expect(Math.abs(fQuantile(1 - p, 1, df) / upper ** 2 - 1)).toBeLessThan(1e-9);
		}
	}
	for (const [a, x] of [
		[0.5, 0.1],
		[3, 2],
		[3, 9],
		[50, 70],
	] as const)
		expect(gammaP(a, x) + gammaQ(a, x)).toBeCloseTo(1, 14);
});

test("at the ends quantiles are the ends, and beyond them there is none", () => {
	expect([normalQuantile(0), normalQuantile(1), chiSquaredQuantile(0, 3), fQuantile(1, 2, 3)]).toEqual([
		...[Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, 0, Number.POSITIVE_INFINITY],
	]);
	expect([betaQuantile(0, 2, 2), betaQuantile(1, 2, 2)]).toEqual([0, 1]);
	for (const p of [-0.1, 1.1, Number.NaN])
		expect([normalQuantile(p), studentTQuantile(p, 3), betaQuantile(p, 1, 1)]).toEqual([
			...[Number.NaN, Number.NaN, Number.NaN],
		]);
});
