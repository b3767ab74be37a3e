import type { Clock } from "../../common/runtime/clock.ts";
import { every } from "../../common/runtime/clock.ts";
import { CodedError } from "../../common/runtime/coded-error.ts";
import type { Part } from "../../common/runtime/lifecycle.ts";
import type { ChartCommit, VerdictCommit } from "../chart-port.ts";
import type { DueRow, LotFacts, LotVerdict, OutboxRow } from "../pipeline.ts";
import type { CollectorTelemetry } from "../telemetry.ts";

/** Control charts, lot by lot. Their rows are stored with the verdict; `keep` says that they are. */
export interface ChartPort {
	lot(facts: LotFacts, judgedMs: number): Promise<ChartCommit>;
	keep(): void;
}

export interface LotJudgeOptions {
	readonly clock: Clock;
	readonly telemetry: CollectorTelemetry;
	readonly store: {
		lotFacts(lot: string): Promise<LotFacts | undefined>;
		commitVerdict(commit: VerdictCommit): Promise<void>;
	};
	readonly judge: (facts: LotFacts, judgedMs: number) => LotVerdict;
	readonly messages: (verdict: LotVerdict) => OutboxRow[];
	readonly charts: ChartPort;
	/** Source time up to which everything of the route is stored, or undefined while a unit has never spoken. */
	readonly watermarkMs: () => number | undefined;
	/** Verdicts that were due when the collector stopped. */
	readonly due: readonly DueRow[];
	readonly onJudged: () => void;
}

const lookEveryMs = 1_000;

/**
 * Gives final verdicts when the watermark has passed their due time. A verdict is a transaction of its own: the due row
 * goes, the verdict and its messages come.
 */
export class LotJudge implements Part {
	readonly name = "lot judge";
	readonly #options: LotJudgeOptions;
	readonly #due = new Map<string, number>();
	#working: Promise<void> | undefined;
	#stopLooking = () => {};

	constructor(options: LotJudgeOptions) {
		this.#options = options;
		for (const row of options.due) this.add(row);
	}

	start(): void {
		this.#stopLooking = every(this.#options.clock, lookEveryMs, () => this.look());
	}

	async stop(): Promise<void> {
		this.#stopLooking();
		await this.#working;
	}

	/** A verdict that a committed batch has made due. */
	add({ lot, dueMs }: DueRow): void {
		this.#due.set(lot, dueMs);
	}

	look(): void {
		if (this.#due.size === 0) return;
		this.#working ??= this.#judgeDue().finally(() => {
			this.#working = undefined;
		});
	}

	async #judgeDue(): Promise<void> {
		const { store, judge, messages, charts, telemetry, clock, watermarkMs, onJudged } = this.#options;
		const watermark = watermarkMs();
		if (watermark === undefined) return;
		for (const [lot, dueMs] of [...this.#due]) {
			if (dueMs > watermark) continue;
			// Taken out before the facts are read: a due time set while they are judged must not be lost.
			this.#due.delete(lot);
			let given = false;
			try {
				const facts = await store.lotFacts(lot);
				if (facts !== undefined) {
					const judgedMs = clock.wallMs();
					const verdict = judge(facts, judgedMs);
					const charted = await this.#charted(facts, judgedMs);
					await store.commitVerdict({ verdict, dueMs, outbox: messages(verdict), charts: charted });
					charts.keep();
					given = true;
					telemetry.lotJudged(verdict);
					onJudged();
				}
			} catch (error) {
				telemetry.partFailed({ part: this.name, err: error });
			}
			if (!given && !this.#due.has(lot)) this.#due.set(lot, dueMs);
		}
	}
	/** A chart that cannot be made for good does not hold up the verdict; one that can be made later does. */
	async #charted(facts: LotFacts, judgedMs: number): Promise<ChartCommit> {
		try {
			return await this.#options.charts.lot(facts, judgedMs);
		} catch (error) {
			if (error instanceof CodedError && error.retryable) throw error;
			this.#options.telemetry.partFailed({ part: "lot charts", err: error });
			return { points: [], signals: [], baselines: [] };
		}
	}
}
