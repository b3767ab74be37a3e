/** When the last whole round of each poll interval of a device began, by the server's clock. Pure. */
export class PolledThrough {
	readonly #startedMs = new Map<string, Map<number, number>>();

	/** Every tag of the interval was read, from this time on; undefined when the server did not tell it. */
	polled(device: string, intervalMs: number, startedMs: number | undefined): void {
		const rounds = this.#startedMs.get(device) ?? new Map<number, number>();
		this.#startedMs.set(device, rounds);
		if (startedMs === undefined) rounds.delete(intervalMs);
		else rounds.set(intervalMs, startedMs);
	}

	/** Another session begins with nothing. */
	clear(): void {
		this.#startedMs.clear();
	}

	/** The earliest of these intervals' rounds; undefined while one of them has not been read. */
	of(device: string, intervals: Iterable<number>): number | undefined {
		const rounds = this.#startedMs.get(device);
		let earliestMs = Number.POSITIVE_INFINITY;
		for (const interval of intervals) {
			const startedMs = rounds?.get(interval);
			if (startedMs === undefined) return undefined;
			earliestMs = Math.min(earliestMs, startedMs);
		}
		return earliestMs;
	}
}
