import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { converted, dimensionOf, isConvertible, knownUnits } from "../../../collector/laboratory/units.ts";
import { type DecimalMark, readNumber, readValue } from "../../../collector/laboratory/value-text.ts";

const of = (value: number | undefined, censored?: string) => ({ value, censored });

describe("a value", () => {
	test.each<[string, DecimalMark, number | undefined, object]>([
		["3.81", "open", undefined, of(3.81)],
		["3,81", "open", undefined, of(3.81)],
		["-12", "point", undefined, of(-12)],
		["−12", "point", undefined, of(-12)],
		["３．８１", "open", undefined, of(3.81)],
		["5.0e-9", "open", undefined, of(5e-9)],
		["5,0E-9", "either", undefined, of(5e-9)],
		["5.0×10^-9", "point", undefined, of(5e-9)],
		["0,300", "open", undefined, of(0.3)],
		["1,234", "either", undefined, of(1.234)],
		["<0.3", "open", undefined, of(0.3, "below")],
		["＜0.3", "open", undefined, of(0.3, "below")],
		["< 0,3", "open", undefined, of(0.3, "below")],
		["<=0.3", "open", undefined, of(0.3, "below")],
		[">5", "open", undefined, of(5, "above")],
		["n.d.", "open", 0.3, of(0.3, "below")],
		["ND", "open", undefined, of(undefined, "none")],
		["検出限界以下", "open", 2, of(2, "below")],
		["検出限界以下", "open", undefined, of(undefined, "none")],
		["<LOD", "open", 2, of(2, "below")],
		["", "open", 2, of(undefined)],
		["-", "open", 2, of(undefined)],
		["ー", "open", 2, of(undefined)],
	])("%j with the mark %s and a detection limit of %s is %j", (text, mark, limit, value) => {
		expect(readValue(text, mark, limit)).toEqual(value);
	});

	test.each<[string, DecimalMark, string]>([
		[
			"1,234",
			"open",
			'expected a number that can be read in one way, found "1,234", which may be 1.234 or 1234; state the decimal mark',
		],
		["1,234.5", "open", 'expected a number, found "1,234.5"'],
		["1.234,5", "either", 'expected a number, found "1.234,5"'],
		["3.8", "comma", 'expected a decimal comma, found "3.8"'],
		["3,8", "point", 'expected a decimal point, found "3,8"'],
		["3.8 mS/cm", "open", 'expected a number, found "3.8 mS/cm"'],
		["passed", "open", 'expected a number, found "passed"'],
		["<", "open", 'expected a number, found ""'],
		["1e999", "open", 'expected at most 1e300, found "1e999"'],
		["NaN", "open", 'expected a number, found "NaN"'],
		["Infinity", "open", 'expected a number, found "Infinity"'],
		["=2+3", "open", 'expected a number, found "=2+3"'],
	])("%j with the mark %s is refused by name", (text, mark, message) => {
		expect(readValue(text, mark, undefined)).toEqual({ code: "VALUE_INVALID", message });
	});

	test("every number that the language writes is read as itself, with a point or a comma", () => {
		fc.assert(
			fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e300, max: 1e300 }), (value) => {
				expect(readNumber(String(value), "point")).toBe(value === 0 ? 0 : value);
				expect(readNumber(String(value).replace(".", ","), "comma")).toBe(value === 0 ? 0 : value);
			}),
		);
	});

	test("any text is a value or a refusal, and never a number that is not finite", () => {
		fc.assert(
			fc.property(
				fc.string({ unit: "binary" }),
				fc.constantFrom<DecimalMark>("open", "either", "point", "comma"),
				(text, mark) => {
					const read = readValue(text, mark, undefined);
					if ("value" in read) expect(read.value === undefined || Number.isFinite(read.value)).toBe(true);
					else expect(read.message).toMatch(/^expected /);
				},
			),
		);
	});
});

describe("a unit", () => {
	test.each<[number, string, string, number | undefined]>([
		[3.81, "mS/cm", "mS/cm", 3.81],
		[3810, "µS/cm", "mS/cm", 3.81],
		[0.381, "S/m", "mS/cm", 3.81],
		[0.00381, "S/cm", "mS/cm", 3.81],
		[0.3, "wt%", "ppmw", 3000],
		[3000, "mg/kg", "wt%", 0.3],
		[150, "ppm", "ppmw", 150],
		[0.05, "ppmw", "ppb", 50],
		[30_000, "Å", "um", 3],
		[3000, "nm", "μm", 3],
		[2500, "m²/kg", "m2/g", 2.5],
		[350, "meV", "eV", 0.35],
		[600, "kg/m3", "g/cm3", 0.6],
		[40, "ppmv", "ppmw", undefined],
		[3, "mS/cm", "S", undefined],
		[3, "furlong", "um", undefined],
		[3, "furlong", "furlong", 3],
	])("%s %s is %s: %s", (value, from, to, is) => {
		expect(converted(value, from, to)).toBe(is);
		expect(isConvertible(from, to)).toBe(is !== undefined);
	});

	test("there and back again is the same number, for every pair that measures the same", () => {
		const pairs = knownUnits.flatMap((a) =>
			knownUnits.filter((b) => isConvertible(a, b)).map((b) => [a, b] as const),
		);
		expect(pairs.length).toBeGreaterThan(100);
		fc.assert(
			fc.property(
				fc.constantFrom(...pairs),
				fc.integer({ min: -1e9, max: 1e9 }),
				fc.integer({ min: -6, max: 6 }),
				([a, b], digits, exponent) => {
					const value = Number(`${digits}e${exponent}`);
					expect(converted(converted(value, a, b) as number, b, a)).toBe(value);
				},
			),
		);
		expect(dimensionOf("%")).toBe("share of mass");
	});
});
