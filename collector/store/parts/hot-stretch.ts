// The hot samples of a stretch of positions as columns, and the order in which a file holds them.

import type { DatabaseSync } from "node:sqlite";
import type { Datatype } from "../../../common/contract/datatype.ts";
import { CodedError } from "../../../common/runtime/coded-error.ts";
import { samplesPerSeq } from "../../pipeline.ts";
import type { SeriesTypes } from "../hot-rows.ts";
import { HotTaker } from "../hot-taker.ts";
import { PositionedSamples } from "../positioned-samples.ts";

const readAtOnce = 2_048;
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
	const taker = HotTaker.of(db);
	const question = taker.question("FROM sample s WHERE s.pos >= ? AND s.pos < ? ORDER BY s.pos");
	return (
		to: PositionedSamples,
		records: readonly Said[],
		{ fromPos, toPos }: { fromPos: number; toPos: number },
	): void => {
		let at = to.count;
		taker.take(question, [fromPos, toPos], to, typeOf);
		for (const { seq, samples } of records)
			for (let index = 0; index < samples; index++, at++) {
				const expected = seq * samplesPerSeq + index;
				if (at === to.count || to.pos[at] !== expected)
					throw notAsSaid(
						`sample ${index} of record ${seq}`,
						at === to.count ? "none" : sampleAt(to.pos[at] as number),
					);
			}
		if (at !== to.count)
			throw notAsSaid(`${at} samples before position ${toPos}`, sampleAt(to.pos[at] as number));
	};
}

const sampleAt = (pos: number) =>
	`sample ${pos % samplesPerSeq} of record ${Math.floor(pos / samplesPerSeq)}`;

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
