import type { HostState } from "../../common/contract/state.ts";

/** A living owner says so every 10 s; two lost repetitions are not yet silence. */
const listenMs = 30_000;
/** A retained STATE comes with the subscription. */
const retainedWithinMs = 1_000;
const sessionsMax = 1_000;

export type HostIdDecision = "wait" | "go" | "taken";

/**
 * When the MQTT sessions of this process began, on all its servers: the timestamp of a STATE is what tells our own from
 * another's. Servers may be bridged, and a message of an earlier session may come late. Bounded; the oldest is forgotten.
 */
export class OwnSessions {
	readonly #times = new Set<number>();

	began(timestampMs: number): void {
		this.#times.add(timestampMs);
		if (this.#times.size <= sessionsMax) return;
		for (const oldest of this.#times) {
			this.#times.delete(oldest);
			return;
		}
	}

	has(timestampMs: number): boolean {
		return this.#times.has(timestampMs);
	}
}

/**
 * Whether a collector may use its host id on one server. A newcomer that finds the id online listens, without saying
 * anything, whether its owner still lives; once online, of two owners the one whose session is younger gives way. Two
 * sessions of the same millisecond notice each other when either connects again. Pure: monotonic times come in.
 */
export class HostIdWatch {
	readonly #own: OwnSessions;
	#subscribedMs: number | undefined;
	#listensUntilMs = 0;
	#taken = false;

	constructor(own: OwnSessions) {
		this.#own = own;
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
		if (!this.#isOther(state)) {
			// Nobody owns the id, or we did: there is nothing to wait for.
			if (retained) this.#listensUntilMs = nowMs;
			return;
		}
		if (retained) this.#listensUntilMs = (this.#subscribedMs ?? nowMs) + listenMs;
		else this.#taken = true;
	}

	/** While we are online ourselves, with a session that began at `sessionMs` (wall clock, as in our STATE). */
	stateWhileOnline(state: HostState, sessionMs: number): void {
		if (this.#isOther(state) && state.timestampMs < sessionMs) this.#taken = true;
	}

	decision(nowMs: number): HostIdDecision {
		if (this.#taken) return "taken";
		return this.#subscribedMs !== undefined && nowMs >= this.#listensUntilMs ? "go" : "wait";
	}

	#isOther({ online, timestampMs }: HostState): boolean {
		return online && !this.#own.has(timestampMs);
	}
}
