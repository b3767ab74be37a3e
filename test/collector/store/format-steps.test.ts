import { afterEach, beforeEach, expect, test } from "vitest";
import { StoreFile } from "../../../collector/store/store-file.ts";
import { statusCodes } from "../../../common/contract/status.ts";
import { beganMs, KnownStore, knownOccurrence } from "./known-store.ts";
import { askSealedToo } from "./sealed-store.ts";

let store: KnownStore;
beforeEach(() => {
	store = new KnownStore();
});
afterEach(() => store.remove());

/** What a store of format 1 did not have goes. */
const asFormat1 = `
DROP TABLE part; DROP TABLE part_replaced; DROP TABLE series_last; DROP TABLE change; DROP TABLE follower;
DROP INDEX record_device;
ALTER TABLE record DROP COLUMN own;
CREATE INDEX record_device ON record(device, source_max_ms, source_min_ms, samples);
DROP TABLE record_file; DROP TABLE record_span; DROP TABLE part_device;
DELETE FROM meta WHERE key IN ('sealed_to', 'records_to');
UPDATE meta SET value = '1' WHERE key = 'format';
`;

test("a store of format 1 is brought up to date once: what it holds is the same, and can be sealed", async () => {
	store.series("U500", "TT01", "Double");
	store.record("U500", [{ tag: "TT01", atMs: beganMs, value: 1 }]);
	store.record("U500", [{ tag: "TT01", atMs: beganMs + 1, value: null, status: statusCodes.Bad }]);
	store.record("U500", [{ tag: "TT01", atMs: beganMs + 2, value: 5, status: 0x402 }]);
	store.commit({ occurrences: [knownOccurrence] });
	const rows = (table: string) => store.file.all(`SELECT * FROM ${table}`);
	const before = {
		records: rows("record"),
		samples: rows("sample"),
		columns: rows("pragma_table_info('record')"),
	};
	expect(before.records.map(({ own }) => own)).toEqual([0, 1, 1]);
	store.file.db.exec(asFormat1);
	const upgraded = new StoreFile(store.path);
	const now = (table: string) => upgraded.all(`SELECT * FROM ${table}`);
	expect({
		records: now("record"),
		samples: now("sample"),
		columns: now("pragma_table_info('record')"),
	}).toEqual(before);
	expect(upgraded.meta("format")).toBe("3");
	// Followers are told of what was found out before.
	expect(now("change")).toEqual([{ n: 1, kind: "violation", id: knownOccurrence.id }]);
	const count = await askSealedToo(upgraded, store.path, (_db, view) =>
		view.weight({ unit: "U500", series: [1], fromMs: 0, toMs: beganMs * 2 }),
	);
	expect(count).toBe(3);
	upgraded.close();
	new StoreFile(store.path).close();
});
