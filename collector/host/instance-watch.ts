import type { HostState } from "../../common/contract/state.ts";

/** A living owner says so every 10 s; two lost repetitions are not yet silence. */
const listenMs = 30_000;
/** A retained STATE comes with the subscription. */
const retainedWithinMs = 1_000;

export type InstanceDecision = "wait" | "go" | "taken";

/**
 * Whether a collector may use its host id. It belongs to one data directory at a time: a newcomer that finds another
 * instance's STATE listens, without saying anything, whether that one still lives; once online, of two instances the one
 * whose session is younger gives way. Pure: monotonic times come in.
 */
export class InstanceWatch {
	readonly #instance: string;
	#subscribedMs: number | undefined;
	#listensUntilMs = 0;
	#taken = false;

	constructor(instance: string) {
		this.#instance = instance;
	}

	/** The subscription to our own STATE stands. */
	subscribed(nowMs: number): void {
		this.#subscribedMs = nowMs;
		this.#listensUntilMs = nowMs + retainedWithinMs;
	}

	/** The connection is lost; the next subscription counts. */
	closed(): void {
		this.#subscribedMs = undefined;
	}

	/** A STATE under our host id. A retained one says who was there, a live one who is there. */
	state(state: HostState, retained: boolean, nowMs: number): void {
		if (!state.online || state.instance === undefined || state.instance === this.#instance) {
			// Nobody owns the id, or we did: there is nothing to wait for.
			if (retained) this.#listensUntilMs = nowMs;
			return;
		}
		if (retained) this.#listensUntilMs = (this.#subscribedMs ?? nowMs) + listenMs;
		else this.#taken = true;
	}

	/** While we are online ourselves, with a session that began at `sessionMs` (wall clock, as in our STATE). */
	stateWhileOnline(state: HostState, sessionMs: number): void {
		const isOther = state.online && state.instance !== undefined && state.instance !== this.#instance;
		// Two sessions of one millisecond: the greater instance id gives way, so that exactly one does.
		const isOlder =
			state.timestampMs < sessionMs ||
			(state.timestampMs === sessionMs && (state.instance ?? "") < this.#instance);
		if (isOther && isOlder) this.#taken = true;
	}

	decision(nowMs: number): InstanceDecision {
		if (this.#taken) return "taken";
		return this.#subscribedMs !== undefined && nowMs >= this.#listensUntilMs ? "go" : "wait";
	}
}
