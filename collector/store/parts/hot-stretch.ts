// The hot samples of a stretch of positions as columns, and the order in which a file holds them.

import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import type { Datatype } from "../../../common/contract/datatype.ts";
import { CodedError } from "../../../common/runtime/coded-error.ts";
import { samplesPerSeq } from "../../pipeline.ts";
import { cellValue, hotColumns, type SeriesTypes, takeHotRow } from "../hot-rows.ts";
import { PositionedSamples } from "../positioned-samples.ts";

const readAtOnce = 2_048;
const seriesMax = 2 ** 20;
const restMax = 2 ** 14;
const lagMax = 2 ** 39 - 1;
/** node:sqlite refuses it as a number; rows with it are read column by column. */
const doesNotFit = "9223372036854775807";

/**
 * Four numbers in place of seven, because handing one over costs more than finding the row: series and status, source time
 * and index in the record, server lag and rest of the source time (a half says that there is no lag), value.
 */
const packedColumns = `CASE WHEN series < ${seriesMax} THEN status * ${seriesMax} + series ELSE ${doesNotFit} END,
	source_ms * ${samplesPerSeq} + (pos & ${samplesPerSeq - 1}),
	CASE WHEN server_lag IS NULL THEN source_rest + 0.5
		WHEN server_lag BETWEEN -${lagMax} AND ${lagMax} THEN server_lag * ${restMax} + source_rest
		ELSE ${doesNotFit} END,
	value`;

interface Said {
	readonly seq: number;
	readonly samples: number;
}

/**
 * All samples of a stretch (`toPos` is not included) in the order of their positions, read in one view of the file.
 * @throws CodedError STORE_FAILED when they are not those that the records say.
 */
export async function readHotStretch(
	db: DatabaseSync,
	{ fromPos, toPos }: { fromPos: number; toPos: number },
): Promise<PositionedSamples> {
	const types = seriesTypes(db);
	db.exec("BEGIN");
	try {
		const records = db
			.prepare("SELECT seq, samples FROM record WHERE seq >= ? AND seq < ? AND samples > 0 ORDER BY seq")
			.all(fromPos / samplesPerSeq, toPos / samplesPerSeq) as unknown as Said[];
		const total = records.reduce((sum, { samples }) => sum + samples, 0);
		const found = new PositionedSamples(total);
		if (total === 0 && hasSample(db, fromPos, toPos))
			throw notAsSaid(`no samples at positions ${fromPos} to ${toPos}`, "some");
		const read = hotReader(db, (series) => types.get(series));
		for (let from = 0, to = 0; from < records.length; from = to) {
			let samples = 0;
			do samples += (records[to++] as Said).samples;
			while (to < records.length && samples + (records[to] as Said).samples <= readAtOnce);
			// Up to the next of them, so that samples without a record are seen.
			const next = records[to]?.seq;
			read(found, records.slice(from, to), {
				fromPos: from === 0 ? fromPos : (records[from] as Said).seq * samplesPerSeq,
				toPos: next === undefined ? toPos : next * samplesPerSeq,
			});
			// Others on this thread, such as an order to stop, get their turn.
			await new Promise((resolve) => setImmediate(resolve));
		}
		return found;
	} finally {
		db.exec("COMMIT");
	}
}

/**
 * The indexes of samples that stand in the order of their positions, ordered by series, source time and position. Samples of a
 * series come in time most often, so that they only have to be put beside each other.
 */
export function fileOrder({ samples, count }: PositionedSamples): Uint32Array {
	const { tagId, sourceMs, sourceRestTicks } = samples;
	let most = 0;
	for (let index = 0; index < count; index++) most = Math.max(most, tagId[index] as number);
	const ends = new Uint32Array(most + 2);
	for (let index = 0; index < count; index++) ends[(tagId[index] as number) + 1]!++;
	for (let series = 1; series < ends.length; series++) ends[series]! += ends[series - 1] as number;
	const order = new Uint32Array(count);
	for (let index = 0; index < count; index++) order[ends[tagId[index] as number]!++] = index;
	const laterThan = (a: number, b: number) =>
		(sourceMs[a] as number) - (sourceMs[b] as number) ||
		(sourceRestTicks[a] as number) - (sourceRestTicks[b] as number) ||
		a - b;
	for (let series = 0, from = 0; series <= most; from = ends[series++] as number) {
		const mine = order.subarray(from, ends[series]);
		if (mine.some((at, index) => index > 0 && laterThan(mine[index - 1] as number, at) > 0))
			mine.sort(laterThan);
	}
	return order;
}

/** Adds the samples of some records, which follow each other, to the end. */
function hotReader(db: DatabaseSync, typeOf: SeriesTypes) {
	const ways = [
		{ take: takePacked, columns: packedColumns },
		{ take: takeExact, columns: hotColumns("sample") },
	].map(({ take, columns }) => {
		const statement = db.prepare(`SELECT ${columns} FROM sample WHERE pos >= ? AND pos < ? ORDER BY pos`);
		statement.setReturnArrays(true);
		return (from: number, to: number) => ({
			take,
			rows: statement.all(from, to) as unknown as SQLOutputValue[][],
		});
	});
	const readRows = (from: number, to: number) => {
		try {
			return ways[0]!(from, to);
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== "ERR_OUT_OF_RANGE") throw error;
			return ways[1]!(from, to);
		}
	};
	return (
		to: PositionedSamples,
		records: readonly Said[],
		{ fromPos, toPos }: { fromPos: number; toPos: number },
	): void => {
		const { rows, take } = readRows(fromPos, toPos);
		let at = 0;
		for (const { seq, samples } of records) {
			for (let index = 0; index < samples; index++) {
				const row = rows[at++];
				const found = row === undefined ? undefined : take(to, row, typeOf);
				if (found !== index) throw notAsSaid(`sample ${index} of record ${seq}`, `sample ${found ?? "none"}`);
				to.pos[to.samples.count++] = seq * samplesPerSeq + index;
			}
		}
		if (at !== rows.length)
			throw notAsSaid(`${at} samples at positions ${fromPos} to ${toPos}`, `${rows.length}`);
	};
}

/** Sets what follows the last sample, but neither position nor number of samples; returns the row's index in its record. */
function takePacked(
	{ samples }: PositionedSamples,
	row: readonly SQLOutputValue[],
	typeOf: SeriesTypes,
): number {
	const at = samples.count;
	const [who, when, lagAndRest, value] = row as [number, number, number, SQLOutputValue];
	const series = who & (seriesMax - 1);
	const index = when & (samplesPerSeq - 1);
	samples.tagId[at] = series;
	samples.status[at] = (who - series) / seriesMax;
	samples.sourceMs[at] = (when - index) / samplesPerSeq;
	if (Number.isInteger(lagAndRest)) {
		const rest = lagAndRest & (restMax - 1);
		samples.sourceRestTicks[at] = rest;
		samples.serverLagTicks[at] = (lagAndRest - rest) / restMax;
	} else {
		samples.sourceRestTicks[at] = lagAndRest - 0.5;
		samples.serverLagTicks[at] = Number.NaN;
	}
	samples.setValue(at, cellValue(value, typeOf(series)));
	return index;
}

function takeExact(to: PositionedSamples, row: readonly SQLOutputValue[], typeOf: SeriesTypes): number {
	takeHotRow(to, row, typeOf);
	to.samples.count--;
	return (row[0] as number) % samplesPerSeq;
}

function notAsSaid(expected: string, found: string): CodedError {
	return new CodedError("STORE_FAILED", `expected ${expected}, as the records say, found ${found}`);
}

function hasSample(db: DatabaseSync, fromPos: number, toPos: number): boolean {
	const one = db.prepare("SELECT 1 FROM sample WHERE pos >= ? AND pos < ? LIMIT 1");
	return one.get(fromPos, toPos) !== undefined;
}

/** The data type of each series. */
function seriesTypes(db: DatabaseSync): Map<number, Datatype> {
	const rows = db.prepare("SELECT id, datatype FROM series").all();
	return new Map(rows.map(({ id, datatype }) => [Number(id), Number(datatype) as Datatype]));
}
