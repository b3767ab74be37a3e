import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { DiskJournal, JournalOptions } from "../../../agent/journal/journal.ts";
import type { Gap } from "../../../common/contract/gap.ts";
import { journalIn, untilDurable } from "./journal-rig.ts";
import { gapBody, openedBody, recordOf, tagNames } from "./known-records.ts";

export const opening = { epoch: 1_000, previousEpoch: 77, previousLast: 5 };
export const outage: Gap = {
	device: "U5",
	tags: ["tag 501"],
	fromMs: 5,
	toMs: 50,
	cause: "server_unreachable",
	backfilled: false,
};

/** 2 KiB of values of two tags at the milliseconds 100 × number and 100 × number + 1. */
export function values(number: number): Buffer {
	return recordOf("U5", [
		[501, number * 100, "x".repeat(2_000)],
		[502, number * 100 + 1, number],
	]);
}

export async function fill(journal: DiskJournal, from: number, to: number): Promise<void> {
	for (let number = from; number <= to; number++) {
		while (journal.append(values(number)) === undefined) await untilDurable(journal, number - 1);
	}
	await untilDurable(journal, to);
}

/** An epoch whose first record is an opening, whose second is a gap, of `last` records in 64 KiB segments. */
export async function filled(folder: string, last: number, options: Partial<JournalOptions> = {}) {
	const rig = journalIn(folder, { maxBytes: 256 * 1024, tags: tagNames, ...options });
	await rig.journal.open();
	rig.journal.append(openedBody(opening, 42));
	rig.journal.append(gapBody(outage));
	await fill(rig.journal, 3, last);
	await untilBounded(rig.journal, folder);
	return rig;
}

/** Resolves when nothing is left to drop: all but the newest file is within the bound. */
export async function untilBounded(journal: DiskJournal, folder: string): Promise<void> {
	const newest = () => statSync(join(folder, readdirSync(folder).sort().at(-1) as string)).size;
	await expect.poll(() => journal.stats().bytes - newest()).toBeLessThanOrEqual(256 * 1024);
}

export const gapFiles = (folder: string) => readdirSync(folder).filter((name) => name.endsWith(".gap"));
