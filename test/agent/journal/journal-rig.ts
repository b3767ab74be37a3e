import { readdirSync } from "node:fs";
import { DiskJournal, type JournalOptions } from "../../../agent/journal/journal.ts";
import type { JournaledRecord, Position } from "../../../agent/pipeline.ts";
import { systemClock } from "../../../common/runtime/clock.ts";

export interface Trouble {
	readonly kind: string;
	readonly message: string;
	readonly records: number;
}

export function journalIn(
	folder: string,
	options: Partial<JournalOptions> = {},
): { journal: DiskJournal; troubles: Trouble[] } {
	const troubles: Trouble[] = [];
	let epoch = 1_000 + readdirSync(folder).length;
	const journal = new DiskJournal({
		folder,
		segmentBytes: 64 * 1024,
		maxBytes: 1024 ** 3,
		memoryBytes: 1024 ** 2,
		commitIntervalMs: 1,
		clock: systemClock,
		newEpoch: () => epoch++,
		onTrouble: (trouble) => troubles.push(trouble),
		...options,
	});
	return { journal, troubles };
}

/** A body that tells which record it is; that it is none that could be read, the journal does not mind. */
export function body(number: number, bytes = 40): Buffer {
	const content = Buffer.alloc(bytes, 0xee);
	content.writeUInt32LE(number, 4);
	return content;
}

export const numberOf = (record: JournaledRecord) => record.body.readUInt32LE(4);

export const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

/** Resolves when `offset` is durable, within a bound. */
export async function untilDurable(journal: DiskJournal, offset: number, withinMs = 10_000): Promise<void> {
	const before = journal.onDurable;
	await new Promise<void>((resolve, reject) => {
		const late = setTimeout(
			() => reject(new Error(`offset ${offset} is not durable, only ${journal.durable.offset}`)),
			withinMs,
		);
		const look = () => {
			if (journal.durable.offset < offset) return;
			clearTimeout(late);
			resolve();
		};
		journal.onDurable = () => {
			before?.();
			look();
		};
		look();
	}).finally(() => {
		journal.onDurable = before;
	});
}

export async function readAll(journal: DiskJournal, from: Position): Promise<JournaledRecord[]> {
	const all: JournaledRecord[] = [];
	let position = from;
	for (;;) {
		const some = await journal.read(position, 10_000);
		const last = some.at(-1);
		if (last === undefined) return all;
		all.push(...some);
		position = { chain: last.chain, offset: last.last + 1 };
	}
}
