import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { DiskJournal } from "../../../agent/journal/journal.ts";
import { FailingDisk } from "../../helpers/failing-disk.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { body, journalIn, numberOf, readAll, untilDurable, upTo } from "./journal-rig.ts";

async function onFailingDisk(options: Parameters<typeof journalIn>[1] = {}) {
	const folder = temporaryFolder();
	const probe = join(temporaryFolder(), "probe");
	writeFileSync(probe, "");
	const disk = await FailingDisk.install(probe);
	const { journal, troubles } = journalIn(folder, options);
	await journal.open();
	return { folder, disk, journal, troubles };
}

function append(journal: DiskJournal, from: number, to: number, bytes = 200): void {
	for (let number = from; number <= to; number++) expect(journal.append(body(number, bytes))).toBeDefined();
}

/** What a journal that is opened after this one finds on the disk. */
async function foundAgain(folder: string): Promise<number[]> {
	const { journal } = journalIn(folder);
	await journal.open();
	const numbers = (await readAll(journal, { chain: 0, offset: 0 })).map(numberOf);
	await journal.close();
	return numbers;
}

describe("after a failed fsync", () => {
	test("nothing more goes to that file: what was not durable is written again to a new one, and is all there after a restart", async () => {
		const { folder, disk, journal, troubles } = await onFailingDisk();
		append(journal, 1, 10);
		await untilDurable(journal, 10);
		disk.failingSyncs = 1;
		append(journal, 11, 20);
		await untilDurable(journal, 20);
		expect(troubles).toEqual([{ kind: "failed", message: "EIO: i/o error, fdatasync", records: 10 }]);
		expect(readdirSync(folder).map((name) => Number(name.slice(9, 25)))).toEqual([1, 11]);
		expect(journal.stats()).toMatchObject({ segments: 2, pendingBytes: 0, lastError: undefined });
		expect((await readAll(journal, { chain: 1, offset: 1 })).map(numberOf)).toEqual(upTo(20));
		await journal.close();
		expect(await foundAgain(folder)).toEqual(upTo(20));
	});

	test("that a full segment was waiting for, nothing of that segment is taken as durable", async () => {
		const { folder, disk, journal, troubles } = await onFailingDisk();
		append(journal, 1, 10);
		await untilDurable(journal, 10);
		const asked = disk.holdNextSync();
		// More than a segment, so that the write after the full one waits for this very sync.
		append(journal, 11, 600);
		const sync = await asked;
		await expect.poll(() => journal.stats().bytes).toBeGreaterThan(64 * 1024);
		sync.fail();
		await untilDurable(journal, 600);
		expect(troubles[0]).toMatchObject({ kind: "failed" });
		expect(disk.retriedSyncs).toBe(0);
		expect((await readAll(journal, { chain: 1, offset: 1 })).map(numberOf)).toEqual(upTo(600));
		await journal.close();
		expect(await foundAgain(folder)).toEqual(upTo(600));
	});

	test("during the write after it, that write counts as not done", async () => {
		const { folder, disk, journal } = await onFailingDisk();
		const syncAsked = disk.holdNextSync();
		append(journal, 1, 10);
		const sync = await syncAsked;
		const writeAsked = disk.holdNextWrite();
		append(journal, 11, 15);
		const letWriteGo = await writeAsked;
		sync.fail();
		await expect.poll(() => journal.stats().lastError).toMatch(/EIO/);
		letWriteGo();
		await untilDurable(journal, 15);
		expect(disk.retriedSyncs).toBe(0);
		await journal.close();
		expect(await foundAgain(folder)).toEqual(upTo(15));
	});

	test("again and again, the journal keeps trying, and says so as long as it lasts", async () => {
		const { folder, disk, journal, troubles } = await onFailingDisk();
		disk.failingSyncs = 3;
		append(journal, 1, 50);
		await expect.poll(() => troubles.length, { timeout: 5_000 }).toBeGreaterThan(0);
		expect(journal.stats().lastError).toMatch(/EIO/);
		expect(journal.durable.offset).toBe(0);
		await untilDurable(journal, 50);
		expect(journal.stats().lastError).toBeUndefined();
		await journal.close();
		expect(await foundAgain(folder)).toEqual(upTo(50));
	});
});

describe("when the disk is full in the middle of a write", () => {
	test("half a frame stays behind and is not read; everything is in the next segment", async () => {
		const { folder, disk, journal, troubles } = await onFailingDisk();
		append(journal, 1, 10);
		await untilDurable(journal, 10);
		disk.failingWrites = 1;
		append(journal, 11, 20);
		await untilDurable(journal, 20);
		expect(troubles).toEqual([expect.objectContaining({ kind: "failed", records: 10 })]);
		expect(troubles[0]?.message).toMatch(/ENOSPC/);
		await journal.close();
		expect(await foundAgain(folder)).toEqual(upTo(20));
	});

	test("memory fills up, newer records are refused and counted, and what was taken is written when there is room again", async () => {
		const { folder, disk, journal } = await onFailingDisk();
		disk.failingWrites = 1_000_000;
		let taken = 0;
		while (journal.append(body(taken + 1, 50_000)) !== undefined) taken++;
		expect(taken).toBe(20);
		expect(journal.stats().refusedRecords).toBe(1);
		await expect.poll(() => journal.stats().lastError, { timeout: 5_000 }).toMatch(/ENOSPC/);
		disk.failingWrites = 0;
		await untilDurable(journal, taken);
		expect(journal.append(body(21, 50_000))).toEqual({ chain: 1, offset: 21 });
		await untilDurable(journal, 21);
		await journal.close();
		expect(await foundAgain(folder)).toEqual(upTo(21));
	});

	test("a stop does not wait for it", async () => {
		const { disk, journal, troubles } = await onFailingDisk();
		disk.failingWrites = 1_000_000;
		append(journal, 1, 5);
		await expect.poll(() => troubles.length).toBeGreaterThan(0);
		const startedMs = performance.now();
		await journal.close();
		expect(performance.now() - startedMs).toBeLessThan(1_000);
		expect(journal.append(body(6))).toBeUndefined();
	});
});

test("a segment that goes while it is about to be read is passed over, not an error", async () => {
	const folder = temporaryFolder();
	const { journal } = journalIn(folder);
	await journal.open();
	append(journal, 1, 1_000);
	await untilDurable(journal, 1_000);
	await journal.close();
	const again = journalIn(folder).journal;
	await again.open();
	const [oldest] = again.held();
	rmSync(join(folder, readdirSync(folder).sort()[0] as string));
	const reading = again.read({ chain: 1, offset: 1 }, 1_000);
	again.trim({ chain: 1, offset: 500 });
	const [first] = await reading;
	expect(oldest?.first).toBe(1);
	expect(first?.offset).toBe(again.held()[0]?.first);
	await again.close();
});
