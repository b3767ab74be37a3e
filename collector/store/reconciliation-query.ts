// "Produced N, stored N": what each unit has counted, compared with what is stored of it.

import type { DatabaseSync } from "node:sqlite";
import type { ReconciliationQuery, ReconciliationRow } from "../read-port.ts";
import { all, get } from "./read-rows.ts";
import { type CountPoint, compareCounts } from "./reconciliation.ts";
import type { SampleRows } from "./sample-rows.ts";
import { UnitCounts } from "./unit-counts.ts";

/** Records of all rows together; a row that has more than its share is compared over its newest ones. */
const recordsMax = 2_000_000;
/** Records after the end of a row's period, for all rows together; only their index is read. */
const aheadMax = 16_000_000;
const rowsMax = 500;
const seriesMax = 64;
/** How far outside of a period its neighbouring counts are looked for. */
const marginMs = 3 * 86_400_000;
/** Where OPC UA's own times end. */
const endOfTime = 253_402_300_799_999;

interface Period {
	readonly unit: string;
	readonly batch: string | undefined;
	readonly lot: string | undefined;
	readonly fromMs: number;
	readonly toMs: number;
}

/**
 * Rows of a lot in order of time, else by unit. In one view for all rows: what is committed meanwhile would be in one
 * figure and not in the other.
 */
export async function readReconciliation(
	db: DatabaseSync,
	samples: SampleRows,
	query: ReconciliationQuery,
	recordsAtMost = recordsMax,
): Promise<ReconciliationRow[]> {
	const periods = periodsOf(db, query);
	const rows: ReconciliationRow[] = [];
	let recordsLeft = recordsAtMost;
	for (const [index, period] of periods.entries()) {
		const share = Math.floor(recordsLeft / (periods.length - index));
		const ahead = Math.floor(aheadMax / periods.length);
		const { row, records } = await reconcile({ db, samples }, query.written, period, {
			records: share,
			ahead,
		});
		rows.push(row);
		recordsLeft -= records;
	}
	return rows;
}

function periodsOf(db: DatabaseSync, query: ReconciliationQuery): Period[] {
	const { written, lot, unit, fromMs = 0, toMs = endOfTime } = query;
	if (lot !== undefined) {
		return all(db, "SELECT * FROM unit_visit WHERE lot = ? ORDER BY from_ms, unit LIMIT ?", lot, rowsMax).map(
			(row) => ({
				unit: String(row.unit),
				batch: String(row.batch),
				lot: String(row.lot),
				fromMs: Number(row.from_ms),
				toMs: row.to_ms === null ? endOfTime : Number(row.to_ms),
			}),
		);
	}
	const units =
		unit === undefined
			? all(
					db,
					"SELECT DISTINCT device FROM series WHERE tag = ? AND device <> '' ORDER BY device LIMIT ?",
					written,
					rowsMax,
				)
			: all(db, "SELECT DISTINCT device FROM series WHERE device = ? AND device <> ''", unit);
	return units.map(({ device }) => ({
		unit: String(device),
		batch: undefined,
		lot: undefined,
		fromMs,
		toMs,
	}));
}

/** One row, and how many records it took from the share. */
async function reconcile(
	{ db, samples }: { db: DatabaseSync; samples: SampleRows },
	written: string,
	period: Period,
	share: { records: number; ahead: number },
): Promise<{ row: ReconciliationRow; records: number }> {
	const { unit, batch, lot, toMs } = period;
	const { records, fromMs } = await readableFrom(samples, period, share.records);
	const series = all(
		db,
		"SELECT id FROM series WHERE device = ? AND tag = ? ORDER BY id LIMIT ?",
		unit,
		written,
		seriesMax,
	).map(({ id }) => Number(id));
	const whole = fromMs === period.fromMs;
	const counts = await UnitCounts.of(samples, {
		unit,
		series,
		toMs: Math.min(endOfTime, toMs + marginMs),
		aheadMax: share.ahead,
	});
	const ends = series.length === 0 ? undefined : await endsOf(counts, { fromMs, toMs }, whole);
	if (ends === undefined) {
		const row = {
			unit,
			batch,
			lot,
			fromMs: period.fromMs === 0 ? undefined : period.fromMs,
			toMs: toMs === endOfTime ? undefined : toMs,
			produced: undefined,
			stored: undefined,
			missing: undefined,
			gaps: gapsOf(db, unit, period),
			restarted: false,
			complete: whole && !counts.bounded,
		};
		return { row, records };
	}
	const [first, last] = ends;
	const compared = await compareCounts(counts, first, last);
	const { produced, stored, restarted } = compared;
	const row = {
		unit,
		batch,
		lot,
		fromMs: first.atMs,
		toMs: last.atMs,
		produced,
		stored,
		missing: produced - stored,
		gaps: gapsOf(db, unit, {
			fromMs: Math.min(first.atMs, period.fromMs),
			toMs: Math.max(last.atMs, toMs),
		}),
		restarted,
		complete: compared.complete && whole && !counts.bounded,
	};
	return { row, records };
}

/**
 * The first and the last count of the period; or the neighbouring count outside where values between are missing, or
 * where the period has no count of its own. An outage that begins or ends within the period would hide otherwise.
 */
async function endsOf(
	counts: UnitCounts,
	{ fromMs, toMs }: { fromMs: number; toMs: number },
	whole: boolean,
): Promise<[CountPoint, CountPoint] | undefined> {
	const last = await counts.last(fromMs, toMs);
	const first = last === undefined ? undefined : await counts.first(fromMs, last.atMs);
	const before =
		!whole || fromMs === 0 ? undefined : await counts.last(Math.max(0, fromMs - marginMs), fromMs - 1);
	const after =
		toMs === endOfTime ? undefined : await counts.first(toMs + 1, Math.min(endOfTime, toMs + marginMs));
	if (first === undefined || last === undefined)
		return before === undefined || after === undefined ? undefined : [before, after];
	return [
		before === undefined || (await isWhole(counts, before, first)) ? first : before,
		after === undefined || (await isWhole(counts, last, after)) ? last : after,
	];
}

async function isWhole(counts: UnitCounts, a: CountPoint, b: CountPoint): Promise<boolean> {
	return b.count - a.count === BigInt(await counts.stored(a.atMs, b.atMs));
}

/** From when on the period can be compared within the share; its beginning when all of it can. */
async function readableFrom(
	{ records }: SampleRows,
	{ unit, fromMs, toMs }: Period,
	share: number,
): Promise<{ fromMs: number; records: number }> {
	const query = { device: unit, endFromMs: fromMs, endToMs: toMs };
	const cutMs = await records.cut(query, share);
	if (cutMs !== undefined) return { fromMs: cutMs + 1, records: share };
	return { fromMs, records: (await records.figures(query)).records };
}

function gapsOf(db: DatabaseSync, unit: string, { fromMs, toMs }: { fromMs: number; toMs: number }): number {
	const row = get(
		db,
		`SELECT count(*) AS n FROM gap WHERE to_ms >= ? AND from_ms <= ? AND (device = ?
			OR (device = '' AND edge_node IN (SELECT edge_node FROM series WHERE device = ?)))`,
		fromMs,
		toMs,
		unit,
		unit,
	);
	return Number(row?.n);
}
