import { MinuteBudget } from "./minute-budget.ts";

const connectionsAMinute = 20;
/** The first attempts after a quiet minute follow each other as the back-off has them. */
const connectionsAtOnce = 5;
const sessionsAMinute = 6;
/** A connection is made ready so much before a session may be asked for, at most: servers end those that wait. */
const aheadMostMs = 1_000;

/**
 * What one server is asked for in any minute at most: twenty connections and six sessions. A server that drops them as soon as it
 * has them is not stormed, because each session costs a small controller more than a minute of values. Sessions are asked for ten
 * seconds apart, which is the shortest time in which there is always another one; one that we have ended ourselves, or that
 * went with its connection, as when a server is started again, may be followed at once, once in a minute, and twice when it had
 * published by then, so that a server that is started three times in a row is read at once each time. Whether a server is well again shows at a connection, or in a session that it has kept, where it can; none of that is a new
 * session. Pure.
 */
export class ServerBudget {
	readonly #connections = new MinuteBudget(connectionsAMinute);
	/** Sessions to read from it. */
	readonly #sessions = new MinuteBudget(sessionsAMinute);
	/** Those, and short ones in which it is only asked how well it can serve. */
	readonly #allSessions = new MinuteBudget(sessionsAMinute);
	/** Sessions that may follow others at once. */
	#mayFollow: 0 | 1 | 2 = 0;
	#connectingMs = 0;
	#aheadMs = 0;

	/** Milliseconds of monotonic time until the next attempt may begin. */
	attemptWaitMs(nowMs: number, needsSession: boolean): number {
		const sessionMs = needsSession ? this.sessionWaitMs(nowMs) - this.#aheadMs : 0;
		return Math.max(0, this.#connections.waitMs(nowMs, connectionsAtOnce), sessionMs);
	}

	/** Milliseconds until a session may be asked for. */
	sessionWaitMs(nowMs: number): number {
		return Math.max(this.#sessions.waitMs(nowMs, 1 + this.#mayFollow), this.#allSessions.roomMs(nowMs));
	}

	/** Whether a session may be asked for so soon that the connection can wait for it. */
	isSessionNear(nowMs: number): boolean {
		return this.sessionWaitMs(nowMs) <= aheadMostMs;
	}

	/** An attempt begins. */
	connecting(nowMs: number): void {
		this.#connectingMs = nowMs;
		this.#connections.made(nowMs);
	}

	/** It has a connection over which a session can be asked for. */
	connected(nowMs: number): void {
		this.#aheadMs = Math.min(nowMs - this.#connectingMs, aheadMostMs);
	}

	/** A session is asked for; the first call of `answered` says that it has an answer, or that none will come. */
	askForSession(nowMs: number): { answered(nowMs: number): void } {
		this.#mayFollow = 0;
		this.#sessions.made(nowMs);
		this.#allSessions.made(nowMs);
		let isAnswered = false;
		return {
			answered: (atMs) => {
				if (isAnswered) return;
				isAnswered = true;
				this.#sessions.answered(atMs);
				this.#allSessions.answered(atMs);
			},
		};
	}

	/** Whatever session there was, the server has not ended it while it ran; `hasPublished`: it had been of use. */
	excuse(hasPublished: boolean): void {
		this.#mayFollow = hasPublished ? 2 : 1;
	}

	/** Whether it may be asked in a short session how well it can serve; if so, that is done now. */
	mayAsk(nowMs: number): boolean {
		const mayAsk = this.#allSessions.roomMs(nowMs) === 0 && this.#connections.waitMs(nowMs) === 0;
		if (!mayAsk) return false;
		this.#connections.made(nowMs);
		this.#allSessions.made(nowMs);
		return true;
	}

	/** It has answered, or will not. */
	asked(nowMs: number): void {
		this.#allSessions.answered(nowMs);
	}
}

/** The budgets of the endpoints of one configured server: each is a server of its own, and counts for itself. */
export class ServerBudgets {
	readonly #budgets = new Map<string, ServerBudget>();

	of(endpoint: string): ServerBudget {
		const budget = this.#budgets.get(endpoint) ?? new ServerBudget();
		this.#budgets.set(endpoint, budget);
		return budget;
	}

	/** Others are not configured any more. */
	keep(endpoints: ReadonlySet<string>): void {
		for (const endpoint of this.#budgets.keys()) if (!endpoints.has(endpoint)) this.#budgets.delete(endpoint);
	}
}
