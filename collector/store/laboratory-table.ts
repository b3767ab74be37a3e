import type { Assembled, LabOverdue, LabResult, RefusedResult } from "../laboratory-port.ts";
import type { InputRow } from "../people-port.ts";
import type { OutboxRow } from "../pipeline.ts";
import type { StoreFile } from "./store-file.ts";

/**
 * Laboratory results, however they came. A store of before gets the tables when it is opened. A result is never changed and never
 * goes: a correction is a row with a higher version. `body` is the result as JSON; the other columns are for finding it.
 */
export const laboratorySchema = `
CREATE TABLE IF NOT EXISTS lab_result(
	id TEXT PRIMARY KEY, lot TEXT NOT NULL, material TEXT NOT NULL, test TEXT NOT NULL, sample TEXT NOT NULL, version INTEGER NOT NULL,
	measured_ms INTEGER NOT NULL, reported_ms INTEGER NOT NULL, entered_ms INTEGER NOT NULL, road TEXT NOT NULL,
	entered_by TEXT NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS lab_result_lot ON lab_result(lot, material, test);
CREATE INDEX IF NOT EXISTS lab_result_reported ON lab_result(reported_ms);
CREATE TRIGGER IF NOT EXISTS lab_result_stays BEFORE DELETE ON lab_result
	BEGIN SELECT RAISE(ABORT, 'a laboratory result is never removed; enter a correction'); END;
CREATE TABLE IF NOT EXISTS lab_refused(
	id TEXT PRIMARY KEY, place TEXT NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL, body TEXT NOT NULL,
	entered_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS lab_refused_entered ON lab_refused(entered_ms);
CREATE TABLE IF NOT EXISTS lab_waiting(only INTEGER PRIMARY KEY CHECK (only = 1), state TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS lab_overdue(
	id TEXT PRIMARY KEY, lot TEXT NOT NULL, window TEXT NOT NULL, test TEXT NOT NULL, left_ms INTEGER NOT NULL, due_ms INTEGER NOT NULL,
	raised_ms INTEGER NOT NULL, cleared_ms INTEGER) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS lab_overdue_open ON lab_overdue(lot) WHERE cleared_ms IS NULL;
`;

/** Refusals that are kept; the oldest go first, and the counter in the metrics has them all. */
const refusedKept = 10_000;

/** What a batch told, inside a transaction of the caller. */
export function writeAssembled(file: StoreFile, { results, refused, withdrawn, state }: Assembled): void {
	for (const id of withdrawn) file.run("DELETE FROM lab_refused WHERE id = ?", id);
	for (const result of results) writeLabResult(file, result);
	dueAgain(file, results);
	for (const row of refused) writeLabRefused(file, row);
	if (state !== undefined) file.run("INSERT OR REPLACE INTO lab_waiting VALUES (1, ?)", state);
}

/** The same result again changes only when it was first told, so that the order of telling makes no difference. */
function writeLabResult(file: StoreFile, result: LabResult): void {
	const { id, reportedMs, enteredMs, road, enteredBy, ...said } = result;
	file.run(
		`INSERT INTO lab_result VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(id) DO UPDATE SET
			reported_ms = min(reported_ms, excluded.reported_ms),
			road = CASE WHEN excluded.entered_ms < entered_ms THEN excluded.road ELSE road END,
			entered_by = CASE WHEN excluded.entered_ms < entered_ms THEN excluded.entered_by ELSE entered_by END,
			entered_ms = min(entered_ms, excluded.entered_ms)`,
		...[id, said.lot, said.material, said.test, said.sample, said.version, said.measuredMs, reportedMs],
		...[enteredMs, road, enteredBy, JSON.stringify(said)],
	);
}

/** Lots of the product are to be judged again, in the transaction that tells the result. */
function dueAgain(file: StoreFile, results: readonly LabResult[]): void {
	for (const { lot, material } of results)
		if (material === "" && lot !== "")
			file.run("INSERT INTO due VALUES (?, 0) ON CONFLICT(lot) DO UPDATE SET due_ms = 0", lot);
}

/** The result in an input row of the kind `laboratory.result`, inside the transaction that writes the row. */
export function writeLabInput(file: StoreFile, { body, enteredMs, enteredBy }: Omit<InputRow, "n">): void {
	const result = { ...(JSON.parse(body) as LabResult), enteredMs, enteredBy };
	writeLabResult(file, result);
	dueAgain(file, [result]);
}

/** What came as a result and was none, inside a transaction of the caller. */
function writeLabRefused(
	file: StoreFile,
	{ id, where, code, message, body, enteredMs }: RefusedResult,
): void {
	const row = [id, where, code, message, body, enteredMs] as const;
	file.run("INSERT INTO lab_refused VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT(id) DO NOTHING", ...row);
	const count = Number(file.get("SELECT count(*) AS n FROM lab_refused")?.n);
	if (count > refusedKept)
		file.run(
			"DELETE FROM lab_refused WHERE id IN (SELECT id FROM lab_refused ORDER BY entered_ms, id LIMIT ?)",
			count - refusedKept,
		);
}

/** What waited for its rest when the store was closed. */
export function readLabWaiting(file: StoreFile): string | undefined {
	const row = file.get("SELECT state FROM lab_waiting");
	return row === undefined ? undefined : String(row.state);
}

/** Lots that left the line from a source time on, the newest ones, and what the laboratory has said of them. */
export function readExpectingLots(file: StoreFile, { fromMs, limit }: { fromMs: number; limit: number }) {
	const lots = file.all(
		`SELECT lot, opened_ms, closed_ms, row_number() OVER (ORDER BY closed_ms, lot) - 1 AS place FROM lot WHERE closed_ms IS NOT NULL
			ORDER BY closed_ms DESC, lot DESC LIMIT ?`,
		limit,
	);
	return lots
		.filter((row) => Number(row.closed_ms) >= fromMs)
		.map((row) => {
			const lot = String(row.lot);
			const tests = file.all("SELECT DISTINCT test FROM lab_result WHERE lot = ? AND material = ''", lot);
			const overdue = file.all("SELECT * FROM lab_overdue WHERE lot = ?", lot).map(labOverdueOf);
			return {
				...{ lot, openedMs: Number(row.opened_ms), leftMs: Number(row.closed_ms), place: Number(row.place) },
				tests: tests.map(({ test }) => String(test)),
				open: overdue.filter(({ clearedMs }) => clearedMs === undefined),
				raised: overdue.map(({ id }) => id),
			};
		})
		.toReversed();
}

/** Results that are overdue, raised or cleared, with the messages about them; a raised one is never raised again. */
export function commitOverdue(
	file: StoreFile,
	{ rows, outbox }: { rows: readonly LabOverdue[]; outbox: readonly OutboxRow[] },
): void {
	file.transaction(() => {
		writeOverdue(file, rows);
		for (const row of outbox) file.addMessage(row);
	});
}

/** A row of `lab_overdue`. */
export function labOverdueOf(row: Record<string, unknown>): LabOverdue {
	return {
		...{ id: String(row.id), lot: String(row.lot), window: String(row.window), test: String(row.test) },
		...{ leftMs: Number(row.left_ms), dueMs: Number(row.due_ms), raisedMs: Number(row.raised_ms) },
		clearedMs: row.cleared_ms === null ? undefined : Number(row.cleared_ms),
	};
}

function writeOverdue(file: StoreFile, rows: readonly LabOverdue[]): void {
	for (const { id, lot, window, test, leftMs, dueMs, raisedMs, clearedMs } of rows)
		file.run(
			`INSERT INTO lab_overdue VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(id) DO UPDATE SET cleared_ms = excluded.cleared_ms`,
			...[id, lot, window, test, leftMs, dueMs, raisedMs, clearedMs ?? null],
		);
}

/** A row of `lab_result`. */
export function labResultOf(row: Record<string, unknown>): LabResult {
	const said = JSON.parse(String(row.body)) as LabResult;
	return {
		...said,
		// What JSON left out was undefined.
		...{ value: said.value, censored: said.censored, calibrationDueMs: said.calibrationDueMs },
		...{ detectionLimit: said.detectionLimit, temperatureC: said.temperatureC },
		id: String(row.id),
		reportedMs: Number(row.reported_ms),
		enteredMs: Number(row.entered_ms),
		road: String(row.road) as LabResult["road"],
		enteredBy: String(row.entered_by),
	};
}
