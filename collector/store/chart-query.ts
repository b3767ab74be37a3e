// Control charts as they are told to others. Every answer is bounded by the caller's limit.

import type { DatabaseSync } from "node:sqlite";
import type { ChartAnswer, ChartEntry, ChartQuery, ChartSignalEntry } from "../chart-port.ts";
import { chartPointOf } from "./chart-table.ts";
import { all, numberOrUndefined } from "./read-rows.ts";

/** Replaced revisions and versions of a baseline in one answer. */
const correctedMax = 500;
const baselinesMax = 100;

export function readCharts(db: DatabaseSync, limit: number): ChartEntry[] {
	const rows = all(
		db,
		`WITH newest AS (
			SELECT characteristic, lot, max(revision) AS revision FROM chart_point GROUP BY characteristic, lot)
		SELECT p.characteristic, count(*) AS lots, sum(p.rejected IS NULL AND p.value IS NOT NULL) AS counting, max(p.n) AS last,
			(SELECT max(version) FROM chart_baseline b WHERE b.characteristic = p.characteristic) AS version,
			(SELECT count(*) FROM chart_signal s WHERE s.characteristic = p.characteristic) AS signals
		FROM chart_point p JOIN newest USING (characteristic, lot, revision)
		GROUP BY p.characteristic ORDER BY p.characteristic LIMIT ?`,
		limit,
	);
	return rows.map((row) => {
		const [last] = all(db, "SELECT * FROM chart_point WHERE n = ?", Number(row.last));
		return {
			characteristic: String(row.characteristic),
			lots: Number(row.lots),
			counting: Number(row.counting),
			provisional: row.version === null,
			baselineVersion: numberOrUndefined(row.version),
			last: chartPointOf(last ?? {}),
			signals: Number(row.signals),
		};
	});
}

export function readChart(db: DatabaseSync, { characteristic, limit }: ChartQuery): ChartAnswer | undefined {
	const points = all(
		db,
		`SELECT p.* FROM chart_point p JOIN (
			SELECT lot, min(n) AS first, max(revision) AS revision FROM chart_point WHERE characteristic = ? GROUP BY lot) f
			ON f.lot = p.lot AND f.revision = p.revision
		WHERE p.characteristic = ? ORDER BY f.first DESC LIMIT ?`,
		...[characteristic, characteristic, limit],
	).map(chartPointOf);
	if (points.length === 0) return undefined;
	const signals = new Map<string, string[]>();
	for (const { lot, revision, rule } of all(
		db,
		"SELECT lot, revision, rule FROM chart_signal WHERE characteristic = ? ORDER BY noted_ms DESC, rule LIMIT ?",
		...[characteristic, limit * 9],
	)) {
		const key = `${revision} ${lot}`;
		signals.set(key, [...(signals.get(key) ?? []), String(rule)]);
	}
	const corrected = all(
		db,
		`SELECT p.* FROM chart_point p WHERE p.characteristic = ? AND EXISTS (SELECT 1 FROM chart_point q
			WHERE q.characteristic = p.characteristic AND q.lot = p.lot AND q.revision > p.revision) ORDER BY p.n DESC LIMIT ?`,
		...[characteristic, correctedMax],
	);
	const baselines = all(
		db,
		"SELECT body FROM chart_baseline WHERE characteristic = ? ORDER BY version DESC LIMIT ?",
		...[characteristic, baselinesMax],
	);
	return {
		characteristic,
		points: points
			.reverse()
			.map((point) => ({ ...point, signals: signals.get(`${point.revision} ${point.lot}`) ?? [] })),
		corrected: corrected.map(chartPointOf),
		baselines: baselines.reverse().map(({ body }) => JSON.parse(String(body))),
	};
}

export function readChartSignals(
	db: DatabaseSync,
	{ limit, lot }: { limit: number; lot?: string | undefined },
): ChartSignalEntry[] {
	const rows =
		lot === undefined
			? all(db, "SELECT * FROM chart_signal ORDER BY noted_ms DESC, id LIMIT ?", limit)
			: all(db, "SELECT * FROM chart_signal WHERE lot = ? ORDER BY characteristic, rule LIMIT ?", lot, limit);
	return rows.map((row) => ({
		id: String(row.id),
		characteristic: String(row.characteristic),
		lot: String(row.lot),
		revision: Number(row.revision),
		rule: String(row.rule),
		atMs: Number(row.at_ms),
		value: numberOrUndefined(row.value),
		center: numberOrUndefined(row.center),
		lower: numberOrUndefined(row.lower),
		upper: numberOrUndefined(row.upper),
		baselineVersion: numberOrUndefined(row.baseline_version),
		notedMs: Number(row.noted_ms),
	}));
}
