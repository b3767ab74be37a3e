import { z } from "zod";

const share = "share";

function constant(value: number, unit: string, what: string) {
	const number = z.number("expected a number");
	// A share is of a whole.
	const bounded = unit === share ? number.max(1, "expected a share, at most 1") : number;
	return { bounded, value, text: `${what}, ${unit}. Assumption.` };
}

/** A constant of the model that is above zero. */
export function assumed(value: number, unit: string, what: string) {
	const { bounded, text } = constant(value, unit, what);
	return bounded.gt(0, "expected more than 0").default(value).describe(text);
}

/** One that may also be zero: a loss, a spread, something that need not be there. */
export function assumedOrNone(value: number, unit: string, what: string) {
	const { bounded, text } = constant(value, unit, what);
	return bounded.min(0, "expected 0 or more").default(value).describe(text);
}

/** One that may be below zero. */
export function assumedSigned(value: number, unit: string, what: string) {
	const { bounded, text } = constant(value, unit, what);
	return bounded.default(value).describe(text);
}
