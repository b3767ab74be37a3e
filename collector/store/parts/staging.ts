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
import { integersOf, noneThere, numbersOf, setNumbers, setThere, someThere } from "./column-vectors.ts";
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

/** Fills the table `staged` of one DuckDB. */
export class Staging {
	readonly #appender: DuckDBAppender;
	readonly #rest = new Uint8Array(stagedAtOnce);
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

	/** At most `stagedAtOnce` samples. */
	add(batch: PositionedSamples): void {
		const { samples, count } = batch;
		const chunk = DuckDBDataChunk.create(types, count);
		setNumbers(chunk, 0, samples.tagId.subarray(0, count));
		setNumbers(chunk, 5, samples.status.subarray(0, count));
		this.#addPlaces(chunk, batch);
		this.#addValues(chunk, batch);
		this.#appender.appendDataChunk(chunk);
	}

	end(): void {
		this.#appender.closeSync();
	}

	#addPlaces(chunk: DuckDBDataChunk, { samples, pos, count }: PositionedSamples): void {
		const [positions, times, lags] = [integersOf(chunk, 1), integersOf(chunk, 2), integersOf(chunk, 4)];
		const lagVector = chunk.getColumnVector(4);
		const lagThere = someThere(lagVector, count);
		for (let index = 0; index < count; index++) {
			positions.set(index, pos[index] as number);
			const ms = samples.sourceMs[index] as number;
			const ticks = samples.sourceRestTicks[index] as number;
			if (ms < this.minMs) this.minMs = ms;
			if (ms > this.maxMs) this.maxMs = ms;
			// A TIMESTAMP counts microseconds, and `source_rest` the 0 to 9 ticks of 100 ns beyond.
			const micros = ms * 1_000 + Math.floor(ticks / 10);
			if (Number.isSafeInteger(micros)) times.set(index, micros);
			else times.setExact(index, BigInt(ms) * 1_000n + BigInt(Math.floor(ticks / 10)));
			this.#rest[index] = ticks % 10;
			const lag = samples.serverLagTicks[index] as number;
			if (Number.isNaN(lag)) continue;
			lags.set(index, lag);
			setThere(lagThere, index);
		}
		for (const column of [1, 2, 4]) chunk.getColumnVector(column).flush();
		setNumbers(chunk, 3, this.#rest.subarray(0, count));
	}

	#addValues(chunk: DuckDBDataChunk, { samples, count }: PositionedSamples): void {
		const [value, integer, text, bytes] = [6, 7, 8, 9].map((column) => chunk.getColumnVector(column)) as [
			...[DuckDBVector, DuckDBVector, DuckDBVector, DuckDBVector],
		];
		const valueThere = someThere(value, count);
		for (const vector of [integer, text, bytes]) noneThere(vector, count);
		const values = numbersOf<Float64Array>(chunk, 6);
		for (let index = 0; index < count; index++) {
			const kind = samples.kind[index] as number;
			if (kind === 0) continue;
			const number = samples.number[index] as number;
			if (kind === 1 && number !== 0) {
				values[index] = number;
				setThere(valueThere, index);
				continue;
			}
			const held = samples.value(index);
			if (typeof held === "number") {
				values[index] = 0;
				setThere(valueThere, index);
				// A dictionary of doubles has one entry for 0 and -0, so the sign goes beside it.
				if (Object.is(held, -0)) text.setItem(index, "-0");
			} else if (typeof held === "bigint") {
				// An unsigned integer beyond the signed range stays as its digits.
				if (BigInt.asIntN(64, held) === held) integer.setItem(index, held);
				else text.setItem(index, String(held));
			} else if (typeof held === "string") text.setItem(index, held);
			else if (held !== null) bytes.setItem(index, new DuckDBBlobValue(held));
		}
		for (const vector of [value, integer, text, bytes]) vector.flush();
	}
}
