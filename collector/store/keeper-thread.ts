// The thread that makes Parquet parts, with a connection that only reads and a DuckDB of its own: neither commits nor
// questions wait for it.

import { DatabaseSync } from "node:sqlite";
import { nextStretch, readKeepingState } from "./keeping-state.ts";
import { type CompactRequest, compactParts } from "./parts/compaction.ts";
import { Duck, type DuckLimits } from "./parts/duck.ts";
import { temporaryFolder } from "./parts/part-folder.ts";
import { type SealRequest, sealRange } from "./parts/sealing.ts";
import { get } from "./read-rows.ts";
import type { RecordRange } from "./records/record-file.ts";
import { mergeRecords, sealRecords } from "./records/record-sealing.ts";
import { serve } from "./thread-serve.ts";

const waitMs = 2_000;

interface Opened {
	readonly db: DatabaseSync;
	readonly folder: string;
	readonly limits: DuckLimits;
}

let opened: Opened | undefined;
let duck: Duck | undefined;
let stopping = false;

function theStore(): Opened {
	if (opened === undefined) throw new Error("the store is not open");
	return opened;
}

function goOn(): void {
	if (stopping) throw new Error("the store is closing");
}

/** DuckDB starts with the first part that is made, and ends after each: its memory is not needed in between. */
async function withDuck<T>(work: (duck: Duck, folder: string) => Promise<T>): Promise<T> {
	goOn();
	const { folder, limits } = theStore();
	duck = await Duck.open(folder, temporaryFolder(folder, "keeper"), limits);
	try {
		return await work(duck, folder);
	} finally {
		duck.close();
		duck = undefined;
	}
}

serve(
	{
		open({ path, folder, limits }: { path: string; folder: string; limits: DuckLimits }) {
			const db = new DatabaseSync(path, { readOnly: true, timeout: waitMs });
			db.exec("PRAGMA query_only = ON; PRAGMA cache_size = -4000; PRAGMA temp_store = MEMORY;");
			opened = { db, folder, limits };
			stopping = false;
		},
		state: () => readKeepingState(theStore().db),
		nextStretch: ({ samplesMax }: { samplesMax: number }) => nextStretch(theStore().db, samplesMax),
		seal: (request: SealRequest) =>
			withDuck((made, folder) => sealRange(theStore().db, made, request, { folder, onStep: goOn })),
		sealRecords: (range: RecordRange) =>
			withDuck((made, folder) => sealRecords(theStore().db, made, range, { folder, onStep: goOn })),
		mergeRecords: (request: Parameters<typeof mergeRecords>[1]) =>
			withDuck((made, folder) => mergeRecords(made, request, { folder, onStep: goOn })),
		recordsEnd: ({ fromSeq, toSeq, records }: { fromSeq: number; toSeq: number; records: number }) => {
			const next = get(
				theStore().db,
				"SELECT seq FROM record WHERE seq >= ? AND seq < ? ORDER BY seq LIMIT 1 OFFSET ?",
				...[fromSeq, toSeq, records],
			);
			return Number(next?.seq ?? toSeq);
		},
		compact: (request: CompactRequest) =>
			withDuck((made, folder) => compactParts(made, request, { folder, onStep: goOn })),
		close() {
			opened?.db.close();
			opened = undefined;
		},
	},
	{
		stop() {
			stopping = true;
			duck?.connection.interrupt();
		},
	},
);
