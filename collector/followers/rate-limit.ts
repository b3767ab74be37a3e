/** At most so many rows a second over any longer time; a second's worth may go at once. */
export class RateLimit {
	readonly #perSecond: number;
	#freeAtMs = Number.NEGATIVE_INFINITY;

	constructor(rowsPerSecond: number) {
		this.#perSecond = rowsPerSecond;
	}

	/** Takes `rows` and tells how long to wait before they may go, in milliseconds. `nowMs` is monotonic. */
	take(rows: number, nowMs: number): number {
		const from = Math.max(this.#freeAtMs, nowMs - 1_000);
		this.#freeAtMs = from + (rows * 1_000) / this.#perSecond;
		return Math.max(0, from - nowMs);
	}
}
