import { expect, test } from "vitest";
import type { JournalBounds } from "../../../agent/journal/journal.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { journalIn, readAll, untilDurable } from "./journal-rig.ts";
import { recordOf, tagNames } from "./known-records.ts";

const KiB = 1024;
const values = (number: number) => recordOf("U5", [[501, number, "x".repeat(1_000)]]);
const bounds: JournalBounds = {
	...{ segmentBytes: 64 * KiB, maxBytes: 1024 ** 3, memoryBytes: 1024 ** 2, commitIntervalMs: 1 },
	...{ whenFull: "drop_oldest", maxAgeMs: undefined },
};

/** A journal with so many records of a kilobyte, all on disk. */
async function filled(records: number) {
	const rig = journalIn(temporaryFolder(), { tags: tagNames });
	await rig.journal.open();
	for (let number = 1; number <= records; number++) {
		rig.journal.append(values(number));
		await untilDurable(rig.journal, number);
	}
	return rig;
}

test("a smaller bound counts at once: what is beyond it is a gap record; a greater one keeps what comes", async () => {
	const { journal, troubles } = await filled(400);
	expect(journal.stats()).toMatchObject({ droppedRecords: 0 });
	journal.bound({ ...bounds, maxBytes: 200 * KiB });
	await expect.poll(() => journal.stats().bytes).toBeLessThanOrEqual(200 * KiB);
	const { droppedRecords } = journal.stats();
	expect(droppedRecords).toBeGreaterThan(150);
	expect(troubles.every(({ kind }) => kind === "dropped")).toBe(true);
	const [first, second] = await readAll(journal, { chain: 0, offset: 0 });
	expect([first?.offset, first?.last, second?.offset]).toEqual([1, droppedRecords, droppedRecords + 1]);
	journal.bound(bounds);
	for (let number = 401; number <= 700; number++) {
		journal.append(values(number));
		await untilDurable(journal, number);
	}
	expect(journal.stats().droppedRecords).toBe(droppedRecords);
	await journal.close();
});

test("segments get another size from the next one on, and memory another bound at once", async () => {
	const { journal } = await filled(150);
	const { segments } = journal.stats();
	journal.bound({ ...bounds, segmentBytes: 1024 * KiB, memoryBytes: 4 * KiB });
	for (let number = 151; number <= 300; number++) {
		journal.append(values(number));
		await untilDurable(journal, number);
	}
	expect(journal.stats().segments).toBe(segments);
	const taken = Array.from({ length: 10 }, (_, more) => journal.append(values(301 + more)));
	expect(taken.filter((position) => position !== undefined)).toHaveLength(3);
	await journal.close();
});
