const windowMs = 10 * 60_000;

/**
 * How fast bytes are appended: an average that forgets with a time constant of ten minutes, and right from the start
 * because it knows how long it has been measuring. Times are monotonic milliseconds.
 */
export class AppendRate {
	readonly #startMs: number;
	#bytes = 0;
	#atMs: number;

	constructor(nowMs: number) {
		this.#startMs = nowMs;
		this.#atMs = nowMs;
	}

	appended(bytes: number, nowMs: number): void {
		this.#forget(nowMs);
		this.#bytes += bytes;
	}

	/** Bytes per hour; 0 when nothing was appended for so long that it says nothing any more. */
	bytesPerHour(nowMs: number): number {
		this.#forget(nowMs);
		if (this.#bytes < 1) return 0;
		// At least a second, or the first burst would be taken for a rate.
		const seenMs = windowMs * (1 - Math.exp(-Math.max(nowMs - this.#startMs, 1_000) / windowMs));
		return (this.#bytes / seenMs) * 3_600_000;
	}

	#forget(nowMs: number): void {
		if (nowMs <= this.#atMs) return;
		this.#bytes *= Math.exp(-(nowMs - this.#atMs) / windowMs);
		this.#atMs = nowMs;
	}
}
