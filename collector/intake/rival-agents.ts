/** Current epochs remembered; an agent that restarts more often than this within a session is not told apart. */
const epochsMax = 100;
/** The edge node counts as one again when nothing has changed for this long; each agent speaks once a second. */
const settledAfterMs = 60_000;
/** An agent says once a second what it holds; after two that did not come, and half a second more, it is gone. */
const silentAfterMs = 2_500;

/**
 * Notices two agents that publish as one edge node: an agent that restarts never comes back to an earlier epoch, two
 * agents do so all the time. Pure.
 */
export class RivalAgents {
	#current: number | undefined;
	readonly #earlier = new Set<number>();
	#changedMs = Number.NEGATIVE_INFINITY;
	#heardMs = Number.NEGATIVE_INFINITY;
	#doubtUntilMs = Number.NEGATIVE_INFINITY;
	#rivals: readonly number[] = [];

	/** The epoch that an agent names as its current one. Returns whether two agents were noticed just now. */
	current(epoch: number, nowMs: number): boolean {
		const heardMs = this.#heardMs;
		this.#heardMs = nowMs;
		if (epoch === this.#current) {
			if (this.#rivals.length > 0 && nowMs - this.#changedMs >= settledAfterMs) this.#rivals = [];
			return false;
		}
		const before = this.#current;
		this.#current = epoch;
		this.#changedMs = nowMs;
		if (before === undefined) return false;
		this.#doubtUntilMs = heardMs + silentAfterMs;
		if (this.#earlier.size >= epochsMax) this.#earlier.clear();
		this.#earlier.add(before);
		if (!this.#earlier.has(epoch)) return false;
		const news = this.#rivals.length === 0;
		this.#rivals = [before, epoch];
		return news;
	}

	/**
	 * Whether records of an epoch may be stored. Those of a new one wait until the one before has been silent for so long
	 * that its agent is gone; else what a second agent reads from the same plant would stand there twice.
	 */
	mayStore(epoch: number, nowMs: number): boolean {
		return this.#rivals.length === 0 && (epoch !== this.#current || nowMs >= this.#doubtUntilMs);
	}

	/** The current epochs of the two agents, or none. */
	get rivals(): readonly number[] {
		return this.#rivals;
	}
}
