import { copyFileSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Disk, systemDisk } from "../../../agent/journal/disk.ts";
import {
	encodeGapFile,
	gapName,
	segmentName,
	unfinishedSuffix,
} from "../../../agent/journal/segment-format.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { fill, gapFiles, opening, values } from "./dropping-rig.ts";
import { journalIn, readAll } from "./journal-rig.ts";
import { boundGap, gapBody, openedBody, tagNames, told } from "./known-records.ts";

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
