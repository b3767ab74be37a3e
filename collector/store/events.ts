import type { DatabaseSync } from "node:sqlite";
import type { EventSlice, StoreEvent } from "../follow-port.ts";
import type { EdgeNodeRow, GapRow, Series } from "../pipeline.ts";
import { limitsOf } from "./limits-table.ts";
import { all, get, numberOrUndefined, occurrenceOf, type Row, textList, visitOf } from "./read-rows.ts";

/** What was found out after number `afterN`, each as it stands now; one that is gone since is left out. */
export function readEvents(
	db: DatabaseSync,
	{ afterN, limit }: { afterN: number; limit: number },
): EventSlice {
	const changes = all(db, "SELECT n, kind, id FROM change WHERE n > ? ORDER BY n LIMIT ?", afterN, limit);
	const events = changes.flatMap(({ n, kind, id }) => {
		const event = eventOf(db, String(kind), String(id));
		return event === undefined ? [] : [{ n: Number(n), ...event } as StoreEvent];
	});
	return { events, lastN: Number(changes.at(-1)?.n ?? afterN) };
}

/** Series with an id above `afterId`, in order of id. */
export function readSeries(
	db: DatabaseSync,
	{ afterId, limit }: { afterId: number; limit: number },
): Series[] {
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

function eventOf(db: DatabaseSync, kind: string, id: string) {
	const found = (table: string, key: string, is = id) =>
		get(db, `SELECT * FROM ${table} WHERE ${key} = ?`, is);
	if (kind === "violation") return rowEvent(kind, found("occurrence", "id"), occurrenceOf);
	if (kind === "verdict") return rowEvent(kind, found("verdict", "id"), verdictOf);
	if (kind === "gap") return rowEvent(kind, found("gap", "id"), gapRowOf);
	if (kind === "lot") return rowEvent(kind, found("lot", "lot"), lotOf);
	if (kind === "limits") {
		const [run, atMs] = JSON.parse(id) as [string, number | null];
		return rowEvent(kind, found("window_limits", "id", run), (row) => limitsOf(row, atMs ?? undefined));
	}
	const [unit, fromMs] = JSON.parse(id) as [string, number];
	return rowEvent(
		"visit",
		get(db, "SELECT * FROM unit_visit WHERE unit = ? AND from_ms = ?", unit, fromMs),
		visitOf,
	);
}

function rowEvent<T>(kind: string, row: Row | undefined, of: (row: Row) => T) {
	return row === undefined ? undefined : { kind, row: of(row) };
}

function verdictOf(row: Row) {
	return {
		id: String(row.id),
		lot: String(row.lot),
		specVersion: Number(row.spec_version),
		verdict: String(row.verdict),
		violations: Number(row.violations),
		windows: Number(row.windows),
		reasons: textList(row.reasons),
		observedWhole: row.observed_whole === 1,
		judgedMs: Number(row.judged_ms),
	};
}

function gapRowOf(row: Row): GapRow {
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

function lotOf(row: Row) {
	return {
		lot: String(row.lot),
		openedMs: Number(row.opened_ms),
		closedMs: numberOrUndefined(row.closed_ms),
		observedWhole: row.observed_whole === 1,
	};
}
