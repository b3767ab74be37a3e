// Commits records, seals them and deletes hot rows without end, and says of each record when it is stored. A program of
// its own, so that a test can end it with SIGKILL at any moment. What a sample is follows from its position.

import { DatabaseSync } from "node:sqlite";
import { samplesPerSeq } from "../../../collector/pipeline.ts";
import { readKeepingState } from "../../../collector/store/keeping-state.ts";
import { PartTable } from "../../../collector/store/part-table.ts";
import { compactParts } from "../../../collector/store/parts/compaction.ts";
import { Duck } from "../../../collector/store/parts/duck.ts";
import { partFolder, temporaryFolder, tidyFolder } from "../../../collector/store/parts/part-folder.ts";
import { sealRange } from "../../../collector/store/parts/sealing.ts";
import { RecordFileTable } from "../../../collector/store/records/record-file-table.ts";
import { mergeRecords, sealRecords } from "../../../collector/store/records/record-sealing.ts";
import { StoreFile } from "../../../collector/store/store-file.ts";
import { SampleColumns } from "../../../common/contract/samples.ts";
import { emptyBatch } from "./known-store.ts";

export const samplesPerRecord = 60;
const recordsPerPart = 8;

export function commitRecord(file: StoreFile, seq: number): void {
	const samples = new SampleColumns(samplesPerRecord);
	samples.count = samplesPerRecord;
	samples.kind.fill(1);
	for (let index = 0; index < samplesPerRecord; index++) {
		samples.tagId[index] = 1 + (index % 3);
		samples.sourceMs[index] = seq * 1_000 + index;
		samples.number[index] = seq * samplesPerSeq + index;
	}
	file.commit({
		...emptyBatch,
		records: [
			{
				...{ seq, edgeNode: 1, epoch: 7, offset: seq, last: seq, device: "U500", samples: samplesPerRecord },
				...{ sourceMinMs: seq * 1_000, sourceMaxMs: seq * 1_000 + samplesPerRecord - 1, throughMs: seq },
				...{ hash: new Uint8Array(16), receivedMs: seq },
			},
		],
		samples,
		cache: { seq, state: "{}" },
	});
}

/** What the collector does when it opens its store. */
export async function tidied(file: StoreFile, path: string) {
	const state = readKeepingState(file.db);
	const gone = [...state.replaced.map((each) => each.file), ...state.retired];
	const findings = await tidyFolder(partFolder(path), { ...state, gone });
	for (const each of state.replaced) new PartTable(file).forgetReplaced(each.file);
	return findings;
}

if (import.meta.main) {
	const path = process.argv[2] as string;
	const file = new StoreFile(path);
	await tidied(file, path);
	const folder = partFolder(path);
	const table = new PartTable(file);
	const recordTable = new RecordFileTable(file);
	const db = new DatabaseSync(path, { readOnly: true });
	const limits = { memoryMb: 64, threads: 1, temporaryMb: 64 };
	const duck = await Duck.open(folder, temporaryFolder(folder, "keeper"), limits);
	const next = Number(file.get("SELECT coalesce(max(seq), 0) + 1 AS next FROM record")?.next);
	if (next === 1) {
		const series = [1, 2, 3].map((id) => ({ id, edgeNode: 1, device: "U500", tag: `T${id}` }));
		file.commit({ ...emptyBatch, series: series.map((row) => ({ ...row, datatype: 10, eu: undefined })) });
	}
	for (let seq = next; ; seq++) {
		commitRecord(file, seq);
		process.stdout.write(`${seq}\n`);
		if (seq % recordsPerPart !== 0) continue;
		const toPos = (seq + 1) * samplesPerSeq;
		const instance = file.meta("instance");
		const part = await sealRange(db, duck, { fromPos: table.sealedTo, toPos, instance }, { folder });
		const range = { fromSeq: recordTable.recordsTo, toSeq: seq + 1, instance };
		table.list({ part, records: await sealRecords(db, duck, range, { folder }), toPos, atMs: seq });
		table.trim();
		recordTable.trim();
		const small = readKeepingState(file.db).listed.filter(({ level }) => level === 0);
		if (small.length < 4) continue;
		const files = small.map((each) => each.file);
		const samples = small.reduce((sum, each) => sum + each.samples, 0);
		table.replace({
			...{ parts: await compactParts(duck, { files, samples, instance }, { folder }) },
			...{ replaced: files, atMs: seq },
		});
		const { recordFiles } = readKeepingState(file.db);
		const records = recordFiles.reduce((sum, each) => sum + each.records, 0);
		const names = recordFiles.map((each) => each.file);
		const whole = { fromSeq: recordFiles[0]?.fromSeq ?? 0, toSeq: seq + 1, instance };
		const row = await mergeRecords(duck, { files: names, range: whole, records }, { folder });
		recordTable.replace({ row, replaced: names, atMs: seq });
	}
}
