import type { HeldEpoch } from "../../common/contract/delivery.ts";
import { every, pause } from "../../common/runtime/clock.ts";
import type { Part } from "../../common/runtime/lifecycle.ts";
import type { EdgeNodeRow, GapRow, IncomingRecord, IntakePort, Judgement, Series } from "../pipeline.ts";
import { addToLedger, type Batch, buildBatch, type StoredRanges } from "./batch.ts";
import { CommitAge } from "./commit-age.ts";
import { Confirmations } from "./confirmations.ts";
import { ConflictCheck } from "./conflict-check.ts";
import { foreignLoss } from "./foreign-loss.ts";
import type { IntakeOptions } from "./intake-options.ts";
import { readNodeRecords } from "./node-records.ts";
import { PendingRows, type Rows } from "./pending-rows.ts";
import { WaitingRecords } from "./waiting-records.ts";

const saveJudgementEveryMs = 5_000;
const confirmEveryMs = 1_000;
const afterFailureMs = 1_000;

/**
 * Takes records from the host, and for one batch after the other: judges it on provisional state, commits everything
 * in one transaction, keeps the state, confirms. Nothing is confirmed that the store has not committed.
 */
export class Intake implements IntakePort, Part {
	readonly name = "intake";
	readonly #options: IntakeOptions;
	readonly #conflicts: ConflictCheck;
	readonly #waiting: WaitingRecords;
	readonly #pending = new PendingRows();
	#nextSeq: number;
	#running: Promise<void> | undefined;
	#wake: (() => void) | undefined;
	/** Something came, also while nobody waited for it. */
	#woken = false;
	#stopping = new AbortController();
	#stopConfirming = () => {};
	#settled: PromiseWithResolvers<void> | undefined;
	#ended = false;
	#savedMs = Number.NEGATIVE_INFINITY;
	#storedSamples = 0;
	#lastError: string | undefined;
	readonly #commitAge: CommitAge;
	readonly #confirmations: Confirmations;
	readonly #seriesNames = new Map<number, string>();

	constructor(options: IntakeOptions) {
		this.#options = options;
		this.#waiting = new WaitingRecords(options.waitingSamplesMax);
		this.#commitAge = new CommitAge(options.clock);
		this.#confirmations = new Confirmations(options.watches, options.commands);
		this.#nextSeq = options.nextSeq;
		this.#conflicts = new ConflictCheck({
			store: options.store,
			tagOf: (series) => this.#seriesNames.get(series),
			wallMs: () => options.clock.wallMs(),
			onFailed: (error) => options.telemetry.partFailed({ part: this.name, err: error }),
			onConflict: (conflict, gap) => {
				options.telemetry.conflictFound(conflict);
				this.#pending.add("conflicts", conflict);
				this.#pending.add("gaps", gap);
				this.#goOn();
			},
		});
	}

	get waitingSamples(): number {
		return this.#waiting.samples;
	}
	get storedSamples(): number {
		return this.#storedSamples;
	}
	/** How old live samples were at their commit, over the last 30 s: wall clock less source time, in milliseconds. */
	get commitAgeMs() {
		return this.#commitAge.summary;
	}
	get lastError(): string | undefined {
		return this.#lastError;
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
		this.#pending.add("edgeNodes", row);
	}

	/** A series the store may not know yet; `isNew` ones are committed with the next batch. */
	addSeries(series: Series, isNew: boolean): void {
		this.#seriesNames.set(series.id, series.tag);
		this.#options.judge.addSeries(series);
		this.#options.laboratory?.addSeries(series);
		this.#options.genealogy?.addSeries(series);
		if (isNew) this.#pending.add("series", series);
	}

	record(record: IncomingRecord): Promise<void> | undefined {
		const watch = this.#options.watches.get(record.edgeNode);
		if (!watch.mayStore(record.epoch, this.#options.clock.monotonicMs())) {
			this.#options.telemetry.recordHeldUp();
			return undefined;
		}
		if (watch.ledger.ranges(record.epoch).hasAll(record.offset, record.last)) {
			this.#repeated([record]);
			return undefined;
		}
		const room = this.#waiting.push(record);
		this.#goOn();
		return room;
	}

	/** A record out of a file, which the store does not have; whoever brings it has asked. */
	adopt(record: IncomingRecord): Promise<void> | undefined {
		const room = this.#waiting.push(record);
		this.#goOn();
		return room;
	}

	/** Resolves when everything that was taken until now is committed, or has failed; at once when the intake has stopped. */
	async settled(): Promise<void> {
		if (this.#ended) return;
		this.#settled ??= Promise.withResolvers<void>();
		this.#goOn();
		await this.#settled.promise;
	}

	progress(edgeNode: number, device: string, epoch: number, lastOffset: number, throughMs: number): void {
		const watch = this.#options.watches.get(edgeNode);
		if (watch.rivals.length > 0) return;
		watch.ledger.mark(device, epoch, lastOffset, throughMs);
		this.#goOn();
	}

	held(edgeNode: number, held: readonly HeldEpoch[], atBirth: boolean): void {
		const { clock, commands, telemetry, nameOf } = this.#options;
		const watch = this.#options.watches.get(edgeNode);
		const outcome = watch.held(held, {
			nowMs: clock.monotonicMs(),
			wallMs: clock.wallMs(),
			atBirth,
			isBusy: !this.#waiting.isEmpty,
			isWaiting: (epoch) => this.#waiting.hasEpoch(edgeNode, epoch),
		});
		if (outcome.rivalsNoticed) telemetry.rivalsNoticed({ ...nameOf(edgeNode), epochs: watch.rivals });
		for (const { epoch, first, last } of outcome.lost)
			this.#pending.add("lost", { edgeNode, epoch, first, last });
		this.#pending.add("gaps", ...outcome.gaps);
		if (outcome.chained !== undefined) this.#pending.add("chained", { edgeNode, epoch: outcome.chained });
		if (!this.#pending.isEmpty) this.#goOn();
		for (const { epoch, first, last } of outcome.asks) {
			telemetry.resendAsked(last - first + 1);
			commands.resend(edgeNode, epoch, first, last);
		}
		// An agent that knows what is here already does not send it.
		if (atBirth) this.#confirmations.confirm(edgeNode, true);
	}

	gap(row: GapRow): void {
		this.#pending.add("gaps", row);
		this.#goOn();
	}

	known(edgeNode: number, epoch: number) {
		const ledger = this.#ledger(edgeNode);
		return { highestOffset: ledger.ranges(epoch).highest, completeMs: ledger.completeMs };
	}

	#repeated(records: readonly IncomingRecord[]): void {
		if (records.length === 0) return;
		this.#options.telemetry.repeated(records.length);
		for (const record of records) this.#conflicts.repeated(record);
	}

	#goOn(): void {
		this.#woken = true;
		this.#wake?.();
		this.#wake = undefined;
	}

	async #run(): Promise<void> {
		const { clock, telemetry } = this.#options;
		for (;;) {
			const startedMs = clock.monotonicMs();
			const outcome = await this.#step().catch((error: unknown) => {
				telemetry.partFailed({ part: this.name, err: error });
				return "failed" as const;
			});
			if (outcome === "failed") await pause(clock, afterFailureMs, this.#stopping.signal);
			if (outcome === "committed") await this.#gather(startedMs);
			if (this.#waiting.isEmpty && outcome !== "committed") {
				this.#settled?.resolve();
				this.#settled = undefined;
			}
			const stopping = this.#stopping.signal.aborted;
			if (stopping && (outcome === "idle" || (outcome === "failed" && this.#waiting.isEmpty))) {
				this.#ended = true;
				return;
			}
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

	/** Lets records gather for the next transaction: what each transaction costs beside its samples is then paid less often. */
	async #gather(startedMs: number): Promise<void> {
		const { clock, commitIntervalMs, commitSamplesMax } = this.#options;
		const leftMs = startedMs + commitIntervalMs - clock.monotonicMs();
		if (leftMs <= 0 || this.#waiting.samples >= commitSamplesMax) return;
		await pause(clock, leftMs, this.#stopping.signal);
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
			this.#options.laboratory?.discard();
			this.#pending.putBack(rows);
			this.#pending.addLoss(foreignLoss(records, this.#options.clock.wallMs()));
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
		const stored: StoredRanges = (edgeNode, epoch) => this.#ledger(edgeNode).ranges(epoch);
		const batch = buildBatch(records, this.#nextSeq, stored);
		const told = readNodeRecords(batch, (series) => this.#seriesNames.get(series));
		for (const { edgeNode, epoch, previousEpoch, previousLast } of told.openings)
			this.#ledger(edgeNode).opened(epoch, previousEpoch, previousLast, this.#options.clock.monotonicMs());
		const { judge, laboratory, clock, messages, store } = this.#options;
		// Silence that is known to be silence moves time on, too.
		const none = { from: 0, count: 0, receivedMs: clock.wallMs() };
		const silent = rows.throughs.map(({ device, throughMs }) => ({ device, throughMs, ...none }));
		const judgement = judge.judge({ records: [...silent, ...batch.judged], samples: batch.samples });
		const nowMs = clock.monotonicMs();
		const save = nowMs - this.#savedMs >= saveJudgementEveryMs;
		const lastSeq = this.#nextSeq + batch.rows.length - 1;
		const gaps = [...rows.gaps, ...told.gaps];
		addToLedger(batch, rows, stored);
		const outbox = messages(judgement);
		const results = laboratory?.take({ ...rows, records: batch.rows, samples: batch.samples });
		const links = this.#options.genealogy?.take(batch.samples);
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
			conflicts: rows.conflicts,
			...judgement,
			outbox,
			laboratory: results,
			genealogy: links?.links,
			cache: save ? { seq: lastSeq, state: judge.save() } : undefined,
		});
		return () => {
			judge.keep();
			laboratory?.keep();
			this.#lastError = undefined;
			if (save) this.#savedMs = nowMs;
			this.#nextSeq += batch.rows.length;
			this.#storedSamples += batch.samples.count;
			this.#committed(batch, judgement, gaps);
			if (links !== undefined) this.#options.telemetry.genealogy.told(links);
			this.#options.onCommitted(judgement, outbox.length, results);
		};
	}

	#committed(batch: Batch, judgement: Judgement, gaps: readonly GapRow[]): void {
		const { telemetry } = this.#options;
		const edgeNodes = new Set<number>();
		this.#commitAge.add(batch);
		for (const { edgeNode, epoch, ranges } of batch.ranges.values()) {
			this.#ledger(edgeNode).apply(epoch, ranges);
			edgeNodes.add(edgeNode);
		}
		for (const row of batch.rows) this.#options.watches.get(row.edgeNode).stored(row);
		for (const { edgeNode, device, epoch, offset, throughMs } of batch.marks) {
			this.#ledger(edgeNode).mark(device, epoch, offset, throughMs);
		}
		this.#repeated(batch.repeated);
		telemetry.committed(batch.rows.length, batch.samples.count, this.#waiting.samples);
		telemetry.gapsWritten(gaps);
		telemetry.lateSamples(judgement.dirty.length);
		telemetry.samplesFromFuture(judgement.fromFuture);
		for (const occurrence of judgement.occurrences)
			if (occurrence.clearedMs === undefined) telemetry.violationRaised(occurrence);
		for (const { level, clearedMs } of judgement.alerts)
			if (level !== undefined && clearedMs === undefined) telemetry.alertRaised(level);
		for (const edgeNode of edgeNodes) this.#confirmations.confirm(edgeNode);
	}

	#ledger(edgeNode: number) {
		return this.#options.watches.get(edgeNode).ledger;
	}

	#moveThroughs(): void {
		for (const watch of this.#options.watches.all) {
			const { throughs, gaps } = watch.advance();
			this.#pending.add("throughs", ...throughs);
			this.#pending.add("gaps", ...gaps);
		}
	}

	/** Confirmations are cumulative and may be lost, so they are repeated while anything is outstanding. */
	#confirmAll(): void {
		// Through marks of the last batch become rows with the next one, or here when there is none.
		this.#goOn();
		this.#confirmations.confirmAll();
	}
}
