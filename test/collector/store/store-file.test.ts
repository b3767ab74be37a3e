import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readOpenState } from "../../../collector/store/open-state.ts";
import { OutboxTable } from "../../../collector/store/outbox-table.ts";
import { readReplay } from "../../../collector/store/replay.ts";
import { StoreFile } from "../../../collector/store/store-file.ts";
import type { DatatypeName } from "../../../common/contract/datatype.ts";
import { SampleColumns, type SampleValue } from "../../../common/contract/samples.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { beganMs, emptyBatch, KnownStore } from "./known-store.ts";
import { askSealedToo } from "./sealed-store.ts";

const seed = Number(process.env.TEST_SEED ?? 20261122);
let store: KnownStore;

beforeEach(() => {
	store = new KnownStore();
	store.series("U500", "T1", "Double");
});
afterEach(() => {
	store.remove();
});

/** What is in the file for a sample, 64-bit integers included. */
function storedValues(): unknown[] {
	const statement = store.file.db.prepare("SELECT value FROM sample ORDER BY pos");
	statement.setReadBigInts(true);
	return statement.all().map(({ value }) => value);
}

test.each<[string, SampleValue, unknown]>([
	["a number", 0.1, 0.1],
	["zero with a sign", -0, -0],
	["the smallest and largest numbers", Number.MIN_VALUE, Number.MIN_VALUE],
	["infinity", Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY],
	["NaN, which SQLite would make NULL", Number.NaN, "NaN"],
	["no value", null, null],
	["the lowest Int64", -(2n ** 63n), -(2n ** 63n)],
	["an Int64 that no double holds", 2n ** 53n + 1n, 2n ** 53n + 1n],
	["the highest UInt64, which SQLite has no integer for", 2n ** 64n - 1n, "18446744073709551615"],
	["text with everything in it", "−45 °C\u0000露", "−45 °C\u0000露"],
	["empty text", "", ""],
	["bytes", Buffer.from([0, 255, 128]), new Uint8Array([0, 255, 128])],
])("%s is stored exactly", (_, value, found) => {
	store.record("U500", [{ tag: "T1", atMs: beganMs, value }]);
	const [back] = storedValues();
	if (typeof found === "number") expect(Object.is(back, found)).toBe(true);
	else expect(back).toEqual(found);
});

test("times to 100 ns, the lag of the server time and all 32 bits of the status are stored exactly", () => {
	const samples = new SampleColumns(2);
	samples.count = 2;
	samples.tagId.set([1, 1]);
	samples.sourceMs.set([beganMs + 0, -62_135_596_800_000]);
	samples.sourceRestTicks.set([9_999, 0]);
	samples.serverLagTicks.set([-123_456_789, Number.NaN]);
	samples.status.set([0xffff_ffff, 0x8031_0480]);
	samples.number.set([1, 2]);
	samples.kind.set([1, 1]);
	const record = {
		seq: 1,
		edgeNode: 1,
		epoch: 2 ** 53 - 1,
		offset: 1,
		last: 1,
		device: "U500",
		samples: 2,
		throughMs: undefined,
	};
	const bounds = {
		sourceMinMs: -62_135_596_800_000,
		sourceMaxMs: beganMs,
		hash: new Uint8Array(16),
		receivedMs: 5,
	};
	store.commit({ records: [{ ...record, ...bounds }], samples });
	expect(
		store.file.all("SELECT pos, source_ms, source_rest, server_lag, status FROM sample ORDER BY pos"),
	).toEqual([
		{ pos: 512, source_ms: beganMs, source_rest: 9_999, server_lag: -123_456_789, status: 0xffff_ffff },
		{ pos: 513, source_ms: -62_135_596_800_000, source_rest: 0, server_lag: null, status: 0x8031_0480 },
	]);
});

test("any double is stored bit by bit", () => {
	const doubles = fc.array(fc.double({ noNaN: true }), { minLength: 1, maxLength: 20 });
	fc.assert(
		fc.property(doubles, (values) => {
			const before = storedValues().length;
			store.record(
				"U500",
				values.map((value) => ({ tag: "T1", atMs: beganMs, value })),
			);
			expect(
				storedValues()
					.slice(before)
					.map((value, index) => Object.is(value, values[index])),
			).not.toContain(false);
		}),
		{ seed, numRuns: 30 },
	);
});

test("values beyond what a double holds can be judged again after a restart, from hot and from sealed samples", async () => {
	const given = {
		Int64: [-(2n ** 63n), 2n ** 53n + 1n, 7n],
		UInt64: [2n ** 64n - 1n],
		Double: [Number.NaN, 1.5, null],
	};
	for (const [type, values] of Object.entries({ ...given, String: ["SOAK", "NaN", "7"] })) {
		store.series("U500", type, type as DatatypeName);
		store.record(
			"U500",
			values.map((value) => ({ tag: type, atMs: beganMs, value })),
		);
	}
	const replay = await askSealedToo(store.file, store.path, (db, rows) =>
		readReplay(db, rows, { afterSeq: 0, records: 10 }),
	);
	expect(replay.rows.map(({ value }) => value)).toEqual([
		...[-(2 ** 63), 2 ** 53, 7, 2 ** 64, Number.NaN, 1.5, null, "SOAK", "NaN", "7"],
	]);
});

test("a batch with one impossible row changes nothing at all", () => {
	store.record("U500", [{ tag: "T1", atMs: beganMs, value: 1 }]);
	const tables = store.file
		.all("SELECT name FROM sqlite_master WHERE type = 'table'")
		.map(({ name }) => String(name));
	const everything = () => JSON.stringify(tables.map((name) => store.file.all(`SELECT * FROM ${name}`)));
	const before = everything();
	const message = { id: "m", destination: "d", type: "t", body: "b", createdMs: 1 };
	expect(() =>
		store.commit({
			edgeNodes: [{ id: 2, group: "g", edgeNode: "e" }],
			epochs: [{ edgeNode: 1, epoch: 7, previousEpoch: 0, previousLast: 0, ranges: [{ first: 1, last: 9 }] }],
			throughs: [{ edgeNode: 1, device: "U500", throughMs: 5 }],
			due: [{ lot: "L1", dueMs: 1 }],
			cache: { seq: 1, state: "{}" },
			outbox: [
				message,
				{ ...message, body: undefined as unknown as string },
				{ ...message, id: undefined as unknown as string },
			],
		}),
	).toThrow();
	expect(everything()).toBe(before);
	store.commit({ outbox: [message] });
	expect(everything()).not.toBe(before);
});

describe("a file", () => {
	test("keeps its instance id, and a new one has another", () => {
		const path = join(store.directory, "mine.db");
		const instances = [1, 2].map(() => {
			const file = new StoreFile(path);
			const { instance } = readOpenState(file);
			file.close();
			return instance;
		});
		expect(instances[0]).toMatch(/^[0-9a-f-]{36}$/);
		expect(instances[1]).toBe(instances[0]);
		const other = new StoreFile(join(store.directory, "other.db"));
		expect(readOpenState(other).instance).not.toBe(instances[0]);
		other.close();
	});

	const refused: [string, string, (path: string) => void][] = [
		[
			"of a newer format",
			"DATA_FORMAT_NEWER",
			(path) => edit(path, "UPDATE meta SET value = '99' WHERE key = 'format'"),
		],
		["with no format in it", "DATA_DAMAGED", (path) => edit(path, "DELETE FROM meta")],
		["that is another database", "DATA_DAMAGED", (path) => edit(path, "CREATE TABLE recipes(x)", false)],
		["that is no database", "DATA_DAMAGED", (path) => writeFileSync(path, "x".repeat(8_192))],
		["whose first pages are overwritten", "DATA_DAMAGED", overwritten],
	];
	test.each(refused)("%s is refused by name and left as it was", (_, code, make) => {
		const path = join(temporaryFolder(), "store.db");
		make(path);
		const before = readFileSync(path);
		expect(() => new StoreFile(path)).toThrow(
			expect.objectContaining({ code, message: expect.stringContaining(path) }),
		);
		expect(readFileSync(path).equals(before)).toBe(true);
		expect(existsSync(`${path}-wal`)).toBe(false);
	});
});

function edit(path: string, sql: string, ours = true): void {
	if (ours) new StoreFile(path).close();
	const db = new DatabaseSync(path);
	db.exec(sql);
	db.close();
}

function overwritten(path: string): void {
	new StoreFile(path).close();
	const bytes = readFileSync(path);
	bytes.fill(0xaa, 100, 4_096);
	writeFileSync(path, bytes);
}

describe("the outbox", () => {
	const message = (n: number, destination: string) => ({
		id: `m${n}`,
		destination,
		type: "t",
		body: `${n}`,
		createdMs: n,
	});
	const taken = (outbox: OutboxTable, nowMs: number) =>
		outbox.take(nowMs, 10).map(({ id, destination }) => `${destination} ${id}`);

	test("gives each destination its oldest message, and the next only when that one is settled", () => {
		store.commit({ outbox: [message(1, "a"), message(2, "a"), message(2, "b"), message(3, "a")] });
		const outbox = new OutboxTable(store.file);
		expect(taken(outbox, 9)).toEqual(["a m1", "b m2"]);
		outbox.settle({ id: "m1", destination: "a", atMs: 10, outcome: "retry", nextMs: 50, error: "503" });
		expect(taken(outbox, 49)).toEqual(["b m2"]);
		expect(taken(outbox, 50)).toEqual(["a m1", "b m2"]);
		expect(outbox.take(50, 1)[0]?.attempts).toBe(1);
		outbox.settle({ id: "m1", destination: "a", atMs: 60, outcome: "delivered" });
		outbox.settle({ id: "m2", destination: "b", atMs: 60, outcome: "failed", error: "410" });
		expect(taken(outbox, 60)).toEqual(["a m2"]);
	});

	test("has a message once for each destination, however often its cause is committed", () => {
		store.commit({ outbox: [message(1, "a"), message(1, "b")] });
		store.commit({ outbox: [message(1, "a")] });
		expect(taken(new OutboxTable(store.file), 9)).toEqual(["a m1", "b m1"]);
	});
});

test("samples of several records stand in their order at their positions, however many there are", () => {
	const values = [1.5, null, Number.NaN, "text", 2n ** 63n, -(2n ** 63n), 0, true, new Uint8Array([7])];
	for (const counts of [[1], [16], [12, 0, 5, 20], [17, 16, 15, 33], [500, 500]]) {
		const file = new StoreFile(join(temporaryFolder(), "store.db"));
		const samples = new SampleColumns(counts.reduce((sum, count) => sum + count));
		const expected: unknown[] = [];
		const records = counts.map((count, at) => {
			for (let index = 0; index < count; index++) {
				const n = samples.count++;
				const value = values[n % values.length] as SampleValue;
				samples.tagId[n] = 1 + (n % 3);
				samples.sourceMs[n] = 1_000 + n;
				samples.sourceRestTicks[n] = n % 10_000;
				samples.serverLagTicks[n] = n % 4 === 0 ? Number.NaN : n;
				samples.status[n] = n % 5;
				samples.setValue(n, typeof value === "boolean" ? Number(value) : value);
				expected.push([
					BigInt((at + 1) * 512 + index),
					...[1 + (n % 3), 1_000 + n, n % 10_000].map(BigInt),
					...[n % 4 === 0 ? null : BigInt(n), BigInt(n % 5), asStored(value)],
				]);
			}
			return {
				...{
					seq: at + 1,
					edgeNode: 1,
					epoch: 7,
					offset: at + 1,
					last: at + 1,
					device: "U500",
					samples: count,
				},
				...{ sourceMinMs: 0, sourceMaxMs: 0, throughMs: undefined, hash: new Uint8Array(16), receivedMs: 0 },
			};
		});
		file.commit({ ...emptyBatch, samples, records });
		const select = file.statement("SELECT * FROM sample ORDER BY pos");
		select.setReadBigInts(true);
		expect(select.all().map((row) => Object.values(row))).toEqual(expected);
		file.close();
	}

	/** As node:sqlite gives it back when it reads every integer exactly. */
	function asStored(value: unknown): unknown {
		if (Number.isNaN(value)) return "NaN";
		return value === 2n ** 63n ? "9223372036854775808" : typeof value === "boolean" ? Number(value) : value;
	}
});

test("samples per series are right after every commit, whether or not they were just counted, and after a rollback", () => {
	const path = join(temporaryFolder(), "store.db");
	let file = new StoreFile(path, 7);
	const counted = () => file.all("SELECT series, samples, last_pos FROM count_by_series ORDER BY series");
	const plain = () =>
		file.all(
			"SELECT series, count(*) AS samples, max(pos) AS last_pos FROM sample GROUP BY series ORDER BY series",
		);
	const commit = (seq: number, series: readonly number[], failing = false) => {
		const samples = new SampleColumns(series.length);
		samples.count = series.length;
		samples.kind.fill(1);
		samples.tagId.set(series);
		file.commit({
			...emptyBatch,
			samples,
			records: [
				{
					...{ seq, edgeNode: 1, epoch: 7, offset: seq, last: seq, device: "U500" },
					...{ samples: series.length, sourceMinMs: 0, sourceMaxMs: 0, throughMs: undefined },
					...{ hash: new Uint8Array(16), receivedMs: 0 },
				},
			],
			// It is written after the samples, so that they have been counted.
			due: failing ? [{ lot: "L1", dueMs: null as unknown as number }] : [],
		});
	};
	for (let seq = 1; seq <= 12; seq++) {
		commit(
			seq,
			Array.from({ length: (seq * 7) % 40 }, (_, index) => 1 + ((seq + index) % 3)),
		);
		expect(counted()).toEqual(plain());
		// The counting goes back with everything else.
		expect(() => commit(100 + seq, [1, 1, 1, 1, 1, 1, 1, 1], true)).toThrow("due.due_ms");
		expect(counted()).toEqual(plain());
		if (seq % 4 === 0) {
			file.close();
			file = new StoreFile(path, 7);
			expect(counted()).toEqual(plain());
		}
	}
	file.close();
});
