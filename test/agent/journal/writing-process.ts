// A process with a journal, for tests that make the system's calls fail: appends records until it is told how many are
// durable, and says on its standard output what happened. Arguments: folder, records, bytes of each.

import { DiskJournal } from "../../../agent/journal/journal.ts";
import { systemClock } from "../../../common/runtime/clock.ts";
import { body } from "./journal-rig.ts";
import { tagNames } from "./known-records.ts";

const [folder, records, bytes] = process.argv.slice(2);
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);

const journal = new DiskJournal({
	folder: folder as string,
	segmentBytes: 64 * 1024,
	maxBytes: 1024 ** 3,
	memoryBytes: 1024 ** 2,
	commitIntervalMs: 1,
	clock: systemClock,
	newEpoch: () => 1 + process.pid,
	tags: tagNames,
	onTrouble: ({ kind, message }) => say({ kind, message }),
});
await journal.open();
let next = 1;
const total = Number(records);
await new Promise<void>((resolve) => {
	const goOn = () => {
		if (journal.durable.offset === total) return resolve();
		// One record at a time, so that there are many syncs.
		if (journal.durable.offset === next - 1 && next <= total) journal.append(body(next++, Number(bytes)));
	};
	journal.onDurable = goOn;
	goOn();
});
say({ durable: journal.durable.offset, error: journal.stats().lastError ?? null });
await journal.close();
