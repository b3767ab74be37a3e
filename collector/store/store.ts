import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import type { SampleColumns } from "../../common/contract/samples.ts";
import type { ChartBaselineRow, StoredCharts, VerdictCommit } from "../chart-port.ts";
import type { FollowerPosition, FollowerPositions } from "../follow-port.ts";
import type { Assembled, LabOverdue } from "../laboratory-port.ts";
import type {
	CommitBatch,
	CommitPort,
	DueMessage,
	GapRow,
	HashPort,
	LotFacts,
	OutboxPort,
	OutboxRow,
	Settlement,
} from "../pipeline.ts";
import type { readExpectingLots } from "./laboratory-table.ts";
import type { OpenState } from "./open-state.ts";
import type { PartRow } from "./parts/part-file.ts";
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

	async lotFacts(lot: string): Promise<LotFacts | undefined> {
		return await this.#writer.call("lotFacts", { lot });
	}

	async commitVerdict(commit: VerdictCommit): Promise<void> {
		await this.#writer.call("commitVerdict", commit);
	}

	/** What control charts need to go on where they stopped. */
	async storedCharts(): Promise<StoredCharts> {
		return await this.#writer.call("storedCharts");
	}

	async commitBaselines(baselines: readonly ChartBaselineRow[]): Promise<void> {
		await this.#writer.call("commitBaselines", { baselines });
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

	async commitOverdue(commit: { rows: readonly LabOverdue[]; outbox: readonly OutboxRow[] }): Promise<void> {
		await this.#writer.call("commitOverdue", commit);
	}

	async takeMessages(nowMs: number, limit: number): Promise<DueMessage[]> {
		return await this.#writer.call("takeMessages", { nowMs, limit });
	}

	async settleMessage(settlement: Settlement): Promise<void> {
		await this.#writer.call("settleMessage", settlement);
	}

	/** Lists a part, or says that the stretch has no samples, and moves the border up to `toPos`. */
	async listPart(part: PartRow | undefined, toPos: number, atMs: number): Promise<void> {
		await this.#writer.call("listPart", { part, toPos, atMs });
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

	/** Deletes some sealed samples from the hot table. Resolves with whether more are there. */
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
