import { comparePositions, type Journal, type Position } from "../pipeline.ts";

/**
 * Whether records wait that may hold tags which are no longer configured: those of earlier epochs, and those that were
 * appended before the tags changed while the agent was running.
 */
export class OldTags {
	/** The last record that may hold them; `next` until that record's place is known. */
	#last: Position | "next" | undefined;

	changed(): void {
		this.#last = "next";
	}

	/** `low`: the first record that some host has not confirmed. */
	mayWait(low: Position, journal: Pick<Journal, "durable" | "stats">): boolean {
		const { durable } = journal;
		// Records have their places before they are durable, but only then can their last one be asked for.
		if (this.#last === "next" && journal.stats().pendingBytes === 0) this.#last = { ...durable };
		if (low.chain < durable.chain || this.#last === "next") return true;
		return this.#last !== undefined && comparePositions(low, this.#last) <= 0;
	}
}
