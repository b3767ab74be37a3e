import { canonicalJson, textHash } from "../../../common/runtime/canonical-json.ts";
import type { Clock } from "../../../common/runtime/clock.ts";
import { every } from "../../../common/runtime/clock.ts";
import { CodedError } from "../../../common/runtime/coded-error.ts";
import type { Part } from "../../../common/runtime/lifecycle.ts";
import type { ChartCommit, ChartedLot } from "../../chart-port.ts";
import type {
	ContextRefresh,
	DirtyPeriod,
	FinalVerdictCommit,
	LaboratoryVerdicts,
	LotEvidence,
	LotJudgement,
	VerdictStage,
} from "../../judgement-port.ts";
import type { DueRow, LotRow, LotVerdict, OutboxRow } from "../../pipeline.ts";
import type { SpecVersion } from "../../specification-port.ts";
import type { CollectorTelemetry } from "../../telemetry.ts";
import { causeId } from "../cause-id.ts";
import { refreshOf } from "./dirty.ts";
import { type JudgedLots, judgeLine, readEvidence, stretchesOf } from "./judge-stored.ts";
import { assembleLot, verdictSentences } from "./lot-judgement.ts";

/** Control charts, lot by lot. Their rows are stored with the verdict; `keep` says that they are. */
export interface ChartPort {
	lot(lot: ChartedLot, judgedMs: number): Promise<ChartCommit>;
	keep(): void;
}

/** What the laboratory says of a lot; undefined when the specification asks nothing of it. */
export type LaboratoryJudge = (
	lot: { readonly lot: string; readonly openedMs: number; readonly closedMs: number },
	inForce: SpecVersion,
	plantMs: number,
) => Promise<LaboratoryVerdicts | undefined>;

export interface FinalJudgeOptions extends JudgedLots {
	readonly clock: Clock;
	readonly telemetry: CollectorTelemetry;
	readonly store: {
		/** The newest verdict of a lot and stage. */
		newestVerdict(lot: string, stage: VerdictStage): Promise<{ id: string; hash: string } | undefined>;
		commitFinalVerdict(commit: FinalVerdictCommit): Promise<void>;
		/** The lot is not to be judged: it has not left the line, or nobody knows it any more. */
		dropDue(due: DueRow): Promise<void>;
		dirtyPeriods(): Promise<readonly DirtyPeriod[]>;
		refreshContext(refresh: ContextRefresh): Promise<readonly DueRow[]>;
	};
	/** The version in force when a lot's material was made. */
	readonly specificationAt: (sourceMs: number) => SpecVersion | undefined;
	readonly laboratory: LaboratoryJudge;
	readonly messages: (verdict: LotVerdict, corrects: string | undefined) => OutboxRow[];
	readonly charts: ChartPort;
	/** Source time up to which everything of the route is stored, or undefined while a unit has never spoken. */
	readonly watermarkMs: () => number | undefined;
	/** Verdicts that were due when the collector stopped. */
	readonly due: readonly DueRow[];
	readonly onJudged: () => void;
}

const lookEveryMs = 1_000;
/** Late data is looked at this often: while a backlog drains, lots are not judged again with every batch of it. */
const dirtyEveryMs = 5_000;
const sentencesMost = 20;

/**
 * Gives final verdicts when the watermark has passed their due time, and corrects them when data, gaps or results change that they
 * are made from. Each is computed whole from what is stored; the store decides by hash whether it says anything new.
 */
export class FinalJudge implements Part {
	readonly name = "final judge";
	readonly #options: FinalJudgeOptions;
	readonly #due = new Map<string, number>();
	#working: Promise<void> | undefined;
	#stopLooking = () => {};
	#dirtyLookedMs = Number.NEGATIVE_INFINITY;

	constructor(options: FinalJudgeOptions) {
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

	/** A verdict that something committed has made due; the earlier time counts. */
	add({ lot, dueMs }: DueRow): void {
		this.#due.set(lot, Math.min(dueMs, this.#due.get(lot) ?? dueMs));
	}

	look(): void {
		this.#working ??= this.#work().finally(() => {
			this.#working = undefined;
		});
	}

	async #work(): Promise<void> {
		const watermark = this.#options.watermarkMs();
		if (watermark === undefined) return;
		await this.#refreshDirty(watermark).catch((err) =>
			this.#options.telemetry.partFailed({ part: this.name, err }),
		);
		for (const [lot, dueMs] of [...this.#due]) {
			if (dueMs > watermark) continue;
			// Taken out before the facts are read: a due time set while they are judged must not be lost.
			this.#due.delete(lot);
			try {
				await this.#judge(lot, dueMs, watermark);
			} catch (err) {
				this.#options.telemetry.partFailed({ part: this.name, err });
				if (!this.#due.has(lot)) this.#due.set(lot, dueMs);
			}
		}
	}

	async #refreshDirty(watermark: number): Promise<void> {
		const { clock, store, evidence, contextTags } = this.#options;
		const nowMs = clock.monotonicMs();
		if (nowMs - this.#dirtyLookedMs < dirtyEveryMs) return;
		this.#dirtyLookedMs = nowMs;
		for (const period of await store.dirtyPeriods()) {
			// What is not complete yet gets later data still.
			if (period.toMs > watermark) continue;
			const read = await evidence.contextOf({ ...period, contextTags });
			const refresh = refreshOf(period, stretchesOf(read));
			for (const row of await store.refreshContext(refresh)) this.add(row);
		}
	}

	async #judge(lot: string, dueMs: number, watermark: number): Promise<void> {
		const { store, laboratory, specificationAt, charts, clock, onJudged, telemetry } = this.#options;
		const evidence = await readEvidence(lot, this.#options);
		if (evidence === undefined) return await store.dropDue({ lot, dueMs });
		const inForce = specificationAt(evidence.openedMs);
		const line = await judgeLine(evidence, inForce, this.#options);
		const lab = inForce === undefined ? undefined : await laboratory(evidence, inForce, watermark);
		const judged: LotJudgement[] = [line];
		if (inForce !== undefined && lab?.isComplete === true) {
			const reasons = [...line.reasons, ...lab.reasons];
			const windows = [...line.windows, ...lab.windows];
			const { route } = this.#options;
			judged.push(assembleLot(evidence, inForce, { stage: "complete", route, windows, reasons }));
		}
		const booked: LotRow = {
			lot,
			openedMs: evidence.openedMs,
			closedMs: evidence.closedMs,
			observedWhole: evidence.observedWhole,
		};
		const nextDueMs = lab !== undefined && !lab.isComplete ? lab.nextDueMs : undefined;
		for (const [index, judgement] of judged.entries()) {
			const isLast = index === judged.length - 1;
			const judgedMs = clock.wallMs();
			const before = await store.newestVerdict(lot, judgement.stage);
			const verdict = this.#verdictOf(judgement, judgedMs, before);
			const isNew = before?.hash !== verdict.hash;
			const charted =
				isNew && judgement.stage === "line" ? await this.#charted(evidence, judgedMs) : undefined;
			await store.commitFinalVerdict({
				verdict: isNew ? verdict : undefined,
				...{ lot, booked },
				dueMs: isLast ? dueMs : undefined,
				nextDueMs: isLast ? nextDueMs : undefined,
				outbox: isNew ? this.#options.messages(verdict.row, verdict.corrects) : [],
				charts: charted,
			});
			if (charted !== undefined) charts.keep();
			if (isNew) telemetry.lotJudged(verdict.row);
		}
		if (nextDueMs !== undefined) this.add({ lot, dueMs: nextDueMs });
		onJudged();
	}

	#verdictOf(judgement: LotJudgement, judgedMs: number, before: { id: string; hash: string } | undefined) {
		const canonical = canonicalJson(judgement);
		const hash = textHash(canonical);
		const { lot, stage, specVersion, verdict, observedWhole, windows, proposal } = judgement;
		const row: LotVerdict = {
			id: causeId("lot", lot, stage, hash, before?.id ?? ""),
			lot,
			specVersion,
			verdict,
			violations: windows.reduce((sum, one) => sum + one.violations, 0),
			windows: windows.length,
			reasons: verdictSentences(judgement, sentencesMost),
			observedWhole,
			judgedMs,
		};
		return { row, stage, proposal, hash, canonical, corrects: before?.id };
	}

	/** A chart that cannot be made for good does not hold up the verdict; one that can be made later does. */
	async #charted(evidence: LotEvidence, judgedMs: number): Promise<ChartCommit | undefined> {
		try {
			const gaps = evidence.gaps.map(({ unit, cause, fromMs, toMs }) => ({ unit, cause, fromMs, toMs }));
			return await this.#options.charts.lot(
				{ lot: evidence.lot, openedMs: evidence.openedMs, gaps },
				judgedMs,
			);
		} catch (error) {
			if (error instanceof CodedError && error.retryable) throw error;
			this.#options.telemetry.partFailed({ part: "lot charts", err: error });
			return undefined;
		}
	}
}
