// Makes a Parquet part of a stretch of hot samples. What is left when it is interrupted is a file that no list names.

import { rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { CodedError } from "../../../common/runtime/coded-error.ts";
import { type Duck, quoted } from "./duck.ts";
import { fileOrder, readHotStretch } from "./hot-stretch.ts";
import { type PartRow, partColumns, partName, sha256Of, syncPath } from "./part-file.ts";
import { Staging, stagedAsPart, stagedAtOnce } from "./staging.ts";

/** Where a sealing can be interrupted, in order; the listing itself follows the last. */
export const sealingSteps = ["staged", "written", "verified", "synced", "renamed", "folder synced"] as const;
export type SealingStep = (typeof sealingSteps)[number];

export interface SealRequest {
	readonly fromPos: number;
	/** Not included. */
	readonly toPos: number;
	readonly instance: string;
}

export interface SealOptions {
	readonly folder: string;
	/** Called after each step; what it throws ends the sealing there. */
	readonly onStep?: (step: SealingStep) => void;
}

const copyOptions = "FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION V2, ROW_GROUP_SIZE 122880";

/**
 * Writes the hot samples of a stretch of positions as one sorted file, checks it against what was read, and makes it
 * last. Returns undefined when the stretch has no samples.
 * @throws CodedError STORE_FAILED when the file does not hold what was read, or fewer than the records say.
 */
export async function sealRange(
	db: DatabaseSync,
	duck: Duck,
	request: SealRequest,
	{ folder, onStep = () => undefined }: SealOptions,
): Promise<PartRow | undefined> {
	const { fromPos, toPos, instance } = request;
	const { samples, minMs, maxMs } = await stage(db, duck, request);
	if (samples === 0) return undefined;
	onStep("staged");
	const file = partName(fromPos, toPos, "s", instance);
	const temporary = join(folder, `${file}.tmp`);
	try {
		await writeInOrder(duck, stagedAsPart, temporary);
		onStep("written");
		await verifyPart(duck, stagedAsPart, temporary);
		onStep("verified");
		await syncPath(temporary);
		onStep("synced");
		await rename(temporary, join(folder, file));
		onStep("renamed");
		await syncPath(folder);
		onStep("folder synced");
		const path = join(folder, file);
		const { size: bytes } = await stat(path);
		return { file, level: 0, fromPos, toPos, minMs, maxMs, samples, bytes, sha256: await sha256Of(path) };
	} catch (error) {
		await rm(temporary, { force: true });
		throw error;
	} finally {
		await duck.connection.run("DROP TABLE IF EXISTS staged");
	}
}

/** Writes what a query gives as a file sorted by series, source time and position. */
export async function writePart(duck: Duck, query: string, path: string): Promise<void> {
	await writeInOrder(duck, `${query} ORDER BY series, source_time, source_rest, pos`, path);
}

async function writeInOrder(duck: Duck, query: string, path: string): Promise<void> {
	await duck.connection.run(`COPY (${query}) TO ${quoted(path)} (${copyOptions})`);
}

/** Compares a file with the query it was written from, by number and by a sum over every column of every row. */
async function verifyPart(duck: Duck, query: string, path: string): Promise<void> {
	const sums = "count(*), sum(hash(r)::HUGEINT)";
	const of = (from: string) => `SELECT ${sums} FROM (SELECT hash(${partColumns}) AS r FROM ${from} q)`;
	const [expected, found] = [
		await duck.row(of(`(${query})`)),
		await duck.row(of(`read_parquet(${quoted(path)})`)),
	];
	if (String(expected) === String(found)) return;
	throw new CodedError(
		"STORE_FAILED",
		`${path}: expected what was written to it (count, sum: ${String(expected)}), found ${String(found)}; it is not used`,
	);
}

/**
 * Reads the stretch into the table `staged`, in the order of the file: DuckDB takes longer to sort than to write. Returns the
 * number of samples and the bounds of their source times.
 */
async function stage(
	db: DatabaseSync,
	duck: Duck,
	stretch: SealRequest,
): Promise<{ samples: number; minMs: number; maxMs: number }> {
	const found = await readHotStretch(db, stretch);
	const order = fileOrder(found);
	const staging = await Staging.begin(duck);
	try {
		for (let from = 0; from < order.length; from += stagedAtOnce) {
			staging.add(found, order.subarray(from, from + stagedAtOnce));
			await new Promise((resolve) => setImmediate(resolve));
		}
	} finally {
		staging.end();
	}
	return { samples: order.length, minMs: staging.minMs, maxMs: staging.maxMs };
}
