import type { WindowLimits } from "../window-limits.ts";
import { numberOrUndefined, type Row } from "./read-rows.ts";
import type { StoreFile } from "./store-file.ts";

/**
 * The limits of each run of a window, as they were then, and the last time told of while they applied. A store of before gets
 * the table when it is opened.
 */
export const limitsSchema = `
CREATE TABLE IF NOT EXISTS window_limits(
	id TEXT PRIMARY KEY, window TEXT NOT NULL, spec_version INTEGER NOT NULL, unit TEXT NOT NULL, tag TEXT NOT NULL,
	batch TEXT NOT NULL, lot TEXT NOT NULL, low REAL, high REAL, from_ms INTEGER NOT NULL, to_ms INTEGER,
	told_ms INTEGER) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS window_limits_open ON window_limits(spec_version) WHERE to_ms IS NULL;
`;

/** Writes the run's row and tells followers of the time it is about; inside a transaction of the caller. */
export function writeLimits(file: StoreFile, limits: WindowLimits): void {
	const { id, window, specVersion, unit, tag, batch, lot, low, high, fromMs, toMs, atMs } = limits;
	file.run(
		"INSERT OR REPLACE INTO window_limits VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		...[id, window, specVersion, unit, tag, batch, lot, low ?? null, high ?? null, fromMs, toMs ?? null],
		atMs ?? null,
	);
	file.changed("limits", JSON.stringify([id, atMs ?? null]));
}

/**
 * A run that was judged by a version that judges no more is judged no more. Its limits end where the unit had come
 * to, in a transaction of its own.
 */
export function endOtherLimits(file: StoreFile, specVersions: readonly number[]): void {
	file.transaction(() => {
		const ended = file.all(
			`UPDATE window_limits SET to_ms = max(from_ms,
				coalesce((SELECT max(through_ms) FROM through WHERE device = unit), from_ms))
			WHERE to_ms IS NULL AND spec_version NOT IN (SELECT value FROM json_each(?)) RETURNING id, to_ms, told_ms`,
			JSON.stringify(specVersions),
		);
		for (const { id, to_ms, told_ms } of ended) {
			file.changed("limits", JSON.stringify([id, null]));
			// What was told of a time that is not before the end is told again.
			if (Number(told_ms) >= Number(to_ms)) file.changed("limits", JSON.stringify([id, told_ms]));
		}
	});
}

/** `atMs`: the time that is told of; undefined: the end. */
export function limitsOf(row: Row, atMs: number | undefined): WindowLimits {
	return {
		id: String(row.id),
		window: String(row.window),
		specVersion: Number(row.spec_version),
		unit: String(row.unit),
		tag: String(row.tag),
		batch: String(row.batch),
		lot: String(row.lot),
		low: numberOrUndefined(row.low),
		high: numberOrUndefined(row.high),
		fromMs: Number(row.from_ms),
		toMs: numberOrUndefined(row.to_ms),
		atMs,
	};
}
