// Makes a Parquet part of a stretch of hot samples. What is left when it is interrupted is a file that no list names.

import { rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Datatype } from "../../../common/contract/datatype.ts";
import { CodedError } from "../../../common/runtime/coded-error.ts";
import { hotColumns, plainHotColumns, takeHotRow } from "../hot-rows.ts";
import { PositionedSamples } from "../positioned-samples.ts";
import { type Duck, quoted } from "./duck.ts";
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
		await writePart(duck, stagedAsPart, temporary);
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
	await duck.connection.run(
		`COPY (${query} ORDER BY series, source_time, source_rest, pos) TO ${quoted(path)} (${copyOptions})`,
	);
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

/** Reads the stretch into the table `staged`. Returns the number of samples and the bounds of their source times. */
async function stage(
	db: DatabaseSync,
	duck: Duck,
	{ fromPos, toPos }: SealRequest,
): Promise<{ samples: number; minMs: number; maxMs: number }> {
	const types = seriesTypes(db);
	const staging = await Staging.begin(duck);
	// One view, so that the rows are those that the records speak of.
	db.exec("BEGIN");
	let total = 0;
	try {
		const read = hotReader(db);
		const batch = new PositionedSamples(stagedAtOnce);
		for (let at = fromPos; ; ) {
			const rows = read(at, toPos);
			if (rows.length === 0) break;
			batch.samples.count = 0;
			for (const row of rows) takeHotRow(batch, row, (series) => types.get(series));
			staging.add(batch);
			total += rows.length;
			at = Number((rows.at(-1) as [number])[0]) + 1;
			// Others on this thread, such as an order to stop, get their turn.
			await new Promise((resolve) => setImmediate(resolve));
		}
		const said = db
			.prepare("SELECT coalesce(sum(samples), 0) AS n FROM record WHERE seq >= ? / 512 AND seq < ? / 512")
			.get(fromPos, toPos);
		if (Number(said?.n) !== total) {
			const message = `expected ${said?.n} samples at positions ${fromPos} to ${toPos}, as the records say, found ${total}`;
			throw new CodedError("STORE_FAILED", message);
		}
	} finally {
		db.exec("COMMIT");
		staging.end();
	}
	return { samples: total, minMs: staging.minMs, maxMs: staging.maxMs };
}

/** Rows from a position on, as arrays. */
function hotReader(db: DatabaseSync): (fromPos: number, toPos: number) => [number][] {
	const [plain, exact] = [plainHotColumns("sample"), hotColumns("sample")].map((columns) => {
		const statement = db.prepare(
			`SELECT ${columns} FROM sample WHERE pos >= ? AND pos < ? ORDER BY pos LIMIT ${stagedAtOnce}`,
		);
		statement.setReturnArrays(true);
		return statement;
	}) as [StatementSync, StatementSync];
	return (fromPos, toPos) => {
		try {
			return plain.all(fromPos, toPos) as unknown as [number][];
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== "ERR_OUT_OF_RANGE") throw error;
			return exact.all(fromPos, toPos) as unknown as [number][];
		}
	};
}

/** The data type of each series. */
function seriesTypes(db: DatabaseSync): Map<number, Datatype> {
	const rows = db.prepare("SELECT id, datatype FROM series").all();
	return new Map(rows.map(({ id, datatype }) => [Number(id), Number(datatype) as Datatype]));
}
