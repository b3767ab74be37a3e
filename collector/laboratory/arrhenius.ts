import type { LabResult } from "../laboratory-port.ts";
import type { SpecTest } from "../specification.ts";
import { converted } from "./units.ts";

/** Boltzmann's constant, eV/K (CODATA 2018, exact: 1.380649e-23 / 1.602176634e-19). */
const boltzmannEvK = 8.617333262e-5;
const zeroC = 273.15;
/** A method's own tolerance of its temperature; within it nothing is to be corrected. */
const toleranceK = 0.3;

/**
 * What a conductivity that was measured at one temperature is at another, by Arrhenius' law: σ2 = σ1·exp(Ea/kB·(1/T1 − 1/T2)),
 * temperatures in degC. 0.36 eV is 4.7 % per kelvin at 25 degC.
 */
export function arrhenius(value: number, fromC: number, toC: number, activationEv: number): number {
	return value * Math.exp((activationEv / boltzmannEvK) * (1 / (fromC + zeroC) - 1 / (toC + zeroC)));
}

/**
 * A result at the method's temperature; `value` is the result, in the test's unit. That the laboratory has corrected it itself
 * shows by its repeats, which are as measured: the value is then nearer to their corrected mean than to their mean. Where the
 * repeats do not tell, both readings are given, the value as it stands first. Empty when the temperature is not known.
 */
export function atTemperature(
	{ repeats, eu, temperatureC, censored }: LabResult,
	value: number,
	toEu: string,
	{ reference_c: referenceC, activation_ev: activationEv }: NonNullable<SpecTest["temperature"]>,
): readonly number[] {
	if (temperatureC === undefined) return [];
	if (Math.abs(temperatureC - referenceC) <= toleranceK + 1e-9) return [value];
	const factor = arrhenius(1, temperatureC, referenceC, activationEv);
	const both = [value, value * factor];
	if (repeats.length === 0 || censored !== undefined) return both;
	const mean = converted(repeats.reduce((sum, one) => sum + one, 0) / repeats.length, eu, toEu) ?? Number.NaN;
	const [asMeasured, asCorrected] = [
		Math.abs(Math.log(value / mean)),
		Math.abs(Math.log(value / mean / factor)),
	];
	// A value that is far from either is not made of these repeats.
	if (!(Math.min(asMeasured, asCorrected) <= Math.abs(Math.log(factor)) / 2)) return both;
	return asCorrected < asMeasured ? [value] : [value * factor];
}
