/**
 * Numbers one after the other. NaN says that there is none: missing, rejected or excluded. That is for inside only; whoever
 * writes a column out says "nothing" in its own way.
 */
export type Column = Float64Array<ArrayBuffer>;

export const nothing = Number.NaN;

/** Whether there is a number. */
export function isThere(value: number): boolean {
	return !Number.isNaN(value);
}

/** The numbers that are there. */
export function present(column: Column): Column {
	return column.filter(isThere);
}

/** A column from numbers and from undefined where there is none. */
export function columnOf(values: readonly (number | undefined)[]): Column {
	return Float64Array.from(values, (value) => value ?? nothing);
}

/** The same numbers, and nothing outside of the places that are kept. */
export function keptOnly(column: Column, keep: (index: number) => boolean): Column {
	return column.map((value, index) => (keep(index) ? value : nothing));
}
