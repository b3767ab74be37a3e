import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, onTestFinished, test } from "vitest";
import { AppendRate } from "../../../agent/journal/append-rate.ts";
import { systemDisk } from "../../../agent/journal/disk.ts";
import type { DiskJournal } from "../../../agent/journal/journal.ts";
import { encodeHeader, recordFrame, segmentName } from "../../../agent/journal/segment-format.ts";
import { encodeRecord } from "../../../agent/record-codec.ts";
import { ByteWriter } from "../../../common/contract/bytes.ts";
import { SampleColumns } from "../../../common/contract/samples.ts";
import { SteppedClock } from "../../helpers/stepped-clock.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { journalIn, readAll, untilDurable } from "./journal-rig.ts";
import { recordOf, tagNames, told } from "./known-records.ts";

const KiB = 1024;
const hourMs = 3_600_000;

const values = (number: number) => recordOf("U5", [[501, number, "x".repeat(1_000)]]);

/** 500 numbers of 50 tags, sampled in turn, as a plant gives them: read from a sensor, so every bit of them differs. */
function numbers(first: number, through: number): { body: Buffer; count: number } {
	const count = 500;
	const samples = new SampleColumns(count);
	for (let index = 0; index < count; index++) {
		samples.count++;
		samples.tagId[index] = 500 + (index % 50);
		samples.sourceMs[index] = Date.UTC(2026, 10, 22) + first + Math.floor(index / 50) * 100;
		samples.sourceRestTicks[index] = (index * 37) % 10_000;
		samples.serverLagTicks[index] = 1_000 + ((index * 7919) % 30_000);
		samples.setValue(index, 850 + Math.sin(first + index) * 3);
	}
	const out = new ByteWriter();
	encodeRecord(out, { device: "U5", throughMs: through }, samples, 0, count);
	return { body: out.take(), count };
}

/** What the process holds after a full collection: objects, and what buffers keep alive, whole slabs included. */
function memoryBytes(): number {
	setFlagsFromString("--expose-gc");
	const collect = runInNewContext("gc") as () => void;
	// Buffers found dead by the first are given back by the second.
	collect();
	collect();
	const { heapUsed, arrayBuffers } = process.memoryUsage();
	return heapUsed + arrayBuffers;
}

describe("with drop_newest", () => {
	test("the newest is refused at the bound, whatever is written stays, and room comes with confirmations", async () => {
		const { journal, troubles } = journalIn(temporaryFolder(), {
			maxBytes: 256 * KiB,
			whenFull: "drop_newest",
			tags: tagNames,
		});
		await journal.open();
		let last = 0;
		while (journal.append(values(last + 1)) !== undefined) await untilDurable(journal, ++last);
		expect(last).toBeGreaterThan(230);
		expect(journal.stats()).toMatchObject({
			refusedRecords: 1,
			droppedRecords: 0,
			hoursLeft: expect.closeTo(0, 2),
		});
		expect(journal.stats().bytes).toBeLessThanOrEqual(256 * KiB);
		expect(await readAll(journal, { chain: 0, offset: 0 })).toHaveLength(last);
		journal.trim({ chain: 1, offset: 100 });
		expect(journal.append(values(last + 1))).toEqual({ chain: 1, offset: last + 1 });
		expect(troubles).toEqual([]);
		await journal.close();
	});

	test("the first record of an epoch is taken also by a journal that was full when it was opened", async () => {
		const folder = temporaryFolder();
		const options = { maxBytes: 256 * KiB, whenFull: "drop_newest", tags: tagNames } as const;
		const before = journalIn(folder, options).journal;
		await before.open();
		let last = 0;
		while (before.append(values(last + 1)) !== undefined) await untilDurable(before, ++last);
		await before.close();
		const { journal } = journalIn(folder, options);
		await journal.open();
		expect(journal.append(values(1))).toEqual({ chain: 2, offset: 1 });
		expect(journal.append(values(2))).toBeUndefined();
		await journal.close();
	});
});

describe("with an age bound", () => {
	/** Appends one record a minute, and lets the clock go on while the journal works. */
	async function appendFor(journal: DiskJournal, clock: SteppedClock, minutes: number): Promise<void> {
		for (let minute = 0; minute < minutes; minute++) {
			const position = journal.append(values(clock.wallMs()));
			for (let ms = 0; ms < 60_000; ms += 100) {
				clock.step(100);
				if (ms < 1_000) await new Promise((resolve) => setImmediate(resolve));
			}
			while (journal.durable.offset < (position?.offset ?? 0)) {
				clock.step(1);
				await new Promise((resolve) => setImmediate(resolve));
			}
		}
	}

	/** What the journal holds once it is as expected: the disk takes its time, the stepped clock does not wait for it. */
	async function untilRead(
		journal: DiskJournal,
		clock: SteppedClock,
		isExpected: (records: Awaited<ReturnType<typeof readAll>>) => boolean,
	) {
		for (let turn = 0; ; turn++) {
			const records = await readAll(journal, { chain: 0, offset: 0 });
			if (isExpected(records) || turn === 1_000) return records;
			clock.step(1);
			await new Promise((resolve) => setTimeout(resolve, 5));
		}
	}

	test("what is older becomes a gap record, a segment at a time, and also while nothing new comes", async () => {
		const clock = new SteppedClock();
		const { journal, troubles } = journalIn(temporaryFolder(), { maxAgeMs: hourMs, clock, tags: tagNames });
		const startMs = clock.wallMs();
		await journal.open();
		await appendFor(journal, clock, 180);
		const ageMs = (offset: number) => clock.wallMs() - (startMs + (offset - 1) * 60_000);
		const [gap, oldest] = await untilRead(
			journal,
			clock,
			([, second]) => ageMs(second?.offset ?? 0) < 1.5 * hourMs,
		);
		expect(ageMs(gap?.last ?? 0)).toBeGreaterThan(hourMs);
		expect(ageMs(oldest?.offset ?? 0)).toBeLessThan(1.5 * hourMs);
		expect(told(gap?.body as Buffer).gaps).toMatchObject([
			{ device: "U5", tags: ["tag 501"], fromMs: startMs },
		]);
		expect(
			troubles.every(({ kind, message }) => kind === "dropped" && /older than 3600 s/.test(message)),
		).toBe(true);
		for (let minute = 0; minute < 150; minute++) {
			clock.step(60_000);
			for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setTimeout(resolve));
		}
		const all = await untilRead(journal, clock, ([only]) => only?.last === 180);
		expect(all).toMatchObject([{ offset: 1, last: 180 }]);
		await journal.close();
	});

	test("a wall clock that is set makes nothing old", async () => {
		const clock = new SteppedClock();
		let aheadMs = 0;
		const set = {
			wallMs: () => clock.wallMs() + aheadMs,
			monotonicMs: () => clock.monotonicMs(),
			after: clock.after.bind(clock),
		};
		const { journal } = journalIn(temporaryFolder(), { maxAgeMs: hourMs, clock: set, tags: tagNames });
		await journal.open();
		await appendFor(journal, clock, 10);
		aheadMs = 1_000 * hourMs;
		await appendFor(journal, clock, 10);
		expect(journal.held()).toMatchObject([{ first: 1, next: 21 }]);
		expect((await readAll(journal, { chain: 0, offset: 0 })).map(({ last }) => last)).toHaveLength(20);
		await journal.close();
	});
});

test("of more epochs than a host would hear of the oldest go, first their records, then their gap records", async () => {
	const folder = temporaryFolder();
	for (let chain = 1; chain <= 505; chain++) {
		const header = {
			chain,
			epoch: chain,
			first: 1,
			previousEpoch: chain - 1,
			previousLast: chain === 1 ? 0 : 1,
		};
		const bytes = Buffer.concat([encodeHeader(header), recordFrame(1, values(chain))]);
		writeFileSync(join(folder, segmentName(chain, 1)), bytes);
	}
	const { journal, troubles } = journalIn(folder, { tags: tagNames, newEpoch: () => 1_000 });
	expect(await journal.open()).toMatchObject({ previousEpoch: 505, previousLast: 1 });
	journal.append(values(1));
	await untilDurable(journal, 1);
	await expect.poll(() => journal.held().length).toBe(500);
	expect(journal.held()[0]).toMatchObject({ chain: 7, first: 1, next: 2 });
	expect(journal.held().at(-1)).toMatchObject({ chain: 506, epoch: 1_000 });
	expect(journal.stats()).toMatchObject({ droppedRecords: 6, lastError: undefined });
	expect(troubles.every(({ message }) => /at most 500 epochs/.test(message))).toBe(true);
	await journal.close();
});

describe("how long there is room", () => {
	test("follows the rate of appending and is unknown when there is none", () => {
		const rate = new AppendRate(0);
		expect(rate.bytesPerHour(0)).toBe(0);
		for (let second = 1; second <= 60; second++) rate.appended(1_000, second * 1_000);
		expect(rate.bytesPerHour(60_000)).toBeCloseTo(3_600_000, -5);
		for (let second = 61; second <= 4_000; second++) rate.appended(100, second * 1_000);
		expect(rate.bytesPerHour(4_000_000)).toBeCloseTo(360_000, -4);
		expect(rate.bytesPerHour(4_000_000 + 10 * hourMs)).toBe(0);
	});

	test("is in the journal's figures", async () => {
		const { journal } = journalIn(temporaryFolder(), { maxBytes: 1024 ** 3 });
		await journal.open();
		expect(journal.stats().hoursLeft).toBeUndefined();
		journal.append(values(1));
		await untilDurable(journal, 1);
		// A kilobyte in a second, the least time that counts.
		expect(journal.stats().hoursLeft).toBeGreaterThan(200);
		expect(journal.stats().hoursLeft).toBeLessThan(400);
		await journal.close();
	});
});

test("dropping a full segment of the default size goes in many small pieces with turns of the event loop between them, and gives the same answer", async () => {
	const MiB = 1024 ** 2;
	/** Turns of the event loop so far, at each piece that is read. */
	const turnsAt: number[] = [];
	let turns = 0;
	let turning = true;
	const turn = (): void => {
		turns++;
		if (turning) setImmediate(turn);
	};
	turn();
	onTestFinished(() => {
		turning = false;
	});
	const { journal } = journalIn(temporaryFolder(), {
		segmentBytes: 16 * MiB,
		maxBytes: 24 * MiB,
		memoryBytes: 8 * MiB,
		commitIntervalMs: 50,
		tags: tagNames,
		disk: {
			...systemDisk,
			open: (path) => {
				turnsAt.push(turns);
				return systemDisk.open(path);
			},
		},
	});
	await journal.open();
	let last = 0;
	const append = async (done: () => boolean) => {
		while (!done()) {
			const { body } = numbers(last * 1_000, last);
			if (journal.append(body) !== undefined) last++;
			else await untilDurable(journal, last);
		}
		await untilDurable(journal, last);
	};
	await append(() => journal.stats().bytes > 24 * MiB);
	turnsAt.length = 0;
	await append(() => journal.stats().segments > 2);
	await expect.poll(() => journal.stats().droppedRecords).toBeGreaterThan(2_000);
	expect(turnsAt.length).toBeGreaterThan(100);
	expect(new Set(turnsAt).size).toBe(turnsAt.length);
	const [gap] = await journal.read({ chain: 1, offset: 1 }, 1);
	expect(gap?.last).toBe(journal.stats().droppedRecords);
	const startMs = Date.UTC(2026, 10, 22);
	expect(told(gap?.body as Buffer).gaps).toMatchObject([
		{ device: "U5", fromMs: startMs, toMs: startMs + ((gap?.last ?? 0) - 1) * 1_000 + 900 },
	]);
	await journal.close();
});

test("a buffered number costs at most 25 bytes, on disk and in memory", async () => {
	const { journal } = journalIn(temporaryFolder(), {
		memoryBytes: 64 * 1024 ** 2,
		commitIntervalMs: 100,
		segmentBytes: 64 * 1024 ** 2,
	});
	await journal.open();
	const before = memoryBytes();
	let samples = 0;
	for (let record = 0; record < 500; record++) {
		const { body, count } = numbers(record * 1_000, record);
		journal.append(body);
		samples += count;
	}
	const inMemory = journal.stats().pendingBytes;
	expect((memoryBytes() - before) / samples).toBeLessThanOrEqual(25);
	await untilDurable(journal, 500);
	expect(inMemory / samples).toBeLessThanOrEqual(25);
	expect(journal.stats().bytes / samples).toBeLessThanOrEqual(25);
	// As far as the format goes: 8 bytes are the number itself.
	expect(journal.stats().bytes / samples).toBeGreaterThan(8);
	await journal.close();
});
