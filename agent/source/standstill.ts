import { type Clock, every } from "../../common/runtime/clock.ts";

const tickMs = 1_000;
/** A tick may be late by this much in an agent that runs: garbage, a slow disk, a busy processor. */
const lateMs = 2_000;
/** So long after it went on an agent reads what has waited for it, and connects again where it was thrown out meanwhile. */
const graceMs = 10_000;

/**
 * Notices that this process itself stood still (stopped, swapped out, its machine asleep): nobody else can be blamed for
 * not having been heard in that time. Its timers run out before what waits in its sockets is read.
 */
export class Standstill {
	readonly #clock: Clock;
	#tickedMs: number;
	#wentOnMs = Number.NEGATIVE_INFINITY;

	constructor(clock: Clock) {
		this.#clock = clock;
		this.#tickedMs = Number.POSITIVE_INFINITY;
	}

	/** Watches until `over` is aborted. */
	start(over: AbortSignal): void {
		if (over.aborted) return;
		this.#tickedMs = this.#clock.monotonicMs();
		const stop = every(this.#clock, tickMs, () => this.#look());
		over.addEventListener("abort", stop, { once: true });
	}

	/** Monotonic time at which it went on after it last stood still; −Infinity when it never did. */
	get wentOnMs(): number {
		this.#look();
		return this.#wentOnMs;
	}

	/** Milliseconds that are left to hear what was missed while it stood still; 0 when it did not, lately. */
	get graceLeftMs(): number {
		return Math.max(0, this.wentOnMs + graceMs - this.#clock.monotonicMs());
	}

	/** Whoever asks first after a standstill may come before its tick. */
	#look(): void {
		const nowMs = this.#clock.monotonicMs();
		if (nowMs - this.#tickedMs > tickMs + lateMs) this.#wentOnMs = nowMs;
		this.#tickedMs = nowMs;
	}
}
