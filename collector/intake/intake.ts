import type { HeldEpoch } from "../../common/contract/delivery.ts";
import { nodeDevice } from "../../common/contract/ids.ts";
import { type Clock, every, pause } from "../../common/runtime/clock.ts";
import { RollingHistogram } from "../../common/runtime/histogram.ts";
import type { Part } from "../../common/runtime/lifecycle.ts";
import type {
	CommandPort,
	CommitPort,
	EdgeNodeRow,
	GapRow,
	IncomingRecord,
	IntakePort,
	Judgement,
	JudgePort,
	OutboxRow,
	Series,
} from "../pipeline.ts";
import type { CollectorTelemetry } from "../telemetry.ts";
import { type Batch, buildBatch } from "./batch.ts";
import { EdgeNodeLedger } from "./edge-node-ledger.ts";
import { readNodeRecords } from "./node-records.ts";
import { PendingRows, type Rows } from "./pending-rows.ts";
import { WaitingRecords } from "./waiting-records.ts";

export interface IntakeOptions {
	readonly clock: Clock;
	readonly store: CommitPort;
	readonly judge: JudgePort;
	readonly commands: CommandPort;
	readonly telemetry: CollectorTelemetry;
	/** Messages for what a batch raised and cleared; they are committed with it. */
	readonly messages: (judgement: Judgement) => OutboxRow[];
	/** Called after a commit, with what judging it gave. */
	readonly onCommitted: (judgement: Judgement, messages: number) => void;
	readonly waitingSamplesMax: number;
	readonly commitSamplesMax: number;
	readonly nextSeq: number;
	readonly ledgers: ReadonlyMap<number, EdgeNodeLedger>;
}

const saveJudgementEveryMs = 5_000;
const confirmEveryMs = 1_000;
const askAgainMs = 2_000;
const afterFailureMs = 1_000;
const commitAgeOverMs = 30_000;

/**
 * Takes records from the host, and for one batch after the other: judges it on provisional state, commits everything
 * in one transaction, keeps the state, confirms. Nothing is confirmed that the store has not committed.
 */
export class Intake implements IntakePort, Part {
	readonly name = "intake";
	readonly #options: IntakeOptions;
	readonly #ledgers = new Map<number, EdgeNodeLedger>();
	readonly #asked = new Map<number, { offset: number; atMs: number }>();
	readonly #lastRecordMs = new Map<number, number>();
	readonly #waiting: WaitingRecords;
	readonly #pending = new PendingRows();
	#nextSeq: number;
	#running: Promise<void> | undefined;
	#wake: (() => void) | undefined;
	/** Something came, also while nobody waited for it. */
	#woken = false;
	#stopping = new AbortController();
	#stopConfirming = () => {};
	#savedMs = Number.NEGATIVE_INFINITY;
	#storedSamples = 0;
	#lastError: string | undefined;
	readonly #commitAge = new RollingHistogram(commitAgeOverMs);
	readonly #seriesNames = new Map<number, string>();

	constructor(options: IntakeOptions) {
		this.#options = options;
		this.#waiting = new WaitingRecords(options.waitingSamplesMax);
		this.#nextSeq = options.nextSeq;
		for (const [edgeNode, ledger] of options.ledgers) this.#ledgers.set(edgeNode, ledger);
	}

	get waitingSamples(): number {
		return this.#waiting.samples;
	}
	get storedSamples(): number {
		return this.#storedSamples;
	}
	/** How old samples were at their commit, over the last 30 s: wall clock less source time, in milliseconds. */
	get commitAgeMs() {
		return this.#commitAge.summary(this.#options.clock.monotonicMs());
	}
	get lastError(): string | undefined {
		return this.#lastError;
	}

	/** How far each device is complete, over all edge nodes; the slower one counts where two have the same device. */
	throughs(): ReadonlyMap<string, number> {
		const throughs = new Map<string, number>();
		for (const ledger of this.#ledgers.values()) {
			for (const [device, throughMs] of ledger.throughs) {
				throughs.set(device, Math.min(throughMs, throughs.get(device) ?? throughMs));
			}
		}
		return throughs;
	}

	/** Source time up to which every unit of a route is complete, or undefined while one has never spoken. */
	watermarkMs(route: readonly string[]): number | undefined {
		const throughs = this.throughs();
		return route.every((unit) => throughs.has(unit))
			? Math.min(...route.map((unit) => throughs.get(unit) as number))
			: undefined;
	}

	epochs(edgeNode: number): readonly { epoch: number; prefix: number; held: HeldEpoch | undefined }[] {
		return this.#ledgers.get(edgeNode)?.epochs() ?? [];
	}

	start(): void {
		this.#running ??= this.#run();
		this.#stopConfirming = every(this.#options.clock, confirmEveryMs, () => this.#confirmAll());
	}

	/** Commits what has been taken, then stops. */
	async stop(): Promise<void> {
		this.#stopConfirming();
		this.#stopping.abort();
		this.#goOn();
		await this.#running;
	}

	/** An edge node that the store does not know yet; committed with its first batch. */
	addEdgeNode(row: EdgeNodeRow): void {
		this.#pending.addEdgeNode(row);
	}

	/** A series the store may not know yet; `isNew` ones are committed with the next batch. */
	addSeries(series: Series, isNew: boolean): void {
		this.#seriesNames.set(series.id, series.tag);
		this.#options.judge.addSeries(series);
		if (isNew) this.#pending.addSeries(series);
	}

	record(record: IncomingRecord): Promise<void> | undefined {
		if (this.#ledger(record.edgeNode).ranges(record.epoch).has(record.offset)) {
			this.#options.telemetry.repeated(1);
			return undefined;
		}
		this.#lastRecordMs.set(record.edgeNode, this.#options.clock.monotonicMs());
		const room = this.#waiting.push(record);
		this.#goOn();
		return room;
	}

	progress(edgeNode: number, device: string, epoch: number, lastOffset: number, throughMs: number): void {
		this.#ledger(edgeNode).mark(device, epoch, lastOffset, throughMs);
		this.#goOn();
	}

	held(edgeNode: number, held: readonly HeldEpoch[], atBirth: boolean): void {
		const { clock, commands } = this.#options;
		const ledger = this.#ledger(edgeNode);
		const nowMs = clock.monotonicMs();
		for (const { epoch, first, last } of ledger.held(held)) this.#lost(edgeNode, epoch, first, last);
		if (atBirth) {
			this.#asked.delete(edgeNode);
			this.#confirm(edgeNode);
			return;
		}
		// The agent holds more than is stored and nothing is on its way: the last message was lost.
		const quiet = nowMs - (this.#lastRecordMs.get(edgeNode) ?? Number.NEGATIVE_INFINITY) > confirmEveryMs;
		if (!quiet || !this.#waiting.isEmpty) return;
		for (const { epoch, next } of held) {
			const missing = ledger.ranges(epoch).missing(next);
			if (missing === undefined) continue;
			const asked = this.#asked.get(edgeNode);
			if (asked !== undefined && asked.offset === missing.first && nowMs - asked.atMs < askAgainMs) return;
			this.#asked.set(edgeNode, { offset: missing.first, atMs: nowMs });
			this.#options.telemetry.resendAsked(missing.last - missing.first + 1);
			commands.resend(edgeNode, epoch, missing.first, missing.last);
			return;
		}
	}

	#ledger(edgeNode: number): EdgeNodeLedger {
		let ledger = this.#ledgers.get(edgeNode);
		if (ledger === undefined) {
			ledger = new EdgeNodeLedger();
			this.#ledgers.set(edgeNode, ledger);
		}
		return ledger;
	}

	/** What waits here or is being committed may hold the offsets in question; then the next Held asks again. */
	#lost(edgeNode: number, epoch: number, first: number, last: number): void {
		if (this.#waiting.hasEpoch(edgeNode, epoch)) return;
		const completeMs = this.#ledger(edgeNode).completeMs ?? 0;
		this.#pending.addLost({ edgeNode, epoch, first, last }, completeMs, this.#options.clock.wallMs());
		this.#goOn();
	}

	#goOn(): void {
		this.#woken = true;
		this.#wake?.();
		this.#wake = undefined;
	}

	async #run(): Promise<void> {
		const { clock, telemetry } = this.#options;
		for (;;) {
			const outcome = await this.#step().catch((error: unknown) => {
				telemetry.partFailed({ part: this.name, err: error });
				return "failed" as const;
			});
			if (outcome === "failed") await pause(clock, afterFailureMs, this.#stopping.signal);
			const stopping = this.#stopping.signal.aborted;
			if (stopping && (outcome === "idle" || (outcome === "failed" && this.#waiting.isEmpty))) return;
			if (stopping || outcome !== "idle") continue;
			if (!this.#woken) {
				await new Promise<void>((resolve) => {
					this.#wake = resolve;
				});
			}
			this.#woken = false;
			// One turn lets a burst of messages become one batch.
			await new Promise((resolve) => setImmediate(resolve));
		}
	}

	/** One batch: taken, judged, committed. A batch that fails leaves nothing behind. */
	async #step(): Promise<"committed" | "failed" | "idle"> {
		const records = this.#waiting.take(this.#options.commitSamplesMax);
		this.#moveThroughs();
		if (records.length === 0 && this.#pending.isEmpty) return "idle";
		const rows = this.#pending.take();
		let committed: () => void;
		try {
			committed = await this.#commit(records, rows);
		} catch (error) {
			this.#waiting.settled();
			this.#options.judge.discard();
			this.#pending.putBack(rows);
			this.#lastError = String(error);
			this.#options.telemetry.commitFailed({ err: error, records: records.length });
			return "failed";
		}
		committed();
		this.#waiting.settled();
		return "committed";
	}

	/** Resolves, once everything is in the store, with what is to be done then. */
	async #commit(records: readonly IncomingRecord[], rows: Rows): Promise<() => void> {
		const batch = buildBatch(records, this.#nextSeq, (edgeNode, epoch) =>
			this.#ledger(edgeNode).ranges(epoch),
		);
		if (batch.repeated > 0) this.#options.telemetry.repeated(batch.repeated);
		const told = readNodeRecords(batch, (series) => this.#seriesNames.get(series));
		for (const { edgeNode, epoch, previousEpoch, previousLast } of told.openings) {
			this.#ledger(edgeNode).opened(epoch, previousEpoch, previousLast);
		}
		const { judge, clock, messages, store } = this.#options;
		// Silence that is known to be silence moves time on, too.
		const silent = rows.throughs.map(({ device, throughMs }) => ({ device, throughMs, from: 0, count: 0 }));
		const judgement = judge.judge({ records: [...silent, ...batch.judged], samples: batch.samples });
		const nowMs = clock.monotonicMs();
		const save = nowMs - this.#savedMs >= saveJudgementEveryMs;
		const lastSeq = this.#nextSeq + batch.rows.length - 1;
		const gaps = [...rows.gaps, ...told.gaps];
		for (const { edgeNode, epoch, first, last } of rows.lost) {
			const key = `${edgeNode} ${epoch}`;
			const ranges = batch.ranges.get(key)?.ranges ?? this.#ledger(edgeNode).ranges(epoch);
			batch.ranges.set(key, { edgeNode, epoch, ranges: ranges.with(first, last) ?? ranges });
		}
		const samples = batch.samples.count;
		const outbox = messages(judgement);
		await store.commit({
			edgeNodes: rows.edgeNodes,
			series: rows.series,
			records: batch.rows,
			samples: batch.samples,
			epochs: [...batch.ranges.values()].map(({ edgeNode, epoch, ranges }) =>
				this.#ledger(edgeNode).row(edgeNode, epoch, ranges),
			),
			gaps,
			throughs: rows.throughs,
			dirty: judgement.dirty,
			occurrences: judgement.occurrences,
			periods: judgement.periods,
			visits: judgement.visits,
			lots: judgement.lots,
			due: judgement.due,
			outbox,
			cache: save ? { seq: lastSeq, state: judge.save() } : undefined,
		});
		return () => {
			judge.keep();
			this.#lastError = undefined;
			if (save) this.#savedMs = nowMs;
			this.#nextSeq += batch.rows.length;
			this.#storedSamples += samples;
			this.#committed(batch, judgement, gaps);
			this.#options.onCommitted(judgement, outbox.length);
		};
	}

	#committed(batch: Batch, judgement: Judgement, gaps: readonly GapRow[]): void {
		const { telemetry } = this.#options;
		const edgeNodes = new Set<number>();
		const nowMs = this.#options.clock.wallMs();
		const monotonicMs = this.#options.clock.monotonicMs();
		for (const row of batch.rows)
			if (row.device !== nodeDevice) this.#commitAge.add(nowMs - row.sourceMinMs, row.samples, monotonicMs);
		for (const { edgeNode, epoch, ranges } of batch.ranges.values()) {
			this.#ledger(edgeNode).apply(epoch, ranges);
			edgeNodes.add(edgeNode);
		}
		for (const { edgeNode, device, epoch, offset, throughMs } of batch.marks) {
			this.#ledger(edgeNode).mark(device, epoch, offset, throughMs);
		}
		telemetry.committed(batch.rows.length, batch.samples.count, this.#waiting.samples);
		telemetry.gapsWritten(gaps);
		telemetry.lateSamples(judgement.dirty.length);
		for (const occurrence of judgement.occurrences) {
			if (occurrence.clearedMs === undefined) telemetry.violationRaised(occurrence);
		}
		for (const edgeNode of edgeNodes) this.#confirm(edgeNode);
	}

	#moveThroughs(): void {
		for (const [edgeNode, ledger] of this.#ledgers) {
			for (const moved of ledger.advance()) this.#pending.addThrough({ edgeNode, ...moved });
		}
	}

	#confirm(edgeNode: number): void {
		for (const { epoch, prefix, held } of this.#ledger(edgeNode).epochs()) {
			if (held !== undefined && prefix >= held.first) this.#options.commands.confirm(edgeNode, epoch, prefix);
		}
	}

	/** Confirmations are cumulative and may be lost, so they are repeated while anything is outstanding. */
	#confirmAll(): void {
		// Through marks of the last batch become rows with the next one, or here when there is none.
		this.#goOn();
		for (const [edgeNode, ledger] of this.#ledgers) {
			if (ledger.epochs().some(({ prefix, held }) => held !== undefined && prefix >= held.first))
				this.#confirm(edgeNode);
		}
	}
}
