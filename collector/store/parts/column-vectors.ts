import type { DuckDBDataChunk, DuckDBVector } from "@duckdb/node-api";

/** What a chunk keeps of a column of numbers; a typed array over DuckDB's own memory. */
type NumberItems = Float64Array | Uint32Array | Uint16Array | Uint8Array | BigInt64Array;

interface NumberVector {
	readonly items: NumberItems;
	flush(): void;
}

/** The numbers of a column, to be read or set as a whole; where the column is NULL they mean nothing. */
export function numbersOf<T extends NumberItems>(chunk: DuckDBDataChunk, column: number): T {
	return (chunk.getColumnVector(column) as unknown as NumberVector).items as T;
}

/** Writes a column of numbers; each of them is there. */
export function setNumbers(chunk: DuckDBDataChunk, column: number, values: NumberItems): void {
	const vector = chunk.getColumnVector(column) as unknown as NumberVector;
	(vector.items as Float64Array).set(values as Float64Array);
	vector.flush();
}

/** Makes every item of a new column NULL, at once; those that are set afterwards are there. */
export function noneThere(vector: DuckDBVector, count: number): void {
	const { validity } = vector as unknown as { validity: { data: BigUint64Array | null } };
	validity.data = new BigUint64Array(Math.ceil(count / 64));
}
