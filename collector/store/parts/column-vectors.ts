import type { DuckDBDataChunk, DuckDBVector } from "@duckdb/node-api";

/** What a chunk keeps of a column of numbers; a typed array over DuckDB's own memory. */
type NumberItems = Float64Array | Uint32Array | Uint16Array | Uint8Array | BigInt64Array;

interface NumberVector {
	readonly items: NumberItems;
}

/** The numbers of a column, to be read or set as a whole; where the column is NULL they mean nothing. */
export function numbersOf<T extends NumberItems>(chunk: DuckDBDataChunk, column: number): T {
	return (chunk.getColumnVector(column) as unknown as NumberVector).items as T;
}

/** Makes every item of a new column NULL; what it returns takes those that are there. */
export function someThere(vector: DuckDBVector, count: number): Uint8Array {
	const { validity } = vector as unknown as { validity: { data: BigUint64Array | null } };
	validity.data = new BigUint64Array(Math.ceil(count / 64));
	return new Uint8Array(validity.data.buffer);
}

export function setThere(there: Uint8Array, index: number): void {
	there[index >> 3] = (there[index >> 3] as number) | (1 << (index & 7));
}

/** A column of 64-bit integers to be read; what is no safe integer is rounded. */
export function integersIn(chunk: DuckDBDataChunk, column: number): (index: number) => number {
	const items = numbersOf<BigInt64Array>(chunk, column);
	const low = new Uint32Array(items.buffer, items.byteOffset, 2 * items.length);
	const high = new Int32Array(items.buffer, items.byteOffset, 2 * items.length);
	return (index) => (high[2 * index + 1] as number) * 2 ** 32 + (low[2 * index] as number);
}

/** Integers of 64 bits, written as two halves: a BigInt for each of them costs ten times as much. */
export interface IntegerColumn {
	/** `value` is a safe integer. */
	set(index: number, value: number): void;
	setExact(index: number, value: bigint): void;
}

/** A column of 64-bit integers or of microseconds; DuckDB runs on little-endian machines only. */
export function integersOf(chunk: DuckDBDataChunk, column: number): IntegerColumn {
	const items = numbersOf<BigInt64Array>(chunk, column);
	const halves = new Uint32Array(items.buffer, items.byteOffset, 2 * items.length);
	return {
		set(index, value) {
			halves[2 * index] = value;
			halves[2 * index + 1] = Math.floor(value / 2 ** 32);
		},
		setExact(index, value) {
			items[index] = value;
		},
	};
}
