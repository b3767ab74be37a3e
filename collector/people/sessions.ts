import { createHash, randomBytes } from "node:crypto";

interface Session {
	readonly name: string;
	readonly beganMs: number;
	usedMs: number;
}

export interface SessionRules {
	readonly idleMs: number;
	readonly lifetimeMs: number;
}

const sessionsMax = 500;
const perPersonMax = 10;

/**
 * Who is logged in, in memory only: a restart ends every session. Ids are random and kept as hashes, so that what is
 * looked up tells nothing about the others. Times are monotonic.
 */
export class Sessions {
	readonly #rules: SessionRules;
	readonly #sessions = new Map<string, Session>();

	constructor(rules: SessionRules) {
		this.#rules = rules;
	}

	get size(): number {
		return this.#sessions.size;
	}

	/** Begins a session; the person's longest unused one ends when there are too many. Returns its id. */
	begin(name: string, nowMs: number): string {
		this.#endOld(nowMs);
		const own = [...this.#sessions].filter(([, session]) => session.name === name);
		if (own.length >= perPersonMax) this.#endUnused(own);
		if (this.#sessions.size >= sessionsMax) this.#endUnused([...this.#sessions]);
		const id = randomBytes(32).toString("base64url");
		this.#sessions.set(keyOf(id), { name, beganMs: nowMs, usedMs: nowMs });
		return id;
	}

	/** Whose session it is; `isUse` says that somebody is there. */
	use(id: string, nowMs: number, isUse = true): string | undefined {
		const session = this.#sessions.get(keyOf(id));
		if (session === undefined) return undefined;
		if (this.#isOver(session, nowMs)) {
			this.#sessions.delete(keyOf(id));
			return undefined;
		}
		if (isUse) session.usedMs = nowMs;
		return session.name;
	}

	/** Ends a session; returns whose it was. */
	end(id: string): string | undefined {
		const session = this.#sessions.get(keyOf(id));
		this.#sessions.delete(keyOf(id));
		return session?.name;
	}

	endAllOf(name: string): void {
		for (const [key, session] of this.#sessions) if (session.name === name) this.#sessions.delete(key);
	}

	#isOver({ beganMs, usedMs }: Session, nowMs: number): boolean {
		return nowMs - usedMs >= this.#rules.idleMs || nowMs - beganMs >= this.#rules.lifetimeMs;
	}

	#endOld(nowMs: number): void {
		for (const [key, session] of this.#sessions) if (this.#isOver(session, nowMs)) this.#sessions.delete(key);
	}

	#endUnused(from: [string, Session][]): void {
		const oldest = from.reduce((least, next) => (next[1].usedMs < least[1].usedMs ? next : least));
		this.#sessions.delete(oldest[0]);
	}
}

function keyOf(id: string): string {
	return createHash("sha256").update(id, "utf8").digest("base64url");
}
