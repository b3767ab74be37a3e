import { describe, expect, test } from "vitest";
import { type Disk, systemDisk } from "../../../agent/journal/disk.ts";
import { gapName } from "../../../agent/journal/segment-format.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { fill, filled, gapFiles, opening, outage, untilBounded, values } from "./dropping-rig.ts";
import { journalIn, readAll, untilDurable } from "./journal-rig.ts";
import { boundGap, openedBody, recordOf, tagNames, told } from "./known-records.ts";

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
