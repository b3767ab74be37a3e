// From what is asked for (unit, tags, lot, phase, time) to single tags over single stretches of time.

import type { DatabaseSync } from "node:sqlite";
import { type Datatype, datatypeName } from "../../common/contract/datatype.ts";
import { isGood } from "../../common/contract/status.ts";
import type { SamplePiece, SampleSelection } from "../samples-port.ts";
import { all } from "./read-rows.ts";
import type { SampleRows } from "./sample-rows.ts";

const piecesMax = 50_000;
const visitsMax = 2_000;

interface Stretch {
	readonly unit: string;
	readonly fromMs: number;
	readonly toMs: number;
}

export async function readPieces(
	db: DatabaseSync,
	rows: SampleRows,
	selection: SampleSelection,
): Promise<SamplePiece[] | undefined> {
	const stretches = stretchesOf(db, selection);
	if (stretches === undefined) return undefined;
	const pieces: SamplePiece[] = [];
	for (const stretch of stretches) {
		const { phase, phaseTag, tags } = selection;
		const tagsOfUnit = tagsOf(db, stretch.unit, tags);
		const parts =
			phase === undefined
				? [stretch]
				: await phaseStretches(rows, stretch, { phase, series: seriesOf(db, stretch.unit, phaseTag) });
		for (const tag of tagsOfUnit)
			for (const { fromMs, toMs } of parts) pieces.push({ ...tag, unit: stretch.unit, fromMs, toMs });
	}
	return pieces.slice(0, piecesMax);
}

/** Undefined when there is no such unit or lot. */
function stretchesOf(db: DatabaseSync, { unit, lot, fromMs, toMs }: SampleSelection): Stretch[] | undefined {
	if (lot === undefined) {
		const known = all(db, "SELECT 1 FROM series WHERE device = ? AND device <> '' LIMIT 1", unit ?? "");
		return known.length === 0 ? undefined : [{ unit: unit ?? "", fromMs, toMs }];
	}
	const visits = all(
		db,
		"SELECT unit, from_ms, to_ms FROM unit_visit WHERE lot = ? ORDER BY from_ms, unit LIMIT ?",
		lot,
		visitsMax,
	);
	if (visits.length === 0) return undefined;
	return visits
		.filter((visit) => unit === undefined || visit.unit === unit)
		.map((visit) => ({
			unit: String(visit.unit),
			fromMs: Math.max(fromMs, Number(visit.from_ms)),
			// What has its end's time is of the next batch.
			toMs: Math.min(toMs, visit.to_ms === null ? toMs : Number(visit.to_ms) - 1),
		}))
		.filter((stretch) => stretch.fromMs <= stretch.toMs);
}

function tagsOf(db: DatabaseSync, unit: string, tags: readonly string[]) {
	const found = all(
		db,
		"SELECT id, tag, datatype, eu FROM series WHERE device = ? ORDER BY tag, id LIMIT ?",
		unit,
		piecesMax,
	);
	const byTag = new Map<
		string,
		{ tag: string; datatype: string; eu: string | undefined; series: number[] }
	>();
	for (const row of found) {
		const tag = String(row.tag);
		if (tags.length > 0 && !tags.includes(tag)) continue;
		const datatype = datatypeName(Number(row.datatype) as Datatype) ?? String(row.datatype);
		const eu = row.eu === null ? undefined : String(row.eu);
		const series = [...(byTag.get(tag)?.series ?? []), Number(row.id)];
		// Of several series of one tag the newest says what it is now.
		byTag.set(tag, { tag, datatype, eu, series });
	}
	return [...byTag.values()];
}

function seriesOf(db: DatabaseSync, unit: string, tag: string): number[] {
	return all(db, "SELECT id FROM series WHERE device = ? AND tag = ? LIMIT 64", unit, tag).map(({ id }) =>
		Number(id),
	);
}

/** Where the unit told the phase, from a change to it to the next change. */
async function phaseStretches(
	rows: SampleRows,
	{ unit, fromMs, toMs }: Stretch,
	{ phase, series }: { phase: string; series: readonly number[] },
): Promise<{ fromMs: number; toMs: number }[]> {
	const told: [atMs: number, rest: number, pos: number, value: string][] = [];
	const before = await rows.lastBefore(unit, series, fromMs);
	if (before !== undefined && isGood(before.samples.status[0] as number))
		told.push([Number.NEGATIVE_INFINITY, 0, 0, String(before.samples.value(0))]);
	for await (const { samples, pos, count } of rows.ofSeries({ unit, series, fromMs, toMs })) {
		for (let index = 0; index < count; index++) {
			if (!isGood(samples.status[index] as number)) continue;
			told.push([
				samples.sourceMs[index] as number,
				samples.sourceRestTicks[index] as number,
				pos[index] as number,
				String(samples.value(index)),
			]);
		}
	}
	told.sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]);
	const stretches: { fromMs: number; toMs: number }[] = [];
	let beganMs: number | undefined;
	for (const [atMs, , , value] of [...told, [toMs + 1, 0, 0, ""] as const]) {
		if (value === phase) beganMs ??= Math.max(fromMs, atMs);
		else if (beganMs !== undefined) {
			if (beganMs < atMs) stretches.push({ fromMs: beganMs, toMs: atMs - 1 });
			beganMs = undefined;
		}
	}
	return stretches;
}
