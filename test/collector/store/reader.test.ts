import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { StoreReader } from "../../../collector/store/reader.ts";
import { beganMs, KnownStore } from "./known-store.ts";

let store: KnownStore;
let reader: StoreReader;

beforeEach(() => {
	store = new KnownStore();
	reader = new StoreReader();
});
afterEach(async () => {
	await reader.close();
	store.remove();
});

test("says that the store is not open until the writer has made it, then reads what is committed", async () => {
	await reader.open(store.path);
	await expect(reader.totals()).rejects.toMatchObject({
		code: "STORE_FAILED",
		message: "the store is not open yet",
	});
	store.series("U500", "F500.TT01", "Double");
	expect(await reader.counts()).toEqual({ total: 0, tags: {} });
	store.record("U500", [{ tag: "F500.TT01", atMs: beganMs, value: 1 }]);
	expect(await reader.counts()).toEqual({ total: 1, tags: { "U500/F500.TT01": 1 } });
});

test("an empty file is not open yet either", async () => {
	const path = join(store.directory, "empty.db");
	new DatabaseSync(path).close();
	await reader.open(path);
	await expect(reader.tags()).rejects.toMatchObject({ code: "STORE_FAILED" });
});

test("a newer format is refused by name", async () => {
	store.file.run("UPDATE meta SET value = '99' WHERE key = 'format'");
	await reader.open(store.path);
	await expect(reader.lots({ limit: 1 })).rejects.toMatchObject({ code: "DATA_FORMAT_NEWER" });
});

test("does not hold up the writer, and answers calls in order", async () => {
	store.series("U500", "F500.TT01", "Double");
	await reader.open(store.path);
	for (let index = 0; index < 20; index++) {
		store.record("U500", [{ tag: "F500.TT01", atMs: beganMs + index, value: index }]);
		const [counts, totals] = await Promise.all([reader.counts(), reader.totals()]);
		expect([counts.total, totals.samples]).toEqual([index + 1, index + 1]);
	}
});

test("a closed reader answers with an error", async () => {
	await reader.open(store.path);
	await reader.close();
	await expect(reader.gaps({ limit: 1 })).rejects.toMatchObject({ code: "STORE_FAILED" });
});
