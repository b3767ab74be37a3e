/** Bounds of a retry schedule. Delays grow by `factor` from `initialMs` to `maximumMs`. */
export interface BackoffBounds {
	readonly initialMs: number;
	readonly maximumMs: number;
	readonly factor: number;
}

/**
 * Exponential retry delays with jitter over the upper half of each step, so that a fleet which
 * lost the same broker does not come back in the same millisecond.
 */
export class Backoff {
	readonly #bounds: BackoffBounds;
	readonly #random: () => number;
	#stepMs: number;

	constructor(bounds: BackoffBounds, random: () => number = Math.random) {
		this.#bounds = bounds;
		this.#random = random;
		this.#stepMs = bounds.initialMs;
	}

	/** The delay before the next attempt, in milliseconds; each call lengthens the step. */
	nextMs(): number {
		const step = this.#stepMs;
		this.#stepMs = Math.min(step * this.#bounds.factor, this.#bounds.maximumMs);
		return Math.round(step * (0.5 + this.#random() / 2));
	}

	/** Starts again from the shortest delay; call it when an attempt has succeeded. */
	reset(): void {
		this.#stepMs = this.#bounds.initialMs;
	}
}
