// What followers need of the store's file: a number for every row that was found out or entered, as it stands now, and how
// far each follower has come. Triggers number the rows in the transaction that writes them, whoever writes.

import type { DatabaseSync } from "node:sqlite";
import type { FollowerPosition } from "../follow-port.ts";
import type { StoreFile } from "./store-file.ts";

/** Tables of events, with what names a row of each. */
const eventTables = [
	{ kind: "gap", table: "gap", id: "id" },
	{ kind: "violation", table: "occurrence", id: "id" },
	{ kind: "verdict", table: "verdict", id: "id" },
	{ kind: "visit", table: "unit_visit", id: "json_array(unit, from_ms)" },
	{ kind: "lot", table: "lot", id: "lot" },
] as const;

/** Adds the tables to a store that has none; what it found out before is numbered then. */
export function addFollowTables(db: DatabaseSync): void {
	const known = db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'change'").get() !== undefined;
	if (known) return;
	db.exec("BEGIN IMMEDIATE");
	db.exec(
		`CREATE TABLE change(n INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, id TEXT NOT NULL);
		CREATE INDEX change_row ON change(kind, id);
		CREATE TABLE follower(name TEXT PRIMARY KEY, pos INTEGER NOT NULL, event_n INTEGER NOT NULL,
			hold_samples INTEGER NOT NULL, saved_ms INTEGER NOT NULL) WITHOUT ROWID;`,
	);
	for (const { kind, table, id } of eventTables) {
		db.exec(`INSERT INTO change(kind, id) SELECT '${kind}', ${id} FROM ${table}`);
		const row = id.replaceAll(/\b(id|unit|from_ms|lot)\b/g, "NEW.$1");
		for (const when of ["INSERT", "UPDATE"])
			db.exec(
				`CREATE TRIGGER ${table}_change_${when.toLowerCase()} AFTER ${when} ON ${table} BEGIN
					DELETE FROM change WHERE kind = '${kind}' AND id = ${row};
					INSERT INTO change(kind, id) VALUES ('${kind}', ${row});
				END`,
			);
	}
	db.exec("COMMIT");
}

export function readFollowerPositions(file: StoreFile): FollowerPosition[] {
	return file.all("SELECT * FROM follower ORDER BY name").map((row) => ({
		name: String(row.name),
		pos: Number(row.pos),
		eventN: Number(row.event_n),
		holdSamples: Number(row.hold_samples),
		savedMs: Number(row.saved_ms),
	}));
}

export function saveFollowerPosition(file: StoreFile, position: FollowerPosition): void {
	const { name, pos, eventN, holdSamples, savedMs } = position;
	file.run("INSERT OR REPLACE INTO follower VALUES (?, ?, ?, ?, ?)", name, pos, eventN, holdSamples, savedMs);
}

export function forgetFollower(file: StoreFile, name: string): void {
	file.run("DELETE FROM follower WHERE name = ?", name);
}
