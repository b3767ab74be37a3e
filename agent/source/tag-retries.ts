const firstMs = 5_000;
const longestMs = 300_000;
const atOnce = 500;

/**
 * Tags that the server would not watch, or whose node is gone: each is asked for again by itself, after 5 s at first and
 * five minutes at last, and none of them holds anything else up. Pure.
 */
export class TagRetries {
	readonly #due = new Map<number, { atMs: number; stepMs: number }>();

	/** How many tags cannot be watched at present. */
	get size(): number {
		return this.#due.size;
	}

	places(): Iterable<number> {
		return this.#due.keys();
	}

	has(place: number): boolean {
		return this.#due.has(place);
	}

	/** Nothing is known any more: every tag is asked for anew. */
	clear(): void {
		this.#due.clear();
	}

	/** It failed, once more. */
	failed(place: number, nowMs: number): void {
		const stepMs = Math.min((this.#due.get(place)?.stepMs ?? firstMs / 2) * 2, longestMs);
		this.#due.set(place, { atMs: nowMs + stepMs, stepMs });
	}

	/** Its item is of no use, as far as can be told: at once, and after that as if it had failed. */
	wanted(place: number, nowMs: number): void {
		if (!this.#due.has(place)) this.#due.set(place, { atMs: nowMs, stepMs: firstMs / 2 });
	}

	succeeded(place: number): void {
		this.#due.delete(place);
	}

	/** What is to be asked for now, at most 500 at once. */
	due(nowMs: number): number[] {
		const places: number[] = [];
		for (const [place, { atMs }] of this.#due) {
			if (atMs <= nowMs) places.push(place);
			if (places.length >= atOnce) break;
		}
		return places;
	}
}
