// The thread that writes: node:sqlite is synchronous, so commits happen here and not where messages arrive.

import type { SampleColumns } from "../../common/contract/samples.ts";
import type { ChartBaselineRow, VerdictCommit } from "../chart-port.ts";
import type { CommitBatch, Settlement } from "../pipeline.ts";
import { commitBaselines, readStoredCharts } from "./chart-table.ts";
import { readKnownSamples } from "./known-samples.ts";
import { readOpenState, readReplay } from "./open-state.ts";
import { OutboxTable } from "./outbox-table.ts";
import { StoreFile } from "./store-file.ts";
import { serve } from "./thread-serve.ts";
import { commitVerdict, readLotFacts } from "./verdict-table.ts";

let file: StoreFile | undefined;

function opened(): StoreFile {
	if (file === undefined) throw new Error("the store is not open");
	return file;
}

serve({
	open({ path }: { path: string }) {
		file ??= new StoreFile(path);
		return readOpenState(file);
	},
	commit(batch: CommitBatch) {
		opened().commit(batch);
	},
	recordHash({ edgeNode, epoch, offset }: { edgeNode: number; epoch: number; offset: number }) {
		const sql = 'SELECT hash FROM record WHERE edge_node = ? AND epoch = ? AND "offset" = ?';
		return opened().get(sql, edgeNode, epoch, offset)?.hash;
	},
	samplesKnown(question: { edgeNode: number; device: string; samples: SampleColumns }) {
		return readKnownSamples(opened(), question);
	},
	replay({ afterSeq, records }: { afterSeq: number; records: number }) {
		return readReplay(opened(), afterSeq, records);
	},
	lotFacts({ lot }: { lot: string }) {
		return readLotFacts(opened(), lot);
	},
	commitVerdict(commit: VerdictCommit) {
		commitVerdict(opened(), commit);
	},
	storedCharts() {
		return readStoredCharts(opened());
	},
	commitBaselines({ baselines }: { baselines: readonly ChartBaselineRow[] }) {
		commitBaselines(opened(), baselines);
	},
	takeMessages({ nowMs, limit }: { nowMs: number; limit: number }) {
		return new OutboxTable(opened()).take(nowMs, limit);
	},
	settleMessage(settlement: Settlement) {
		new OutboxTable(opened()).settle(settlement);
	},
	close() {
		file?.close();
		file = undefined;
	},
});
