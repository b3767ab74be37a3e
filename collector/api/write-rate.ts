/** Writes of one person: so many at once, and so many a minute after that. */
const burst = 300;
const perMinute = 300;
const keptMax = 1_000;

/** Bounds what one person, or a program in their name, can put into the store in a time. Times are monotonic. */
export class WriteRate {
	readonly #left = new Map<string, { writes: number; atMs: number }>();

	/** Takes one write; returns the milliseconds to wait, 0 when it was taken. */
	take(name: string, nowMs: number): number {
		const before = this.#left.get(name) ?? { writes: burst, atMs: nowMs };
		const writes = Math.min(burst, before.writes + ((nowMs - before.atMs) / 60_000) * perMinute);
		// The one that is used last stands last, so the first is the one to forget.
		this.#left.delete(name);
		this.#left.set(name, { writes: writes < 1 ? writes : writes - 1, atMs: nowMs });
		if (this.#left.size > keptMax) this.#left.delete(this.#left.keys().next().value as string);
		return writes < 1 ? Math.ceil(((1 - writes) * 60_000) / perMinute) : 0;
	}
}
