import type { DatabaseSync } from "node:sqlite";
import { CodedError } from "../../common/runtime/coded-error.ts";
import type { SpecificationRow } from "../specification-port.ts";
import { numberOrUndefined, textOrUndefined } from "./read-rows.ts";
import type { StoreFile } from "./store-file.ts";

/**
 * Versions of specifications. A store of before gets the table when it is opened. That an approved version stays what was approved
 * is seen to by the database itself; its status and its end may still change, once.
 */
export const specificationSchema = `
CREATE TABLE IF NOT EXISTS specification(
	product TEXT NOT NULL, version INTEGER NOT NULL, status TEXT NOT NULL, hash TEXT NOT NULL, from_ms INTEGER NOT NULL,
	to_ms INTEGER, body TEXT NOT NULL, author TEXT, approvals TEXT NOT NULL, stored_ms INTEGER NOT NULL,
	PRIMARY KEY(product, version)) WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS specification_kept BEFORE UPDATE ON specification
	WHEN old.status <> 'draft' AND (new.hash <> old.hash OR new.body <> old.body OR new.from_ms <> old.from_ms
		OR new.author IS NOT old.author OR new.status = 'draft' OR (old.status = 'retired' AND new.status <> 'retired'))
	BEGIN SELECT RAISE(ABORT, 'an approved specification never changes; make the next version'); END;
CREATE TRIGGER IF NOT EXISTS specification_stays BEFORE DELETE ON specification WHEN old.status <> 'draft'
	BEGIN SELECT RAISE(ABORT, 'an approved specification is never removed'); END;
`;

/** The newest version first, product by product. */
export function readSpecifications(db: Pick<DatabaseSync, "prepare">): SpecificationRow[] {
	const rows = db.prepare("SELECT * FROM specification ORDER BY product, version DESC").all();
	return rows.map((row) => ({
		product: String(row.product),
		version: Number(row.version),
		status: row.status as SpecificationRow["status"],
		hash: String(row.hash),
		fromMs: Number(row.from_ms),
		toMs: numberOrUndefined(row.to_ms as number | null),
		body: String(row.body),
		author: textOrUndefined(row.author as string | null),
		approvals: approvalsOf(String(row.approvals)),
		storedMs: Number(row.stored_ms),
	}));
}

/** New and changed versions, in one transaction. */
export function keepSpecifications(file: StoreFile, rows: readonly SpecificationRow[]): void {
	file.transaction(() => {
		for (const row of rows)
			file.run(
				`INSERT INTO specification VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(product, version) DO UPDATE SET
					status = excluded.status, hash = excluded.hash, from_ms = excluded.from_ms, to_ms = excluded.to_ms,
					body = excluded.body, author = excluded.author, approvals = excluded.approvals, stored_ms = excluded.stored_ms`,
				...[row.product, row.version, row.status, row.hash, row.fromMs, row.toMs ?? null],
				...[row.body, row.author ?? null, JSON.stringify(row.approvals), row.storedMs],
			);
	});
}

function approvalsOf(text: string): SpecificationRow["approvals"] {
	const read: unknown = JSON.parse(text);
	if (!Array.isArray(read))
		throw new CodedError("DATA_DAMAGED", `specification: expected approvals, found ${text}`);
	return read.map(({ step, by, timeMs, reason }) => ({
		step,
		by,
		timeMs: timeMs ?? undefined,
		reason: reason ?? undefined,
	}));
}
