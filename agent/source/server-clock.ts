/** Beyond this somebody must look after one of the clocks. */
const skewWarnMs = 2_000;
/** A skew that was said is over below this, so that one at the limit is not said again and again. */
const skewOverMs = 1_000;
/** The estimate is of the last one to two such periods. */
const periodMs = 30_000;

/**
 * How far a plant server's clock is ahead of ours, from the time in the header of its publish responses; never from source
 * times, which may be those of another clock or of a plant that stands still. A response that was delayed makes the
 * server look slow, never fast, so the greatest difference of the last minute is the best estimate. Pure.
 */
export class ServerClock {
	#periodBeganMs = Number.NEGATIVE_INFINITY;
	#greatestMs = Number.NEGATIVE_INFINITY;
	#greatestBeforeMs = Number.NEGATIVE_INFINITY;
	#isSkewed = false;
	#lastServerMs: number | undefined;

	/** Milliseconds that the server's clock is ahead of ours; undefined before its first answer. */
	get aheadMs(): number | undefined {
		const greatestMs = Math.max(this.#greatestMs, this.#greatestBeforeMs);
		return Number.isFinite(greatestMs) ? greatestMs : undefined;
	}

	/** The time in the newest response; undefined before the first. */
	get serverMs(): number | undefined {
		return this.#lastServerMs;
	}

	/**
	 * A response that the server sent at `serverMs`, taken at `wallMs` of our wall clock and `monotonicMs`. Returns the skew
	 * in milliseconds where it has just become one, and 0 where it has just ended.
	 */
	responded(serverMs: number, wallMs: number, monotonicMs: number): number | undefined {
		this.#lastServerMs = serverMs;
		const isNewPeriod = monotonicMs - this.#periodBeganMs >= periodMs;
		const isFirst = !Number.isFinite(this.#periodBeganMs);
		if (isNewPeriod) {
			this.#greatestBeforeMs = isFirst ? Number.NEGATIVE_INFINITY : this.#greatestMs;
			this.#greatestMs = Number.NEGATIVE_INFINITY;
			this.#periodBeganMs = monotonicMs;
		}
		this.#greatestMs = Math.max(this.#greatestMs, serverMs - wallMs);
		const skewMs = this.aheadMs as number;
		// One response may have been late; a whole period of them was not.
		const isKnown = skewMs > 0 || (isNewPeriod && !isFirst);
		if (!this.#isSkewed && isKnown && Math.abs(skewMs) > skewWarnMs) {
			this.#isSkewed = true;
			return skewMs;
		}
		if (this.#isSkewed && Math.abs(skewMs) < skewOverMs) {
			this.#isSkewed = false;
			return 0;
		}
		return undefined;
	}
}
