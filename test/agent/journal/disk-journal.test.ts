import { renameSync, rmSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { body, journalIn, numberOf, readAll, untilDurable } from "./journal-rig.ts";

describe("a journal", () => {
	test("gives back after a restart what was durable, in order, and starts a new epoch that names the old one", async () => {
		const folder = temporaryFolder();
		const first = journalIn(folder).journal;
		await first.open();
		const { epoch } = first;
		for (let number = 1; number <= 100; number++) first.append(body(number));
		await untilDurable(first, 100);
		await first.close();

		const second = journalIn(folder).journal;
		const opened = await second.open();
		expect(opened).toMatchObject({ previousEpoch: epoch, previousLast: 100, tornBytes: 0 });
		expect(second.epoch).not.toBe(epoch);
		second.append(body(101));
		await untilDurable(second, 1);
		const records = await readAll(second, { chain: 0, offset: 0 });
		expect(records.map(numberOf)).toEqual(Array.from({ length: 101 }, (_, index) => index + 1));
		expect(records.map(({ epoch: of, offset }) => `${of} ${offset}`).slice(-2)).toEqual([
			`${epoch} 100`,
			`${second.epoch} 1`,
		]);
		expect(second.held().map(({ epoch: of, first: low, next }) => [of, low, next])).toEqual([
			[epoch, 1, 101],
			[second.epoch, 1, 2],
		]);
		await second.close();
	});

	test("reads the same from memory as from disk, across segments and from any place", async () => {
		const folder = temporaryFolder();
		const { journal } = journalIn(folder, { segmentBytes: 64 * 1024, memoryBytes: 256 * 1024 });
		await journal.open();
		const total = 4_000;
		for (let number = 1; number <= total; number++) {
			if (journal.append(body(number, 200)) === undefined) {
				await untilDurable(journal, number - 1);
				expect(journal.append(body(number, 200))).toBeDefined();
			}
		}
		await untilDurable(journal, total);
		expect(journal.stats().segments).toBeGreaterThan(5);
		const { chain } = journal.durable;
		for (const from of [1, 2, 317, 2_000, total - 1, total]) {
			const numbers = (await readAll(journal, { chain, offset: from })).map(numberOf);
			expect(numbers[0]).toBe(from);
			expect(numbers).toHaveLength(total - from + 1);
			expect(numbers.every((number, index) => number === from + index)).toBe(true);
		}
		await journal.close();
	});

	test("reads for several at once, each from its own place", async () => {
		const folder = temporaryFolder();
		const before = journalIn(folder, { segmentBytes: 1024 ** 2 }).journal;
		await before.open();
		for (let number = 1; number <= 1_000; number++) before.append(body(number, 200));
		await untilDurable(before, 1_000);
		await before.close();
		const { journal } = journalIn(folder);
		await journal.open();
		const places = Array.from({ length: 50 }, (_, index) => 1 + ((index * 367) % 1_000));
		const found = await Promise.all(places.map((offset) => journal.read({ chain: 1, offset }, 2_000)));
		for (const [index, records] of found.entries()) {
			const from = places[index] as number;
			expect(records.map(numberOf)).toEqual(records.map((_, at) => from + at));
			expect(records.length).toBe(Math.min(10, 1_001 - from));
		}
		await journal.close();
	});

	test("never hands out what is not durable", async () => {
		const { journal } = journalIn(temporaryFolder(), { commitIntervalMs: 100 });
		await journal.open();
		journal.append(body(1));
		expect(await journal.read({ chain: journal.durable.chain, offset: 1 }, 1_000)).toEqual([]);
		await untilDurable(journal, 1);
		expect(await journal.read({ chain: journal.durable.chain, offset: 1 }, 1_000)).toHaveLength(1);
		await journal.close();
	});

	test("forgets whole segments before a confirmed place, and only those", async () => {
		const folder = temporaryFolder();
		const { journal } = journalIn(folder);
		await journal.open();
		for (let number = 1; number <= 1_000; number++) journal.append(body(number, 200));
		await untilDurable(journal, 1_000);
		const { chain } = journal.durable;
		const segments = journal.stats().segments;
		journal.trim({ chain, offset: 2 });
		expect(journal.stats().segments).toBe(segments);
		journal.trim({ chain, offset: 1_001 });
		expect(journal.stats().segments).toBe(1);
		const { first, next } = journal.held()[0] as { first: number; next: number };
		expect(first).toBeGreaterThan(1);
		expect(next).toBe(1_001);
		await journal.close();
	});

	test("beyond its size lets the oldest segment go and says how many records that was", async () => {
		const { journal, troubles } = journalIn(temporaryFolder(), { maxBytes: 150 * 1024 });
		await journal.open();
		for (let number = 1; number <= 2_000; number++) {
			while (journal.append(body(number, 200)) === undefined) await untilDurable(journal, number - 1);
		}
		await untilDurable(journal, 2_000);
		expect(troubles.length).toBeGreaterThan(0);
		expect(troubles.every(({ kind }) => kind === "dropped")).toBe(true);
		const dropped = troubles.reduce((sum, { records }) => sum + records, 0);
		expect(journal.held()[0]?.first).toBe(dropped + 1);
		expect(journal.stats().bytes).toBeLessThan(150 * 1024 + 70 * 1024);
		await journal.close();
	});

	test("refuses and counts a record that memory has no room for", async () => {
		const { journal } = journalIn(temporaryFolder(), { memoryBytes: 1024 ** 2 });
		await journal.open();
		let taken = 0;
		while (journal.append(body(taken, 100_000)) !== undefined) taken++;
		expect(taken).toBe(10);
		expect(journal.stats().refusedRecords).toBe(1);
		await journal.close();
	});

	test("goes on in a new segment when the disk refuses a while, and loses nothing it had taken", async () => {
		const folder = temporaryFolder();
		const { journal, troubles } = journalIn(folder, { segmentBytes: 64 * 1024 });
		await journal.open();
		for (let number = 1; number <= 10; number++) journal.append(body(number, 200));
		await untilDurable(journal, 10);
		// The next segment cannot be created; root may write anywhere, so a file stands where the folder was.
		const moved = `${folder}-moved`;
		renameSync(folder, moved);
		writeFileSync(folder, "");
		for (let number = 11; number <= 800; number++) journal.append(body(number, 200));
		await expect.poll(() => troubles.length, { timeout: 5_000 }).toBeGreaterThan(0);
		expect(troubles[0]?.kind).toBe("failed");
		expect(journal.stats().lastError).toBeDefined();
		rmSync(folder);
		renameSync(moved, folder);
		await untilDurable(journal, 800);
		expect(journal.stats().lastError).toBeUndefined();
		const numbers = (await readAll(journal, { chain: journal.durable.chain, offset: 1 })).map(numberOf);
		expect(numbers).toEqual(Array.from({ length: 800 }, (_, index) => index + 1));
		await journal.close();
	});
});
