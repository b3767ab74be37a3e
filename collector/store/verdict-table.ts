import type { VerdictCommit } from "../chart-port.ts";
import type { LotFacts } from "../pipeline.ts";
import { writeCharts } from "./chart-table.ts";
import type { StoreFile } from "./store-file.ts";

export function readLotFacts(file: StoreFile, lot: string): LotFacts | undefined {
	const row = file.get("SELECT * FROM lot WHERE lot = ?", lot);
	if (row === undefined || row.closed_ms === null) return undefined;
	const periods = file.all("SELECT * FROM window_period WHERE lot = ? ORDER BY window, from_ms", lot);
	const open = file.get("SELECT count(*) AS n FROM occurrence WHERE lot = ? AND cleared_ms IS NULL", lot);
	const visits = file.all("SELECT DISTINCT unit, batch FROM unit_visit WHERE lot = ? ORDER BY from_ms", lot);
	// A gap of the edge node itself may have been in any of its units.
	const gaps = file.all(
		`SELECT DISTINCT v.unit AS device, g.cause, g.from_ms, g.to_ms FROM gap g JOIN unit_visit v
		ON g.from_ms < coalesce(v.to_ms, g.to_ms + 1) AND g.to_ms > v.from_ms AND (g.device = v.unit OR
			(g.device = '' AND EXISTS (SELECT 1 FROM series s WHERE s.edge_node = g.edge_node AND s.device = v.unit)))
		WHERE v.lot = ? AND g.backfilled = 0 ORDER BY g.from_ms, v.unit`,
		lot,
	);
	return {
		lot,
		openedMs: Number(row.opened_ms),
		closedMs: Number(row.closed_ms),
		observedWhole: row.observed_whole === 1,
		periods: periods.map((period) => ({
			window: String(period.window),
			unit: String(period.unit),
			batch: String(period.batch),
			goodSamples: Number(period.good_samples),
			badSamples: Number(period.bad_samples),
			violations: Number(period.violations),
		})),
		openOccurrences: Number(open?.n),
		visits: visits.map(({ unit, batch }) => ({ unit: String(unit), batch: String(batch) })),
		gaps: gaps.map((gap) => ({
			device: String(gap.device),
			cause: String(gap.cause),
			fromMs: Number(gap.from_ms),
			toMs: Number(gap.to_ms),
		})),
	};
}

/** The due row goes, the verdict, its points of control charts and its messages come, together. */
export function commitVerdict(file: StoreFile, { verdict, dueMs, outbox, charts }: VerdictCommit): void {
	file.transaction(() => {
		file.run("DELETE FROM due WHERE lot = ? AND due_ms <= ?", verdict.lot, dueMs);
		file.run(
			"INSERT OR IGNORE INTO verdict VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
			verdict.id,
			verdict.lot,
			verdict.specVersion,
			verdict.verdict,
			verdict.violations,
			verdict.windows,
			JSON.stringify(verdict.reasons),
			verdict.observedWhole ? 1 : 0,
			verdict.judgedMs,
		);
		writeCharts(file, charts);
		file.changed("verdict", verdict.id);
		for (const row of outbox) file.addMessage(row);
	});
}
