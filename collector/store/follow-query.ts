// What followers read, on the connection that only reads. Every sample is a hot row here.

import type { DatabaseSync, SQLOutputValue, StatementSync } from "node:sqlite";
import { type Datatype, isInteger64, isNumeric } from "../../common/contract/datatype.ts";
import { SampleColumns } from "../../common/contract/samples.ts";
import type { EventSlice, PositionSlice, StoreEvent } from "../follow-port.ts";
import { type EdgeNodeRow, type GapRow, type Series, samplesPerSeq } from "../pipeline.ts";
import {
	all,
	get,
	numberOrUndefined,
	occurrenceOf,
	type Row,
	textList,
	valueColumn,
	visitOf,
} from "./read-rows.ts";

const prepared = new WeakMap<DatabaseSync, StatementSync>();
/** By series: how text in its value column is meant. */
const textMeans = new Map<number, "integer" | "number" | "text">();

/** Samples from a position on; see PositionReader. */
export function readPositions(db: DatabaseSync, fromPos: number, limit: number): PositionSlice {
	let statement = prepared.get(db);
	if (statement === undefined) {
		statement = db.prepare(
			`SELECT pos, series, source_ms, source_rest, server_lag, status, ${valueColumn("sample")} FROM sample
			WHERE pos >= ? ORDER BY pos LIMIT ?`,
		);
		statement.setReturnArrays(true);
		prepared.set(db, statement);
	}
	// Before the samples: what is committed in between is then read, and at most counted as waiting a moment too late.
	const newest = get(db, "SELECT max(seq) AS seq FROM record")?.seq;
	const rows = statement.all(fromPos, limit) as unknown as SQLOutputValue[][];
	const samples = new SampleColumns(rows.length);
	const pos = new Float64Array(rows.length);
	for (const [index, row] of rows.entries()) {
		const series = Number(row[1]);
		pos[index] = Number(row[0]);
		samples.tagId[index] = series;
		samples.sourceMs[index] = Number(row[2]);
		samples.sourceRestTicks[index] = Number(row[3]);
		samples.serverLagTicks[index] = row[4] === null ? Number.NaN : Number(row[4]);
		samples.status[index] = Number(row[5]);
		const value = row[6] as string | number | null | Uint8Array;
		samples.setValue(index, typeof value === "string" ? textValue(db, series, value) : value);
	}
	samples.count = rows.length;
	const storedPos = Math.max(newest === null ? 0 : (Number(newest) + 1) * samplesPerSeq, fromPos);
	const last = pos.at(-1);
	const nextPos = rows.length < limit || last === undefined ? storedPos : last + 1;
	return { samples, pos, nextPos: Math.max(nextPos, (last ?? -1) + 1), storedPos, missing: [] };
}

/** Text stands for a whole number of 64 bits, for NaN, or for itself. */
function textValue(db: DatabaseSync, series: number, text: string): string | bigint | number {
	let means = textMeans.get(series);
	if (means === undefined) {
		const datatype = Number(
			get(db, "SELECT datatype FROM series WHERE id = ?", series)?.datatype,
		) as Datatype;
		means = isInteger64(datatype) ? "integer" : isNumeric(datatype) ? "number" : "text";
		textMeans.set(series, means);
	}
	if (means === "integer" && /^-?\d+$/.test(text)) return BigInt(text);
	return means === "number" && text === "NaN" ? Number.NaN : text;
}

export function readEvents(db: DatabaseSync, afterN: number, limit: number): EventSlice {
	const rows = all(db, "SELECT n, kind, id FROM change WHERE n > ? ORDER BY n LIMIT ?", afterN, limit);
	const events = rows.flatMap((row) => eventOf(db, Number(row.n), String(row.kind), String(row.id)));
	return { events, lastN: Number(rows.at(-1)?.n ?? afterN) };
}

function eventOf(db: DatabaseSync, n: number, kind: string, id: string): StoreEvent[] {
	const one = (sql: string, ...values: (string | number)[]) => {
		const row = get(db, sql, ...values);
		return row === undefined ? [] : [row];
	};
	switch (kind) {
		case "gap":
			return one("SELECT * FROM gap WHERE id = ?", id).map((row) => ({ n, kind, row: gapRow(row) }));
		case "violation":
			return one("SELECT * FROM occurrence WHERE id = ?", id).map((row) => ({
				n,
				kind,
				row: occurrenceOf(row),
			}));
		case "visit": {
			const [unit, fromMs] = JSON.parse(id) as [string, number];
			const found = one("SELECT * FROM unit_visit WHERE unit = ? AND from_ms = ?", unit, fromMs);
			return found.map((row) => ({ n, kind, row: visitOf(row) }));
		}
		case "lot":
			return one("SELECT * FROM lot WHERE lot = ?", id).map((row) => ({
				n,
				kind,
				row: {
					lot: String(row.lot),
					openedMs: Number(row.opened_ms),
					closedMs: numberOrUndefined(row.closed_ms),
					observedWhole: row.observed_whole === 1,
				},
			}));
		case "verdict":
			return one("SELECT * FROM verdict WHERE id = ?", id).map((row) => ({
				n,
				kind,
				row: {
					id: String(row.id),
					lot: String(row.lot),
					specVersion: Number(row.spec_version),
					verdict: String(row.verdict) as "in" | "out" | "not_evaluable",
					violations: Number(row.violations),
					windows: Number(row.windows),
					reasons: textList(row.reasons),
					observedWhole: row.observed_whole === 1,
					judgedMs: Number(row.judged_ms),
				},
			}));
		default:
			return [];
	}
}

function gapRow(row: Row): GapRow {
	return {
		id: String(row.id),
		edgeNode: Number(row.edge_node),
		device: String(row.device),
		tags: textList(row.tags),
		fromMs: Number(row.from_ms),
		toMs: Number(row.to_ms),
		cause: String(row.cause) as GapRow["cause"],
		backfilled: row.backfilled === 1,
		noticedMs: Number(row.noticed_ms),
	};
}

export function readSeries(db: DatabaseSync, afterId: number, limit: number): Series[] {
	return all(db, "SELECT * FROM series WHERE id > ? ORDER BY id LIMIT ?", afterId, limit).map((row) => ({
		id: Number(row.id),
		edgeNode: Number(row.edge_node),
		device: String(row.device),
		tag: String(row.tag),
		datatype: Number(row.datatype),
		eu: row.eu === null ? undefined : String(row.eu),
	}));
}

export function readEdgeNodes(db: DatabaseSync): EdgeNodeRow[] {
	return all(db, "SELECT * FROM edge_node ORDER BY id").map((row) => ({
		id: Number(row.id),
		group: String(row.group_id),
		edgeNode: String(row.edge_node_id),
	}));
}
