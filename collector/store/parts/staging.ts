// Samples on their way into a Parquet file: rows of the hot table as columns of an in-memory table of DuckDB.

import {
	BLOB,
	DOUBLE,
	type DuckDBAppender,
	DuckDBBlobValue,
	DuckDBDataChunk,
	type DuckDBType,
	UINTEGER,
	USMALLINT,
	UTINYINT,
} from "@duckdb/node-api";
import type { PositionedSamples } from "../positioned-samples.ts";
import { noneThere, setNumbers } from "./column-vectors.ts";
import type { Duck } from "./duck.ts";

export const stagedAtOnce = 2_048;

/** How a staged row holds its value. */
const stagedKind = { null: 0, number: 1, integer: 2, text: 3, bytes: 4, minusZero: 5 } as const;

const types: readonly DuckDBType[] = [
	...[UINTEGER, DOUBLE, DOUBLE, USMALLINT, DOUBLE, UINTEGER, UTINYINT, DOUBLE, BLOB],
];

const createStaged = `CREATE OR REPLACE TEMP TABLE staged(series UINTEGER, pos DOUBLE, source_ms DOUBLE,
	source_rest USMALLINT, lag DOUBLE, status UINTEGER, kind UTINYINT, number DOUBLE, other BLOB)`;

// Ticks of 100 ns: a TIMESTAMP counts microseconds, and `source_rest` the 0 to 9 ticks beyond.
const sourceTime = "make_timestamp(source_ms::BIGINT * 1000 + source_rest // 10)";
// An unsigned integer beyond the signed range stays as its digits.
const integer = `CASE WHEN kind = ${stagedKind.integer} THEN TRY_CAST(decode(other) AS BIGINT) END`;

/** The staged rows as the file will hold them. */
export const stagedAsPart = `SELECT series, pos::BIGINT AS pos, ${sourceTime} AS source_time,
	(source_rest % 10)::UTINYINT AS source_rest, CASE WHEN isnan(lag) THEN NULL ELSE lag::BIGINT END AS server_lag, status,
	CASE WHEN kind = ${stagedKind.number} THEN number WHEN kind = ${stagedKind.minusZero} THEN 0.0::DOUBLE END AS value, ${integer} AS ivalue,
	CASE WHEN kind = ${stagedKind.minusZero} THEN '-0' WHEN kind = ${stagedKind.text} OR (kind = ${stagedKind.integer} AND ${integer} IS NULL) THEN decode(other) END AS tvalue,
	CASE WHEN kind = ${stagedKind.bytes} THEN other END AS bvalue FROM staged`;

/** Fills the table `staged` of one DuckDB. */
export class Staging {
	readonly #appender: DuckDBAppender;
	readonly #kind = new Uint8Array(stagedAtOnce);
	readonly #text = new TextEncoder();

	private constructor(appender: DuckDBAppender) {
		this.#appender = appender;
	}

	static async begin(duck: Duck): Promise<Staging> {
		await duck.connection.run(createStaged);
		return new Staging(await duck.connection.createAppender("staged"));
	}

	/** At most `stagedAtOnce` samples. */
	add({ samples, pos, count }: PositionedSamples): void {
		const chunk = DuckDBDataChunk.create(types, count);
		setNumbers(chunk, 0, samples.tagId.subarray(0, count));
		setNumbers(chunk, 1, pos.subarray(0, count));
		setNumbers(chunk, 2, samples.sourceMs.subarray(0, count));
		setNumbers(chunk, 3, samples.sourceRestTicks.subarray(0, count));
		setNumbers(chunk, 4, samples.serverLagTicks.subarray(0, count));
		setNumbers(chunk, 5, samples.status.subarray(0, count));
		const others = chunk.getColumnVector(8);
		noneThere(others, count);
		for (let index = 0; index < count; index++) {
			const value = samples.value(index);
			this.#kind[index] = kindOf(value);
			if (typeof value !== "number" && value !== null) others.setItem(index, this.#bytes(value));
		}
		others.flush();
		setNumbers(chunk, 6, this.#kind.subarray(0, count));
		setNumbers(chunk, 7, samples.number.subarray(0, count));
		this.#appender.appendDataChunk(chunk);
	}

	end(): void {
		this.#appender.closeSync();
	}

	#bytes(value: bigint | string | Uint8Array): DuckDBBlobValue {
		if (value instanceof Uint8Array) return new DuckDBBlobValue(value);
		return new DuckDBBlobValue(this.#text.encode(String(value)));
	}
}

function kindOf(value: number | bigint | string | Uint8Array | null): number {
	// A dictionary of doubles has one entry for 0 and -0, so the sign goes beside it.
	if (typeof value === "number") return Object.is(value, -0) ? stagedKind.minusZero : stagedKind.number;
	if (value === null) return stagedKind.null;
	if (typeof value === "bigint") return stagedKind.integer;
	return typeof value === "string" ? stagedKind.text : stagedKind.bytes;
}
