import { join } from "node:path";
import { onTestFinished } from "vitest";
import { EdgeNodeLedger } from "../../../collector/intake/edge-node-ledger.ts";
import { EdgeNodeWatches } from "../../../collector/intake/edge-node-watches.ts";
import { Intake } from "../../../collector/intake/intake.ts";
import type { CommitBatch, Judgement } from "../../../collector/pipeline.ts";
import { Store } from "../../../collector/store/store.ts";
import { StoreFile } from "../../../collector/store/store-file.ts";
import { gapMetric } from "../../../common/contract/delivery.ts";
import { openedMetric } from "../../../common/contract/opened.ts";
import { quietTelemetry } from "../../helpers/quiet-telemetry.ts";
import { SteppedClock } from "../../helpers/stepped-clock.ts";
import { judgeOf, soakWindow, unit } from "../quality/told-story.ts";

export const gapSeries = 8;
export const openedSeries = 9;

/** A real intake on a real store and a real judge. What goes back to the agent is written down. */
export class IntakeRig {
	readonly clock = new SteppedClock();
	readonly telemetry = quietTelemetry();
	readonly store = new Store();
	readonly judge = judgeOf([soakWindow()]);
	readonly confirmed: { epoch: number; confirmed: number; storedThen: number }[] = [];
	readonly asked: string[] = [];
	readonly judgements: Judgement[] = [];
	readonly commits: CommitBatch[] = [];
	/** Commits that will be refused, as by a full disk. */
	refusals = 0;
	refused = 0;
	/** Only commits with records are refused: others come whenever a turn of the event loop has them. */
	refusesRecords = false;
	/** While it is set a commit waits for it. */
	/** Transactions that were begun, also behind the gate. */
	attempts = 0;
	gate: Promise<void> | undefined;
	readonly path: string;
	intake!: Intake;
	watches!: EdgeNodeWatches;
	#commits = 0;

	constructor(folder: string) {
		this.path = join(folder, "store.db");
	}

	async start(limits: { waiting?: number; commit?: number; commitIntervalMs?: number } = {}): Promise<this> {
		const opened = await this.store.open(this.path);
		if (opened.cache !== undefined) this.judge.load(opened.cache.state);
		this.watches = new EdgeNodeWatches(
			new Map(
				opened.edgeNodes.map(({ id }) => [
					id,
					new EdgeNodeLedger(opened.epochs, opened.throughs, opened.marks),
				]),
			),
		);
		this.intake = new Intake({
			clock: this.clock,
			store: {
				commit: (batch) => this.#commit(batch),
				recordHash: (...place) => this.store.recordHash(...place),
			},
			judge: this.judge,
			commands: {
				confirm: (_, epoch, confirmed) => {
					if (confirmed > 0) this.confirmed.push({ epoch, confirmed, storedThen: this.#commits });
				},
				resend: (_, epoch, from, to) => {
					this.asked.push(`${epoch}: ${from}–${to}`);
				},
			},
			telemetry: this.telemetry,
			messages: () => [],
			onCommitted: (judgement) => {
				this.judgements.push(judgement);
			},
			waitingSamplesMax: limits.waiting ?? 10_000,
			commitSamplesMax: limits.commit ?? 1_000,
			commitIntervalMs: limits.commitIntervalMs ?? 0,
			nextSeq: opened.nextSeq,
			nameOf: () => ({ group: "pilot", edgeNode: "line-1" }),
			watches: this.watches,
		});
		if (opened.edgeNodes.length === 0) {
			this.intake.addEdgeNode({ id: 1, group: "pilot", edgeNode: "line-1" });
			const tags = ["Batch", "Lot", "Recipe", "Phase", "T1"];
			for (const [index, tag] of tags.entries()) this.#series(index + 1, unit, tag);
			this.#series(gapSeries, "", gapMetric);
			this.#series(openedSeries, "", openedMetric);
		} else for (const series of opened.series) this.intake.addSeries(series, false);
		this.intake.start();
		onTestFinished(() => this.stop());
		return this;
	}

	async stop(): Promise<void> {
		await this.intake.stop();
		await this.store.close();
	}

	/** Reads the file beside the running store. */
	rows(sql: string): Record<string, unknown>[] {
		const file = new StoreFile(this.path);
		try {
			return file.all(sql);
		} finally {
			file.close();
		}
	}

	offsets(): number[] {
		return this.rows('SELECT "offset" FROM record ORDER BY seq').map(({ offset }) => Number(offset));
	}

	#series(id: number, device: string, tag: string): void {
		this.intake.addSeries({ id, edgeNode: 1, device, tag, datatype: 10, eu: undefined }, true);
	}

	async #commit(batch: CommitBatch): Promise<void> {
		this.attempts++;
		await this.gate;
		if (this.refusals > 0 && (!this.refusesRecords || batch.records.length > 0)) {
			this.refusals--;
			this.refused++;
			throw new Error("database or disk is full");
		}
		const { samples, ...rows } = batch;
		await this.store.commit(batch);
		this.#commits++;
		this.commits.push({ ...rows, samples });
	}
}
