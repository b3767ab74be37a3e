import fc from "fast-check";
import { expect, test } from "vitest";
import { dewPointOf, ppmvOf } from "../../../../simulators/plant/model/moisture.ts";

/** Vapour pressure of ice in Pa: CRC Handbook of Chemistry and Physics, "Vapor pressure of ice" (Wagner et al. 1994). */
const published = [
	[0, 611.15],
	[-10, 259.9],
	[-20, 103.26],
	[-30, 38.01],
	[-40, 12.84],
	[-50, 3.94],
	[-60, 1.08],
	[-70, 0.261],
	[-80, 0.0547],
] as const;

test.each(published)(
	"at %d degC the water in the gas is that of the published vapour pressure",
	(dewPoint, pascal) => {
		const expected = (pascal / 101_325) * 1e6;
		expect(Math.abs(ppmvOf(dewPoint) / expected - 1)).toBeLessThan(0.01);
	},
);

test("-40 degC is about 127 ppmv, and not the 0.4 that some pages state", () => {
	expect(ppmvOf(-40)).toBeCloseTo(127, 0);
});

test("dew point and ppmv are each other's inverse over the whole range of a dry room", () => {
	fc.assert(
		fc.property(fc.double({ min: -100, max: 0, noNaN: true }), (dewPoint) => {
			expect(dewPointOf(ppmvOf(dewPoint))).toBeCloseTo(dewPoint, 6);
		}),
	);
});
