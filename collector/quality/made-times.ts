/** A line has few lots on it at a time; more than this means ids that never end, and the oldest is forgotten. */
const lotsMax = 1_000;

/** When each lot's material was made: its first context. Decides which version judges it, in every unit that it comes to. */
export class MadeTimes {
	readonly #ms = new Map<string, number>();
	/** Lots that the present batch added. */
	readonly #added: string[] = [];

	/** The source time at which a lot was made, if this is its first context. */
	of(lot: string, atMs: number): number {
		const known = this.#ms.get(lot);
		if (known !== undefined) return known;
		this.#ms.set(lot, atMs);
		this.#added.push(lot);
		return atMs;
	}

	keep(): void {
		this.#added.length = 0;
		for (const lot of this.#ms.keys()) {
			if (this.#ms.size <= lotsMax) break;
			this.#ms.delete(lot);
		}
	}

	discard(): void {
		for (const lot of this.#added) this.#ms.delete(lot);
		this.#added.length = 0;
	}

	save(): [string, number][] {
		return [...this.#ms];
	}

	load(saved: readonly (readonly [string, number])[]): void {
		this.#ms.clear();
		for (const [lot, atMs] of saved) this.#ms.set(lot, atMs);
	}
}
