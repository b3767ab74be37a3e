/** How a message continues the sequence of its edge node. */
export type SequenceStep = "next" | "late" | "ahead";

/**
 * The sequence numbers of one edge node: 0 to 255, one counter over the node and all its devices. A message that comes
 * ahead leaves a hole; what fills it within the reorder timeout was only late, which a cluster of brokers may do; else
 * something is lost and a rebirth is asked for [tck-id-operational-behavior-host-reordering-start,
 * tck-id-operational-behavior-host-reordering-rebirth, tck-id-operational-behavior-host-reordering-success]. What comes is
 * used in the order in which it comes: every sample carries its own time and every record its place. Pure.
 */
export class Sequence {
	#next = 0;
	readonly #missing = new Set<number>();
	#missingSinceMs = 0;

	/** Messages are awaited that may only be late. */
	get isWaiting(): boolean {
		return this.#missing.size > 0;
	}

	/** A birth starts anew. The specification says 0 in chapter 4 and 0 to 255 in chapter 5: count on from what comes. */
	born(seq: number): void {
		this.#next = (Math.max(seq, 0) + 1) % 256;
		this.#missing.clear();
	}

	take(seq: number, nowMs: number): SequenceStep {
		if (seq === this.#next) {
			this.#next = (seq + 1) % 256;
			return "next";
		}
		if (this.#missing.delete(seq)) return "late";
		if (!this.isWaiting) this.#missingSinceMs = nowMs;
		// A number that is none, or one from before, leaves everything in doubt.
		if (seq < 0 || seq > 255) this.#missing.add(this.#next);
		else {
			for (let absent = this.#next; absent !== seq; absent = (absent + 1) % 256) this.#missing.add(absent);
			this.#next = (seq + 1) % 256;
		}
		return "ahead";
	}

	/** Whether something is missing for longer than messages may be late. */
	isOverdue(nowMs: number, timeoutMs: number): boolean {
		return this.isWaiting && nowMs - this.#missingSinceMs >= timeoutMs;
	}

	/** What is missing has been asked for; it is not waited for any more. */
	giveUp(): void {
		this.#missing.clear();
	}
}
