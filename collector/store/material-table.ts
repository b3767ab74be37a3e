// Verdicts on lots of raw materials: one row for each revision.

import type { DatabaseSync } from "node:sqlite";
import type { LabResult } from "../laboratory-port.ts";
import type { MaterialCommit, MaterialJudgement, MaterialLot, MaterialVerdict } from "../material-port.ts";
import { labResultOf } from "./laboratory-table.ts";
import { all, get, type Row } from "./read-rows.ts";
import type { StoreFile } from "./store-file.ts";

/** `material_seen.results`: by how many results a lot was judged last. Rows of `lab_result` are never changed nor removed. */
export const materialSchema = `
CREATE INDEX IF NOT EXISTS lab_result_material ON lab_result(material, lot) WHERE material <> '';
CREATE TABLE IF NOT EXISTS material_judgement(
	id TEXT PRIMARY KEY, material TEXT NOT NULL, lot TEXT NOT NULL, revision INTEGER NOT NULL, corrects TEXT, hash TEXT NOT NULL,
	verdict TEXT NOT NULL, judged_ms INTEGER NOT NULL, canonical TEXT NOT NULL, UNIQUE(material, lot, revision)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS material_judgement_lot ON material_judgement(lot);
CREATE TABLE IF NOT EXISTS material_seen(
	material TEXT NOT NULL, lot TEXT NOT NULL, results INTEGER NOT NULL, PRIMARY KEY(material, lot)) WITHOUT ROWID;
`;

export function materialsToJudge(
	file: StoreFile,
	{ all: every, after, limit }: { all: boolean; after: MaterialLot | undefined; limit: number },
): MaterialLot[] {
	return file
		.all(
			`SELECT r.material, r.lot, count(*) AS n FROM lab_result r WHERE r.material <> '' AND (r.material, r.lot) > (?, ?)
			GROUP BY r.material, r.lot HAVING ? OR n <> coalesce(
				(SELECT s.results FROM material_seen s WHERE s.material = r.material AND s.lot = r.lot), 0)
			ORDER BY r.material, r.lot LIMIT ?`,
			...[after?.material ?? "", after?.lot ?? "", every ? 1 : 0, limit],
		)
		.map(({ material, lot }) => ({ material: String(material), lot: String(lot) }));
}

/** A lot has a few tests with a few versions each. */
const resultsMost = 5_000;

export function materialResults(file: StoreFile, { material, lot }: MaterialLot) {
	const results: LabResult[] = file
		.all(
			"SELECT * FROM lab_result WHERE material = ? AND lot = ? AND material <> '' ORDER BY test, sample, version, id LIMIT ?",
			...[material, lot, resultsMost],
		)
		.map((row) => labResultOf(row as Row));
	const newest = file.get(
		"SELECT id, hash FROM material_judgement WHERE material = ? AND lot = ? ORDER BY revision DESC LIMIT 1",
		...[material, lot],
	);
	return {
		results,
		newest: newest === undefined ? undefined : { id: String(newest.id), hash: String(newest.hash) },
	};
}

/** Returns the lots of the product that were made of it and have left the line: with another verdict they are to be judged again. */
export function commitMaterial(
	file: StoreFile,
	{ material, lot, results, verdict, outbox }: MaterialCommit,
): string[] {
	const made = verdict === undefined ? [] : lotsMadeOf(file, lot);
	file.transaction(() => {
		file.run("INSERT OR REPLACE INTO material_seen VALUES (?, ?, ?)", material, lot, results);
		if (verdict !== undefined)
			file.run(
				`INSERT OR IGNORE INTO material_judgement SELECT ?, ?, ?, 1 + coalesce((SELECT max(revision) FROM material_judgement
					WHERE material = ? AND lot = ?), 0), ?, ?, ?, ?, ?`,
				...[verdict.id, material, lot, material, lot, verdict.corrects ?? null, verdict.hash],
				...[verdict.verdict, verdict.judgedMs, verdict.canonical],
			);
		for (const one of made)
			file.run("INSERT INTO due VALUES (?, 0) ON CONFLICT(lot) DO UPDATE SET due_ms = 0", one);
		for (const row of outbox) file.addMessage(row);
	});
	return made;
}

const madeMost = 5_000;

function lotsMadeOf(file: StoreFile, lot: string): string[] {
	return file
		.all(
			`SELECT DISTINCT b.into_id AS lot FROM genealogy_link c JOIN genealogy_link b ON b.from_id = c.into_id AND b.kind = 'blend'
				JOIN lot l ON l.lot = b.into_id
			WHERE c.kind = 'charge' AND c.from_id = ? AND l.closed_ms IS NOT NULL ORDER BY b.into_id LIMIT ?`,
			...[lot, madeMost],
		)
		.map((row) => String(row.lot));
}

/** Results of the lots of raw materials that one lot was made of. */
const lotResultsMost = 20_000;

/** Every version of each result of lots of raw materials with these ids. */
export function readMaterialResults(db: DatabaseSync, lots: readonly string[]): LabResult[] {
	return all(
		db,
		`SELECT * FROM lab_result WHERE material <> '' AND lot IN (SELECT value FROM json_each(?))
		ORDER BY material, lot, test, sample, version, id LIMIT ?`,
		...[JSON.stringify(lots), lotResultsMost],
	).map(labResultOf);
}

/** Of each lot its newest verdict, the last judged first. */
export function readMaterials(db: DatabaseSync, { limit }: { limit: number }): MaterialVerdict[] {
	return all(
		db,
		`SELECT * FROM material_judgement m WHERE m.revision = (SELECT max(o.revision) FROM material_judgement o
			WHERE o.material = m.material AND o.lot = m.lot) ORDER BY m.judged_ms DESC, m.material, m.lot LIMIT ?`,
		limit,
	).map(verdictOf);
}

const revisionsMost = 1_000;

/** Every verdict on the lots of this id, of whatever material, the newest first. */
export function readMaterial(db: DatabaseSync, lot: string): MaterialVerdict[] {
	if (get(db, "SELECT 1 FROM material_judgement WHERE lot = ? LIMIT 1", lot) === undefined) return [];
	return all(
		db,
		"SELECT * FROM material_judgement WHERE lot = ? ORDER BY material, revision DESC LIMIT ?",
		...[lot, revisionsMost],
	).map(verdictOf);
}

function verdictOf(row: Row): MaterialVerdict {
	return {
		...{ id: String(row.id), revision: Number(row.revision), hash: String(row.hash) },
		corrects: row.corrects === null ? undefined : String(row.corrects),
		judgedMs: Number(row.judged_ms),
		judgement: JSON.parse(String(row.canonical)) as MaterialJudgement,
	};
}
