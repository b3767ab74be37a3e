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

/** The numbers that are there; the column itself when all are. */
export function present(column: Column): Column {
	let there = 0;
	for (let index = 0; index < column.length; index++) if (isThere(column[index] as number)) there++;
	if (there === column.length) return column;
	const kept = new Float64Array(there);
	let place = 0;
	for (let index = 0; index < column.length; index++) {
		const value = column[index] as number;
		if (isThere(value)) kept[place++] = value;
	}
	return kept;
}

/** A column from numbers and from undefined where there is none. */
export function columnOf(values: readonly (number | undefined)[]): Column {
	return Float64Array.from(values, (value) => value ?? nothing);
}

/** The same numbers, and nothing outside of the places that are kept; the column itself when all are. */
export function keptOnly(column: Column, keep: (index: number) => boolean): Column {
	let index = 0;
	while (index < column.length && keep(index)) index++;
	if (index === column.length) return column;
	const kept = column.slice();
	for (; index < column.length; index++) if (!keep(index)) kept[index] = nothing;
	return kept;
}
