// Samples of one tag over one stretch of time, in order, a bounded number at once; and their buckets.

import type { DatabaseSync } from "node:sqlite";
import type { Datatype } from "../../common/contract/datatype.ts";
import { isGood } from "../../common/contract/status.ts";
import { CodedError } from "../../common/runtime/coded-error.ts";
import { type BucketSlice, bucketPiecesMost, type SamplePiece, type SampleSlice } from "../samples-port.ts";
import { BucketFold } from "./bucket-fold.ts";
import { rollupMinuteMs } from "./parts/rollup.ts";
import { append } from "./parts/sealed-rows.ts";
import type { PositionedSamples } from "./positioned-samples.ts";
import { all, readValue } from "./read-rows.ts";
import type { SampleRows } from "./sample-rows.ts";

const bucketsMax = 10_000;
const foldedAtOnce = 200_000;

/** In order of source time and position, and the time to read on from. */
async function ordered(
	rows: SampleRows,
	piece: SamplePiece,
	limit: number,
): Promise<{ found: PositionedSamples; nextMs: number | undefined }> {
	const { unit, series, fromMs, toMs } = piece;
	const found = await rows.sealedFirst({ series, fromMs, toMs }, limit + 1);
	// Where there are more sealed ones than asked for, hot ones matter only up to there.
	const sealedEndMs = found.count > limit ? (found.samples.sourceMs[found.count - 1] as number) : toMs;
	for (const batch of rows.hotOfSeries({ unit, series, fromMs, toMs: sealedEndMs }, false))
		append(found, batch);
	const sorted = inOrder(found);
	if (sorted.count <= limit) return { found: sorted, nextMs: undefined };
	let cutMs = sorted.samples.sourceMs[limit] as number;
	// A millisecond is not cut; one with more samples than the limit is given whole.
	if (cutMs === sorted.samples.sourceMs[0]) cutMs += 1;
	let end = 0;
	while (end < sorted.count && (sorted.samples.sourceMs[end] as number) < cutMs) end++;
	if (end === sorted.count && sealedEndMs < cutMs) {
		const whole = await rows.sealedFirst({ series, fromMs, toMs: sealedEndMs }, Number.MAX_SAFE_INTEGER);
		for (const batch of rows.hotOfSeries({ unit, series, fromMs, toMs: sealedEndMs }, false))
			append(whole, batch);
		return { found: inOrder(whole), nextMs: cutMs };
	}
	return { found: sorted.picked(Uint32Array.from({ length: end }, (_, index) => index)), nextMs: cutMs };
}

export async function readSlice(rows: SampleRows, piece: SamplePiece, limit: number): Promise<SampleSlice> {
	const { found, nextMs } = await ordered(rows, piece, limit);
	const { samples, count } = found;
	const slice: SampleSlice = { atMs: [], restTicks: [], serverLagTicks: [], status: [], value: [], nextMs };
	for (let index = 0; index < count; index++) {
		const lag = samples.serverLagTicks[index] as number;
		slice.atMs.push(samples.sourceMs[index] as number);
		slice.restTicks.push(samples.sourceRestTicks[index] as number);
		slice.serverLagTicks.push(Number.isNaN(lag) ? null : lag);
		slice.status.push(samples.status[index] as number);
		const datatype = rows.typeOf(samples.tagId[index] as number) as Datatype;
		slice.value.push(readValue(samples.value(index), datatype, Number.MAX_SAFE_INTEGER));
	}
	return slice;
}

/** Of each piece, as `readBuckets`; pieces of one period cost less together. */
export async function readBucketsOfEach(
	db: DatabaseSync,
	rows: SampleRows,
	pieces: readonly SamplePiece[],
	widthMs: number,
): Promise<BucketSlice[]> {
	const slices: BucketSlice[] = [];
	for (let at = 0; at < pieces.length; at += bucketPiecesMost) {
		const together = pieces.slice(at, at + bucketPiecesMost);
		const isOnePeriod = together.every(
			({ fromMs, toMs }) => fromMs === together[0]?.fromMs && toMs === together[0]?.toMs,
		);
		rows.minutes.want(isOnePeriod ? together.flatMap(({ series }) => series) : []);
		for (const piece of together) slices.push(await readBuckets(db, rows, piece, widthMs));
	}
	return slices;
}

/** @throws CodedError USAGE for too many buckets */
export async function readBuckets(
	db: DatabaseSync,
	rows: SampleRows,
	piece: SamplePiece,
	widthMs: number,
): Promise<BucketSlice> {
	const { unit, tag, series, fromMs, toMs } = piece;
	const count = Math.floor(toMs / widthMs) - Math.floor(fromMs / widthMs) + 1;
	if (count > bucketsMax)
		throw new CodedError(
			"USAGE",
			`expected at most ${bucketsMax} buckets, found ${count}; ask for wider ones`,
		);
	const gaps = gapsOf(db, piece);
	const fold = new BucketFold({ fromMs, toMs, widthMs, gaps });
	const before = await rows.lastBefore(unit, series, fromMs);
	if (before !== undefined) fold.begin(fromMs, numberOf(before, 0));
	const raw = async (stretchFromMs: number, stretchToMs: number) => {
		for (let nextMs: number | undefined = stretchFromMs; nextMs !== undefined && nextMs <= stretchToMs; ) {
			const slice = await ordered(rows, { ...piece, tag, fromMs: nextMs, toMs: stretchToMs }, foldedAtOnce);
			for (let index = 0; index < slice.found.count; index++)
				fold.add(slice.found.samples.sourceMs[index] as number, numberOf(slice.found, index));
			nextMs = slice.nextMs;
		}
	};
	let atMs = fromMs;
	for (const stretch of rollupsFor(rows, piece, widthMs, gaps)) {
		await raw(atMs, stretch.fromMs - 1);
		fold.addMinutes(await rows.minutes.of(stretch, series[0] as number));
		atMs = stretch.endMs;
	}
	await raw(atMs, toMs);
	return fold.end();
}

/** Where minutes can be taken as a whole: buckets of whole minutes, one series, no gap. */
function rollupsFor(
	rows: SampleRows,
	{ unit, series, datatype, fromMs, toMs }: SamplePiece,
	widthMs: number,
	gaps: readonly { fromMs: number; toMs: number }[],
) {
	// An unsigned 64-bit integer is digits where it is large.
	if (widthMs % rollupMinuteMs !== 0 || series.length !== 1 || datatype === "UInt64") return [];
	return rows.rollups(unit, { fromMs, toMs }, gaps);
}

/** NaN when the sample is not Good or has no number. */
function numberOf({ samples }: PositionedSamples, index: number): number {
	if (!isGood(samples.status[index] as number)) return Number.NaN;
	const value = samples.value(index);
	return typeof value === "number" || typeof value === "bigint" ? Number(value) : Number.NaN;
}

/** In order of source time and position; most often they are already. */
function inOrder(found: PositionedSamples): PositionedSamples {
	const { samples, pos, count } = found;
	const compare = (a: number, b: number) =>
		(samples.sourceMs[a] as number) - (samples.sourceMs[b] as number) ||
		(samples.sourceRestTicks[a] as number) - (samples.sourceRestTicks[b] as number) ||
		(pos[a] as number) - (pos[b] as number);
	let at = 1;
	while (at < count && compare(at - 1, at) <= 0) at++;
	if (at >= count) return found;
	return found.picked(Uint32Array.from({ length: count }, (_, index) => index).sort(compare));
}

function gapsOf(db: DatabaseSync, { unit, tag, fromMs, toMs }: SamplePiece) {
	return all(
		db,
		`SELECT g.from_ms, g.to_ms FROM gap g WHERE g.backfilled = 0 AND g.to_ms >= ? AND g.from_ms <= ? AND (g.device = ?
				OR (g.device = '' AND g.edge_node IN (SELECT edge_node FROM series WHERE device = ? AND tag = ?)))
			AND (g.tags = '[]' OR EXISTS (SELECT 1 FROM json_each(g.tags) t WHERE t.value = ?))
		ORDER BY g.from_ms LIMIT 10000`,
		...[fromMs, toMs, unit, unit, tag, tag],
	).map((row) => ({ fromMs: Number(row.from_ms), toMs: Number(row.to_ms) }));
}
