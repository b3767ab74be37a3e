// The thread that writes: node:sqlite is synchronous, so commits happen here and not where messages arrive.

import type { SampleColumns } from "../../common/contract/samples.ts";
import type { ChartBaselineRow } from "../chart-port.ts";
import type { FollowerPosition } from "../follow-port.ts";
import type { GenealogyLink } from "../genealogy-port.ts";
import type { ContextRefresh, FinalVerdictCommit, VerdictStage } from "../judgement-port.ts";
import type { Assembled, LabOverdue } from "../laboratory-port.ts";
import type { MaterialCommit, MaterialLot } from "../material-port.ts";
import type { Deed, InputRow } from "../people-port.ts";
import type { CommitBatch, DueRow, OutboxRow, Settlement } from "../pipeline.ts";
import type { SpecificationRow } from "../specification-port.ts";
import { readAuditHead, readLastDeed } from "./audit-table.ts";
import { commitBaselines, readStoredCharts } from "./chart-table.ts";
import { enterInput, recordDeed } from "./entry-tables.ts";
import { addLinks, beginLinks, linksTag } from "./genealogy-table.ts";
import {
	commitFinalVerdict,
	dirtyPeriods,
	dropDue,
	newestVerdict,
	refreshContext,
} from "./judgement-table.ts";
import { readKnownSamples } from "./known-samples.ts";
import { commitOverdue, readExpectingLots, writeAssembled } from "./laboratory-table.ts";
import { endOtherLimits } from "./limits-table.ts";
import { commitMaterial, materialResults, materialsToJudge } from "./material-table.ts";
import { readOpenState } from "./open-state.ts";
import { OutboxTable } from "./outbox-table.ts";
import { type PartListing, PartTable } from "./part-table.ts";
import type { PartRow } from "./parts/part-file.ts";
import { RecordFileTable } from "./records/record-file-table.ts";
import { keepSpecifications, readSpecifications } from "./specification-table.ts";
import { StoreFile } from "./store-file.ts";
import { serve } from "./thread-serve.ts";

let file: StoreFile | undefined;

function opened(): StoreFile {
	if (file === undefined) throw new Error("the store is not open");
	return file;
}

function parts(): PartTable {
	return new PartTable(opened());
}

function records(): RecordFileTable {
	return new RecordFileTable(opened());
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
	newestVerdict: ({ lot, stage }: { lot: string; stage: VerdictStage }) =>
		newestVerdict(opened(), lot, stage),
	commitFinalVerdict(commit: FinalVerdictCommit) {
		commitFinalVerdict(opened(), commit);
	},
	dropDue(due: DueRow) {
		dropDue(opened(), due);
	},
	dirtyPeriods: () => dirtyPeriods(opened()),
	refreshContext: (refresh: ContextRefresh) => refreshContext(opened(), refresh),
	storedCharts() {
		return readStoredCharts(opened());
	},
	commitBaselines({ baselines }: { baselines: readonly ChartBaselineRow[] }) {
		commitBaselines(opened(), baselines);
	},
	specifications() {
		return readSpecifications(opened().db);
	},
	keepSpecifications({ rows }: { rows: readonly SpecificationRow[] }) {
		keepSpecifications(opened(), rows);
	},
	endOtherLimits({ specVersions }: { specVersions: readonly number[] }) {
		endOtherLimits(opened(), specVersions);
	},
	enter({ input, deed }: { input: Omit<InputRow, "n">; deed: Deed }) {
		return enterInput(opened(), input, deed);
	},
	record({ deed, atMs }: { deed: Deed; atMs: number }) {
		recordDeed(opened(), deed, atMs);
	},
	auditHead: () => readAuditHead(opened().db),
	lastDeed: ({ action }: { action: string }) => readLastDeed(opened().db, action),
	commitLaboratory(assembled: Assembled) {
		opened().transaction(() => writeAssembled(opened(), assembled));
	},
	materialsToJudge: (query: Parameters<typeof materialsToJudge>[1]) => materialsToJudge(opened(), query),
	materialResults: (lot: MaterialLot) => materialResults(opened(), lot),
	commitMaterial: (commit: MaterialCommit) => commitMaterial(opened(), commit),
	linksTag: () => linksTag(opened()),
	beginLinks() {
		beginLinks(opened());
	},
	addLinks({ links, endsTag }: { links: readonly GenealogyLink[]; endsTag: string | undefined }) {
		addLinks(opened(), links, endsTag);
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
	listPart(argument: PartListing) {
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
	trim: () => parts().trim() || records().trim(),
	listRecords: (argument: Parameters<RecordFileTable["list"]>[0]) => records().list(argument),
	replaceRecords: (argument: Parameters<RecordFileTable["replace"]>[0]) => records().replace(argument),
	removeRecords: ({ file: name }: { file: string }) => records().remove(name),
	followerPositions: () => parts().followers(),
	saveFollowerPosition: (position: FollowerPosition) => parts().saveFollower(position),
	forgetFollower: ({ name }: { name: string }) => parts().forgetFollower(name),
	close() {
		file?.close();
		file = undefined;
	},
});
