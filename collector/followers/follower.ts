import { Backoff } from "../../common/runtime/backoff.ts";
import { type Clock, pause } from "../../common/runtime/clock.ts";
import { errorText } from "../../common/runtime/coded-error.ts";
import type { FollowerPosition, FollowerPositions, PositionReader } from "../follow-port.ts";
import type { LiveFollower } from "../read-port.ts";
import type { CollectorTelemetry } from "../telemetry.ts";
import { DeadLetters } from "./dead-letters.ts";
import type { Halt } from "./delivery.ts";
import { FollowerProgress } from "./follower-progress.ts";
import type { FollowerTarget } from "./follower-targets.ts";
import { timeText } from "./line-protocol.ts";
import { RateLimit } from "./rate-limit.ts";
import { type Round, readRound, warmTies } from "./round.ts";
import type { SeriesBook } from "./series-book.ts";
import { TieBook } from "./tie-book.ts";
import type { Transport } from "./transport.ts";
import type { WriteAnswer } from "./write-answer.ts";

export interface FollowerOptions {
	readonly target: FollowerTarget;
	readonly transport: Transport;
	readonly reader: PositionReader;
	readonly positions: FollowerPositions;
	readonly series: SeriesBook;
	readonly clock: Clock;
	readonly random: () => number;
	readonly telemetry: CollectorTelemetry;
	readonly deadLetterFile: string;
}

const retry = { initialMs: 1_000, maximumMs: 60_000, factor: 2 };
/** A follower that needs a person looks again this often, so that nobody has to restart it. */
const heldRetryMs = 60_000;
/** The place is saved at most this often; after a crash what came since goes again, and replaces itself. */
const saveEveryMs = 1_000;
/** While nothing can be written, what the store has is looked at this often. */
const lookEveryMs = 10_000;
/** Longer than the client's own time-out: an answer that never ends is not silence to the client. */
const deadlineGraceMs = 5_000;
const eventsToSkipAtOnce = 10_000;

/**
 * Brings everything in the store to one database, in the store's order, at its own pace. Whatever happens to the database,
 * nothing but this follower waits: the store is the buffer.
 */
export class Follower {
	readonly #options: FollowerOptions;
	readonly #progress: FollowerProgress;
	readonly #deadLetters: DeadLetters;
	readonly #rate: RateLimit;
	readonly #backoff: Backoff;
	readonly #ties = new TieBook();
	readonly #stop = new AbortController();
	#running: Promise<void> | undefined;
	#begun = false;
	#eventN = 0;
	/** What was read and encoded and is not done: it is never encoded twice. */
	#round: Round | undefined;
	#saved = { pos: -1, eventN: -1, overBound: false, atMs: Number.NEGATIVE_INFINITY };

	constructor(options: FollowerOptions) {
		this.#options = options;
		const { config } = options.target;
		const { clock, telemetry, random } = options;
		this.#progress = new FollowerProgress({ name: config.name, bounds: config.backlog, clock, telemetry });
		this.#deadLetters = new DeadLetters(options.deadLetterFile, config.dead_letter_bytes_max);
		this.#rate = new RateLimit(config.rows_per_second_max);
		this.#backoff = new Backoff(retry, random);
	}

	start(): void {
		this.#running ??= this.#run();
	}

	/** Breaks off what is on its way and saves the place. */
	async stop(): Promise<void> {
		this.#stop.abort();
		this.#options.transport.close();
		await this.#running;
		this.#progress.state = "stopped";
		try {
			if (this.#begun) await this.#save();
		} finally {
			await this.#deadLetters.close();
		}
	}

	status(): LiveFollower {
		const { config, target } = this.#options.target;
		const { state, pos, waitingSamples, lagMs, overBound, lastError, nextAttemptMs } = this.#progress;
		const { writtenLines, refusedLines, retries, missingSamples } = this.#progress;
		return {
			...{ name: config.name, kind: config.kind, url: target.url.href, database: target.database },
			...{
				state,
				pos,
				waitingSamples,
				lagMs,
				overBound,
				writtenLines,
				refusedLines,
				retries,
				missingSamples,
			},
			deadLetterFile: this.#deadLetters.path,
			...(lastError === undefined ? {} : { lastError }),
			...(nextAttemptMs === undefined ? {} : { nextAttemptMs }),
		};
	}

	get #stopped(): boolean {
		return this.#stop.signal.aborted;
	}

	async #run(): Promise<void> {
		const { clock } = this.#options;
		const { flush_interval_ms } = this.#options.target.config;
		while (!this.#stopped) {
			try {
				if (!this.#begun) await this.#begin();
				const before = this.#progress.pos;
				const caughtUp = await this.#turn();
				// A store that gives nothing and says that there is more is not asked in a loop.
				if (!caughtUp && (this.#progress.pos > before || this.#round !== undefined)) continue;
				if (caughtUp) this.#progress.state = "current";
				await pause(clock, flush_interval_ms, this.#stop.signal);
			} catch (error) {
				if (this.#stopped) return;
				// The store or the disk: neither is the database's fault, and both come back.
				const waitMs = this.#backoff.nextMs();
				this.#progress.halted("waiting", errorText(error), waitMs);
				await pause(clock, waitMs, this.#stop.signal);
			}
		}
	}

	/** Finds its place. */
	async #begin(): Promise<void> {
		const { target, reader, positions, series, telemetry } = this.#options;
		const known = (await positions.followerPositions()).find(({ name }) => name === target.id);
		const place = known ?? (await this.#firstPlace());
		await warmTies(place.pos, { reader, series, ties: this.#ties });
		this.#progress.begin(place.pos, known?.savedMs);
		this.#eventN = place.eventN;
		this.#begun = true;
		const { config } = target;
		telemetry.followers.begins({
			follower: config.name,
			pos: place.pos,
			target: `${config.kind} ${config.url} ${target.target.database}`,
			anew: known === undefined,
		});
		// A follower that is new asks the store at once to keep what it has.
		await this.#save();
	}

	async #firstPlace(): Promise<{ pos: number; eventN: number }> {
		const { target, reader } = this.#options;
		if (target.config.start === "beginning") return { pos: 0, eventN: 0 };
		const pos = (await reader.readPositions(0, 1)).storedPos;
		let eventN = 0;
		for (;;) {
			const { events, lastN } = await reader.readEvents(eventN, eventsToSkipAtOnce);
			if (events.length === 0) return { pos, eventN };
			eventN = lastN;
		}
	}

	/** One round. Resolves with true when there is nothing more to do now. */
	async #turn(): Promise<boolean> {
		const { target, reader, series, clock } = this.#options;
		const { batch_rows: rows, batch_bytes: bytes } = target.config;
		if (this.#round === undefined) {
			const from = { pos: this.#progress.pos, eventN: this.#eventN };
			const means = { reader, series, ties: this.#ties };
			this.#round = await readRound(from, means, { rows, bytes });
			this.#progress.seen(this.#round.storedPos);
			const waitMs = this.#rate.take(this.#round.lines, clock.monotonicMs());
			if (waitMs > 0) await pause(clock, waitMs, this.#stop.signal);
		}
		const round = this.#round;
		if (!round.caughtUp && this.#progress.lastError === undefined) this.#progress.state = "catching_up";
		if (!(await this.#deliver(round))) return false;
		await this.#letters(round);
		this.#finish(round);
		this.#round = undefined;
		// More may have been stored while the round was on its way.
		const caughtUp = round.caughtUp && this.#progress.waitingSamples === 0;
		const due = clock.monotonicMs() - this.#saved.atMs >= saveEveryMs;
		if (due || caughtUp) await this.#save();
		return caughtUp;
	}

	/** Resolves with false when the follower was stopped before the end. */
	async #deliver(round: Round): Promise<boolean> {
		while (!this.#stopped) {
			const halt = await round.delivery.run(
				(lines) => this.#write(lines),
				() => this.#write([this.#plainLine()]),
			);
			if (this.#stopped) return false;
			if (halt === undefined) {
				this.#backoff.reset();
				this.#progress.goesOn();
				return true;
			}
			await this.#waitOut(halt);
		}
		return false;
	}

	async #waitOut(halt: Halt): Promise<void> {
		const { clock, reader } = this.#options;
		const held = halt.outcome === "held";
		const waitMs = held ? heldRetryMs : Math.max(halt.afterMs ?? 0, this.#backoff.nextMs());
		this.#progress.halted(held ? "held" : "waiting", halt.reason, waitMs);
		const endMs = clock.monotonicMs() + waitMs;
		for (;;) {
			const leftMs = endMs - clock.monotonicMs();
			if (leftMs <= 0 || this.#stopped) return;
			await pause(clock, Math.min(leftMs, lookEveryMs), this.#stop.signal);
			// A store that does not answer shows when there is something to write again.
			const look = await reader.readPositions(this.#progress.pos, 1).catch(() => undefined);
			if (look === undefined) continue;
			this.#progress.seen(look.storedPos);
			if (this.#progress.overBound !== this.#saved.overBound) await this.#save().catch(() => undefined);
		}
	}

	async #write(lines: readonly string[]): Promise<WriteAnswer> {
		const { transport, clock, target } = this.#options;
		const late = Promise.withResolvers<WriteAnswer>();
		const cancel = clock.after(target.config.timeout_ms + deadlineGraceMs, () => {
			transport.close();
			late.resolve({ outcome: "later", reason: `no answer within ${target.config.timeout_ms} ms` });
		});
		try {
			return await Promise.race([transport.write(lines), late.promise]);
		} finally {
			cancel();
		}
	}

	/** A line that nobody can object to, and a sign of life. */
	#plainLine(): string {
		const { config } = this.#options.target;
		const { pos, writtenLines } = this.#progress;
		const at = timeText(this.#options.clock.wallMs(), 0);
		return `follower,name=${config.name} pos=${pos}i,written_lines=${writtenLines}i ${at}`;
	}

	async #letters({ delivery, refusals }: Round): Promise<void> {
		const atMs = this.#options.clock.wallMs();
		await this.#deadLetters.append([
			...refusals.map((refusal) => ({ atMs, ...refusal })),
			...delivery.refused.map(({ line, reason, more }) => ({
				atMs,
				reason,
				line,
				...(more > 0 ? { more } : {}),
			})),
		]);
	}

	#finish(round: Round): void {
		const { telemetry } = this.#options;
		const follower = this.#options.target.config.name;
		const { delivery, refusals, missing, samples, nextPos, eventN } = round;
		telemetry.followers.lines(follower, "written", delivery.written);
		this.#progress.writtenLines += delivery.written;
		const refused = delivery.refusedLines + refusals.length;
		this.#progress.refusedLines += refused;
		const first = delivery.refused[0];
		const example = first ?? { reason: refusals[0]?.reason ?? "", line: refusals[0]?.what ?? "" };
		if (refused > 0)
			telemetry.followers.refused(follower, refused, {
				reason: example.reason,
				line: example.line.slice(0, 300),
			});
		for (const stretch of missing) {
			this.#progress.missingSamples += stretch.samples;
			telemetry.followers.missing({ follower, ...stretch });
		}
		this.#eventN = eventN;
		this.#progress.moved(nextPos, samples);
	}

	async #save(): Promise<void> {
		const { target, positions, clock } = this.#options;
		const { pos, overBound } = this.#progress;
		this.#saved.atMs = clock.monotonicMs();
		const saved = this.#saved;
		if (saved.pos === pos && saved.eventN === this.#eventN && saved.overBound === overBound) return;
		const position: FollowerPosition = {
			name: target.id,
			pos,
			eventN: this.#eventN,
			holdSamples: overBound ? 0 : target.config.backlog.samples_max,
			savedMs: clock.wallMs(),
		};
		await positions.saveFollowerPosition(position);
		this.#saved = { pos, eventN: this.#eventN, overBound, atMs: clock.monotonicMs() };
	}
}
