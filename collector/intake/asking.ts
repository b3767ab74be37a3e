import type { HeldEpoch } from "../../common/contract/delivery.ts";
import type { OffsetRange } from "../pipeline.ts";
import type { OffsetRanges } from "./offset-ranges.ts";

/** Offsets to ask an agent for. */
export interface Ask extends OffsetRange {
	readonly epoch: number;
}

/** Without progress for this long, what is missing is not on its way. */
const stalledAfterMs = 1_000;
const askAgainMs = 2_000;
const askAgainMaxMs = 30_000;
/** Ranges asked for at once; the first of them holds up the confirmations. */
const asksAtOnce = 16;

/**
 * When to ask one edge node again for what is missing. An agent sends its backlog oldest first, so as long as the
 * contiguous prefix of its oldest incomplete epoch grows, everything is on its way. Pure.
 */
export class Asking {
	#epoch = 0;
	#prefix = 0;
	#progressMs = Number.NEGATIVE_INFINITY;
	#askedMs = Number.NEGATIVE_INFINITY;
	#pauseMs = askAgainMs;

	/** A new session of the agent: what it was asked for before counts no more. */
	born(): void {
		this.#askedMs = Number.NEGATIVE_INFINITY;
		this.#pauseMs = askAgainMs;
	}

	/** What to ask for, given what the agent holds and what is stored; call it with each `Held`. */
	asks(held: readonly HeldEpoch[], stored: (epoch: number) => OffsetRanges, nowMs: number): Ask[] {
		for (const { epoch, next } of held) {
			const ranges = stored(epoch);
			const missing = ranges.allMissing(next, asksAtOnce);
			if (missing.length === 0) continue;
			if (epoch !== this.#epoch || ranges.prefix !== this.#prefix) {
				this.#epoch = epoch;
				this.#prefix = ranges.prefix;
				this.#progressMs = nowMs;
				this.#pauseMs = askAgainMs;
				this.#askedMs = Number.NEGATIVE_INFINITY;
				return [];
			}
			if (nowMs - this.#progressMs < stalledAfterMs || nowMs - this.#askedMs < this.#pauseMs) return [];
			if (this.#askedMs !== Number.NEGATIVE_INFINITY)
				this.#pauseMs = Math.min(this.#pauseMs * 2, askAgainMaxMs);
			this.#askedMs = nowMs;
			return missing.map((range) => ({ epoch, ...range }));
		}
		return [];
	}
}
