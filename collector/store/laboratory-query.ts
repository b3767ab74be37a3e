import type { DatabaseSync } from "node:sqlite";
import type { LabEntry, LaboratoryAnswer, LabResult } from "../laboratory-port.ts";
import { labOverdueOf, labResultOf } from "./laboratory-table.ts";
import { all, get, type Row } from "./read-rows.ts";

/** A lot has some 25 tests with a few versions each. */
const lotResultsMost = 5_000;

const ranked = `SELECT *, version = max(version) OVER sample AS counts, count(*) OVER (
		PARTITION BY lot, material, test, sample, version) > 1 AS shared FROM lab_result`;
const sampleWindow = "WINDOW sample AS (PARTITION BY lot, material, test, sample)";

/** Laboratory results of a lot with their history, or the newest of all; at most `limit` of each kind. */
export function readLaboratory(
	db: DatabaseSync,
	{ lot, limit }: { readonly lot?: string | undefined; readonly limit: number },
): LaboratoryAnswer {
	const results =
		lot === undefined
			? all(
					db,
					`SELECT * FROM (${ranked} WHERE lot IN (SELECT lot FROM lab_result ORDER BY reported_ms DESC LIMIT ?) ${sampleWindow})
				ORDER BY reported_ms DESC, id LIMIT ?`,
					limit,
					limit,
				)
			: all(
					db,
					`SELECT * FROM (${ranked} WHERE lot = ? ${sampleWindow}) ORDER BY material, test, sample, version DESC, id LIMIT ?`,
					lot,
					limit,
				);
	const overdue =
		lot === undefined
			? all(db, "SELECT * FROM lab_overdue ORDER BY cleared_ms IS NOT NULL, due_ms DESC, id LIMIT ?", limit)
			: all(
					db,
					"SELECT * FROM lab_overdue WHERE lot = ? ORDER BY cleared_ms IS NOT NULL, due_ms DESC, id LIMIT ?",
					lot,
					limit,
				);
	const refused = all(db, "SELECT * FROM lab_refused ORDER BY entered_ms DESC, id LIMIT ?", limit);
	return {
		...(lot === undefined ? {} : { lotKnown: get(db, "SELECT 1 FROM lot WHERE lot = ?", lot) !== undefined }),
		results: results.map(entryOf),
		refused: refused.map((row) => ({
			...{
				id: String(row.id),
				where: String(row.place),
				code: String(row.code),
				message: String(row.message),
			},
			...{ body: String(row.body), enteredMs: Number(row.entered_ms) },
		})),
		overdue: overdue.map(labOverdueOf),
	};
}

/** Results of one lot of the product, every version, and how many lots left the line before it. */
export function readLotResults(db: DatabaseSync, lot: string): { results: LabResult[]; place: number } {
	const rows = all(
		db,
		"SELECT * FROM lab_result WHERE lot = ? AND material = '' ORDER BY test, sample, version, id LIMIT ?",
		...[lot, lotResultsMost],
	);
	const before = get(
		db,
		`SELECT count(*) AS n FROM lot o, lot l WHERE l.lot = ? AND o.closed_ms IS NOT NULL
			AND (o.closed_ms < l.closed_ms OR (o.closed_ms = l.closed_ms AND o.lot < l.lot))`,
		lot,
	);
	return { results: rows.map(labResultOf), place: Number(before?.n ?? 0) };
}

function entryOf(row: Row): LabEntry {
	const counts = row.counts === 1;
	return { ...labResultOf(row), counts, conflict: counts && row.shared === 1 };
}
