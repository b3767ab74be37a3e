import type { DatabaseSync } from "node:sqlite";
import { alertLevels, type Occurrence } from "../pipeline.ts";
import { all, occurrenceOf } from "./read-rows.ts";
import type { StoreFile } from "./store-file.ts";

/** What went beyond alert, action and hold limits, as the occurrences of violations are. A store of before gets the table when it is opened. */
export const alertSchema = `
CREATE TABLE IF NOT EXISTS alert_occurrence(
	id TEXT PRIMARY KEY, window TEXT NOT NULL, spec_version INTEGER NOT NULL, unit TEXT NOT NULL, tag TEXT NOT NULL,
	batch TEXT NOT NULL, lot TEXT NOT NULL, phase TEXT NOT NULL, side TEXT NOT NULL, "limit" REAL NOT NULL,
	started_ms INTEGER NOT NULL, raised_ms INTEGER NOT NULL, cleared_ms INTEGER, cleared_by TEXT, extreme REAL NOT NULL,
	level TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS alert_occurrence_raised ON alert_occurrence(raised_ms);
CREATE INDEX IF NOT EXISTS alert_occurrence_open ON alert_occurrence(raised_ms) WHERE cleared_ms IS NULL;
`;

/** Writes what was raised or cleared; inside a transaction of the caller. */
export function writeAlert(file: StoreFile, alert: Occurrence): void {
	const { id, window, specVersion, unit, tag, batch, lot, phase, side, limit, startedMs, raisedMs } = alert;
	const { clearedMs, clearedBy, extreme, level } = alert;
	file.run(
		"INSERT OR REPLACE INTO alert_occurrence VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		...[id, window, specVersion, unit, tag, batch, lot, phase, side, limit, startedMs, raisedMs],
		...[clearedMs ?? null, clearedBy ?? null, extreme, level ?? "alert"],
	);
}

/** Open ones, then the others; each the newest first, by the source time at which they were raised. */
export function readAlerts(db: DatabaseSync, limit: number): Occurrence[] {
	const newest = (where: string, most: number) =>
		all(db, `SELECT * FROM alert_occurrence WHERE ${where} ORDER BY raised_ms DESC, id LIMIT ?`, most);
	const open = newest("cleared_ms IS NULL", limit);
	const rows = [...open, ...newest("cleared_ms IS NOT NULL", limit - open.length)];
	return rows.map((row) => ({
		...occurrenceOf(row),
		level: alertLevels.find((level) => level === row.level) ?? "alert",
	}));
}
