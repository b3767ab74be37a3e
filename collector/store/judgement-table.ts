import type {
	ContextRefresh,
	DirtyPeriod,
	FinalVerdictCommit,
	LotJudgement,
	VerdictRecord,
	VerdictStage,
} from "../judgement-port.ts";
import type { DirtyRow, DueRow, GapRow, LotRow } from "../pipeline.ts";
import { writeCharts } from "./chart-table.ts";
import type { StoreFile } from "./store-file.ts";

/** What a verdict says, whole; `verdict` has its summary under the same id. A store of before gets the table when it is opened. */
export const judgementSchema = `
CREATE TABLE IF NOT EXISTS lot_judgement(
	id TEXT PRIMARY KEY, lot TEXT NOT NULL, stage TEXT NOT NULL, revision INTEGER NOT NULL, corrects TEXT, hash TEXT NOT NULL,
	proposal TEXT NOT NULL, judged_ms INTEGER NOT NULL, canonical TEXT NOT NULL, UNIQUE(lot, stage, revision)) WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS lot_judgement_kept BEFORE UPDATE ON lot_judgement
	BEGIN SELECT RAISE(ABORT, 'a verdict never changes; a correction is another one'); END;
CREATE TRIGGER IF NOT EXISTS lot_judgement_stays BEFORE DELETE ON lot_judgement
	BEGIN SELECT RAISE(ABORT, 'a verdict is never removed; a correction is another one'); END;
CREATE TRIGGER IF NOT EXISTS lot_judgement_first BEFORE INSERT ON lot_judgement
	WHEN EXISTS (SELECT 1 FROM lot_judgement WHERE id = NEW.id)
	BEGIN SELECT RAISE(IGNORE); END;
`;

/** Rows that one look takes; the rest waits for the next. */
const dirtyMost = 50_000;
const lotsMost = 10_000;

export function newestVerdict(
	file: StoreFile,
	lot: string,
	stage: VerdictStage,
): { id: string; hash: string } | undefined {
	const row = file.get(
		"SELECT id, hash FROM lot_judgement WHERE lot = ? AND stage = ? ORDER BY revision DESC LIMIT 1",
		...[lot, stage],
	);
	return row === undefined ? undefined : { id: String(row.id), hash: String(row.hash) };
}

/** The due row goes, the lot's row, the verdict, its points of control charts and its messages come, together. */
export function commitFinalVerdict(file: StoreFile, commit: FinalVerdictCommit): void {
	const { verdict, lot, booked, dueMs, nextDueMs, outbox, charts } = commit;
	file.transaction(() => {
		if (dueMs !== undefined) file.run("DELETE FROM due WHERE lot = ? AND due_ms <= ?", lot, dueMs);
		if (nextDueMs !== undefined) file.run("INSERT OR REPLACE INTO due VALUES (?, ?)", lot, nextDueMs);
		if (booked !== undefined) writeBooked(file, booked);
		if (verdict !== undefined) {
			writeVerdict(file, verdict);
			for (const row of outbox) file.addMessage(row);
		}
		if (charts !== undefined) writeCharts(file, charts);
	});
}

function writeBooked(file: StoreFile, { lot, openedMs, closedMs, observedWhole }: LotRow): void {
	const row = [lot, openedMs, closedMs ?? null, observedWhole ? 1 : 0];
	const same = "SELECT 1 FROM lot WHERE lot = ? AND opened_ms = ? AND closed_ms IS ? AND observed_whole = ?";
	if (file.statement(same).get(...row) !== undefined) return;
	file.run("INSERT OR REPLACE INTO lot VALUES (?, ?, ?, ?)", ...row);
	file.changed("lot", lot);
}

function writeVerdict(file: StoreFile, verdict: NonNullable<FinalVerdictCommit["verdict"]>): void {
	const { row, stage, proposal, canonical, hash, corrects } = verdict;
	file.run(
		"INSERT OR IGNORE INTO verdict VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		...[row.id, row.lot, row.specVersion, row.verdict, row.violations, row.windows],
		...[JSON.stringify(row.reasons), row.observedWhole ? 1 : 0, row.judgedMs],
	);
	file.run(
		`INSERT OR IGNORE INTO lot_judgement SELECT ?, ?, ?, 1 + coalesce((SELECT max(revision) FROM lot_judgement
			WHERE lot = ? AND stage = ?), 0), ?, ?, ?, ?, ?`,
		...[row.id, row.lot, stage, row.lot, stage, corrects ?? null, hash, proposal, row.judgedMs, canonical],
	);
	file.changed("verdict", row.id);
}

/** Newest first. */
export function verdictOf(row: Record<string, unknown>): VerdictRecord {
	return {
		id: String(row.id),
		stage: row.stage as VerdictStage,
		revision: Number(row.revision),
		corrects: row.corrects === null ? undefined : String(row.corrects),
		hash: String(row.hash),
		proposal: row.proposal as VerdictRecord["proposal"],
		judgedMs: Number(row.judged_ms),
		judgement: JSON.parse(String(row.canonical)) as LotJudgement,
	};
}

export function dropDue(file: StoreFile, { lot, dueMs }: DueRow): void {
	file.transaction(() => file.run("DELETE FROM due WHERE lot = ? AND due_ms <= ?", lot, dueMs));
}

/** What is dirty, one period for each unit. */
export function dirtyPeriods(file: StoreFile): DirtyPeriod[] {
	return file
		.all(
			`SELECT device, min(from_ms) AS from_ms, max(to_ms) AS to_ms, max(n) AS n
			FROM (SELECT rowid AS n, * FROM dirty ORDER BY rowid LIMIT ?) GROUP BY device ORDER BY device`,
			dirtyMost,
		)
		.map((row) => ({
			unit: String(row.device),
			fromMs: Number(row.from_ms),
			toMs: Number(row.to_ms),
			lastRow: Number(row.n),
		}));
}

/** Marks what a gap, new, changed or filled, may change the judgement of; within the transaction that writes it. */
export function dirtyByGap(file: StoreFile, { edgeNode, device, fromMs, toMs }: GapRow): void {
	if (device !== "") file.run("INSERT INTO dirty VALUES (?, ?, ?)", device, fromMs, toMs);
	else
		file.run(
			"INSERT INTO dirty SELECT DISTINCT device, ?, ? FROM series WHERE edge_node = ? AND device <> ''",
			...[fromMs, toMs, edgeNode],
		);
}

/**
 * Puts a unit's visits right, and makes the lots due whose verdict may change: those that were in the unit in the dirty
 * period, by what was known or by what is known now.
 */
export function refreshContext(file: StoreFile, refresh: ContextRefresh): DueRow[] {
	const { unit, fromMs, toMs, lastRow, visits } = refresh;
	const due = new Map<string, number>();
	file.transaction(() => {
		for (const visit of visits) {
			const visitToMs = visit.toMs ?? visit.fromMs;
			// What overlaps was told from less; a visit that still lasts stays, its own changes are yet to come.
			file.run(
				"DELETE FROM unit_visit WHERE unit = ? AND from_ms < ? AND to_ms > ?",
				...[unit, visitToMs, visit.fromMs],
			);
			file.run(
				"INSERT OR REPLACE INTO unit_visit VALUES (?, ?, ?, ?, ?, ?, ?)",
				...[unit, visit.fromMs, visit.batch, visit.lot, visit.recipe, visitToMs, visit.startObserved ? 1 : 0],
			);
			file.changed("visit", JSON.stringify([unit, visit.fromMs]));
			if (visit.lot === "") continue;
			if (file.get("SELECT 1 FROM lot WHERE lot = ?", visit.lot) !== undefined) continue;
			// Whether and when it left the line is for the judge to find out.
			file.run("INSERT INTO lot VALUES (?, ?, NULL, 0)", visit.lot, visit.fromMs);
			file.changed("lot", visit.lot);
		}
		const lots = file.all(
			`SELECT l.lot, coalesce(l.closed_ms, max(coalesce(v.to_ms, v.from_ms))) AS due_ms FROM unit_visit v JOIN lot l ON l.lot = v.lot
				WHERE v.unit = ? AND v.from_ms <= ? AND coalesce(v.to_ms, ?) >= ? GROUP BY l.lot ORDER BY l.lot LIMIT ?`,
			...[unit, toMs, toMs, fromMs, lotsMost],
		);
		for (const row of lots) {
			due.set(String(row.lot), Number(row.due_ms));
			file.run(
				"INSERT INTO due VALUES (?, ?) ON CONFLICT(lot) DO UPDATE SET due_ms = min(due_ms, excluded.due_ms)",
				...[String(row.lot), Number(row.due_ms)],
			);
		}
		file.run("DELETE FROM dirty WHERE device = ? AND rowid <= ?", unit, lastRow);
	});
	return [...due].map(([lot, dueMs]) => ({ lot, dueMs }));
}

/** One period for each device: a backlog dirties as many as it has samples. */
export function mergedDirty(dirty: readonly DirtyRow[]): Iterable<DirtyRow> {
	const byDevice = new Map<string, DirtyRow>();
	for (const { device, fromMs, toMs } of dirty) {
		const known = byDevice.get(device);
		const from = Math.min(fromMs, known?.fromMs ?? fromMs);
		byDevice.set(device, { device, fromMs: from, toMs: Math.max(toMs, known?.toMs ?? toMs) });
	}
	return byDevice.values();
}
