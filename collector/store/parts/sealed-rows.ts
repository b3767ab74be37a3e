// Samples of Parquet parts, as columns. Files come from the store's list, never from the folder.

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { DuckDBDataChunk } from "@duckdb/node-api";
import { valueKind } from "../../../common/contract/samples.ts";
import { errorText } from "../../../common/runtime/coded-error.ts";
import type { SeriesTypes } from "../hot-rows.ts";
import { cellValue } from "../hot-rows.ts";
import { PositionedSamples } from "../positioned-samples.ts";
import { integersIn, numbersOf } from "./column-vectors.ts";
import { type Duck, quoted } from "./duck.ts";
import { isRecordFile, microsBeyondMs, partColumns, sourceMsColumn } from "./part-file.ts";
import { rollupColumns } from "./rollup.ts";
import { minuteFigures, RollupMinutes } from "./rollup-minutes.ts";

/** A part that cannot be read. */
export class DamagedPart extends Error {
	readonly file: string;

	constructor(file: string, reason: string) {
		super(`${file}: expected a readable part, found: ${reason}`);
		this.file = file;
	}
}

/** Which rows; a bound that is left out does not bind. Times and positions: both ends included. */
export interface SealedQuery {
	readonly files: readonly string[];
	readonly series?: readonly number[] | undefined;
	readonly fromMs?: number;
	readonly toMs?: number;
	readonly fromPos?: number;
	readonly toPos?: number;
	/** A condition on the columns of a part beyond these. */
	readonly and?: string;
	readonly order?: string | undefined;
	readonly limit?: number;
	/** Of each series only its newest sample: by source time, rest and position. */
	readonly newestOfEach?: true;
}

const columns = `series, pos::DOUBLE, ${sourceMsColumn}::DOUBLE, (${microsBeyondMs} * 10 + source_rest)::USMALLINT,
	coalesce(server_lag::DOUBLE, 'nan'::DOUBLE), status, (CASE WHEN value IS NOT NULL THEN (CASE WHEN tvalue IS NULL THEN 1 ELSE 5 END) WHEN ivalue IS NOT NULL THEN 2
		WHEN tvalue IS NOT NULL THEN 3 WHEN bvalue IS NOT NULL THEN 4 ELSE 0 END)::UTINYINT,
	coalesce(value, 0), coalesce(ivalue, 0), tvalue, bvalue`;
// Beside a number there is a text only for the sign of -0.
const numberColumns = `series, pos, source_time, source_rest, status, CASE WHEN tvalue IS NULL THEN coalesce(value, 'nan')
	WHEN value IS NULL THEN 'nan' ELSE '-0' END::DOUBLE`;
const newestOfEach =
	" QUALIFY row_number() OVER (PARTITION BY series ORDER BY source_time DESC, source_rest DESC, pos DESC) = 1";
/** Beyond this source times are no dates for DuckDB; OPC UA's own end in 1601 and 9999. */
const timeBoundMs = 8.64e15;

export class SealedRows {
	readonly #duck: () => Promise<Duck>;
	readonly #folder: string;

	/** `duck` is asked for with the first part that is read. */
	constructor(duck: () => Promise<Duck>, folder: string) {
		this.#duck = duck;
		this.#folder = folder;
	}

	/** Batches of about 2,000 samples. @throws DamagedPart */
	async *read(query: SealedQuery, typeOf: SeriesTypes): AsyncGenerator<PositionedSamples> {
		if (query.files.length === 0) return;
		const order = query.order === undefined ? "" : ` ORDER BY ${query.order}`;
		const limit = query.limit === undefined ? "" : ` LIMIT ${query.limit}`;
		const newest = query.newestOfEach === true ? newestOfEach : "";
		const sql = `SELECT ${columns} FROM ${this.#from(query.files)}${whereOf(query)}${newest}${order}${limit}`;
		try {
			for await (const chunk of (await this.#duck()).chunks(sql)) yield samplesOf(chunk, typeOf);
		} catch (error) {
			throw await this.#blame(error, query.files);
		}
	}

	/**
	 * The same for series without 64-bit integers when only numbers count: other values are NaN, and when the server told of them
	 * is left out. It takes half the time. @throws DamagedPart
	 */
	async *readNumbers(
		query: Omit<SealedQuery, "order" | "limit" | "newestOfEach">,
	): AsyncGenerator<PositionedSamples> {
		if (query.files.length === 0) return;
		const sql = `SELECT ${numberColumns} FROM ${this.#from(query.files)}${whereOf(query)}`;
		try {
			for await (const chunk of (await this.#duck()).chunks(sql)) yield numberSamplesOf(chunk);
		} catch (error) {
			throw await this.#blame(error, query.files);
		}
	}

	/** All of them together; the caller knows that they are not many. @throws DamagedPart */
	async collect(query: SealedQuery, typeOf: SeriesTypes): Promise<PositionedSamples> {
		const all = new PositionedSamples(0);
		for await (const batch of this.read(query, typeOf)) append(all, batch);
		return all;
	}

	/** The first row of `select` over these rows, as numbers. @throws DamagedPart */
	async figures(select: string, query: SealedQuery): Promise<number[]> {
		if (query.files.length === 0) return [];
		const order = query.order === undefined ? "" : ` ORDER BY ${query.order}`;
		const limit = query.limit === undefined ? "" : ` LIMIT 1 OFFSET ${query.limit}`;
		try {
			const row = await (await this.#duck()).row(
				`SELECT ${select} FROM ${this.#from(query.files)}${whereOf(query)}${order}${limit}`,
			);
			return row.map(Number);
		} catch (error) {
			throw await this.#blame(error, query.files);
		}
	}

	/** The rows of a question about files of any kind, as DuckDB's own values; none without files. @throws DamagedPart */
	async table(files: readonly string[], sql: (from: string) => string): Promise<unknown[][]> {
		if (files.length === 0) return [];
		try {
			const { connection } = await this.#duck();
			return (await connection.runAndReadAll(sql(this.#from(files)))).getRows();
		} catch (error) {
			throw await this.#blame(error, files);
		}
	}

	/** Whether a rollup is there; what it holds can also be made from its part. */
	hasRollup(file: string | undefined): boolean {
		return file !== undefined && existsSync(join(this.#folder, file));
	}

	/** By series, its minutes that begin from `fromMs` on and before `endMs`, in order. */
	async rollups(
		files: readonly string[],
		series: readonly number[],
		{ fromMs, endMs }: { fromMs: number; endMs: number },
	): Promise<Map<number, RollupMinutes>> {
		const sql = `SELECT series, ${rollupColumns} FROM ${this.#from(files)}
			WHERE series IN (${series.join(", ")}) AND minute >= ${fromMs} AND minute < ${endMs}`;
		const found = new Map<number, RollupMinutes>();
		for await (const chunk of (await this.#duck()).chunks(sql)) {
			const { rowCount } = chunk;
			const whose = numbersOf<Uint32Array>(chunk, 0);
			const columns = minuteFigures.map((_, column) => numbersOf<Float64Array>(chunk, 1 + column));
			for (let from = 0, to = 0; from < rowCount; from = to) {
				const one = whose[from] as number;
				while (to < rowCount && whose[to] === one) to++;
				const minutes = found.get(one) ?? new RollupMinutes();
				found.set(one, minutes);
				minutes.add(columns, from, to);
			}
		}
		// Each file is in order, and files of one stretch follow each other: there is most often nothing to do.
		for (const minutes of found.values()) minutes.sort();
		return found;
	}

	/** Reads every column of a file. @throws DamagedPart */
	async check(file: string): Promise<void> {
		if (!existsSync(join(this.#folder, file))) throw new DamagedPart(file, "no such file");
		try {
			const columns = isRecordFile(file) ? "q" : partColumns;
			await (await this.#duck()).row(`SELECT sum(hash(${columns})::HUGEINT) FROM ${this.#from([file])} q`);
		} catch (error) {
			throw new DamagedPart(file, errorText(error));
		}
	}

	#from(files: readonly string[]): string {
		return `read_parquet([${files.map((file) => quoted(join(this.#folder, file))).join(", ")}])`;
	}

	/** Which file a query failed for. */
	async #blame(error: unknown, files: readonly string[]): Promise<unknown> {
		for (const file of files) {
			try {
				await this.check(file);
			} catch (found) {
				return found;
			}
		}
		return error;
	}
}

function whereOf({ series, fromMs, toMs, fromPos, toPos, and }: SealedQuery): string {
	const conditions: string[] = [];
	if (series !== undefined) conditions.push(amongSeries(series));
	if (fromMs !== undefined) conditions.push(`source_time >= ${timestamp(fromMs)}`);
	if (toMs !== undefined) conditions.push(`source_time < ${timestamp(toMs + 1)}`);
	if (fromPos !== undefined) conditions.push(`pos >= ${fromPos}`);
	if (toPos !== undefined) conditions.push(`pos <= ${toPos}`);
	if (and !== undefined) conditions.push(and);
	return conditions.length === 0 ? "" : ` WHERE ${conditions.join(" AND ")}`;
}

/** Bounds rule row groups out, and a list is not looked through when nothing is missing between them. */
function amongSeries(series: readonly number[]): string {
	let [least, most] = [Number.POSITIVE_INFINITY, 0];
	for (const id of series) [least, most] = [Math.min(least, id), Math.max(most, id)];
	const bounds = `series >= ${Math.min(least, most)} AND series <= ${most}`;
	const isWhole = new Set(series).size === most - least + 1;
	return isWhole ? bounds : `series IN (${series.join(", ")})`;
}

/** A source time in milliseconds as a constant, so that a file's statistics can rule it out. */
function timestamp(ms: number): string {
	const bounded = Math.round(Math.max(-timeBoundMs, Math.min(timeBoundMs, ms)));
	return `make_timestamp(${BigInt(bounded) * 1000n})`;
}

function samplesOf(chunk: DuckDBDataChunk, typeOf: SeriesTypes): PositionedSamples {
	const count = chunk.rowCount;
	const made = new PositionedSamples(count);
	const { samples } = made;
	samples.count = count;
	samples.tagId.set(numbersOf<Uint32Array>(chunk, 0));
	made.pos.set(numbersOf<Float64Array>(chunk, 1));
	samples.sourceMs.set(numbersOf<Float64Array>(chunk, 2));
	samples.sourceRestTicks.set(numbersOf<Uint16Array>(chunk, 3));
	samples.serverLagTicks.set(numbersOf<Float64Array>(chunk, 4));
	samples.status.set(numbersOf<Uint32Array>(chunk, 5));
	samples.number.set(numbersOf<Float64Array>(chunk, 7));
	const kinds = numbersOf<Uint8Array>(chunk, 6);
	for (let index = 0; index < count; index++) {
		const kind = kinds[index] as number;
		if (kind <= 1) samples.kind[index] = kind;
		else if (kind === 5) samples.setValue(index, -0);
		else if (kind === 2) samples.setValue(index, numbersOf<BigInt64Array>(chunk, 8)[index] as bigint);
		else if (kind === 3) {
			const text = String(chunk.getColumnVector(9).getItem(index));
			samples.setValue(index, cellValue(text, typeOf(samples.tagId[index] as number)));
		} else {
			const blob = chunk.getColumnVector(10).getItem(index) as { bytes: Uint8Array };
			samples.setValue(index, new Uint8Array(blob.bytes));
		}
	}
	return made;
}

function numberSamplesOf(chunk: DuckDBDataChunk): PositionedSamples {
	const count = chunk.rowCount;
	const made = new PositionedSamples(count);
	const { samples, pos } = made;
	samples.count = count;
	samples.tagId.set(numbersOf<Uint32Array>(chunk, 0));
	const [positions, times] = [integersIn(chunk, 1), integersIn(chunk, 2)];
	const rests = numbersOf<Uint8Array>(chunk, 3);
	samples.serverLagTicks.fill(Number.NaN, 0, count);
	samples.status.set(numbersOf<Uint32Array>(chunk, 4));
	samples.kind.fill(valueKind.number, 0, count);
	samples.number.set(numbersOf<Float64Array>(chunk, 5));
	for (let index = 0; index < count; index++) {
		pos[index] = positions(index);
		const micros = times(index);
		let ms = Math.floor(micros / 1_000);
		let beyondMs = micros - ms * 1_000;
		if (!Number.isSafeInteger(micros)) {
			// After the year 2255.
			const exact = numbersOf<BigInt64Array>(chunk, 2)[index] as bigint;
			beyondMs = Number(((exact % 1_000n) + 1_000n) % 1_000n);
			ms = Number((exact - BigInt(beyondMs)) / 1_000n);
		}
		samples.sourceMs[index] = ms;
		samples.sourceRestTicks[index] = beyondMs * 10 + (rests[index] as number);
	}
	return made;
}

/** Adds one set of columns to the end of another. */
export function append(to: PositionedSamples, from: PositionedSamples): void {
	const at = to.count;
	to.reserve(at + from.count);
	to.samples.append(from.samples);
	to.pos.set(from.pos.subarray(0, from.count), at);
}
