import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { backupStore, restoreStore } from "../../../collector/store/backup.ts";
import { StoreKeeper } from "../../../collector/store/keeper.ts";
import { knownAnywhere } from "../../../collector/store/known-anywhere.ts";
import { StoreReader } from "../../../collector/store/reader.ts";
import { Store } from "../../../collector/store/store.ts";
import { SampleColumns } from "../../../common/contract/samples.ts";
import { quietTelemetry } from "../../helpers/quiet-telemetry.ts";
import { SteppedClock } from "../../helpers/stepped-clock.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { beganMs, emptyBatch, hourMs } from "./known-store.ts";

const limits = { memoryMb: 128, threads: 1, temporaryMb: 256 };
const perRecord = 100;

let path: string;
let store: Store;
let reader: StoreReader;
let keeper: StoreKeeper;
let clock: SteppedClock;
let seq = 0;

beforeEach(async () => {
	seq = 0;
	path = join(temporaryFolder(), "store.db");
	clock = new SteppedClock();
	await open();
	await store.commit({
		...emptyBatch,
		samples: new SampleColumns(0),
		edgeNodes: [{ id: 1, group: "site", edgeNode: "agent-1" }],
		series: [1, 2].map((id) => ({
			id,
			edgeNode: 1,
			device: "U500",
			tag: `T${id}`,
			datatype: 10,
			eu: undefined,
		})),
	});
});
afterEach(() => close());

async function open(
	options: { sealSamplesMax?: number; keepMs?: number; keepBytes?: number } = {},
): Promise<void> {
	store = new Store();
	reader = new StoreReader();
	keeper = new StoreKeeper({
		...{ path, store, readers: [reader], clock, limits, telemetry: quietTelemetry() },
		...{ sealAfterMs: hourMs, sealSamplesMax: options.sealSamplesMax ?? 1_000_000 },
		retention: { keepMs: options.keepMs, keepBytes: options.keepBytes },
	});
	await store.open(path);
	await keeper.open();
	await reader.open(path, limits);
}

async function close(): Promise<void> {
	await keeper.stop();
	await reader.close();
	await store.close();
}

/** Records of 100 samples, a tenth of a second apart, received now. */
async function commit(records: number, saved = true, fromMs = beganMs): Promise<void> {
	for (let index = 0; index < records; index++) {
		seq++;
		const samples = new SampleColumns(perRecord);
		samples.count = perRecord;
		for (let at = 0; at < perRecord; at++) {
			samples.tagId[at] = 1 + (at % 2);
			samples.sourceMs[at] = fromMs + (seq * perRecord + at) * 100;
			samples.serverLagTicks[at] = 5;
			samples.setValue(at, seq + at / 1_000);
		}
		await store.commit({
			...emptyBatch,
			records: [
				{
					...{ seq, edgeNode: 1, epoch: 7, offset: seq, last: seq, device: "U500", samples: perRecord },
					...{
						sourceMinMs: samples.sourceMs[0] as number,
						sourceMaxMs: samples.sourceMs[perRecord - 1] as number,
					},
					...{ throughMs: undefined, hash: new Uint8Array(16), receivedMs: clock.wallMs() },
				},
			],
			samples,
			cache: saved ? { seq, state: "{}" } : undefined,
		});
	}
}

const parts = () =>
	readdirSync(join(path, "..", "parts")).filter((name) => /-[sd]\w*-\w+\.parquet$/.test(name));

function rowsLeft(): number {
	const db = new DatabaseSync(path, { readOnly: true });
	const row = db.prepare("SELECT count(*) AS n FROM sample").get();
	db.close();
	return Number(row?.n);
}

async function allPositions(): Promise<{ pos: number[]; sum: string }> {
	const pos: number[] = [];
	const sum = createHash("sha256");
	for (let fromPos = 0; ; ) {
		const slice = await reader.readPositions(fromPos, 730);
		pos.push(...slice.pos);
		for (let index = 0; index < slice.samples.count; index++)
			sum.update(
				`${slice.samples.tagId[index]} ${slice.samples.sourceMs[index]} ${slice.samples.value(index)}\n`,
			);
		if (slice.nextPos >= slice.storedPos) return { pos, sum: sum.digest("hex") };
		fromPos = slice.nextPos;
	}
}

test("an hour after the oldest was received, samples are sealed up to the saved judgement, and hot rows go", async () => {
	await commit(30);
	await commit(5, false);
	const before = await allPositions();
	expect(before.pos).toHaveLength(3_500);
	await keeper.look();
	expect(parts()).toEqual([]);
	clock.step(hourMs);
	await keeper.look();
	expect(parts()).toHaveLength(1);
	expect(rowsLeft()).toBe(500);
	expect(await allPositions()).toEqual(before);
	expect(await reader.counts()).toEqual({ total: 3_500, tags: { "U500/T1": 1_750, "U500/T2": 1_750 } });
	expect((await reader.replay(0, 50)).rows).toHaveLength(3_500);
});

test("a full hot table is sealed before the hour, in parts of at most so many samples", async () => {
	await close();
	await open({ sealSamplesMax: 10_000 });
	await commit(90);
	await keeper.look();
	expect(parts()).toEqual([]);
	await commit(129);
	const before = await allPositions();
	// Its pauses between deletes are pauses of this clock.
	let looking = true;
	const looked = keeper.look().finally(() => {
		looking = false;
	});
	while (looking) {
		clock.step(0.05);
		await new Promise((resolve) => setImmediate(resolve));
	}
	await looked;
	expect(parts()).toHaveLength(2);
	expect(rowsLeft()).toBe(1_900);
	expect(await allPositions()).toEqual(before);
});

test("a repeat of a foreign edge node is known, hot or sealed", async () => {
	await commit(3);
	const asked = new SampleColumns(2);
	asked.count = 2;
	asked.tagId.set([1, 1]);
	asked.sourceMs.fill(beganMs + perRecord * 100);
	asked.setValue(0, 1);
	asked.setValue(1, 1.5);
	const known = () => knownAnywhere({ store, reader }, 1, "U500", asked);
	expect(await known()).toEqual([true, false]);
	clock.step(hourMs);
	await keeper.look();
	expect(rowsLeft()).toBe(0);
	expect(await known()).toEqual([true, false]);
});

test("a damaged part is set aside and named; the rest is answered", async () => {
	await commit(10);
	clock.step(hourMs);
	await keeper.look();
	await commit(10);
	const file = parts()[0] as string;
	const whole = readFileSync(join(path, "..", "parts", file));
	writeFileSync(join(path, "..", "parts", file), Buffer.alloc(whole.length, 7));
	expect((await allPositions()).pos).toHaveLength(1_000);
	await keeper.look();
	expect(parts()).toEqual([]);
	expect(readdirSync(join(path, "..", "parts", "set-aside"))).toEqual([file]);
	expect(await reader.gaps({ limit: 5 })).toMatchObject([{ cause: "store_damaged", unit: "U500" }]);
	expect((await reader.readEvents(0, 10)).events).toMatchObject([
		{ kind: "gap", row: { cause: "store_damaged" } },
	]);
	expect((await reader.readPositions(0, 5)).missing).toMatchObject([{ reason: "damaged", samples: 1_000 }]);
	clock.step(hourMs);
	await keeper.look();
	expect((await allPositions()).pos).toHaveLength(1_000);
});

test("on the next day small parts are put together by day, late samples too, and answers stay the same", async () => {
	for (let hour = 0; hour < 4; hour++) {
		await commit(5);
		clock.step(hourMs);
		await keeper.look();
	}
	// A record that came late, of the day before.
	await commit(1, true, beganMs - 24 * hourMs);
	clock.step(hourMs);
	await keeper.look();
	expect(parts()).toHaveLength(5);
	const before = await allPositions();
	clock.step(24 * hourMs);
	await keeper.look();
	const listed = () => {
		const db = new DatabaseSync(path, { readOnly: true });
		const rows = db.prepare("SELECT file, level, samples FROM part ORDER BY samples").all();
		db.close();
		return rows;
	};
	expect(listed()).toMatchObject([
		{ level: 1, samples: 100 },
		{ level: 1, samples: 2_000 },
	]);
	expect(await allPositions()).toEqual(before);
	// Whoever began to read the old files has ended by then.
	clock.step(hourMs);
	await keeper.look();
	expect(parts().sort()).toEqual(
		listed()
			.map(({ file }) => file)
			.sort(),
	);
	expect(await allPositions()).toEqual(before);
});

test("what is too old goes, but not while a follower within its bound or an open lot needs it", async () => {
	await close();
	await open({ keepMs: 24 * hourMs });
	await commit(5);
	await store.commit({
		...emptyBatch,
		samples: new SampleColumns(0),
		lots: [{ lot: "L1", openedMs: beganMs, closedMs: undefined, observedWhole: true }],
	});
	const follower = { name: "influx", pos: 0, eventN: 0, holdSamples: 1_000, savedMs: 1 };
	await store.saveFollowerPosition(follower);
	clock.step(7 * 24 * hourMs);
	await keeper.look();
	expect(parts()).toHaveLength(1);
	await store.saveFollowerPosition({ ...follower, pos: 6 * 512 });
	await keeper.look();
	expect(parts()).toHaveLength(1);
	await store.commit({
		...emptyBatch,
		samples: new SampleColumns(0),
		lots: [{ lot: "L1", openedMs: beganMs, closedMs: beganMs + 1, observedWhole: true }],
	});
	await keeper.look();
	expect(parts()).toEqual([]);
	expect((await reader.readPositions(0, 10)).missing).toMatchObject([{ reason: "retired", samples: 500 }]);
	expect((await reader.counts()).total).toBe(500);
});

describe("backup", () => {
	test("holds the parts, and what is restored answers as before", async () => {
		await commit(20);
		clock.step(hourMs);
		await keeper.look();
		await commit(5);
		const before = await allPositions();
		const folder = join(temporaryFolder(), "backup");
		const manifest = await backupStore(join(path, ".."), folder, 1);
		const files = readdirSync(join(path, "..", "parts"));
		expect(files.filter((name) => parts().includes(name))).toHaveLength(1);
		expect(files.filter((name) => name.includes("-q-"))).toHaveLength(1);
		expect(manifest.parts.map(({ file }) => file)).toEqual(files);
		expect(manifest.records).toBe(25);
		await commit(1);
		clock.step(hourMs);
		await keeper.look();
		await close();
		const report = await restoreStore(folder, join(path, ".."), 2);
		expect(report.adoptable).toHaveLength(2);
		expect(files).not.toContain(report.adoptable[0]);
		expect(report.firstSeq).toBe(27);
		expect(readdirSync(String(report.setAside))).toEqual(expect.arrayContaining(["parts", "store.db"]));
		await open();
		expect(await allPositions()).toEqual(before);
	});

	test("one with a changed part is refused, and a damaged part does not keep the rest from being copied", async () => {
		await commit(20);
		clock.step(hourMs);
		await keeper.look();
		const file = parts()[0] as string;
		const folder = join(temporaryFolder(), "backup");
		await backupStore(join(path, ".."), folder, 1);
		writeFileSync(join(folder, "parts", file), "changed");
		const restored = restoreStore(folder, join(temporaryFolder(), "data"), 2);
		await expect(restored).rejects.toMatchObject({
			code: "DATA_DAMAGED",
			message: expect.stringContaining(file),
		});
		writeFileSync(join(path, "..", "parts", file), "damaged");
		const second = await backupStore(join(path, ".."), join(temporaryFolder(), "second"), 1);
		const records = { file: expect.stringContaining("-q-") };
		expect(second).toMatchObject({ parts: [records], damagedParts: [file] });
		rmSync(join(path, "..", "parts", file));
		const third = await backupStore(join(path, ".."), join(temporaryFolder(), "third"), 1);
		expect(third).toMatchObject({ parts: [records], damagedParts: [file] });
	});
});
