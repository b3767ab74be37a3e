// What becomes of record rows, decided and done beside the keeping of samples: into files up to where samples are sealed,
// small files together, and away when no part needs them.

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { samplesPerSeq } from "../../pipeline.ts";
import { recordsToRetire } from "../keeping-rules.ts";
import type { KeepingState, ListedRecords } from "../keeping-state.ts";
import type { Store } from "../store.ts";
import type { RecordFileRow, RecordRange } from "./record-file.ts";

const dayMs = 86_400_000;
/** A file of so many records is large enough. */
const largeRecords = 500_000;
const togetherRecords = 2_000_000;
const togetherFiles = 64;
/** Records that are put into one file at once; an older store may have all of its records in the database. */
const atOnce = 500_000;

/**
 * The record files to put together next: neighbours that were made before today and are small, two at least. Times are wall
 * clock.
 */
export function recordsToMerge({ recordFiles }: KeepingState, nowMs: number): ListedRecords[] {
	const todayMs = Math.floor(nowMs / dayMs) * dayMs;
	let run: ListedRecords[] = [];
	let records = 0;
	for (const file of recordFiles) {
		const isSmall = file.sealedMs < todayMs && file.records < largeRecords;
		const follows = run.length === 0 || run.at(-1)?.toSeq === file.fromSeq;
		const fits = records + file.records <= togetherRecords && run.length < togetherFiles;
		if (!isSmall || !follows || !fits) {
			if (run.length > 1) return run;
			run = [];
			records = 0;
			if (!isSmall) continue;
		}
		run.push(file);
		records += file.records;
	}
	return run.length > 1 ? run : [];
}

interface RecordKeeperOptions {
	readonly store: Pick<Store, "listRecords" | "replaceRecords" | "removeRecords">;
	/** Where files are made. */
	readonly thread: { call<T>(operation: string, argument?: unknown): Promise<T> };
	readonly folder: string;
	readonly wallMs: () => number;
}

export class RecordKeeper {
	readonly #options: RecordKeeperOptions;

	constructor(options: RecordKeeperOptions) {
		this.#options = options;
	}

	/** The file of the records up to where samples are about to be sealed; they are listed together. */
	make(range: RecordRange): Promise<RecordFileRow | undefined> {
		return this.#options.thread.call("sealRecords", range);
	}

	/** Puts records of sealed samples that have no file yet into one; whether there were some. */
	async catchUp({ recordsTo, sealedTo, instance }: KeepingState): Promise<boolean> {
		const { store, thread, wallMs } = this.#options;
		const endSeq = sealedTo / samplesPerSeq;
		if (recordsTo >= endSeq) return false;
		const bounds = { fromSeq: recordsTo, toSeq: endSeq, records: atOnce };
		const toSeq = await thread.call<number>("recordsEnd", bounds);
		await store.listRecords(await this.make({ fromSeq: recordsTo, toSeq, instance }), toSeq, wallMs());
		return true;
	}

	/** Whether some were put together. */
	async mergeSome(state: KeepingState): Promise<boolean> {
		const { store, thread, wallMs } = this.#options;
		const files = recordsToMerge(state, wallMs());
		const [first, last] = [files[0], files.at(-1)];
		if (first === undefined || last === undefined) return false;
		const names = files.map(({ file }) => file);
		const range = { fromSeq: first.fromSeq, toSeq: last.toSeq, instance: state.instance };
		const records = files.reduce((sum, file) => sum + file.records, 0);
		const row = await thread.call<RecordFileRow>("mergeRecords", { files: names, range, records });
		await store.replaceRecords(row, names, wallMs());
		return true;
	}

	async retire(state: KeepingState): Promise<void> {
		for (const { file } of recordsToRetire(state)) {
			await this.#options.store.removeRecords(file);
			await rm(join(this.#options.folder, file), { force: true });
		}
	}
}
