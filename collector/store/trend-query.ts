// One tag over a period of source time. Hot samples have no index by series: they are found through the records of the
// unit, and each record is read whole; sealed ones are sorted by series. `scanSamplesMax` bounds that work.

import type { DatabaseSync } from "node:sqlite";
import { type Datatype, datatypeName, datatypes, isArray } from "../../common/contract/datatype.ts";
import type { SampleValue } from "../../common/contract/samples.ts";
import { isGood } from "../../common/contract/status.ts";
import type { TrendAnswer, TrendQuery, ValueChange } from "../read-port.ts";
import type { PositionedSamples } from "./positioned-samples.ts";
import { all, gapOf, gapSelect, occurrenceOf, readValue, visitOf } from "./read-rows.ts";
import type { SampleRows } from "./sample-rows.ts";
import { foldBuckets, foldChanges, foldNotGood, notGoodReason, TrendSamples } from "./trend-fold.ts";

/** Samples that one question may read through. */
const scanSamplesMax = 4_000_000;
const listMax = 500;

interface TagSeries {
	readonly id: number;
	readonly datatype: Datatype;
	readonly eu: string | undefined;
}

/** A sample of a tag, out of columns. */
interface SampleRow {
	readonly series: number;
	readonly atMs: number;
	readonly restTicks: number;
	readonly pos: number;
	readonly status: number;
	readonly value: SampleValue;
}

export async function readTrend(
	db: DatabaseSync,
	rows: SampleRows,
	query: TrendQuery,
	scanMax = scanSamplesMax,
): Promise<TrendAnswer | undefined> {
	const { unit, tag, fromMs, toMs, points } = query;
	const series = seriesOf(db, unit, tag);
	const newest = series[0];
	if (newest === undefined) return undefined;
	const phaseSeries = new Set(seriesOf(db, unit, query.phaseTag).map(({ id }) => id));
	const own = new Map(series.map(({ id, datatype }) => [id, datatype]));
	const kind = isText(newest.datatype) ? "text" : "number";
	const asked = { unit, series: [...new Set([...own.keys(), ...phaseSeries])], toMs };

	const coveredFromMs = await rows.readableFrom({ ...asked, fromMs }, scanMax);
	const samples = new TrendSamples();
	const texts: SampleRow[] = [];
	const phases: SampleRow[] = [];
	for await (const batch of rows.ofSeries({ ...asked, fromMs: coveredFromMs })) {
		for (let index = 0; index < batch.count; index++) {
			const id = batch.samples.tagId[index] as number;
			const atMs = batch.samples.sourceMs[index] as number;
			const status = batch.samples.status[index] as number;
			if (phaseSeries.has(id) && isGood(status)) phases.push(sampleRow(batch, index));
			if (!own.has(id)) continue;
			const value = batch.samples.value(index);
			samples.push(
				{ atMs, restTicks: batch.samples.sourceRestTicks[index] as number, pos: batch.pos[index] as number },
				{ number: plottable(value), status, filled: value !== null },
			);
			if (kind === "text") texts.push(sampleRow(batch, index));
		}
	}
	const before = await lastBefore(rows, unit, [...own.keys()], coveredFromMs);
	const phaseBefore = await lastBefore(rows, unit, [...phaseSeries], coveredFromMs);
	if (phaseBefore !== undefined && isGood(phaseBefore.status)) phases.push(phaseBefore);

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
		before: before === undefined ? undefined : changeOf(before, own.get(before.series)),
		buckets:
			kind === "number" ? foldBuckets(samples, order, period) : { atMs: [], min: [], max: [], last: [] },
		changes: foldChanges(
			inOrder(texts).map((row) => changeOf(row, own.get(row.series))),
			points,
		),
		notGood: kind === "number" ? foldNotGood(samples, order, period, notGoodBefore(before)) : [],
		phases: foldChanges(
			inOrder(phases).map((row) => changeOf(row)),
			listMax,
		),
		...judgement(db, query),
	};
}

function sampleRow({ samples, pos }: PositionedSamples, index: number): SampleRow {
	return {
		series: samples.tagId[index] as number,
		atMs: samples.sourceMs[index] as number,
		restTicks: samples.sourceRestTicks[index] as number,
		pos: pos[index] as number,
		status: samples.status[index] as number,
		value: samples.value(index),
	};
}

/** By source time, and of one time in the order in which they came. */
function inOrder(rows: readonly SampleRow[]): SampleRow[] {
	return rows.toSorted((a, b) => a.atMs - b.atMs || a.restTicks - b.restTicks || a.pos - b.pos);
}

async function lastBefore(
	rows: SampleRows,
	unit: string,
	series: readonly number[],
	beforeMs: number,
): Promise<SampleRow | undefined> {
	const found = await rows.lastBefore(unit, series, beforeMs);
	return found === undefined ? undefined : sampleRow(found, 0);
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

function plottable(value: SampleValue): number {
	return typeof value === "number" || typeof value === "bigint" ? Number(value) : Number.NaN;
}

function changeOf({ atMs, status, value }: SampleRow, datatype: Datatype = datatypes.String): ValueChange {
	return { atMs, status, value: readValue(value, datatype) };
}

function notGoodBefore(before: SampleRow | undefined) {
	if (before === undefined) return undefined;
	const { status, value } = before;
	const reason = notGoodReason(status, plottable(value), value !== null);
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
