const minuteMs = 60_000;

/**
 * When a server may be asked for the next of something of which it sees at most `most` in any minute, as it counts. The longest
 * wait is kept as short as that allows: what is left of the minute is spread evenly, so that no hole follows a burst. Pure.
 */
export class MinuteBudget {
	readonly #most: number;
	#made: number[] = [];

	constructor(most: number) {
		this.#most = most;
	}

	/** Milliseconds of monotonic time to wait; none while fewer than `atOnce` were asked for in the last minute. */
	waitMs(nowMs: number, atOnce = 1): number {
		const made = this.#recent(nowMs);
		const last = made.at(-1);
		if (last === undefined || made.length < Math.min(atOnce, this.#most)) return 0;
		// Each one made is over a minute later, and by then so many may follow it; the one that leaves the least says how far apart.
		let spacingMs = 0;
		for (const [index, atMs] of made.entries())
			spacingMs = Math.max(
				spacingMs,
				(atMs + minuteMs - last) / Math.max(1, index + 1 + this.#most - made.length),
			);
		return Math.max(0, last + spacingMs - nowMs);
	}

	/** Milliseconds until there is room for one more in the minute, however close to the last one. */
	roomMs(nowMs: number): number {
		const oldest = this.#recent(nowMs).at(-this.#most);
		return oldest === undefined ? 0 : Math.max(0, oldest + minuteMs - nowMs);
	}

	/** One is asked for. */
	made(nowMs: number): void {
		this.#made = [...this.#recent(nowMs), nowMs];
	}

	/** The last request has an answer, or none will come: the server has seen it by now, and counts from then. */
	answered(nowMs: number): void {
		if (this.#made.length > 0) this.#made[this.#made.length - 1] = nowMs;
	}

	#recent(nowMs: number): number[] {
		return this.#made.filter((atMs) => nowMs - atMs < minuteMs);
	}
}
