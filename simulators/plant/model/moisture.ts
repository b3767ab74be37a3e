// Magnus's equation over ice with the constants of WMO No. 8 (CIMO Guide, annex 4.B): e = 611.2 Pa at 0 degC.

const pascalAtZero = 611.2;
const slope = 22.46;
const offsetK = 272.62;
const atmospherePa = 101_325;

/** Water in a gas by its dew point over ice, in ppm by volume at atmospheric pressure. */
export function ppmvOf(dewPointCelsius: number): number {
	return (
		((pascalAtZero * Math.exp((slope * dewPointCelsius) / (offsetK + dewPointCelsius))) / atmospherePa) * 1e6
	);
}

/** The inverse of `ppmvOf`. Dry gas has no dew point; below a thousandth of a ppm the answer is that of a thousandth. */
export function dewPointOf(ppmv: number): number {
	const log = Math.log((Math.max(ppmv, 1e-3) * 1e-6 * atmospherePa) / pascalAtZero);
	return (offsetK * log) / (slope - log);
}
