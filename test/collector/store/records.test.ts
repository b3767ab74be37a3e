import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { recordsToRetire } from "../../../collector/store/keeping-rules.ts";
import type { KeepingState, ListedRecords } from "../../../collector/store/keeping-state.ts";
import { Duck } from "../../../collector/store/parts/duck.ts";
import { partFolder } from "../../../collector/store/parts/part-folder.ts";
import { ReadingParts } from "../../../collector/store/parts/reading-parts.ts";
import { readPositions } from "../../../collector/store/positions.ts";
import { readNames } from "../../../collector/store/records/file-names.ts";
import { RecordFileTable } from "../../../collector/store/records/record-file-table.ts";
import { recordsToMerge } from "../../../collector/store/records/record-keeping.ts";
import { mergeRecords } from "../../../collector/store/records/record-sealing.ts";
import { readReplay } from "../../../collector/store/replay.ts";
import { beganMs, KnownStore } from "./known-store.ts";
import { ask, askSealedToo, sealTo } from "./sealed-store.ts";

const limits = { memoryMb: 64, threads: 1, temporaryMb: 64 };
let store: KnownStore;

beforeEach(() => {
	store = new KnownStore();
	store.series("U500", "TT01", "Double");
});
afterEach(() => store.remove());

/** Records of two samples, one of them in each of two minutes. */
function records(from: number, to: number): void {
	for (let seq = from; seq <= to; seq++)
		store.record("U500", [
			{ tag: "TT01", atMs: beganMs + seq * 60_000, value: seq },
			{ tag: "TT01", atMs: beganMs + (seq + 1) * 60_000, value: seq + 0.5 },
		]);
}

const listed = () => store.file.all("SELECT * FROM record_file ORDER BY to_seq");
const figures = () => ask(store.path, (_db, rows) => rows.records.figures({ device: "U500" }));

describe("record rows of sealed samples", () => {
	test("leave the database, and every question about them is answered from files", async () => {
		records(1, 8);
		const whole = await figures();
		expect(whole).toEqual({ records: 8, samples: 16, ofSource: 16 });
		store.file.run("UPDATE record SET hash = ? WHERE seq = 3", Buffer.from("the hash of it"));
		await sealTo(store.file, store.path, 5);
		expect(store.file.all("SELECT seq FROM record").map(({ seq }) => seq)).toEqual([6, 7, 8]);
		expect(await figures()).toEqual(whole);
		const place = { edgeNode: 1, epoch: 7, offset: 3 };
		const found = (offset: number) =>
			ask(store.path, (_db, rows) => rows.records.hashInFiles({ ...place, offset }));
		expect(await found(3)).toEqual(new Uint8Array(Buffer.from("the hash of it")));
		expect(await found(9)).toBeUndefined();
	});

	test("are replayed from files as from the database", async () => {
		records(1, 9);
		for (const [afterSeq, most] of [
			[0, 100],
			[0, 3],
			[2, 4],
			[4, 1],
			[8, 5],
			[9, 5],
		] as const)
			await askSealedToo(store.file, store.path, (db, rows) =>
				readReplay(db, rows, { afterSeq, records: most }),
			);
	});

	test("are found in order across the border, with a bound", async () => {
		records(1, 9);
		for (const order of ["ASC", "DESC"] as const)
			for (const limit of [1, 4, 100])
				await askSealedToo(store.file, store.path, (_db, rows) =>
					rows.records.places({ device: "U500", endFromMs: beganMs + 120_000 }, { order, limit }),
				);
		await askSealedToo(store.file, store.path, (_db, rows) =>
			rows.records.across({ device: "U500", atMs: beganMs + 270_000 }, { among: 100, limit: 10 }),
		);
	});

	test("the newest stay in the database, because their Through marks may wait for a hole to close", () => {
		store.file.db.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50020)
			INSERT INTO record SELECT i, 1, 7, i, i, 'U500', 0, NULL, NULL, i, x'00', i, 0 FROM n;
			UPDATE meta SET value = '50010' WHERE key = 'records_to';`);
		const table = new RecordFileTable(store.file);
		while (table.trim());
		const row = store.file.get("SELECT count(*) AS n, min(seq) AS first FROM record");
		expect(row).toEqual({ n: 50_000, first: 21 });
	});
});

describe("a record file", () => {
	test("tells what the ids in it mean", async () => {
		records(1, 2);
		await sealTo(store.file, store.path, 2);
		const folder = partFolder(store.path);
		const duck = await Duck.open(folder, join(folder, "temporary-test"), limits);
		const names = await readNames(duck, join(folder, String(listed()[0]?.file)));
		duck.close();
		expect(names).toEqual({
			format: 1,
			edgeNodes: [{ id: 1, group: "site", edgeNode: "agent-1" }],
			series: [{ id: 1, edgeNode: 1, device: "U500", tag: "TT01", datatype: 10 }],
		});
	});

	test("that is damaged is left out; the samples beside it are all read", async () => {
		records(1, 4);
		await sealTo(store.file, store.path, 3);
		const file = String(listed()[0]?.file);
		writeFileSync(join(partFolder(store.path), file), "damaged");
		const db = new DatabaseSync(store.path, { readOnly: true });
		const reading = new ReadingParts(partFolder(store.path), limits, "test");
		const slice = await reading.view(db, async (handle, rows) => ({
			positions: await readPositions(handle, rows, { fromPos: 0, limit: 100, endPos: 4 * 512 }),
			figures: await rows.records.figures({ device: "U500" }),
		}));
		expect(slice.positions.pos).toHaveLength(6);
		expect(slice.figures.records).toBe(1);
		expect(reading.takeDamaged()).toMatchObject([{ file }]);
		reading.close();
		db.close();
	});

	test("is put together with its neighbours", async () => {
		records(1, 9);
		const whole = await figures();
		for (const seq of [3, 6, 8]) await sealTo(store.file, store.path, seq);
		const folder = partFolder(store.path);
		const duck = await Duck.open(folder, join(folder, "temporary-test"), limits);
		const files = listed().map(({ file }) => String(file));
		const range = { fromSeq: 0, toSeq: 9, instance: store.file.meta("instance") };
		const row = await mergeRecords(duck, { files, range, records: 8 }, { folder });
		duck.close();
		new RecordFileTable(store.file).replace({ row, replaced: files, atMs: 1 });
		expect(listed()).toMatchObject([{ from_seq: 0, to_seq: 9, records: 8, samples: 16 }]);
		expect(await figures()).toEqual(whole);
		expect(existsSync(join(folder, files[0] as string))).toBe(true);
		expect(store.file.all("SELECT file FROM part_replaced")).toHaveLength(3);
	});
});

describe("which record files", () => {
	const file = (fromSeq: number, count: number, sealedMs = 1): ListedRecords => ({
		...{ file: `${fromSeq}`, fromSeq, toSeq: fromSeq + count, records: count, bytes: 1, sealedMs },
	});
	const state = (recordFiles: ListedRecords[], others: Partial<KeepingState> = {}) =>
		({ recordFiles, listed: [], retired: [], ...others }) as unknown as KeepingState;
	const dayMs = 86_400_000;

	test("are put together: small neighbours from before today", () => {
		const names = (files: ListedRecords[]) =>
			recordsToMerge(state(files), dayMs + 5).map((each) => each.file);
		expect(names([file(0, 10), file(10, 10), file(20, 10, dayMs + 1)])).toEqual(["0", "10"]);
		expect(names([file(0, 10), file(11, 10), file(21, 10)])).toEqual(["11", "21"]);
		expect(names([file(0, 600_000), file(600_000, 10), file(600_010, 10)])).toEqual(["600000", "600010"]);
		expect(names([file(0, 10), file(10, 10, dayMs)])).toEqual([]);
	});

	test("go: those below every part, once parts were retired", () => {
		const files = [file(0, 10), file(10, 10), file(20, 10)];
		const names = (others: Partial<KeepingState>) =>
			recordsToRetire(state(files, others)).map((each) => each.file);
		const part = { fromPos: 15 * 512 } as KeepingState["listed"][number];
		expect(names({ listed: [part] })).toEqual([]);
		expect(names({ listed: [part], retired: ["0-7680-s-01234567.parquet"] })).toEqual(["0"]);
		expect(names({ retired: ["0-10240-s-01234567.parquet"] })).toEqual(["0", "10"]);
	});
});
