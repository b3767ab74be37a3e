// Parquet files of record rows: what a part needs to be more than samples. Beside the rows each file tells what its ids
// mean, so that another store can take it over.

import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import {
	BIGINT,
	BLOB,
	DuckDBBlobValue,
	DuckDBDataChunk,
	type DuckDBType,
	UINTEGER,
	USMALLINT,
	UTINYINT,
	VARCHAR,
} from "@duckdb/node-api";
import { CodedError } from "../../../common/runtime/coded-error.ts";
import { samplesPerSeq } from "../../pipeline.ts";
import { integersOf, numbersOf, setThere, someThere } from "../parts/column-vectors.ts";
import { type Duck, quoted } from "../parts/duck.ts";
import { partName, sha256Of } from "../parts/part-file.ts";
import { all, type Row } from "../read-rows.ts";
import { type FileNames, namesOf } from "./file-names.ts";

/** In order of `seq`. Times are milliseconds; `own` is 1 for records of the agent's own word. */
const recordColumns = `seq, edge_node, epoch, "offset", last, device, samples, source_min_ms, source_max_ms, through_ms,
	hash, received_ms, own`;

/** Offsets of one epoch in a record file, from the first to the last; others may be between them. */
export interface RecordSpan {
	readonly edgeNode: number;
	readonly epoch: number;
	readonly first: number;
	readonly last: number;
}

/** A record file as the store lists it; `toSeq` is not included. Times are source times, undefined without samples. */
export interface RecordFileRow {
	readonly file: string;
	readonly fromSeq: number;
	readonly toSeq: number;
	readonly records: number;
	readonly samples: number;
	readonly minMs: number | undefined;
	readonly maxMs: number | undefined;
	readonly bytes: number;
	/** Hexadecimal SHA-256. */
	readonly sha256: string;
	readonly spans: readonly RecordSpan[];
}

export interface RecordRange {
	readonly fromSeq: number;
	/** Not included. */
	readonly toSeq: number;
	readonly instance: string;
}

const atOnce = 2_048;
const types: readonly DuckDBType[] = [
	...[
		BIGINT,
		UINTEGER,
		BIGINT,
		BIGINT,
		BIGINT,
		VARCHAR,
		USMALLINT,
		BIGINT,
		BIGINT,
		BIGINT,
		BLOB,
		BIGINT,
		UTINYINT,
	],
];
const createStaged = `CREATE OR REPLACE TEMP TABLE staged_record(seq BIGINT, edge_node UINTEGER, epoch BIGINT, "offset" BIGINT,
	last BIGINT, device VARCHAR, samples USMALLINT, source_min_ms BIGINT, source_max_ms BIGINT, through_ms BIGINT,
	hash BLOB, received_ms BIGINT, own UTINYINT)`;
const integerColumns: readonly (readonly [number, string])[] = [
	...([
		[0, "seq"],
		[2, "epoch"],
		[3, "offset"],
		[4, "last"],
		[7, "source_min_ms"],
		[8, "source_max_ms"],
	] as const),
	...([
		[9, "through_ms"],
		[11, "received_ms"],
	] as const),
];

/** The file name of a stretch of records; `q` stands between positions as other letters do for parts. */
export function recordFileName({ fromSeq, toSeq, instance }: RecordRange): string {
	return partName(fromSeq * samplesPerSeq, toSeq * samplesPerSeq, "q", instance);
}

/**
 * Writes the record rows of a stretch as a file under its temporary name, checked. Undefined when there are none.
 * @throws CodedError STORE_FAILED when the file does not hold what was read
 */
export async function writeRecords(
	db: DatabaseSync,
	duck: Duck,
	range: RecordRange,
	folder: string,
): Promise<Omit<RecordFileRow, "bytes" | "sha256"> | undefined> {
	await duck.connection.run(createStaged);
	try {
		if ((await stage(db, duck, range)) === 0) return undefined;
		const devices = (
			await duck.connection.runAndReadAll("SELECT DISTINCT edge_node, device FROM staged_record")
		)
			.getRows()
			.map(([edgeNode, device]) => ({ edgeNode: Number(edgeNode), device: String(device) }));
		const file = recordFileName(range);
		await writeFile(duck, "staged_record", {
			path: join(folder, `${file}.tmp`),
			names: namesOf(db, devices),
		});
		return { file, fromSeq: range.fromSeq, toSeq: range.toSeq, ...(await figuresOf(duck, "staged_record")) };
	} finally {
		await duck.connection.run("DROP TABLE IF EXISTS staged_record");
	}
}

/** Writes rows in order with what their ids mean, and compares the file with them. */
export async function writeFile(
	duck: Duck,
	from: string,
	{ path, names }: { path: string; names: FileNames },
): Promise<void> {
	await duck.connection.run(
		`COPY (SELECT ${recordColumns} FROM ${from} ORDER BY seq) TO ${quoted(path)} (FORMAT parquet, COMPRESSION zstd,
		PARQUET_VERSION V2, KV_METADATA {pilotline: ${quoted(JSON.stringify(names))}})`,
	);
	const sums = (rows: string) => `SELECT count(*), sum(hash(${recordColumns})::HUGEINT) FROM ${rows}`;
	const expected = await duck.row(sums(from));
	const found = await duck.row(sums(`read_parquet(${quoted(path)})`));
	if (String(expected) === String(found)) return;
	throw new CodedError(
		"STORE_FAILED",
		`${path}: expected what was written to it (count, sum: ${String(expected)}), found ${String(found)}; it is not used`,
	);
}

export async function figuresOf(duck: Duck, from: string) {
	const [records, samples, minMs, maxMs] = await duck.row(
		`SELECT count(*), sum(samples), min(source_min_ms), max(source_max_ms) FROM ${from}`,
	);
	const spans = await duck.connection.runAndReadAll(
		`SELECT edge_node, epoch, min("offset"), max(last) FROM ${from} GROUP BY ALL ORDER BY ALL`,
	);
	return {
		records: Number(records),
		samples: Number(samples),
		minMs: minMs === null ? undefined : Number(minMs),
		maxMs: maxMs === null ? undefined : Number(maxMs),
		spans: spans.getRows().map((row) => {
			const [edgeNode, epoch, first, last] = row.map(Number) as [number, number, number, number];
			return { edgeNode, epoch, first, last };
		}),
	};
}

/** What only the finished file tells. */
export async function sizeOf(path: string): Promise<{ bytes: number; sha256: string }> {
	return { bytes: (await stat(path)).size, sha256: await sha256Of(path) };
}

/** Returns the number of rows. */
async function stage(db: DatabaseSync, duck: Duck, { fromSeq, toSeq }: RecordRange): Promise<number> {
	const appender = await duck.connection.createAppender("staged_record");
	let total = 0;
	try {
		for (let at = fromSeq; ; ) {
			const sql = `SELECT ${recordColumns} FROM record WHERE seq >= ? AND seq < ? ORDER BY seq LIMIT ${atOnce}`;
			const rows = all(db, sql, at, toSeq);
			if (rows.length === 0) return total;
			appender.appendDataChunk(chunkOf(rows));
			total += rows.length;
			at = Number(rows.at(-1)?.seq) + 1;
			// Others on this thread, such as an order to stop, get their turn.
			await new Promise((resolve) => setImmediate(resolve));
		}
	} finally {
		appender.closeSync();
	}
}

function chunkOf(rows: readonly Row[]): DuckDBDataChunk {
	const count = rows.length;
	const chunk = DuckDBDataChunk.create(types, count);
	for (const [column, name] of integerColumns) {
		const vector = chunk.getColumnVector(column);
		const there = someThere(vector, count);
		const integers = integersOf(chunk, column);
		for (const [index, row] of rows.entries()) {
			const value = row[name];
			if (value === null || value === undefined) continue;
			integers.set(index, Number(value));
			setThere(there, index);
		}
		vector.flush();
	}
	for (const [column, name] of [
		[1, "edge_node"],
		[6, "samples"],
		[12, "own"],
	] as const) {
		const numbers = numbersOf<Uint32Array>(chunk, column);
		for (const [index, row] of rows.entries()) numbers[index] = Number(row[name]);
		chunk.getColumnVector(column).flush();
	}
	const [devices, hashes] = [chunk.getColumnVector(5), chunk.getColumnVector(10)];
	for (const [index, row] of rows.entries()) {
		devices.setItem(index, String(row.device));
		hashes.setItem(index, new DuckDBBlobValue(row.hash as Uint8Array));
	}
	devices.flush();
	hashes.flush();
	return chunk;
}
