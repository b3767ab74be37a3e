// Samples on their way into a Parquet file: rows of the hot table as columns of an in-memory table of DuckDB. The columns
// are those of the file, so that DuckDB has nothing left to work out row by row.

import {
	BIGINT,
	BLOB,
	DOUBLE,
	type DuckDBAppender,
	DuckDBBlobValue,
	DuckDBDataChunk,
	type DuckDBType,
	type DuckDBVector,
	TIMESTAMP,
	UINTEGER,
	UTINYINT,
	VARCHAR,
} from "@duckdb/node-api";
import type { PositionedSamples } from "../positioned-samples.ts";
import { type IntegerColumn, integersOf, numbersOf, setThere, someThere } from "./column-vectors.ts";
import type { Duck } from "./duck.ts";
import { partColumns } from "./part-file.ts";

export const stagedAtOnce = 2_048;

const types: readonly DuckDBType[] = [
	...[UINTEGER, BIGINT, TIMESTAMP, UTINYINT, BIGINT, UINTEGER, DOUBLE, BIGINT, VARCHAR, BLOB],
];

const createStaged = `CREATE OR REPLACE TEMP TABLE staged(series UINTEGER, pos BIGINT, source_time TIMESTAMP, source_rest UTINYINT,
	server_lag BIGINT, status UINTEGER, value DOUBLE, ivalue BIGINT, tvalue VARCHAR, bvalue BLOB)`;

/** The staged rows as the file will hold them. */
export const stagedAsPart = `SELECT ${partColumns} FROM staged`;

/** The columns of a chunk that takes numbers of samples; it can be filled again after it was appended. */
class StagedChunk {
	readonly count: number;
	readonly chunk: DuckDBDataChunk;
	readonly series: Uint32Array;
	readonly positions: IntegerColumn;
	readonly times: IntegerColumn;
	readonly rests: Uint8Array;
	readonly lags: IntegerColumn;
	readonly statuses: Uint32Array;
	readonly values: Float64Array;
	readonly lagThere: Uint8Array;
	readonly valueThere: Uint8Array;
	readonly integers: DuckDBVector;
	readonly texts: DuckDBVector;
	readonly bytes: DuckDBVector;
	readonly #vectors: readonly DuckDBVector[];
	readonly #there: readonly Uint8Array[];

	constructor(count: number) {
		this.count = count;
		const chunk = DuckDBDataChunk.create(types, count);
		this.chunk = chunk;
		this.#vectors = types.map((_, column) => chunk.getColumnVector(column));
		const [, , , , lag, , value, integers, texts, bytes] = this.#vectors as DuckDBVector[];
		this.series = numbersOf(chunk, 0);
		this.positions = integersOf(chunk, 1);
		this.times = integersOf(chunk, 2);
		this.rests = numbersOf(chunk, 3);
		this.lags = integersOf(chunk, 4);
		this.statuses = numbersOf(chunk, 5);
		this.values = numbersOf(chunk, 6);
		[this.integers, this.texts, this.bytes] = [integers, texts, bytes] as [
			DuckDBVector,
			DuckDBVector,
			DuckDBVector,
		];
		this.#there = [lag, value, integers, texts, bytes].map((vector) =>
			someThere(vector as DuckDBVector, count),
		);
		[this.lagThere, this.valueThere] = this.#there as [Uint8Array, Uint8Array];
	}

	appendTo(appender: DuckDBAppender): void {
		for (const vector of this.#vectors) vector.flush();
		appender.appendDataChunk(this.chunk);
	}

	/** Makes it ready for other samples; what is not set of them is not there. */
	reset(): void {
		this.chunk.reset();
		this.chunk.rowCount = this.count;
		for (const there of this.#there) there.fill(0);
	}
}

/** Fills the table `staged` of one DuckDB. */
export class Staging {
	readonly #appender: DuckDBAppender;
	/** Of the size last used, with numbers only: text and bytes lie in memory that is their chunk's. */
	#chunk: StagedChunk | undefined;
	/** Source times of what was added; infinite when nothing was. */
	minMs = Number.POSITIVE_INFINITY;
	maxMs = Number.NEGATIVE_INFINITY;

	private constructor(appender: DuckDBAppender) {
		this.#appender = appender;
	}

	static async begin(duck: Duck): Promise<Staging> {
		await duck.connection.run(createStaged);
		return new Staging(await duck.connection.createAppender("staged"));
	}

	/** Adds the samples of these indexes, at most `stagedAtOnce`, in their order. */
	add(found: PositionedSamples, indexes: Uint32Array): void {
		let to = this.#chunk;
		this.#chunk = undefined;
		if (to?.count === indexes.length) to.reset();
		else to = new StagedChunk(indexes.length);
		this.#fillPlaces(to, found, indexes);
		const isPlain = fillValues(to, found, indexes);
		to.appendTo(this.#appender);
		if (isPlain) this.#chunk = to;
	}

	end(): void {
		this.#appender.closeSync();
	}

	#fillPlaces(to: StagedChunk, { samples, pos }: PositionedSamples, indexes: Uint32Array): void {
		for (let index = 0; index < indexes.length; index++) {
			const at = indexes[index] as number;
			to.series[index] = samples.tagId[at] as number;
			to.statuses[index] = samples.status[at] as number;
			to.positions.set(index, pos[at] as number);
			const ms = samples.sourceMs[at] as number;
			const ticks = samples.sourceRestTicks[at] as number;
			if (ms < this.minMs) this.minMs = ms;
			if (ms > this.maxMs) this.maxMs = ms;
			// A TIMESTAMP counts microseconds, and `source_rest` the 0 to 9 ticks of 100 ns beyond.
			const micros = ms * 1_000 + Math.floor(ticks / 10);
			if (Number.isSafeInteger(micros)) to.times.set(index, micros);
			else to.times.setExact(index, BigInt(ms) * 1_000n + BigInt(Math.floor(ticks / 10)));
			to.rests[index] = ticks % 10;
			const lag = samples.serverLagTicks[at] as number;
			if (Number.isNaN(lag)) continue;
			to.lags.set(index, lag);
			setThere(to.lagThere, index);
		}
	}
}

/** Whether all of them are numbers that fit into a double, or nothing. */
function fillValues(to: StagedChunk, { samples }: PositionedSamples, indexes: Uint32Array): boolean {
	const { values, valueThere, integers, texts, bytes } = to;
	let isPlain = true;
	for (let index = 0; index < indexes.length; index++) {
		const at = indexes[index] as number;
		const kind = samples.kind[at] as number;
		if (kind === 0) continue;
		const number = samples.number[at] as number;
		if (kind === 1 && number !== 0) {
			values[index] = number;
			setThere(valueThere, index);
			continue;
		}
		const held = samples.value(at);
		if (typeof held === "number") {
			values[index] = 0;
			setThere(valueThere, index);
			if (!Object.is(held, -0)) continue;
			// A dictionary of doubles has one entry for 0 and -0, so the sign goes beside it.
			texts.setItem(index, "-0");
		} else if (typeof held === "bigint") {
			// An unsigned integer beyond the signed range stays as its digits.
			if (BigInt.asIntN(64, held) === held) integers.setItem(index, held);
			else texts.setItem(index, String(held));
		} else if (typeof held === "string") texts.setItem(index, held);
		else if (held !== null) bytes.setItem(index, new DuckDBBlobValue(held));
		isPlain = false;
	}
	return isPlain;
}
