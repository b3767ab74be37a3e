const minuteMs = 60_000;
const sessionsAMinute = 6;
const sessionEveryMs = 10_000;

/**
 * When the next session may be made: six in a minute at most. A server that drops sessions as soon as it has them is not
 * stormed, because each of them costs a small controller more than a minute of values. The first one after a quiet minute
 * may be followed at once, those after it every ten seconds. Connections that fail before are not counted. Pure.
 */
export class SessionBudget {
	#made: number[] = [];

	/** Milliseconds of monotonic time to wait; 0 when a session may be made now. */
	waitMs(nowMs: number): number {
		const made = this.#made.filter((atMs) => nowMs - atMs < minuteMs);
		const last = made.at(-1);
		if (last === undefined || made.length === 1) return 0;
		const sixthLast = made.at(-sessionsAMinute);
		const fromWindowMs = sixthLast === undefined ? nowMs : sixthLast + minuteMs;
		return Math.max(0, last + sessionEveryMs - nowMs, fromWindowMs - nowMs);
	}

	/** A session is asked for. */
	made(nowMs: number): void {
		this.#made = [...this.#made.filter((atMs) => nowMs - atMs < minuteMs), nowMs];
	}

	/** The last request has an answer, or none will come: the server has seen it by now, and counts from then. */
	answered(nowMs: number): void {
		if (this.#made.length > 0) this.#made[this.#made.length - 1] = nowMs;
	}
}
