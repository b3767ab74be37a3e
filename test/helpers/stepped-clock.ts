import type { Clock } from "../../common/runtime/clock.ts";

/** A clock that moves only when a test says so. Timers fire in order of their time. */
export class SteppedClock implements Clock {
	#wallMs: number;
	#monotonicMs = 1_000;
	#timers: { atMs: number; fire: () => void }[] = [];

	constructor(wallMs = Date.UTC(2026, 10, 22, 12)) {
		this.#wallMs = wallMs;
	}

	wallMs(): number {
		return this.#wallMs;
	}

	monotonicMs(): number {
		return this.#monotonicMs;
	}

	after(delayMs: number, fire: () => void): () => void {
		const timer = { atMs: this.#monotonicMs + delayMs, fire };
		this.#timers.push(timer);
		return () => {
			this.#timers = this.#timers.filter((other) => other !== timer);
		};
	}

	/** The process stands still: time passes, and what is due meanwhile fires with the next step. */
	standStill(ms: number): void {
		this.#wallMs += ms;
		this.#monotonicMs += ms;
	}

	step(ms: number): void {
		const endMs = this.#monotonicMs + ms;
		for (;;) {
			const next = this.#timers
				.filter(({ atMs }) => atMs <= endMs)
				.reduce<{ atMs: number; fire: () => void } | undefined>(
					(first, timer) => (first === undefined || timer.atMs < first.atMs ? timer : first),
					undefined,
				);
			if (next === undefined) break;
			this.#timers = this.#timers.filter((other) => other !== next);
			this.#wallMs += Math.max(0, next.atMs - this.#monotonicMs);
			this.#monotonicMs = Math.max(this.#monotonicMs, next.atMs);
			next.fire();
		}
		this.#wallMs += endMs - this.#monotonicMs;
		this.#monotonicMs = endMs;
	}
}
