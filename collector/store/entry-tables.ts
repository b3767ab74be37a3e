import { createHash } from "node:crypto";
import { CodedError } from "../../common/runtime/coded-error.ts";
import type { Deed, InputRow } from "../people-port.ts";
import { appendAudit, auditSchema } from "./audit-table.ts";
import { commentSchema, enterComment } from "./comment-table.ts";
import { decisionSchema, enterDecision } from "./decision-table.ts";
import { writeLabInput } from "./laboratory-table.ts";
import { get } from "./read-rows.ts";
import type { StoreFile } from "./store-file.ts";

/**
 * What follows from an input, by its kind: writes the tables of that kind, inside the transaction that writes the input
 * and its audit entry. What it throws refuses all three. A kind that is not here is refused.
 */
const entryTables: Readonly<Record<string, (file: StoreFile, input: InputRow) => void>> = {
	comment: enterComment,
	"laboratory.result": writeLabInput,
	"lot.decided": enterDecision,
};

/** Tables of people; a store of before gets them when it is opened. */
export const entrySchema = `
CREATE TABLE IF NOT EXISTS input_known(hash TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS input_kept BEFORE UPDATE ON input
	BEGIN SELECT RAISE(ABORT, 'what was entered never changes'); END;
CREATE TRIGGER IF NOT EXISTS input_stays BEFORE DELETE ON input
	BEGIN SELECT RAISE(ABORT, 'what was entered is never removed'); END;
CREATE TRIGGER IF NOT EXISTS input_next BEFORE INSERT ON input
	WHEN EXISTS (SELECT 1 FROM input WHERE n = NEW.n)
	BEGIN SELECT RAISE(ABORT, 'what was entered is never replaced'); END;
${auditSchema}
${commentSchema}
${decisionSchema}
`;

/** What an input is: its kind and body, whoever enters it and when. Hexadecimal SHA-256. */
function inputHash(kind: string, body: string): string {
	return createHash("sha256").update(`${kind}\n${body}`, "utf8").digest("hex");
}

/**
 * Writes an input, what follows from it and its audit entry in one transaction. The same input once more changes nothing.
 * @returns its number, and whether it is new
 * @throws CodedError ENTRY_REFUSED
 */
export function enterInput(
	file: StoreFile,
	given: Omit<InputRow, "n">,
	deed: Deed,
): { n: number; isNew: boolean } {
	const { kind, enteredMs, enteredBy, body } = given;
	const follow = Object.hasOwn(entryTables, kind) ? entryTables[kind] : undefined;
	if (follow === undefined)
		throw new CodedError(
			"ENTRY_REFUSED",
			`expected a kind of input out of ${Object.keys(entryTables).join(", ")}, found ${JSON.stringify(kind)}`,
		);
	const hash = inputHash(kind, body);
	const known = get(file.db, "SELECT n FROM input_known WHERE hash = ?", hash);
	if (known !== undefined) return { n: Number(known.n), isNew: false };
	let n = 0;
	file.transaction(() => {
		const { lastInsertRowid } = file.db
			.prepare("INSERT INTO input(kind, entered_ms, entered_by, body) VALUES (?, ?, ?, ?)")
			.run(kind, Math.trunc(enteredMs), enteredBy, body);
		n = Number(lastInsertRowid);
		file.run("INSERT INTO input_known VALUES (?, ?)", hash, n);
		follow(file, { n, ...given });
		appendAudit(file.db, { ...deed, detail: { ...deed.detail, input: { hash, kind, n } } }, enteredMs);
	});
	return { n, isNew: true };
}

/** An audit entry without an input. */
export function recordDeed(file: StoreFile, deed: Deed, atMs: number): void {
	file.transaction(() => {
		appendAudit(file.db, deed, atMs);
	});
}
