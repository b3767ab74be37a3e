/** No server sees more new sessions of ours than one in this time: six a minute. */
const sessionEveryMs = 10_000;

/**
 * When the next session may be made. A server that drops sessions as soon as it has them is not stormed: each of them
 * costs a small controller more than a minute of values. Connections that fail before are not counted. Pure.
 */
export class SessionBudget {
	#lastMs = Number.NEGATIVE_INFINITY;

	/** Milliseconds of monotonic time to wait; 0 when a session may be made now. */
	waitMs(nowMs: number): number {
		return Math.max(0, this.#lastMs + sessionEveryMs - nowMs);
	}

	made(nowMs: number): void {
		this.#lastMs = nowMs;
	}
}
