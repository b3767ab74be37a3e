import type { DatabaseSync } from "node:sqlite";
import type { VerdictRecord } from "../judgement-port.ts";
import { verdictOf } from "./judgement-table.ts";
import { all } from "./read-rows.ts";

/** Revisions of one lot in one answer. */
const revisionsMost = 200;

/** Every verdict that a lot was given, by stage, the newest revision first. */
export function readVerdicts(db: DatabaseSync, lot: string): VerdictRecord[] {
	return all(
		db,
		"SELECT * FROM lot_judgement WHERE lot = ? ORDER BY stage, revision DESC LIMIT ?",
		lot,
		revisionsMost,
	).map(verdictOf);
}

/** The newest verdict of the line of each lot that left it last, the newest lot first. */
export function readNewestVerdicts(db: DatabaseSync, limit: number): VerdictRecord[] {
	return all(
		db,
		`SELECT j.* FROM lot l JOIN lot_judgement j ON j.lot = l.lot AND j.stage = 'line'
			AND j.revision = (SELECT max(revision) FROM lot_judgement WHERE lot = l.lot AND stage = 'line')
		ORDER BY l.closed_ms DESC, l.lot LIMIT ?`,
		limit,
	).map(verdictOf);
}
