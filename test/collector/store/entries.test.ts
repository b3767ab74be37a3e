import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Deed, InputRow } from "../../../collector/people-port.ts";
import { readAudit } from "../../../collector/store/audit-table.ts";
import { backupStore, restoreStore } from "../../../collector/store/backup.ts";
import { readComments } from "../../../collector/store/comment-table.ts";
import { enterInput, recordDeed } from "../../../collector/store/entry-tables.ts";
import { StoreFile } from "../../../collector/store/store-file.ts";
import { AuditCheck, auditLine, firstPreviousHash } from "../../../common/runtime/audit-chain.ts";
import { canonicalJson } from "../../../common/runtime/canonical-json.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { beganMs, KnownStore, knownOccurrence } from "./known-store.ts";

let store: KnownStore;
beforeEach(() => {
	store = new KnownStore();
	store.commit({
		lots: [{ lot: "L1", openedMs: beganMs, closedMs: undefined, observedWhole: true }],
		occurrences: [knownOccurrence],
	});
});
afterEach(() => store.remove());

const comment = (body: object, enteredMs = beganMs): Omit<InputRow, "n"> => ({
	...{ kind: "comment", enteredMs, enteredBy: "ito", body: canonicalJson({ by: "ito", ...body }) },
});
const deed: Deed = { by: "ito", action: "comment.entered", subject: "L1", detail: { text: "seen" } };
const audit = () => readAudit(store.file.db, { from: 1, limit: 1_000 }).entries;
const count = (table: string) => Number(store.file.get(`SELECT count(*) AS n FROM ${table}`)?.n);

function sound(entries = audit()): void {
	const check = new AuditCheck();
	for (const entry of entries) expect(check.add(auditLine(entry))).toBeUndefined();
	expect(check.end()).toBeUndefined();
}

test("input, what follows and audit entry come together; the first entry names the instance", () => {
	const n = enterInput(store.file, comment({ lot: "L1", text: "seen" }), deed);
	expect(n).toEqual({ n: 1, isNew: true });
	const [begun, entered] = audit();
	expect(begun).toMatchObject({ n: 1, action: "audit.begun", previousHash: firstPreviousHash });
	expect(begun?.subject).toBe(store.file.meta("instance"));
	expect(entered).toMatchObject({ n: 2, by: "ito", atMs: beganMs, previousHash: begun?.hash });
	expect(JSON.parse(entered?.detail ?? "")).toEqual({
		text: "seen",
		input: { kind: "comment", n: 1, hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
	});
	expect(readComments(store.file.db, { lot: "L1", limit: 9 })).toEqual([
		{ n: 1, enteredMs: beganMs, enteredBy: "ito", lot: "L1", text: "seen" },
	]);
	sound();
});

test("equal input is entered once, whenever and by whomever it is sent again", () => {
	enterInput(store.file, comment({ lot: "L1", text: "seen" }), deed);
	const again = { ...comment({ lot: "L1", text: "seen" }, beganMs + 5), enteredBy: "sato" };
	expect(enterInput(store.file, again, deed)).toEqual({ n: 1, isNew: false });
	expect(enterInput(store.file, comment({ lot: "L1", text: "Seen" }), deed)).toEqual({ n: 2, isNew: true });
	expect([count("input"), count("comment"), audit().length]).toEqual([2, 2, 3]);
});

test("what is refused leaves nothing: no input, no comment, no audit entry", () => {
	for (const body of [
		{ lot: "L9", text: "x" },
		{ occurrence: "no", text: "x" },
	])
		expect(() => enterInput(store.file, comment(body), deed)).toThrow(/expected the id of a stored/);
	expect(() => enterInput(store.file, { ...comment({}), kind: "toString" }, deed)).toThrow(
		/expected a kind of input out of comment/,
	);
	const endless = { ...deed, detail: { text: "x".repeat(200_001) } };
	expect(() => enterInput(store.file, comment({ lot: "L1", text: "y" }), endless)).toThrow(
		/at most 200000 characters/,
	);
	expect(() =>
		enterInput(store.file, comment({ lot: "L1", text: "z" }), { ...deed, detail: { at: Number.NaN } }),
	).toThrow(/expected a finite number/);
	expect([count("input"), count("input_known"), count("comment"), count("audit")]).toEqual([0, 0, 0, 0]);
});

test("a comment on a violation is one on its lot, too", () => {
	enterInput(store.file, comment({ occurrence: knownOccurrence.id, text: "valve" }), deed);
	const found = {
		n: 1,
		enteredMs: beganMs,
		enteredBy: "ito",
		lot: "L1",
		occurrence: knownOccurrence.id,
		text: "valve",
	};
	expect(readComments(store.file.db, { lot: "L1", limit: 9 })).toEqual([found]);
	expect(readComments(store.file.db, { occurrence: knownOccurrence.id, limit: 9 })).toEqual([found]);
});

test("the database itself refuses to change, remove, replace or skip what is recorded", () => {
	enterInput(store.file, comment({ lot: "L1", text: "seen" }), deed);
	const before = JSON.stringify(audit());
	const db = new DatabaseSync(store.path);
	try {
		for (const [sql, message] of [
			["UPDATE audit SET by = 'x'", "never changes"],
			["DELETE FROM audit WHERE n = 2", "never removed"],
			[
				"INSERT OR REPLACE INTO audit SELECT n, 0, by, action, subject, detail, previous_hash, hash FROM audit WHERE n = 2",
				"follows the newest",
			],
			[
				"REPLACE INTO audit SELECT n + 5, at_ms, by, action, subject, detail, hash, 'h' FROM audit WHERE n = 2",
				"follows the newest",
			],
			[
				"INSERT INTO audit SELECT n + 1, at_ms, by, action, subject, detail, 'other', 'h' FROM audit WHERE n = 2",
				"follows the newest",
			],
			["UPDATE OR REPLACE audit SET n = 1 WHERE n = 2", "never changes"],
			["UPDATE input SET body = '{}'", "never changes"],
			["DELETE FROM input", "never removed"],
			["INSERT OR REPLACE INTO input VALUES (1, 'comment', 0, 'x', '{}')", "never replaced"],
		])
			expect(() => db.exec(sql as string), sql).toThrow(message);
	} finally {
		db.close();
	}
	expect(JSON.stringify(audit())).toBe(before);
	expect(count("input")).toBe(1);
});

test("a store of before there was a record gets one when it is opened", () => {
	const { path } = store;
	store.file.db.exec("DROP TABLE audit; DROP TABLE comment; DROP TABLE input_known; DROP TRIGGER input_kept");
	const again = new StoreFile(path);
	recordDeed(again, deed, beganMs);
	expect(readAudit(again.db, { from: 1, limit: 9 }).head?.n).toBe(2);
	again.close();
});

test("a backup names the head; a restored record goes on, and names what it replaced", async () => {
	enterInput(store.file, comment({ lot: "L1", text: "seen" }), deed);
	const folder = `${temporaryFolder()}/backup`;
	const manifest = await backupStore(store.directory, folder, beganMs);
	const kept = audit();
	expect(manifest.audit).toEqual({ n: 2, hash: kept[1]?.hash });
	enterInput(store.file, comment({ lot: "L1", text: "after the backup" }), deed);
	const lost = audit().at(-1);
	const { instance } = await restoreStore(folder, store.directory, beganMs + 1);
	const restored = new StoreFile(store.path);
	const { entries } = readAudit(restored.db, { from: 1, limit: 9 });
	restored.close();
	sound(entries as never);
	expect(entries.slice(0, 2)).toEqual(kept);
	expect(entries[2]).toMatchObject({ n: 3, action: "store.restored", subject: instance });
	expect(entries[2]?.by).toMatch(/^os:/);
	expect(JSON.parse(entries[2]?.detail ?? "").replaced).toEqual({ n: 3, hash: lost?.hash });
});
