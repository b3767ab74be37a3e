import { existsSync, readdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { samplesPerSeq } from "../../../collector/pipeline.ts";
import { readKeepingState } from "../../../collector/store/keeping-state.ts";
import { PartTable } from "../../../collector/store/part-table.ts";
import { partFolder, setAside, tidyFolder } from "../../../collector/store/parts/part-folder.ts";
import { DamagedPart } from "../../../collector/store/parts/sealed-rows.ts";
import { type SealingStep, sealingSteps } from "../../../collector/store/parts/sealing.ts";
import { readPositions } from "../../../collector/store/positions.ts";
import { readTags } from "../../../collector/store/queries.ts";
import { SampleColumns, type SampleValue } from "../../../common/contract/samples.ts";
import { beganMs, KnownStore, minuteMs } from "./known-store.ts";
import { ask, everything, makePart, sealTo } from "./sealed-store.ts";

let store: KnownStore;
beforeEach(() => {
	store = new KnownStore();
});
afterEach(() => store.remove());

function fill(records = 12, perRecord = 30): void {
	store.series("U500", "TT01", "Double");
	store.series("U500", "Phase", "String");
	for (let record = 0; record < records; record++) {
		store.record(
			"U500",
			Array.from({ length: perRecord }, (_, index) => ({
				tag: index % 10 === 0 ? "Phase" : "TT01",
				atMs: beganMs + (record * perRecord + ((index * 7) % perRecord)) * 1_000,
				value: index % 10 === 0 ? `P${index}` : record + index / 100,
			})),
		);
	}
}

const folder = () => partFolder(store.path);
const files = () => readdirSync(folder()).sort();

async function tidy() {
	const state = readKeepingState(store.file.db);
	return await tidyFolder(folder(), { ...state, gone: [] });
}

test("every value, time and status comes back from a part as it was (property)", async () => {
	const series = {
		Double: fc.oneof(fc.double(), fc.constantFrom(Number.NaN, -0, Number.POSITIVE_INFINITY)),
		Int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
		UInt64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
		String: fc.oneof(fc.string({ unit: "grapheme" }), fc.constantFrom("NaN", "12", "")),
		Bytes: fc.uint8Array({ maxLength: 40 }),
		Boolean: fc.constantFrom(0, 1),
	};
	const names = Object.keys(series) as (keyof typeof series)[];
	for (const name of names) store.series("U500", name, name);
	const sample = fc.constantFrom(...names).chain((name) =>
		fc.record({
			series: fc.constant(names.indexOf(name) + 1),
			value: fc.oneof({ weight: 8, arbitrary: series[name] as fc.Arbitrary<SampleValue> }, fc.constant(null)),
			// From OPC UA's first date to its last.
			sourceMs: fc.integer({ min: -11_644_473_600_000, max: 253_402_300_799_999 }),
			rest: fc.integer({ min: 0, max: 9_999 }),
			lag: fc.oneof(fc.constant(Number.NaN), fc.integer({ min: -(2 ** 50), max: 2 ** 50 })),
			status: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
		}),
	);
	let seq = 0;
	await fc.assert(
		fc.asyncProperty(fc.array(sample, { minLength: 1, maxLength: 300 }), async (given) => {
			const samples = new SampleColumns(given.length);
			samples.count = given.length;
			for (const [index, each] of given.entries()) {
				samples.tagId[index] = each.series;
				samples.sourceMs[index] = each.sourceMs;
				samples.sourceRestTicks[index] = each.rest;
				samples.serverLagTicks[index] = each.lag;
				samples.status[index] = each.status;
				samples.setValue(index, each.value);
			}
			const times = given.map(({ sourceMs }) => sourceMs);
			seq++;
			store.commit({
				records: [
					{
						...{ seq, edgeNode: 1, epoch: 7, offset: seq, last: seq, device: "U500", throughMs: undefined },
						...{ samples: given.length, sourceMinMs: Math.min(...times), sourceMaxMs: Math.max(...times) },
						...{ hash: new Uint8Array(16), receivedMs: 1 },
					},
				],
				samples,
			});
			const before = await everything(store.path);
			await sealTo(store.file, store.path, seq);
			expect(await everything(store.path)).toEqual(before);
			expect(store.file.all("SELECT count(*) AS n FROM sample")).toEqual([{ n: 0 }]);
		}),
		{ numRuns: 15, endOnFailure: true },
	);
});

describe("interrupted", () => {
	const orders: [SealingStep | "listed", string][] = [
		...sealingSteps.map((step) => [step, "left nothing that counts"] as [SealingStep, string]),
		["listed", "is in force, and hot rows go later"],
	];
	test.each(orders)("after it was %s, a sealing %s", async (step) => {
		fill();
		const before = await everything(store.path);
		store.commit({ cache: { seq: 12, state: "{}" } });
		const ends = (at: SealingStep) => {
			if (at === step) throw new Error("killed");
		};
		if (step === "listed") {
			const { part, toPos } = await makePart(store.path, 12);
			new PartTable(store.file).list({ part, toPos, atMs: 1 });
		} else await expect(makePart(store.path, 12, ends)).rejects.toThrow("killed");
		expect(await everything(store.path)).toEqual(before);
		const { damaged, setAside: aside } = await tidy();
		expect({ damaged, aside }).toEqual({ damaged: [], aside: [] });
		expect(files()).toHaveLength(step === "listed" ? 1 : 0);
		expect(await everything(store.path)).toEqual(before);
		if (step !== "listed") await sealTo(store.file, store.path, 12);
		expect(await everything(store.path)).toEqual(before);
	});

	test("a temporary file that a killed process left is removed", async () => {
		fill();
		await sealTo(store.file, store.path, 6);
		writeFileSync(join(folder(), "3584-6656-s-00000000.parquet.tmp"), "half");
		expect((await tidy()).removed).toEqual(["3584-6656-s-00000000.parquet.tmp"]);
	});
});

describe("a folder", () => {
	test("a file that this store did not make is set aside, not deleted and not read", async () => {
		fill();
		const before = await everything(store.path);
		const part = await sealTo(store.file, store.path, 6);
		const other = (part?.file ?? "").replace(/-[0-9a-f]{8}\./, "-00000000.");
		writeFileSync(join(folder(), other), "of another store");
		writeFileSync(join(folder(), "notes.txt"), "somebody's");
		expect((await tidy()).setAside).toEqual([other, "notes.txt"].sort());
		expect(readdirSync(join(folder(), "set-aside")).sort()).toEqual([other, "notes.txt"].sort());
		expect(await everything(store.path)).toEqual(before);
	});

	test("made by this store, but at positions that it does not know: an older copy was put back; set aside", async () => {
		fill();
		const name = `${13 * 512}-${20 * 512}-s-${store.file.meta("instance").slice(0, 8)}.parquet`;
		await tidy();
		writeFileSync(join(folder(), name), "samples that are nowhere else");
		expect((await tidy()).setAside).toEqual([name]);
	});

	test("a listed file that is missing or too short is damaged", async () => {
		fill();
		const [a, b] = [await sealTo(store.file, store.path, 6), await sealTo(store.file, store.path, 9)];
		await setAside(folder(), String(a?.file));
		truncateSync(join(folder(), String(b?.file)), 100);
		const { damaged } = await tidy();
		expect(damaged).toEqual([
			{ file: a?.file, reason: "expected a file, found none" },
			{ file: b?.file, reason: `expected ${b?.bytes} bytes, found 100` },
		]);
	});
});

test("a part is not listed beyond the saved judgement, nor anywhere but at the border", async () => {
	fill();
	store.commit({ cache: { seq: 5, state: "{}" } });
	const { part, toPos } = await makePart(store.path, 12);
	const table = new PartTable(store.file);
	expect(() => table.list({ part, toPos, atMs: 1 })).toThrow(/expected positions up to record 5/);
	await sealTo(store.file, store.path, 5);
	store.commit({ cache: { seq: 12, state: "{}" } });
	expect(() => table.list({ part, toPos, atMs: 1 })).toThrow(/expected a part from 3072/);
	expect(store.file.meta("sealed_to")).toBe(String(6 * samplesPerSeq));
});

test("a part whose bytes are wrong is named, and what it held is a gap of its unit", async () => {
	fill();
	const [first] = [await sealTo(store.file, store.path, 6), await sealTo(store.file, store.path, 9)];
	const file = String(first?.file);
	const bytes = Buffer.alloc(Number(first?.bytes) - 200, 0x5a);
	const path = join(folder(), file);
	const { open } = await import("node:fs/promises");
	const handle = await open(path, "r+");
	await handle.write(bytes, 0, bytes.length, 4);
	await handle.close();
	const error = await everything(store.path).catch((reason: unknown) => reason);
	expect(error).toBeInstanceOf(DamagedPart);
	expect(error).toMatchObject({ file });
	const gaps = new PartTable(store.file).damaged({ file, reason: "bytes", atMs: 5 });
	expect(gaps).toMatchObject([
		{ device: "U500", cause: "store_damaged", fromMs: beganMs, toMs: first?.maxMs, tags: [] },
	]);
	expect(await everything(store.path)).toHaveLength(6 * 30);
	const slice = await ask(store.path, (db, rows) => readPositions(db, rows, { fromPos: 0, limit: 10 }));
	expect(slice.missing).toMatchObject([{ reason: "damaged", samples: 180 }]);
});

test("the newest value of a tag that has not changed since is still known", async () => {
	fill();
	const before = readTags(store.file.db);
	await sealTo(store.file, store.path, 12);
	expect(store.file.all("SELECT 1 FROM sample")).toEqual([]);
	expect(readTags(store.file.db)).toEqual(before);
	store.record("U500", [{ tag: "TT01", atMs: beganMs + 60 * minuteMs, value: 5 }]);
	expect(readTags(store.file.db).map(({ tag, samples, lastValue }) => [tag, samples, lastValue])).toEqual([
		["Phase", 36, before[0]?.lastValue],
		["TT01", 325, 5],
	]);
	expect(existsSync(folder())).toBe(true);
});
