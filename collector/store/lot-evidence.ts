// What a lot's final verdict is made from, as it is stored: never in the order in which it arrived.

import type { DatabaseSync } from "node:sqlite";
import { type SampleColumns, valueKind } from "../../common/contract/samples.ts";
import { isGood } from "../../common/contract/status.ts";
import type {
	EvidenceColumns,
	EvidenceGap,
	LotSamplesQuery,
	StoredLot,
	StoredLotQuery,
	StoredUnitContext,
} from "../judgement-port.ts";
import { unitsOf } from "../route.ts";
import { evidenceOrder } from "./evidence-order.ts";
import { append } from "./parts/sealed-rows.ts";
import { PositionedSamples } from "./positioned-samples.ts";
import { all, get, numberOrUndefined, textList } from "./read-rows.ts";
import type { SampleRows } from "./sample-rows.ts";

/** How far before and after a lot its units' context is read. */
const marginMs = 6 * 3_600_000;
/** Samples of one unit's judged tags that one lot may read. */
const samplesMax = 4_000_000;
const gapsMax = 10_000;

type Key = "batch" | "lot" | "recipe" | "phase";

export async function readStoredLot(
	db: DatabaseSync,
	rows: SampleRows,
	{ lot, route, contextTags }: StoredLotQuery,
): Promise<StoredLot | undefined> {
	const row = get(db, "SELECT opened_ms, closed_ms FROM lot WHERE lot = ?", lot);
	if (row === undefined) return undefined;
	const openedMs = Number(row.opened_ms);
	const closedMs = numberOrUndefined(row.closed_ms);
	const last = get(
		db,
		"SELECT max(coalesce(to_ms, from_ms)) AS to_ms FROM unit_visit WHERE lot = ?",
		lot,
	)?.to_ms;
	const endMs = Math.max(closedMs ?? openedMs, Number(last ?? openedMs));
	const units: StoredUnitContext[] = [];
	const gaps: EvidenceGap[] = [];
	for (const unit of unitsOf(route)) {
		const visited = get(
			db,
			"SELECT min(from_ms) AS from_ms, max(coalesce(to_ms, ?)) AS to_ms FROM unit_visit WHERE lot = ? AND unit = ?",
			...[endMs, lot, unit],
		);
		const isKnown = visited?.from_ms !== null && visited !== undefined;
		const fromMs = (isKnown ? Number(visited.from_ms) : openedMs) - marginMs;
		const untilMs = (isKnown ? Number(visited.to_ms) : endMs) + marginMs;
		units.push(await contextBetween(db, rows, { unit, contextTags, fromMs, untilMs }));
		gaps.push(...gapsOf(db, unit, fromMs, untilMs));
	}
	return { lot, openedMs, closedMs, units, gaps };
}

/** A unit's context around a period. */
export async function readContext(
	db: DatabaseSync,
	rows: SampleRows,
	query: Pick<StoredLotQuery, "contextTags"> & { unit: string; fromMs: number; toMs: number },
): Promise<StoredUnitContext> {
	const { unit, contextTags } = query;
	const [fromMs, untilMs] = [query.fromMs - marginMs, query.toMs + marginMs];
	return await contextBetween(db, rows, { unit, contextTags, fromMs, untilMs });
}

async function contextBetween(
	db: DatabaseSync,
	rows: SampleRows,
	query: Pick<StoredLotQuery, "contextTags"> & { unit: string; fromMs: number; untilMs: number },
): Promise<StoredUnitContext> {
	const { unit, contextTags, fromMs, untilMs } = query;
	const series = seriesOf(db, unit, Object.values(contextTags));
	const before: Partial<Record<Key, string>> = {};
	const keys = Object.keys(contextTags) as Key[];
	const own = groupedByTag(
		series,
		keys.map((key) => contextTags[key]),
	);
	for (const [index, found] of (await rows.lastBeforeEach(unit, own, fromMs)).entries()) {
		const key = keys[index] as Key;
		const value = found?.samples.value(0);
		if (found !== undefined && typeof value === "string" && isGood(found.samples.status[0] as number))
			before[key] = value;
	}
	const asked = { unit, series: [...series.keys()], fromMs, toMs: untilMs };
	const found = new PositionedSamples(0);
	for await (const batch of rows.ofSeries(asked)) append(found, batch);
	const values: StoredUnitContext["values"][number][] = [];
	const keyOf = new Map((Object.keys(contextTags) as Key[]).map((key) => [contextTags[key], key]));
	const order = Uint32Array.from({ length: found.count }, (_, index) => index);
	await evidenceOrder(db, rows, found, [order]);
	for (const index of order) {
		const { samples } = found;
		const key = keyOf.get(series.get(samples.tagId[index] as number) ?? "");
		const value = samples.value(index);
		// A Bad context says nothing: the unit is taken to go on until it says otherwise.
		if (key === undefined || typeof value !== "string" || !isGood(samples.status[index] as number)) continue;
		values.push({ key, atMs: samples.sourceMs[index] as number, value });
	}
	return { unit, fromMs, untilMs, before, values };
}

function seriesOf(db: DatabaseSync, unit: string, tags: readonly string[]): Map<number, string> {
	const found = all(db, "SELECT id, tag FROM series WHERE device = ? ORDER BY id", unit);
	const wanted = new Set(tags);
	return new Map(
		found.filter(({ tag }) => wanted.has(String(tag))).map(({ id, tag }) => [Number(id), String(tag)]),
	);
}

/** A gap of the edge node itself may have been in any of its units. Cause and bounds only: no row's id, no arrival. */
function gapsOf(db: DatabaseSync, unit: string, fromMs: number, untilMs: number): EvidenceGap[] {
	return all(
		db,
		`SELECT DISTINCT g.tags, g.cause, g.from_ms, g.to_ms FROM gap g WHERE g.backfilled = 0 AND g.to_ms >= ? AND g.from_ms <= ?
			AND (g.device = ? OR (g.device = '' AND EXISTS (SELECT 1 FROM series s WHERE s.edge_node = g.edge_node AND s.device = ?)))
		ORDER BY g.from_ms, g.to_ms, g.cause, g.tags LIMIT ?`,
		...[fromMs, untilMs, unit, unit, gapsMax],
	).map((row) => ({
		unit,
		tags: textList(row.tags),
		cause: String(row.cause),
		fromMs: Number(row.from_ms),
		toMs: Number(row.to_ms),
	}));
}

export async function readLotSamples(
	db: DatabaseSync,
	rows: SampleRows,
	{ unit, tags, fromMs, toMs }: LotSamplesQuery,
	samplesMost = samplesMax,
): Promise<Map<string, EvidenceColumns> | undefined> {
	const series = seriesOf(db, unit, tags);
	const query = { unit, series: [...series.keys()], fromMs, toMs: toMs - 1 };
	const found = new PositionedSamples(0);
	for await (const batch of rows.numbersOfSeries(query)) {
		append(found, batch);
		// Only samples of these series count, so that the answer is the same whatever is sealed by now.
		if (found.count > samplesMost) return undefined;
	}
	const own = groupedByTag(series, tags);
	const indexes = indexesOf(found, own);
	await evidenceOrder(db, rows, found, indexes);
	const columns = new Map<string, EvidenceColumns>();
	const before = await rows.lastBeforeEach(unit, own, fromMs);
	for (const [tag, name] of tags.entries())
		columns.set(name, columnsOf(found, indexes[tag] as Uint32Array, before[tag]));
	return columns;
}

/** The indexes of the samples of each group of series, in the order in which they stand. */
function indexesOf(
	{ samples, count }: PositionedSamples,
	groups: readonly (readonly number[])[],
): Uint32Array[] {
	const groupOf = new Map(groups.flatMap((own, group) => own.map((id) => [id, group] as const)));
	const sizes = new Uint32Array(groups.length);
	const whose = new Uint32Array(count);
	for (let index = 0, group = 0, last = Number.NaN; index < count; index++) {
		const id = samples.tagId[index] as number;
		// Samples of a series stand beside each other in a part.
		if (id !== last) group = groupOf.get(id) as number;
		last = id;
		whose[index] = group;
		sizes[group]!++;
	}
	const indexes = Array.from(sizes, (size) => new Uint32Array(size));
	sizes.fill(0);
	for (let index = 0; index < count; index++) {
		const group = whose[index] as number;
		(indexes[group] as Uint32Array)[sizes[group]!++] = index;
	}
	return indexes;
}

/** The series of each tag: it has several when its data type has changed. */
function groupedByTag(series: ReadonlyMap<number, string>, tags: readonly string[]): number[][] {
	const byTag = Map.groupBy(series.keys(), (id) => series.get(id));
	return tags.map((tag) => byTag.get(tag) ?? []);
}

function columnsOf(
	found: PositionedSamples,
	indexes: Uint32Array,
	before: PositionedSamples | undefined,
): EvidenceColumns {
	const lead = before === undefined ? 0 : 1;
	const count = indexes.length + lead;
	const columns = {
		atMs: new Float64Array(count),
		value: new Float64Array(count),
		status: new Uint32Array(count),
	};
	const put = (to: number, { samples }: PositionedSamples, from: number) => {
		columns.atMs[to] = samples.sourceMs[from] as number;
		columns.value[to] = numberOf(samples, from);
		columns.status[to] = samples.status[from] as number;
	};
	if (before !== undefined) put(0, before, 0);
	for (let to = 0; to < indexes.length; to++) put(to + lead, found, indexes[to] as number);
	return columns;
}

/** NaN for what is no number; a boolean is a number of a process: on or off. */
function numberOf(samples: SampleColumns, index: number): number {
	if (samples.kind[index] === valueKind.number) return samples.number[index] as number;
	const value = samples.value(index);
	return typeof value === "bigint" ? Number(value) : Number.NaN;
}
