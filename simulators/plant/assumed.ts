import { z } from "zod";

/** A positive constant of the model. */
export function assumed(value: number, unit: string, what: string) {
	return z
		.number("expected a number")
		.min(0, "expected 0 or more")
		.default(value)
		.describe(`${what}, ${unit}. Assumption.`);
}

/** The same, where it may be below zero. */
export function assumedSigned(value: number, unit: string, what: string) {
	return z.number("expected a number").default(value).describe(`${what}, ${unit}. Assumption.`);
}
