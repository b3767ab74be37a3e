// The thread that writes: node:sqlite is synchronous, so commits happen here and not where messages arrive.

import type { SampleColumns } from "../../common/contract/samples.ts";
import type { ChartBaselineRow, VerdictCommit } from "../chart-port.ts";
import type { FollowerPosition } from "../follow-port.ts";
import type { Assembled, LabOverdue } from "../laboratory-port.ts";
import type { CommitBatch, OutboxRow, Settlement } from "../pipeline.ts";
import { commitBaselines, readStoredCharts } from "./chart-table.ts";
import { readKnownSamples } from "./known-samples.ts";
import { commitOverdue, readExpectingLots, writeAssembled } from "./laboratory-table.ts";
import { readOpenState } from "./open-state.ts";
import { OutboxTable } from "./outbox-table.ts";
import { PartTable } from "./part-table.ts";
import type { PartRow } from "./parts/part-file.ts";
import { StoreFile } from "./store-file.ts";
import { serve } from "./thread-serve.ts";
import { commitVerdict, readLotFacts } from "./verdict-table.ts";

let file: StoreFile | undefined;

function opened(): StoreFile {
	if (file === undefined) throw new Error("the store is not open");
	return file;
}

function parts(): PartTable {
	return new PartTable(opened());
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
	commitLaboratory(assembled: Assembled) {
		opened().transaction(() => writeAssembled(opened(), assembled));
	},
	expectingLots(query: { fromMs: number; limit: number }) {
		return readExpectingLots(opened(), query);
	},
	commitOverdue(commit: { rows: readonly LabOverdue[]; outbox: readonly OutboxRow[] }) {
		commitOverdue(opened(), commit);
	},
	takeMessages({ nowMs, limit }: { nowMs: number; limit: number }) {
		return new OutboxTable(opened()).take(nowMs, limit);
	},
	settleMessage(settlement: Settlement) {
		new OutboxTable(opened()).settle(settlement);
	},
	listPart(argument: { part: PartRow | undefined; toPos: number; atMs: number }) {
		parts().list(argument);
	},
	replaceParts(argument: { parts: readonly PartRow[]; replaced: readonly string[]; atMs: number }) {
		parts().replace(argument);
	},
	damagedPart(argument: { file: string; reason: string; atMs: number }) {
		return parts().damaged(argument);
	},
	retirePart(argument: { file: string; note: string }) {
		parts().retire(argument);
	},
	forgetReplaced: ({ file: name }: { file: string }) => parts().forgetReplaced(name),
	trim: () => parts().trim(),
	followerPositions: () => parts().followers(),
	saveFollowerPosition: (position: FollowerPosition) => parts().saveFollower(position),
	forgetFollower: ({ name }: { name: string }) => parts().forgetFollower(name),
	close() {
		file?.close();
		file = undefined;
	},
});
