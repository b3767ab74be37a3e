// One tag over a period of source time. The samples have no index by series: they are found through the records of the
// device, whose time bounds are indexed, and each record is read whole. `scanSamplesMax` bounds that work.

import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import {
	type Datatype,
	datatypeName,
	datatypes,
	isArray,
	isInteger64,
} from "../../common/contract/datatype.ts";
import { isGood } from "../../common/contract/status.ts";
import { samplesPerSeq } from "../pipeline.ts";
import type { TrendAnswer, TrendQuery, ValueChange } from "../read-port.ts";
import { all, gapOf, gapSelect, get, occurrenceOf, readValue, valueColumn, visitOf } from "./read-rows.ts";
import { foldBuckets, foldChanges, foldNotGood, notGoodReason, TrendSamples } from "./trend-fold.ts";

/** Samples of the unit that one question may read through. */
const scanSamplesMax = 4_000_000;
/** Records before the period that are searched for the value with which it begins. */
const lookBackRecords = 2_000;
const listMax = 500;

interface TagSeries {
	readonly id: number;
	readonly datatype: Datatype;
	readonly eu: string | undefined;
}

type SampleRow = [series: number, sourceMs: number, status: number, value: SQLOutputValue];

export function readTrend(
	db: DatabaseSync,
	query: TrendQuery,
	scanMax = scanSamplesMax,
): TrendAnswer | undefined {
	const { unit, tag, fromMs, toMs, points } = query;
	const series = seriesOf(db, unit, tag);
	const newest = series[0];
	if (newest === undefined) return undefined;
	const phaseSeries = new Set(seriesOf(db, unit, query.phaseTag).map(({ id }) => id));
	const integers = new Set(series.filter(({ datatype }) => isInteger64(datatype)).map(({ id }) => id));
	const own = new Map(series.map(({ id, datatype }) => [id, datatype]));
	const kind = isText(newest.datatype) ? "text" : "number";

	const coveredFromMs = coveredFrom(db, query, scanMax);
	const samples = new TrendSamples();
	const texts: ValueChange[] = [];
	const phases: ValueChange[] = [];
	let before: SampleRow | undefined;
	let phaseBefore: SampleRow | undefined;
	for (const row of scanSamples(db, unit, coveredFromMs, toMs, [...own.keys(), ...phaseSeries])) {
		const [id, atMs, status, value] = row;
		if (atMs > toMs) continue;
		if (phaseSeries.has(id) && isGood(status)) {
			if (atMs >= coveredFromMs) phases.push(changeOf(row, datatypes.String));
			else if (phaseBefore === undefined || atMs >= phaseBefore[1]) phaseBefore = row;
		}
		if (!own.has(id)) continue;
		if (atMs < coveredFromMs) {
			if (before === undefined || atMs >= before[1]) before = row;
			continue;
		}
		samples.push(atMs, plottable(value, integers.has(id)), status, value !== null);
		if (kind === "text") texts.push(changeOf(row, own.get(id)));
	}
	before ??= lastBefore(db, unit, coveredFromMs, [...own.keys()]);
	phaseBefore ??= lastBefore(db, unit, coveredFromMs, [...phaseSeries]);
	if (phaseBefore !== undefined && isGood(phaseBefore[2]))
		phases.push(changeOf(phaseBefore, datatypes.String));

	const order = samples.order();
	const period = { fromMs: coveredFromMs, toMs, points };
	return {
		unit,
		tag,
		fromMs,
		toMs,
		kind,
		datatype: datatypeName(newest.datatype) ?? String(newest.datatype),
		eu: newest.eu,
		samples: samples.count,
		complete: coveredFromMs === fromMs,
		coveredFromMs,
		before: before === undefined ? undefined : changeOf(before, own.get(before[0])),
		buckets:
			kind === "number" ? foldBuckets(samples, order, period) : { atMs: [], min: [], max: [], last: [] },
		changes: foldChanges(texts, points),
		notGood: kind === "number" ? foldNotGood(samples, order, period, notGoodBefore(before, integers)) : [],
		phases: foldChanges(phases, listMax),
		...judgement(db, query),
	};
}

function isText(datatype: Datatype): boolean {
	return (
		isArray(datatype) ||
		datatype === datatypes.String ||
		datatype === datatypes.Text ||
		datatype === datatypes.UUID ||
		datatype === datatypes.Bytes ||
		datatype === datatypes.File
	);
}

/** The tag's series, the one with the newest sample first. */
function seriesOf(db: DatabaseSync, unit: string, tag: string): TagSeries[] {
	const rows = all(
		db,
		`SELECT s.id, s.datatype, s.eu FROM series s LEFT JOIN series_counted c ON c.series = s.id
		WHERE s.device = ? AND s.device <> '' AND s.tag = ? ORDER BY c.last_pos IS NULL DESC, c.last_pos DESC LIMIT 64`,
		unit,
		tag,
	);
	return rows.map((row) => ({
		id: Number(row.id),
		datatype: Number(row.datatype) as Datatype,
		eu: row.eu === null ? undefined : String(row.eu),
	}));
}

/** From when on the period can be read within the bound; its beginning when all of it can. */
function coveredFrom(db: DatabaseSync, query: TrendQuery, scanMax: number): number {
	const { unit, fromMs, toMs } = query;
	const where = "FROM record WHERE device = ? AND source_max_ms >= ? AND source_min_ms <= ?";
	const row = get(db, `SELECT sum(samples) AS samples ${where}`, unit, fromMs, toMs);
	if (Number(row?.samples ?? 0) <= scanMax) return fromMs;
	const cut = get(
		db,
		`SELECT source_max_ms FROM (
			SELECT source_max_ms, sum(samples) OVER (ORDER BY source_max_ms DESC, seq DESC) AS running ${where})
		WHERE running > ? ORDER BY running LIMIT 1`,
		unit,
		fromMs,
		toMs,
		scanMax,
	);
	// One past it: records that end at the same time as the one beyond the bound are left out together.
	return Math.min(toMs, Math.max(fromMs, Number(cut?.source_max_ms ?? fromMs) + 1));
}

/** Samples of these series in records that touch the period, in the records' order of time. */
/** Samples of some series of a unit in records that touch a period, nearly in order of source time. */
export function* scanSamples(
	db: DatabaseSync,
	unit: string,
	fromMs: number,
	toMs: number,
	series: readonly number[],
) {
	// Not kept among the prepared statements: its text names the series. CROSS JOIN keeps the records outermost.
	const statement = db.prepare(`SELECT s.series, s.source_ms, s.status, ${valueColumn("s")}
		FROM record r CROSS JOIN sample s ON s.pos >= r.seq * ${samplesPerSeq} AND s.pos < r.seq * ${samplesPerSeq} + r.samples
		WHERE r.device = ? AND r.source_max_ms >= ? AND r.source_min_ms <= ? AND s.series IN (${series.join(",")})
		ORDER BY r.source_max_ms, r.seq, s.pos`);
	statement.setReturnArrays(true);
	yield* statement.iterate(unit, fromMs, toMs) as unknown as Iterable<SampleRow>;
}

/** The newest sample of these series in the records that ended before `beforeMs`. */
function lastBefore(
	db: DatabaseSync,
	unit: string,
	beforeMs: number,
	series: readonly number[],
): SampleRow | undefined {
	if (series.length === 0) return undefined;
	const statement = db.prepare(`SELECT s.series, s.source_ms, s.status, ${valueColumn("s")}, r.seq
		FROM (SELECT seq, samples FROM record WHERE device = ? AND source_max_ms < ?
			ORDER BY source_max_ms DESC, seq DESC LIMIT ${lookBackRecords}) r
		CROSS JOIN sample s ON s.pos >= r.seq * ${samplesPerSeq} AND s.pos < r.seq * ${samplesPerSeq} + r.samples
		WHERE s.series IN (${series.join(",")})`);
	statement.setReturnArrays(true);
	let newest: SampleRow | undefined;
	let record: unknown;
	for (const row of statement.iterate(unit, beforeMs) as unknown as Iterable<[...SampleRow, unknown]>) {
		const [id, atMs, status, value, seq] = row;
		if (record !== undefined && seq !== record) break;
		record = seq;
		if (newest === undefined || atMs >= newest[1]) newest = [id, atMs, status, value];
	}
	return newest;
}

function plottable(value: SQLOutputValue, integer: boolean): number {
	if (typeof value === "number") return value;
	return typeof value === "string" && integer ? Number(value) : Number.NaN;
}

function changeOf([, atMs, status, value]: SampleRow, datatype: Datatype = datatypes.String): ValueChange {
	return { atMs, status, value: readValue(value, datatype) };
}

function notGoodBefore(before: SampleRow | undefined, integers: ReadonlySet<number>) {
	if (before === undefined) return undefined;
	const [id, , status, value] = before;
	const reason = notGoodReason(status, plottable(value, integers.has(id)), value !== null);
	return reason === undefined ? undefined : { reason, status };
}

/** What was found out about the unit and the tag in the period, the newest of each. */
function judgement(
	db: DatabaseSync,
	{ unit, tag, fromMs, toMs }: TrendQuery,
): Pick<TrendAnswer, "gaps" | "runs" | "visits" | "occurrences"> {
	const gaps = all(
		db,
		`${gapSelect} WHERE g.to_ms >= ? AND g.from_ms <= ? AND (g.device = ?
				OR (g.device = '' AND g.edge_node IN (SELECT edge_node FROM series WHERE device = ? AND tag = ?)))
			AND (g.tags = '[]' OR EXISTS (SELECT 1 FROM json_each(g.tags) t WHERE t.value = ?))
		ORDER BY g.from_ms DESC LIMIT ?`,
		fromMs,
		toMs,
		unit,
		unit,
		tag,
		tag,
		listMax,
	);
	const runs = all(
		db,
		`SELECT window, spec_version, from_ms, to_ms FROM window_period
		WHERE unit = ? AND to_ms >= ? AND from_ms <= ? ORDER BY from_ms DESC LIMIT ?`,
		unit,
		fromMs,
		toMs,
		listMax,
	);
	const visits = all(
		db,
		`SELECT * FROM unit_visit WHERE unit = ? AND from_ms <= ? AND coalesce(to_ms, ?) >= ?
		ORDER BY from_ms DESC LIMIT ?`,
		unit,
		toMs,
		toMs,
		fromMs,
		listMax,
	);
	const occurrences = all(
		db,
		`SELECT * FROM occurrence WHERE unit = ? AND tag = ? AND started_ms <= ? AND coalesce(cleared_ms, ?) >= ?
		ORDER BY raised_ms DESC LIMIT ?`,
		unit,
		tag,
		toMs,
		toMs,
		fromMs,
		listMax,
	);
	return {
		gaps: gaps.map(gapOf),
		runs: runs.map((row) => ({
			window: String(row.window),
			specVersion: Number(row.spec_version),
			fromMs: Number(row.from_ms),
			toMs: Number(row.to_ms),
		})),
		visits: visits.map(visitOf),
		occurrences: occurrences.map(occurrenceOf),
	};
}
