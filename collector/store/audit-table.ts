import type { DatabaseSync } from "node:sqlite";
import {
	type AuditEntry,
	type AuditHead,
	auditHash,
	firstPreviousHash,
} from "../../common/runtime/audit-chain.ts";
import { canonicalJson } from "../../common/runtime/canonical-json.ts";
import { CodedError, errorText } from "../../common/runtime/coded-error.ts";
import type { AuditSlice, Deed } from "../people-port.ts";
import { all, get } from "./read-rows.ts";

/**
 * The audit record, and what else is only ever added. The database itself refuses changes. The trigger on inserting is what
 * stops INSERT OR REPLACE, which removes rows without asking the trigger on deleting.
 */
export const auditSchema = `
CREATE TABLE IF NOT EXISTS audit(
	n INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, by TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL,
	detail TEXT NOT NULL, previous_hash TEXT NOT NULL, hash TEXT NOT NULL);
CREATE TRIGGER IF NOT EXISTS audit_kept BEFORE UPDATE ON audit
	BEGIN SELECT RAISE(ABORT, 'an audit entry never changes'); END;
CREATE TRIGGER IF NOT EXISTS audit_stays BEFORE DELETE ON audit
	BEGIN SELECT RAISE(ABORT, 'an audit entry is never removed'); END;
CREATE TRIGGER IF NOT EXISTS audit_next BEFORE INSERT ON audit
	WHEN NEW.n IS NOT (SELECT coalesce(max(n), 0) + 1 FROM audit)
		OR NEW.previous_hash IS NOT coalesce((SELECT hash FROM audit ORDER BY n DESC LIMIT 1), '${firstPreviousHash}')
	BEGIN SELECT RAISE(ABORT, 'an audit entry follows the newest one'); END;
`;

/** Longer ones are refused: the record is read by people, and a line of an export must stay one. */
const detailCharactersMax = 200_000;

/** Adds an entry, inside a transaction of the caller; before the first one, the entry that names the instance. */
export function appendAudit(db: DatabaseSync, deed: Deed, atMs: number): AuditHead {
	const head = readAuditHead(db);
	if (head !== undefined) return append(db, head, deed, atMs);
	const instance = String(get(db, "SELECT value FROM meta WHERE key = 'instance'")?.value);
	const begun = { by: "collector", action: "audit.begun", subject: instance, detail: { instance } };
	return append(db, append(db, undefined, begun, atMs), deed, atMs);
}

function append(db: DatabaseSync, before: AuditHead | undefined, deed: Deed, atMs: number): AuditHead {
	const entry: Omit<AuditEntry, "hash"> = {
		n: (before?.n ?? 0) + 1,
		atMs: Math.trunc(atMs),
		by: deed.by,
		action: deed.action,
		subject: deed.subject,
		detail: detailOf(deed),
		previousHash: before?.hash ?? firstPreviousHash,
	};
	const hash = auditHash(entry);
	db.prepare("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?)").run(
		...[entry.n, entry.atMs, entry.by, entry.action, entry.subject, entry.detail, entry.previousHash, hash],
	);
	return { n: entry.n, hash };
}

function detailOf({ action, detail }: Deed): string {
	let text: string;
	try {
		text = canonicalJson(detail);
	} catch (error) {
		throw new CodedError("ENTRY_REFUSED", `${action}: ${errorText(error)}`);
	}
	if (text.length <= detailCharactersMax) return text;
	const message = `${action}: expected a detail of at most ${detailCharactersMax} characters, found ${text.length}`;
	throw new CodedError("ENTRY_REFUSED", message);
}

export function readAuditHead(db: DatabaseSync): AuditHead | undefined {
	const row = get(db, "SELECT n, hash FROM audit ORDER BY n DESC LIMIT 1");
	return row === undefined ? undefined : { n: Number(row.n), hash: String(row.hash) };
}

/** Entries in order, from number `from` on. */
export function readAudit(db: DatabaseSync, { from, limit }: { from: number; limit: number }): AuditSlice {
	const rows = all(db, "SELECT * FROM audit WHERE n >= ? ORDER BY n LIMIT ?", from, limit);
	return { entries: rows.map(entryOf), head: readAuditHead(db) };
}

/** The newest entry of an action. */
export function readLastDeed(db: DatabaseSync, action: string): AuditEntry | undefined {
	const row = get(db, "SELECT * FROM audit WHERE action = ? ORDER BY n DESC LIMIT 1", action);
	return row === undefined ? undefined : entryOf(row);
}

function entryOf(row: Record<string, unknown>): AuditEntry {
	return {
		n: Number(row.n),
		atMs: Number(row.at_ms),
		by: String(row.by),
		action: String(row.action),
		subject: String(row.subject),
		detail: String(row.detail),
		previousHash: String(row.previous_hash),
		hash: String(row.hash),
	};
}
