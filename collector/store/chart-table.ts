import type { ChartBaselineRow, ChartCommit, ChartPointRow, StoredCharts } from "../chart-port.ts";
import { numberOrUndefined, textOrUndefined } from "./read-rows.ts";
import type { StoreFile } from "./store-file.ts";

/**
 * Control charts, lot by lot. A store of before gets the tables when it is opened. Points and signals are added, never changed; that
 * a baseline cannot be changed is seen to by the database itself.
 */
export const chartSchema = `
CREATE TABLE IF NOT EXISTS chart_point(
	n INTEGER PRIMARY KEY, characteristic TEXT NOT NULL, lot TEXT NOT NULL, revision INTEGER NOT NULL, at_ms INTEGER NOT NULL,
	value REAL, samples INTEGER NOT NULL, rejected TEXT, center REAL, lower REAL, upper REAL, baseline_version INTEGER,
	judged_ms INTEGER NOT NULL, UNIQUE(characteristic, lot, revision));
CREATE INDEX IF NOT EXISTS chart_point_lot ON chart_point(lot);
CREATE TABLE IF NOT EXISTS chart_signal(
	id TEXT PRIMARY KEY, characteristic TEXT NOT NULL, lot TEXT NOT NULL, revision INTEGER NOT NULL, rule TEXT NOT NULL,
	at_ms INTEGER NOT NULL, value REAL, center REAL, lower REAL, upper REAL, baseline_version INTEGER,
	noted_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS chart_signal_noted ON chart_signal(noted_ms);
CREATE INDEX IF NOT EXISTS chart_signal_of ON chart_signal(characteristic, lot);
CREATE TABLE IF NOT EXISTS chart_baseline(
	characteristic TEXT NOT NULL, version INTEGER NOT NULL, hash TEXT NOT NULL, at_ms INTEGER NOT NULL, by TEXT NOT NULL,
	n INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY(characteristic, version)) WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS chart_baseline_kept BEFORE UPDATE ON chart_baseline
	BEGIN SELECT RAISE(ABORT, 'a baseline never changes; make the next version'); END;
CREATE TRIGGER IF NOT EXISTS chart_baseline_stays BEFORE DELETE ON chart_baseline
	BEGIN SELECT RAISE(ABORT, 'a baseline is never removed; make the next version'); END;
CREATE TRIGGER IF NOT EXISTS chart_baseline_first BEFORE INSERT ON chart_baseline
	WHEN EXISTS (SELECT 1 FROM chart_baseline WHERE characteristic = NEW.characteristic AND version = NEW.version)
	BEGIN SELECT RAISE(IGNORE); END;
`;

/** Points of each characteristic that are read when a collector starts. */
const pointsRead = 300;

/** Writes what a lot did, inside a transaction of the caller. */
export function writeCharts(file: StoreFile, { points, signals, baselines }: ChartCommit): void {
	for (const p of points)
		file.run(
			`INSERT INTO chart_point(characteristic, lot, revision, at_ms, value, samples, rejected, center, lower, upper,
				baseline_version, judged_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(characteristic, lot, revision) DO NOTHING`,
			...[p.characteristic, p.lot, p.revision, p.atMs, p.value ?? null, p.samples, p.rejected ?? null],
			...[p.center ?? null, p.lower ?? null, p.upper ?? null, p.baselineVersion ?? null, p.judgedMs],
		);
	for (const s of signals)
		file.run(
			"INSERT INTO chart_signal VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(id) DO NOTHING",
			...[s.id, s.characteristic, s.lot, s.revision, s.rule, s.atMs, s.value ?? null],
			...[s.center ?? null, s.lower ?? null, s.upper ?? null, s.baselineVersion ?? null, s.notedMs],
		);
	for (const b of baselines) writeBaseline(file, b);
}

function writeBaseline(file: StoreFile, b: ChartBaselineRow): void {
	file.run(
		"INSERT INTO chart_baseline VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT(characteristic, version) DO NOTHING",
		...[b.characteristic, b.version, b.hash, b.atMs, b.by, b.n, b.body],
	);
}

/** Baselines that persons want, in a transaction of their own. */
export function commitBaselines(file: StoreFile, baselines: readonly ChartBaselineRow[]): void {
	file.transaction(() => {
		for (const baseline of baselines) writeBaseline(file, baseline);
	});
}

/** The newest lots of each characteristic, oldest first, and all baselines. */
export function readStoredCharts(file: StoreFile): StoredCharts {
	const points = file.all(
		`SELECT * FROM (
			SELECT p.*, f.first, row_number() OVER (PARTITION BY p.characteristic ORDER BY f.first DESC) AS back FROM chart_point p JOIN (
				SELECT characteristic, lot, min(n) AS first, max(revision) AS revision FROM chart_point GROUP BY characteristic, lot) f
			USING (characteristic, lot, revision)) WHERE back <= ? ORDER BY first`,
		pointsRead,
	);
	return {
		points: points.map(chartPointOf),
		baselines: file.all("SELECT * FROM chart_baseline ORDER BY characteristic, version").map(chartBaselineOf),
	};
}

export function chartPointOf(row: Record<string, unknown>): ChartPointRow {
	return {
		characteristic: String(row.characteristic),
		lot: String(row.lot),
		revision: Number(row.revision),
		atMs: Number(row.at_ms),
		value: numberOrUndefined(row.value as number | null),
		samples: Number(row.samples),
		rejected: textOrUndefined(row.rejected as string | null),
		center: numberOrUndefined(row.center as number | null),
		lower: numberOrUndefined(row.lower as number | null),
		upper: numberOrUndefined(row.upper as number | null),
		baselineVersion: numberOrUndefined(row.baseline_version as number | null),
		judgedMs: Number(row.judged_ms),
	};
}

function chartBaselineOf(row: Record<string, unknown>): ChartBaselineRow {
	return {
		characteristic: String(row.characteristic),
		version: Number(row.version),
		hash: String(row.hash),
		atMs: Number(row.at_ms),
		by: String(row.by),
		n: Number(row.n),
		body: String(row.body),
	};
}
