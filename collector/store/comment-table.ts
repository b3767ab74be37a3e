import type { DatabaseSync } from "node:sqlite";
import { CodedError } from "../../common/runtime/coded-error.ts";
import type { CommentEntry, CommentQuery, InputRow } from "../people-port.ts";
import { all, get } from "./read-rows.ts";
import type { StoreFile } from "./store-file.ts";

/** Comments, as inputs of kind `comment` make them; a body is {by, lot, text} or {by, occurrence, text}. */
export const commentSchema = `
CREATE TABLE IF NOT EXISTS comment(
	n INTEGER PRIMARY KEY, lot TEXT, occurrence TEXT, entered_ms INTEGER NOT NULL, entered_by TEXT NOT NULL, text TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS comment_lot ON comment(lot, n);
CREATE INDEX IF NOT EXISTS comment_occurrence ON comment(occurrence, n);
`;

/** @throws CodedError ENTRY_REFUSED for a lot or a violation that is not there */
export function enterComment({ db }: StoreFile, input: InputRow): void {
	const body = JSON.parse(input.body) as { lot?: string; occurrence?: string; text: string };
	const { lot, occurrence, text } = body;
	const found =
		lot === undefined
			? get(db, "SELECT lot FROM occurrence WHERE id = ?", occurrence ?? "")
			: get(db, "SELECT lot FROM lot WHERE lot = ?", lot);
	if (found === undefined) {
		const what =
			lot === undefined
				? `violation, found ${JSON.stringify(occurrence)}`
				: `lot, found ${JSON.stringify(lot)}`;
		throw new CodedError("ENTRY_REFUSED", `expected the id of a stored ${what}`);
	}
	db.prepare("INSERT INTO comment VALUES (?, ?, ?, ?, ?, ?)").run(
		...[input.n, String(found.lot), occurrence ?? null, input.enteredMs, input.enteredBy, text],
	);
}

/** Newest first; of a lot also those on its violations. */
export function readComments(db: DatabaseSync, { lot, occurrence, limit }: CommentQuery): CommentEntry[] {
	const rows = all(
		db,
		`SELECT * FROM comment WHERE ${occurrence === undefined ? "lot = ?" : "occurrence = ?"} ORDER BY n DESC LIMIT ?`,
		occurrence ?? lot ?? "",
		limit,
	);
	return rows.map((row) => ({
		n: Number(row.n),
		enteredMs: Number(row.entered_ms),
		enteredBy: String(row.entered_by),
		...(row.lot === "" ? {} : { lot: String(row.lot) }),
		...(row.occurrence === null ? {} : { occurrence: String(row.occurrence) }),
		text: String(row.text),
	}));
}
