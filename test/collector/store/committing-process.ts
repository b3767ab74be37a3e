// Commits records one after the other until it is killed, and says of each when it is stored. A program of its own, so
// that a test can end it with SIGKILL at any moment.

import type { CommitBatch } from "../../../collector/pipeline.ts";
import { readOpenState } from "../../../collector/store/open-state.ts";
import { StoreFile } from "../../../collector/store/store-file.ts";
import { SampleColumns } from "../../../common/contract/samples.ts";

export const samplesPerRecord = 20;

function batchOf(seq: number): CommitBatch {
	const samples = new SampleColumns(samplesPerRecord);
	samples.count = samplesPerRecord;
	samples.kind.fill(1);
	samples.tagId.fill(1);
	samples.sourceMs.fill(seq);
	samples.number.fill(seq);
	const record = {
		seq,
		edgeNode: 1,
		epoch: 7,
		offset: seq,
		last: seq,
		device: "U500",
		samples: samplesPerRecord,
	};
	return {
		...{
			edgeNodes: [],
			series: [],
			gaps: [],
			dirty: [],
			occurrences: [],
			alerts: [],
			periods: [],
			limits: [],
			visits: [],
			lots: [],
			due: [],
		},
		records: [
			{
				...record,
				sourceMinMs: seq,
				sourceMaxMs: seq,
				throughMs: seq,
				hash: new Uint8Array(16),
				receivedMs: seq,
			},
		],
		samples,
		epochs: [{ edgeNode: 1, epoch: 7, previousEpoch: 0, previousLast: 0, ranges: [{ first: 1, last: seq }] }],
		throughs: [{ edgeNode: 1, device: "U500", throughMs: seq }],
		conflicts: [],
		outbox: [{ id: `m${seq}`, destination: "d", type: "t", body: "{}", createdMs: seq }],
		cache: { seq, state: `${seq}` },
	};
}

if (import.meta.main) {
	const file = new StoreFile(process.argv[2] as string);
	for (let seq = readOpenState(file).nextSeq; ; seq++) {
		file.commit(batchOf(seq));
		process.stdout.write(`${seq}\n`);
	}
}
