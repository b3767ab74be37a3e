import { copyFileSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Disk, systemDisk } from "../../../agent/journal/disk.ts";
import type { DiskJournal, JournalOptions } from "../../../agent/journal/journal.ts";
import {
	encodeGapFile,
	gapName,
	segmentName,
	unfinishedSuffix,
} from "../../../agent/journal/segment-format.ts";
import type { Gap } from "../../../common/contract/gap.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { journalIn, readAll, untilDurable } from "./journal-rig.ts";
import { boundGap, gapBody, openedBody, recordOf, tagNames, told } from "./known-records.ts";

const opening = { epoch: 1_000, previousEpoch: 77, previousLast: 5 };
const outage: Gap = {
	device: "U5",
	tags: ["tag 501"],
	fromMs: 5,
	toMs: 50,
	cause: "server_unreachable",
	backfilled: false,
};

/** 2 KiB of values of two tags at the milliseconds 100 × number and 100 × number + 1. */
function values(number: number): Buffer {
	return recordOf("U5", [
		[501, number * 100, "x".repeat(2_000)],
		[502, number * 100 + 1, number],
	]);
}

async function fill(journal: DiskJournal, from: number, to: number): Promise<void> {
	for (let number = from; number <= to; number++) {
		while (journal.append(values(number)) === undefined) await untilDurable(journal, number - 1);
	}
	await untilDurable(journal, to);
}

/** An epoch whose first record is an opening, whose second is a gap, of `last` records in 64 KiB segments. */
async function filled(folder: string, last: number, options: Partial<JournalOptions> = {}) {
	const rig = journalIn(folder, { maxBytes: 256 * 1024, tags: tagNames, ...options });
	await rig.journal.open();
	rig.journal.append(openedBody(opening, 42));
	rig.journal.append(gapBody(outage));
	await fill(rig.journal, 3, last);
	await untilBounded(rig.journal, folder);
	return rig;
}

/** Resolves when nothing is left to drop: all but the newest file is within the bound. */
async function untilBounded(journal: DiskJournal, folder: string): Promise<void> {
	const newest = () => statSync(join(folder, readdirSync(folder).sort().at(-1) as string)).size;
	await expect.poll(() => journal.stats().bytes - newest()).toBeLessThanOrEqual(256 * 1024);
}

const gapFiles = (folder: string) => readdirSync(folder).filter((name) => name.endsWith(".gap"));

describe("a range that the size bound dropped", () => {
	test("is one record that says exactly what is missing, and carries the opening and the gaps that were in it", async () => {
		const { journal, troubles } = await filled(temporaryFolder(), 400);
		const records = await readAll(journal, { chain: 0, offset: 0 });
		const [gap, after] = records as [(typeof records)[0], (typeof records)[0]];
		expect(gap).toMatchObject({ offset: 1, chain: 1, epoch: 1_000 });
		expect(gap.last).toBeGreaterThan(200);
		expect(after.offset).toBe(gap.last + 1);
		expect(records.at(-1)?.offset).toBe(400);
		expect(
			records.slice(1).every(({ offset, last, body }) => last === offset && body.equals(values(offset))),
		).toBe(true);
		expect(told(gap.body)).toEqual({
			device: "",
			values: [],
			openings: [{ ...opening, sourceMs: 42 }],
			gaps: [boundGap("U5", ["tag 501", "tag 502"], 300, gap.last * 100 + 1), outage],
		});
		expect(journal.held()).toEqual([{ chain: 1, epoch: 1_000, first: 1, next: 401 }]);
		expect(journal.stats()).toMatchObject({ droppedRecords: gap.last, refusedRecords: 0 });
		expect(troubles.reduce((sum, { records: lost }) => sum + lost, 0)).toBe(gap.last);
		await journal.close();
	});

	test("reads as that record from any offset in it, and goes on after it", async () => {
		const { journal } = await filled(temporaryFolder(), 400);
		const [whole] = await journal.read({ chain: 1, offset: 1 }, 1);
		const last = whole?.last ?? 0;
		for (const offset of [1, 2, Math.floor(last / 2), last]) {
			const [found, ...more] = await journal.read({ chain: 1, offset }, 100_000);
			expect(found).toEqual(whole);
			expect(more).toEqual([]);
		}
		expect((await journal.read({ chain: 1, offset: last + 1 }, 1))[0]).toMatchObject({
			offset: last + 1,
			last: last + 1,
		});
		await journal.close();
	});

	test("survives a restart, grows by what is dropped later, and another epoch's has its own", async () => {
		const folder = temporaryFolder();
		await (await filled(folder, 400)).journal.close();
		const { journal } = journalIn(folder, { maxBytes: 256 * 1024, tags: tagNames, newEpoch: () => 2_000 });
		expect(await journal.open()).toMatchObject({ previousEpoch: 1_000, previousLast: 400 });
		journal.append(openedBody({ epoch: 2_000, previousEpoch: 1_000, previousLast: 400 }));
		for (let number = 2; number <= 300; number++) {
			while (journal.append(values(number)) === undefined) await untilDurable(journal, number - 1);
		}
		await untilDurable(journal, 300);
		await untilBounded(journal, folder);
		const [first, second] = await readAll(journal, { chain: 0, offset: 0 });
		expect(first).toMatchObject({ chain: 1, epoch: 1_000, offset: 1, last: 400 });
		expect(second).toMatchObject({ chain: 2, epoch: 2_000, offset: 1 });
		expect(told((first as { body: Buffer }).body)).toMatchObject({
			openings: [opening],
			gaps: [boundGap("U5", ["tag 501", "tag 502"], 300, 40_001), outage],
		});
		expect(told((second as { body: Buffer }).body).openings).toMatchObject([
			{ previousEpoch: 1_000, previousLast: 400 },
		]);
		expect(gapFiles(folder)).toEqual([gapName(1, 1), gapName(2, 1)]);
		await journal.close();
	});

	test("is forgotten when it is confirmed as a whole, not before", async () => {
		const folder = temporaryFolder();
		const { journal } = await filled(folder, 400);
		const last = (await journal.read({ chain: 1, offset: 1 }, 1))[0]?.last ?? 0;
		journal.trim({ chain: 1, offset: last });
		expect(journal.held()[0]?.first).toBe(1);
		journal.trim({ chain: 1, offset: last + 1 });
		expect(journal.held()[0]?.first).toBe(last + 1);
		await journal.close();
		expect(gapFiles(folder)).toEqual([]);
	});

	test("without names of tags is held no longer", async () => {
		const folder = temporaryFolder();
		const { tags: _, ...nameless } = { tags: tagNames };
		const { journal } = journalIn(folder, { maxBytes: 256 * 1024, ...nameless });
		await journal.open();
		await fill(journal, 1, 400);
		expect(journal.held()[0]?.first).toBeGreaterThan(200);
		expect(gapFiles(folder)).toEqual([]);
		await journal.close();
	});

	test("of records that cannot be read is a gap of everything, between the times of those that can", async () => {
		const folder = temporaryFolder();
		const { journal } = journalIn(folder, { maxBytes: 256 * 1024, tags: tagNames });
		await journal.open();
		journal.append(recordOf("U5", [[501, 7_000, 1]]));
		journal.append(Buffer.from("no record"));
		await fill(journal, 3, 400);
		await untilBounded(journal, folder);
		const [gap] = await journal.read({ chain: 1, offset: 1 }, 1);
		const { gaps } = told((gap as { body: Buffer }).body);
		expect(gaps.map(({ device, tags }) => [device, tags])).toEqual([
			["U5", ["tag 501", "tag 502"]],
			["", []],
		]);
		// The second merge widens what is missing of the device; what was unreadable stays where it was.
		expect(gaps[1]?.fromMs).toBe(300);
		expect(gaps[1]?.toMs).toBeGreaterThanOrEqual(7_000);
		await journal.close();
	});
});

describe("who reads while a range is dropped", () => {
	test.each(["while it is being replaced", "when it was being replaced a moment ago"])(
		"sees a gap record before or after that, never the old range with the new contents: %s",
		async (when) => {
			const folder = temporaryFolder();
			let renamed = (): void => {};
			let goOn: Promise<void> | undefined;
			let isGap = false;
			let isReading = false;
			const disk: Disk = {
				...systemDisk,
				readWhole: async (path) => {
					const bytes = await systemDisk.readWhole(path);
					if (isReading && when.includes("ago"))
						await expect.poll(() => journal.stats().droppedRecords).toBeGreaterThan(dropped);
					return bytes;
				},
				rename: async (from, to) => {
					await systemDisk.rename(from, to);
					isGap = to.endsWith(".gap");
				},
				syncFolder: async (path) => {
					await systemDisk.syncFolder(path);
					if (!isGap) return;
					renamed();
					await goOn;
				},
			};
			const { journal } = await filled(folder, 400, { disk });
			const [before] = await journal.read({ chain: 1, offset: 1 }, 1);
			const { promise, resolve } = Promise.withResolvers<void>();
			goOn = promise;
			let isRenamed = false;
			renamed = () => {
				isRenamed = true;
			};
			for (let next = 401; !isRenamed; ) {
				// No more than it takes for one drop: another one right behind it would be the first case again.
				if (journal.stats().pendingBytes === 0 && journal.append(values(next)) !== undefined) next++;
				await new Promise((turn) => setImmediate(turn));
			}
			const dropped = journal.stats().droppedRecords;
			isReading = true;
			const reading = journal.read({ chain: 1, offset: 1 }, 1);
			setTimeout(resolve, 50);
			const [found] = await reading;
			const times = told((found as { body: Buffer }).body).gaps.find(
				({ cause }) => cause === "journal_bound",
			);
			expect(times?.toMs).toBe((found?.last ?? 0) * 100 + 1);
			expect(found?.last).toBeGreaterThan(before?.last ?? 0);
			await journal.close();
		},
	);
});

describe("a crash while a range is dropped", () => {
	/** The folder after a drop, with the dropped segment back in it. */
	async function withBoth() {
		const folder = temporaryFolder();
		const before = journalIn(folder, { tags: tagNames }).journal;
		await before.open();
		await fill(before, 1, 40);
		await before.close();
		const name = segmentName(1, 1);
		const dropped = readFileSync(join(folder, name));
		const journal = journalIn(folder, { maxBytes: 64 * 1024, tags: tagNames }).journal;
		await journal.open();
		await expect.poll(() => gapFiles(folder)).toEqual([gapName(1, 1)]);
		await journal.close();
		expect(readdirSync(folder)).not.toContain(name);
		return { folder, name, dropped, gap: readFileSync(join(folder, gapName(1, 1))) };
	}

	test("that leaves the segment beside its gap record: the gap record counts, the segment goes", async () => {
		const { folder, name, dropped } = await withBoth();
		writeFileSync(join(folder, name), dropped);
		const { journal } = journalIn(folder, { tags: tagNames });
		await journal.open();
		const [first, second] = await readAll(journal, { chain: 0, offset: 0 });
		expect(first).toMatchObject({ offset: 1 });
		expect(first?.last).toBeGreaterThan(1);
		expect(second?.offset).toBe((first?.last ?? 0) + 1);
		expect(readdirSync(folder)).not.toContain(name);
		await journal.close();
	});

	test("that was the process's alone: the gap record's name is on disk before the segment goes", async () => {
		const { folder, name, dropped } = await withBoth();
		writeFileSync(join(folder, name), dropped);
		const calls: string[] = [];
		const disk: Disk = {
			...systemDisk,
			syncFolder: async (path) => {
				calls.push("sync");
				await systemDisk.syncFolder(path);
			},
			remove: async (path) => {
				calls.push(path.slice(folder.length + 1));
				await systemDisk.remove(path);
			},
		};
		const { journal } = journalIn(folder, { tags: tagNames, disk });
		await journal.open();
		expect(calls.slice(0, 2)).toEqual(["sync", name]);
		await journal.close();
	});

	test("that brings a forgotten gap record back beside a newer one that overlaps it: both count, each for its part", async () => {
		const folder = temporaryFolder();
		const gapFile = (first: number, last: number) => {
			const header = { chain: 1, epoch: 7, first, previousEpoch: 0, previousLast: 0 };
			const gap = boundGap("U5", ["tag 501"], first, last);
			writeFileSync(join(folder, gapName(1, first)), encodeGapFile(header, last, gapBody(gap)));
		};
		gapFile(1, 12);
		gapFile(3, 9);
		gapFile(11, 21);
		const { journal } = journalIn(folder, { tags: tagNames });
		await journal.open();
		const records = await readAll(journal, { chain: 0, offset: 0 });
		expect(records.map(({ offset, last }) => [offset, last])).toEqual([
			[1, 10],
			[11, 21],
		]);
		expect(gapFiles(folder)).toEqual([gapName(1, 1), gapName(1, 11)]);
		await journal.close();
	});

	test("that cuts the unfinished gap file at any byte: it goes, and the segment is what it was", async () => {
		const { folder, name, dropped, gap } = await withBoth();
		for (let length = 0; length <= gap.length; length++) {
			const again = temporaryFolder();
			writeFileSync(join(again, name), dropped);
			writeFileSync(join(again, `${gapName(1, 1)}${unfinishedSuffix}`), gap.subarray(0, length));
			const { journal } = journalIn(again, { tags: tagNames });
			expect(await journal.open()).toMatchObject({ setAside: [], tornBytes: 0 });
			const [first] = await journal.read({ chain: 1, offset: 1 }, 1);
			expect(first, `cut at ${length}`).toMatchObject({ offset: 1, last: 1, body: values(1) });
			expect(readdirSync(again).filter((found) => found.includes("gap"))).toEqual([]);
			await journal.close();
		}
		expect(gapFiles(folder)).toEqual([gapName(1, 1)]);
	});

	test("damage at any byte of a gap file sets it aside whole, and what follows it is there", async () => {
		const { folder, gap } = await withBoth();
		const rest = readdirSync(folder).filter((name) => name.endsWith(".journal"));
		for (let length = 0; length < gap.length; length++) {
			const again = temporaryFolder();
			for (const name of rest) copyFileSync(join(folder, name), join(again, name));
			// Cut at this byte, or with one bit of it flipped.
			const damaged = length % 2 === 0 ? gap.subarray(0, length) : Buffer.from(gap);
			if (length % 2 === 1) damaged[length] = (damaged[length] as number) ^ 1;
			writeFileSync(join(again, gapName(1, 1)), damaged);
			const { journal } = journalIn(again, { tags: tagNames });
			const opened = await journal.open().catch((error: unknown) => error);
			expect(opened, `at ${length}`).toMatchObject({ setAside: [gapName(1, 1)] });
			expect((await journal.read({ chain: 0, offset: 0 }, 1))[0]?.offset).toBeGreaterThan(1);
			expect(readFileSync(join(again, `${gapName(1, 1)}.damaged`))).toEqual(damaged);
			await journal.close();
		}
	});
});

test("a file in the middle of an epoch that cannot be read becomes a gap record, so that nothing waits for it for ever", async () => {
	const folder = temporaryFolder();
	const { journal } = journalIn(folder, { tags: tagNames });
	await journal.open();
	journal.append(openedBody(opening, 42));
	await fill(journal, 2, 120);
	await journal.close();
	const names = readdirSync(folder).sort();
	expect(names.length).toBeGreaterThan(3);
	const damaged = join(folder, names[1] as string);
	writeFileSync(damaged, Buffer.alloc(statSync(damaged).size, 0xff));

	const { journal: again, troubles } = journalIn(folder, { tags: tagNames });
	const report = await again.open();
	expect(report.setAside).toEqual([names[1]]);
	expect(troubles).toMatchObject([{ kind: "dropped", message: /damaged or missing/ }]);
	const records = await readAll(again, { chain: 1, offset: 1 });
	const offsets = records.flatMap(({ chain, offset, last }) =>
		chain === 1 ? Array.from({ length: last - offset + 1 }, (_, index) => offset + index) : [],
	);
	expect(offsets, "every offset, once").toEqual(Array.from({ length: 120 }, (_, index) => index + 1));
	const gap = records.find(({ offset, last }) => last > offset);
	expect(gap && told(gap.body)).toMatchObject({ gaps: [{ device: "", tags: [], cause: "unknown" }] });
	await again.close();

	// The next opening finds nothing to mend.
	const { journal: third, troubles: none } = journalIn(folder, { tags: tagNames });
	await third.open();
	expect(none).toEqual([]);
	await third.close();
});
