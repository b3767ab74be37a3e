import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import type { SampleColumns } from "../../common/contract/samples.ts";
import type { AuditEntry, AuditHead } from "../../common/runtime/audit-chain.ts";
import type { ChartBaselineRow, StoredCharts } from "../chart-port.ts";
import type { FollowerPosition, FollowerPositions } from "../follow-port.ts";
import type { GenealogyLink } from "../genealogy-port.ts";
import type { ContextRefresh, DirtyPeriod, FinalVerdictCommit, VerdictStage } from "../judgement-port.ts";
import type { Assembled, LabOverdue } from "../laboratory-port.ts";
import type { MaterialCommit, MaterialLot, MaterialStore } from "../material-port.ts";
import type { Deed, InputRow } from "../people-port.ts";
import type {
	CommitBatch,
	CommitPort,
	DueMessage,
	DueRow,
	GapRow,
	HashPort,
	OutboxPort,
	OutboxRow,
	Settlement,
} from "../pipeline.ts";
import type { SpecificationRow } from "../specification-port.ts";
import type { readExpectingLots } from "./laboratory-table.ts";
import type { OpenState } from "./open-state.ts";
import type { PartListing } from "./part-table.ts";
import type { PartRow } from "./parts/part-file.ts";
import type { RecordFileRow } from "./records/record-file.ts";
import { ThreadCaller, threadFile } from "./thread-call.ts";

/** The writing side of the store, on a thread of its own. Operations are done one after the other. */
export class Store implements CommitPort, HashPort, OutboxPort, FollowerPositions {
	readonly #writer = new ThreadCaller(threadFile("writer-thread"));

	/** @throws CodedError DATA_FORMAT_NEWER, DATA_DAMAGED, STORE_FAILED */
	async open(path: string): Promise<OpenState> {
		await mkdir(dirname(path), { recursive: true, mode: 0o750 });
		this.#writer.start();
		return await this.#writer.call<OpenState>("open", { path });
	}

	/** Hands the sample columns over: the caller must not use them again. */
	async commit(batch: CommitBatch): Promise<void> {
		await this.#writer.call("commit", batch, [batch.samples.buffer]);
	}

	async recordHash(edgeNode: number, epoch: number, offset: number): Promise<Uint8Array | undefined> {
		return await this.#writer.call("recordHash", { edgeNode, epoch, offset });
	}

	/** Among hot samples only. The columns are copied, not handed over. */
	async samplesKnown(edgeNode: number, device: string, samples: SampleColumns): Promise<readonly boolean[]> {
		return await this.#writer.call("samplesKnown", { edgeNode, device, samples });
	}

	/** The newest verdict of a lot and stage. */
	async newestVerdict(lot: string, stage: VerdictStage): Promise<{ id: string; hash: string } | undefined> {
		return await this.#writer.call("newestVerdict", { lot, stage });
	}

	async commitFinalVerdict(commit: FinalVerdictCommit): Promise<void> {
		await this.#writer.call("commitFinalVerdict", commit);
	}

	async dropDue(due: DueRow): Promise<void> {
		await this.#writer.call("dropDue", due);
	}

	/** Time of units that has got older data than was judged, or another gap; one period for each unit. */
	async dirtyPeriods(): Promise<DirtyPeriod[]> {
		return await this.#writer.call("dirtyPeriods");
	}

	/** Resolves with the lots that are to be judged again. */
	async refreshContext(refresh: ContextRefresh): Promise<DueRow[]> {
		return await this.#writer.call("refreshContext", refresh);
	}

	/** What control charts need to go on where they stopped. */
	async storedCharts(): Promise<StoredCharts> {
		return await this.#writer.call("storedCharts");
	}

	async commitBaselines(baselines: readonly ChartBaselineRow[]): Promise<void> {
		await this.#writer.call("commitBaselines", { baselines });
	}

	/** Versions of specifications that were stored before. */
	async specifications(): Promise<SpecificationRow[]> {
		return await this.#writer.call("specifications");
	}

	async keepSpecifications(rows: readonly SpecificationRow[]): Promise<void> {
		await this.#writer.call("keepSpecifications", { rows });
	}

	/** Ends the limits of versions of the specification that judge no more: each where its unit had come to. */
	async endOtherLimits(specVersions: readonly number[]): Promise<void> {
		await this.#writer.call("endOtherLimits", { specVersions });
	}

	/** What people enter, what follows from it and its audit entry, together. @throws CodedError ENTRY_REFUSED */
	async enter(input: Omit<InputRow, "n">, deed: Deed): Promise<{ n: number; isNew: boolean }> {
		return await this.#writer.call("enter", { input, deed });
	}

	/** An audit entry without an input. */
	async record(deed: Deed, atMs: number): Promise<void> {
		await this.#writer.call("record", { deed, atMs });
	}

	async auditHead(): Promise<AuditHead | undefined> {
		return await this.#writer.call("auditHead");
	}

	/** The newest audit entry of an action. */
	async lastDeed(action: string): Promise<AuditEntry | undefined> {
		return await this.#writer.call("lastDeed", { action });
	}

	/** The newest lots that left the line from `fromMs` on, with what the laboratory has said of them, oldest first. */
	async expectingLots(query: {
		fromMs: number;
		limit: number;
	}): Promise<ReturnType<typeof readExpectingLots>> {
		return await this.#writer.call("expectingLots", query);
	}

	/** Results that come with no batch of records. */
	async commitLaboratory(assembled: Assembled): Promise<void> {
		await this.#writer.call("commitLaboratory", assembled);
	}

	async materialsToJudge(query: Parameters<MaterialStore["materialsToJudge"]>[0]): Promise<MaterialLot[]> {
		return await this.#writer.call("materialsToJudge", query);
	}

	async materialResults(lot: MaterialLot): ReturnType<MaterialStore["materialResults"]> {
		return await this.#writer.call("materialResults", lot);
	}

	async commitMaterial(commit: MaterialCommit): Promise<string[]> {
		return await this.#writer.call("commitMaterial", commit);
	}

	/** The tag that the links in the store were read from; undefined when they were not, or not all. */
	async linksTag(): Promise<string | undefined> {
		return await this.#writer.call("linksTag");
	}

	/** Forgets every link, to read them anew. */
	async beginLinks(): Promise<void> {
		await this.#writer.call("beginLinks");
	}

	/** `endsTag`: these were the last that the tag's stored values tell. */
	async addLinks(links: readonly GenealogyLink[], endsTag?: string): Promise<void> {
		await this.#writer.call("addLinks", { links, endsTag });
	}

	async commitOverdue(commit: { rows: readonly LabOverdue[]; outbox: readonly OutboxRow[] }): Promise<void> {
		await this.#writer.call("commitOverdue", commit);
	}

	async takeMessages(nowMs: number, limit: number): Promise<DueMessage[]> {
		return await this.#writer.call("takeMessages", { nowMs, limit });
	}

	async settleMessage(settlement: Settlement): Promise<void> {
		await this.#writer.call("settleMessage", settlement);
	}

	/** Lists a part and the file of its records, or says that the stretch has none, and moves the border up to `toPos`. */
	async listPart(listing: PartListing): Promise<void> {
		await this.#writer.call("listPart", listing);
	}

	/** Lists record rows of samples that are sealed already, up to `toSeq`. */
	async listRecords(row: RecordFileRow | undefined, toSeq: number, atMs: number): Promise<void> {
		await this.#writer.call("listRecords", { row, toSeq, atMs });
	}

	async replaceRecords(row: RecordFileRow, replaced: readonly string[], atMs: number): Promise<void> {
		await this.#writer.call("replaceRecords", { row, replaced, atMs });
	}

	/** Takes a record file off the list; resolves with whether it stood there. */
	async removeRecords(file: string): Promise<boolean> {
		return await this.#writer.call("removeRecords", { file });
	}

	async replaceParts(parts: readonly PartRow[], replaced: readonly string[], atMs: number): Promise<void> {
		await this.#writer.call("replaceParts", { parts, replaced, atMs });
	}

	/** Resolves with the gap rows that were written. */
	async damagedPart(file: string, reason: string, atMs: number): Promise<GapRow[]> {
		return await this.#writer.call("damagedPart", { file, reason, atMs });
	}

	async retirePart(file: string, note: string): Promise<void> {
		await this.#writer.call("retirePart", { file, note });
	}

	async forgetReplaced(file: string): Promise<void> {
		await this.#writer.call("forgetReplaced", { file });
	}

	/** Deletes some sealed samples and records from the hot tables. Resolves with whether more are there. */
	async trim(): Promise<boolean> {
		return await this.#writer.call("trim");
	}

	async followerPositions(): Promise<FollowerPosition[]> {
		return await this.#writer.call("followerPositions");
	}

	async saveFollowerPosition(position: FollowerPosition): Promise<void> {
		await this.#writer.call("saveFollowerPosition", position);
	}

	async forgetFollower(name: string): Promise<void> {
		await this.#writer.call("forgetFollower", { name });
	}

	async close(): Promise<void> {
		await this.#writer.call("close").catch(() => undefined);
		await this.#writer.stop();
	}
}
