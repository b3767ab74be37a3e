import type { Clock } from "../../common/runtime/clock.ts";
import { samplesPerSeq } from "../pipeline.ts";
import type { LiveFollower } from "../read-port.ts";
import type { CollectorTelemetry } from "../telemetry.ts";
import { StoredMarks } from "./stored-marks.ts";

const hourMs = 3_600_000;
/** How many samples a record has until some were read. */
const samplesPerRecordGuess = 25;

/** What is known of a follower's way: how far, how far behind, how much, and what stops it. */
export class FollowerProgress {
	readonly #name: string;
	readonly #bounds: { readonly samples_max: number; readonly age_max_h: number };
	readonly #clock: Clock;
	readonly #telemetry: CollectorTelemetry;
	readonly #marks = new StoredMarks();
	/** Monotonic: when the follower stood where it stood at the start. */
	#beganMs = 0;
	#storedPos = 0;
	#readSamples = 0;
	#readPositions = 0;
	#halted: { state: "waiting" | "held"; reason: string; sinceMs: number; nextMs: number } | undefined;
	state: LiveFollower["state"] = "starting";
	pos = 0;
	overBound = false;
	waitingSamples = 0;
	lagMs = 0;
	writtenLines = 0;
	refusedLines = 0;
	retries = 0;
	missingSamples = 0;

	constructor(options: {
		name: string;
		bounds: { readonly samples_max: number; readonly age_max_h: number };
		clock: Clock;
		telemetry: CollectorTelemetry;
	}) {
		this.#name = options.name;
		this.#bounds = options.bounds;
		this.#clock = options.clock;
		this.#telemetry = options.telemetry;
	}

	/** `savedMs`: the wall clock when it stood at `pos`; undefined for a follower that begins. */
	begin(pos: number, savedMs: number | undefined): void {
		this.pos = pos;
		const agoMs = savedMs === undefined ? 0 : Math.max(0, this.#clock.wallMs() - savedMs);
		this.#beganMs = this.#clock.monotonicMs() - agoMs;
	}

	/** The store holds everything below `storedPos`. */
	seen(storedPos: number): void {
		this.#storedPos = storedPos;
		this.#marks.note(storedPos, this.#clock.monotonicMs());
		this.#measure();
	}

	/** Positions from `pos` to `nextPos` with so many samples are done. */
	moved(nextPos: number, samples: number): void {
		this.#readSamples += samples;
		this.#readPositions += nextPos - this.pos;
		this.pos = nextPos;
		this.#measure();
	}

	halted(state: "waiting" | "held", reason: string, waitMs: number): void {
		const changed = this.#halted?.state !== state || this.#halted.reason !== reason;
		const nowMs = this.#clock.monotonicMs();
		this.#halted = {
			state,
			reason,
			sinceMs: this.#halted?.sinceMs ?? nowMs,
			nextMs: this.#clock.wallMs() + waitMs,
		};
		this.state = state;
		this.retries++;
		this.#telemetry.followers.halted({ follower: this.#name, state, reason, waitMs }, changed);
	}

	goesOn(): void {
		if (this.#halted === undefined) return;
		const afterMs = Math.round(this.#clock.monotonicMs() - this.#halted.sinceMs);
		this.#halted = undefined;
		this.state = "catching_up";
		this.#telemetry.followers.goesOn({ follower: this.#name, afterMs });
	}

	get lastError(): string | undefined {
		return this.#halted?.reason;
	}

	get nextAttemptMs(): number | undefined {
		return this.#halted?.nextMs;
	}

	#measure(): void {
		const waiting = Math.max(0, this.#storedPos - this.pos);
		// The newest record is not full, so what waits may be less than a record's positions and no sample.
		const perRecord =
			this.#readPositions === 0
				? samplesPerRecordGuess
				: (this.#readSamples * samplesPerSeq) / this.#readPositions;
		this.waitingSamples = waiting === 0 ? 0 : Math.max(1, Math.round((waiting / samplesPerSeq) * perRecord));
		const storedMs = this.#marks.storedMs(this.pos);
		const sinceMs = storedMs === undefined ? this.#beganMs : storedMs;
		this.lagMs = waiting === 0 ? 0 : Math.max(0, Math.round(this.#clock.monotonicMs() - sinceMs));
		const { samples_max, age_max_h } = this.#bounds;
		const over = this.waitingSamples > samples_max || this.lagMs > age_max_h * hourMs;
		if (over && !this.overBound) {
			const { waitingSamples, lagMs } = this;
			this.#telemetry.followers.overBound({ follower: this.#name, waitingSamples, lagMs });
		}
		this.overBound = over;
		this.#telemetry.followers.behind(this.#name, this.waitingSamples, this.lagMs, over);
	}
}
