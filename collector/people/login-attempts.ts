/** When a name or an address may try again after wrong passwords. */
interface Tried {
	wrong: number;
	lastMs: number;
	untilMs: number;
}

export interface AttemptRules {
	/** Wrong ones without a pause. */
	readonly free: number;
	/** After the next one, doubling with each. */
	readonly firstWaitMs: number;
	readonly waitMaxMs: number;
}

/** A person's name. Nobody can be kept out by others for longer than the longest pause. */
export const perName: AttemptRules = { free: 4, firstWaitMs: 2_000, waitMaxMs: 300_000 };
/** An address. Everybody on this host shares one, so it is given more room. */
export const perAddress: AttemptRules = { free: 20, firstWaitMs: 1_000, waitMaxMs: 30_000 };

/** Without a wrong one for so long everything is forgotten. */
const forgetAfterMs = 900_000;
const keptMax = 5_000;

/** Counts wrong passwords by key, and says how long to wait. Times are monotonic. */
export class LoginAttempts {
	readonly #rules: AttemptRules;
	readonly #tried = new Map<string, Tried>();

	constructor(rules: AttemptRules) {
		this.#rules = rules;
	}

	get size(): number {
		return this.#tried.size;
	}

	/** Milliseconds until the key may be tried; 0 now. */
	waitMs(key: string, nowMs: number): number {
		return Math.max(0, (this.#known(key, nowMs)?.untilMs ?? 0) - nowMs);
	}

	/** A wrong password. Counted before it is checked, so that many at once are no way around. */
	begin(key: string, nowMs: number): void {
		const { free, firstWaitMs, waitMaxMs } = this.#rules;
		const tried = this.#known(key, nowMs) ?? { wrong: 0, lastMs: nowMs, untilMs: 0 };
		tried.wrong++;
		tried.lastMs = nowMs;
		if (tried.wrong > free)
			tried.untilMs = nowMs + Math.min(waitMaxMs, firstWaitMs * 2 ** Math.min(30, tried.wrong - free - 1));
		// The one that is used last stands last, so the first is the one to forget when there are too many.
		this.#tried.delete(key);
		this.#tried.set(key, tried);
		if (this.#tried.size > keptMax) this.#tried.delete(this.#tried.keys().next().value as string);
	}

	/** It was the right one. */
	succeeded(key: string): void {
		this.#tried.delete(key);
	}

	/** It was the right one, and says nothing of the others that came from there. */
	undo(key: string): void {
		const tried = this.#tried.get(key);
		if (tried === undefined) return;
		tried.wrong--;
		if (tried.wrong <= this.#rules.free) tried.untilMs = 0;
		if (tried.wrong === 0) this.#tried.delete(key);
	}

	#known(key: string, nowMs: number): Tried | undefined {
		const tried = this.#tried.get(key);
		if (tried === undefined || nowMs - tried.lastMs < forgetAfterMs) return tried;
		this.#tried.delete(key);
		return undefined;
	}
}
