// The store's questions and answers, on a connection that only reads. Every answer is bounded: by the caller's limit
// where there is one, else by what a plant has (tags, edge nodes).

import type { DatabaseSync } from "node:sqlite";
import { type Datatype, datatypeName } from "../../common/contract/datatype.ts";
import { type Occurrence, samplesPerSeq } from "../pipeline.ts";
import type { GapEntry, LotEntry, MessageEntry, SampleCounts, StoreTotals, TagRow } from "../read-port.ts";
import {
	all,
	gapOf,
	gapSelect,
	get,
	numberOrUndefined,
	occurrenceOf,
	readValue,
	textList,
	textOrUndefined,
	valueColumn,
} from "./read-rows.ts";

/** More tags than this are not listed; a collector of this size has no use for the one page. */
const tagsMax = 50_000;
const errorTextMax = 300;

// Device '' is the edge node itself: its records feed the ledgers and are no values of the plant.
const plantSeries = "FROM count_by_series c JOIN series s ON s.id = c.series WHERE s.device <> ''";

export function readCounts(db: DatabaseSync): SampleCounts {
	const tags: Record<string, number> = {};
	let total = 0;
	const rows = all(
		db,
		`SELECT s.device, s.tag, sum(c.samples) AS samples ${plantSeries} GROUP BY s.device, s.tag LIMIT ?`,
		tagsMax,
	);
	for (const row of rows) {
		tags[`${row.device}/${row.tag}`] = Number(row.samples);
		total += Number(row.samples);
	}
	return { total, tags };
}

export function readTags(db: DatabaseSync): TagRow[] {
	const rows = all(
		db,
		`SELECT e.group_id, e.edge_node_id, s.device, s.tag, s.datatype, s.eu, c.samples,
			coalesce(p.source_ms, l.source_ms) AS source_ms, coalesce(p.status, l.status) AS status,
			CASE WHEN p.pos IS NULL THEN ${valueColumn("l")} ELSE ${valueColumn("p")} END AS value
		FROM count_by_series c JOIN series s ON s.id = c.series JOIN edge_node e ON e.id = s.edge_node
			LEFT JOIN sample p ON p.pos = c.last_pos LEFT JOIN series_last l ON l.series = c.series AND l.pos = c.last_pos
		WHERE s.device <> '' ORDER BY s.device, s.tag, s.id LIMIT ?`,
		tagsMax,
	);
	return rows.map((row) => ({
		group: String(row.group_id),
		edgeNode: String(row.edge_node_id),
		unit: String(row.device),
		tag: String(row.tag),
		datatype: datatypeName(Number(row.datatype)) ?? String(row.datatype),
		eu: textOrUndefined(row.eu),
		samples: Number(row.samples),
		lastSourceMs: Number(row.source_ms),
		lastStatus: Number(row.status),
		lastValue: readValue(row.value, Number(row.datatype) as Datatype),
	}));
}

/** Open ones, then the others; each the newest first, by the source time at which they were raised. */
export function readViolations(db: DatabaseSync, limit: number): Occurrence[] {
	const newest = (where: string, most: number) =>
		all(db, `SELECT * FROM occurrence WHERE ${where} ORDER BY raised_ms DESC, id LIMIT ?`, most);
	const open = newest("cleared_ms IS NULL", limit);
	return [...open, ...newest("cleared_ms IS NOT NULL", limit - open.length)].map(occurrenceOf);
}

/** The newest first, by the time at which they were noticed. */
export function readGaps(db: DatabaseSync, limit: number): GapEntry[] {
	return all(db, `${gapSelect} ORDER BY g.noticed_ms DESC, g.id LIMIT ?`, limit).map(gapOf);
}

export function readLots(db: DatabaseSync, limit: number): LotEntry[] {
	const lots = all(
		db,
		`SELECT l.*, (SELECT count(*) FROM occurrence o WHERE o.lot = l.lot) AS occurrences
		FROM lot l ORDER BY l.opened_ms DESC, l.lot LIMIT ?`,
		limit,
	);
	return lots.map((row) => {
		const verdict = get(
			db,
			"SELECT * FROM verdict WHERE lot = ? ORDER BY judged_ms DESC, id LIMIT 1",
			String(row.lot),
		);
		return {
			lot: String(row.lot),
			openedMs: Number(row.opened_ms),
			closedMs: numberOrUndefined(row.closed_ms),
			observedWhole: row.observed_whole === 1,
			occurrences: Number(row.occurrences),
			verdict:
				verdict === undefined
					? undefined
					: {
							verdict: String(verdict.verdict),
							violations: Number(verdict.violations),
							windows: Number(verdict.windows),
							reasons: textList(verdict.reasons),
							specVersion: Number(verdict.spec_version),
							judgedMs: Number(verdict.judged_ms),
						},
		};
	});
}

/** The newest first. The body stays in the store: it is for its destination. */
export function readMessages(db: DatabaseSync, limit: number): MessageEntry[] {
	const rows = all(
		db,
		`SELECT id, type, destination, state, attempts, created_ms, settled_ms, substr(last_error, 1, ?) AS last_error
		FROM outbox ORDER BY n DESC LIMIT ?`,
		errorTextMax,
		limit,
	);
	return rows.map((row) => ({
		id: String(row.id),
		type: String(row.type),
		destination: String(row.destination),
		state: String(row.state),
		attempts: Number(row.attempts),
		createdMs: Number(row.created_ms),
		settledMs: numberOrUndefined(row.settled_ms),
		lastError: textOrUndefined(row.last_error),
	}));
}

export function readTotals(db: DatabaseSync): StoreTotals {
	const row = get(
		db,
		`SELECT (SELECT coalesce(sum(c.samples), 0) FROM series_counted c JOIN series s ON s.id = c.series
				WHERE s.device <> '') AS counted,
			(SELECT coalesce(sum(samples), 0) FROM record WHERE seq >= (SELECT (CAST(value AS INTEGER) + ${samplesPerSeq - 1})
				/ ${samplesPerSeq} FROM meta WHERE key = 'counted_to') AND device <> '') AS since,
			(SELECT count(*) FROM gap) AS gaps, (SELECT count(*) FROM lot) AS lots,
			(SELECT count(*) FROM occurrence) AS occurrences,
			(SELECT count(*) FROM occurrence WHERE cleared_ms IS NULL) AS open`,
	);
	const messages = { waiting: 0, delivered: 0, failed: 0 };
	for (const { state, n } of all(db, "SELECT state, count(*) AS n FROM outbox GROUP BY state")) {
		if (state === "waiting" || state === "delivered" || state === "failed") messages[state] = Number(n);
	}
	return {
		samples: Number(row?.counted) + Number(row?.since),
		gaps: Number(row?.gaps),
		occurrences: Number(row?.occurrences),
		openOccurrences: Number(row?.open),
		lots: Number(row?.lots),
		messages,
	};
}
