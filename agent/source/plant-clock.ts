import type { SampleColumns } from "../../common/contract/samples.ts";

/** A server's clock was set: at `fromMs` of it, it went on at `toMs`. */
export interface ClockStep {
	readonly fromMs: number;
	readonly toMs: number;
}

/** Delays, jitter and a clock that is slewed stay below this. */
const stepMs = 10_000;

/**
 * Tells when a server's clock is set, from the publish times of its messages against our monotonic clock. A message that
 * was delayed makes the server's clock look slow, never fast; so it was set forward when it is ahead of the least
 * delayed message so far, and set back when a publish time is before the one before it.
 */
export class PlantClock {
	#lastMs: number | undefined;
	#lastAtMs = 0;
	/** Server's time less ours, of the least delayed message since the clock was last set. */
	#aheadMs = Number.NEGATIVE_INFINITY;

	/** After a new subscription nothing is known: the messages before it may be of another server behind the same address. */
	reset(): void {
		this.#lastMs = undefined;
		this.#aheadMs = Number.NEGATIVE_INFINITY;
	}

	/** A message that the server published at `publishMs`, seen at `monotonicMs`; a step when its clock was set between. */
	published(publishMs: number, monotonicMs: number): ClockStep | undefined {
		const lastMs = this.#lastMs;
		const lastAtMs = this.#lastAtMs;
		const aheadMs = publishMs - monotonicMs;
		const knownMs = this.#aheadMs;
		this.#lastMs = publishMs;
		this.#lastAtMs = monotonicMs;
		this.#aheadMs = Math.max(knownMs, aheadMs);
		if (lastMs === undefined) return undefined;
		if (publishMs < lastMs - stepMs) {
			this.#aheadMs = aheadMs;
			return { fromMs: lastMs, toMs: publishMs };
		}
		const isForward = aheadMs > knownMs + stepMs && publishMs - lastMs > monotonicMs - lastAtMs + stepMs;
		return isForward ? { fromMs: lastMs, toMs: publishMs } : undefined;
	}
}

/** So near to its ends a step of the server's clock may have samples. */
const stepEdgeMs = 2_500;

/**
 * Whether there are samples between the two times of a clock that was set forward. There can be none: what kept such
 * values would be a server that could not publish for so long, and then nothing is missing. A clock that was set back
 * leaves no hole, only times twice.
 */
export function hasWithin({ fromMs, toMs }: ClockStep, samples: SampleColumns): boolean {
	return samples.sourceMs
		.subarray(0, samples.count)
		.some((ms) => ms > fromMs + stepEdgeMs && ms < toMs - stepEdgeMs);
}
