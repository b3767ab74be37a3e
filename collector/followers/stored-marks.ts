const marksMax = 2_048;

/** Remembers when how much was stored, so that what waits has an age. When it is full, every second mark goes. */
export class StoredMarks {
	#pos: number[] = [];
	#atMs: number[] = [];
	#everyMs = 1_000;

	/** Everything below `pos` was stored by `atMs`, which is monotonic. */
	note(pos: number, atMs: number): void {
		const last = this.#pos.length - 1;
		if (last >= 0 && (this.#pos[last] as number) >= pos) return;
		if (last >= 0 && atMs - (this.#atMs[last] as number) < this.#everyMs) return;
		this.#pos.push(pos);
		this.#atMs.push(atMs);
		if (this.#pos.length <= marksMax) return;
		this.#pos = this.#pos.filter((_, index) => index % 2 === 0);
		this.#atMs = this.#atMs.filter((_, index) => index % 2 === 0);
		this.#everyMs *= 2;
	}

	/** When what stands at `pos` was stored, as far as it is known: the last mark below it; undefined when it is older than any. */
	storedMs(pos: number): number | undefined {
		let low = 0;
		let high = this.#pos.length;
		while (low < high) {
			const middle = (low + high) >> 1;
			if ((this.#pos[middle] as number) <= pos) low = middle + 1;
			else high = middle;
		}
		return this.#atMs[low - 1];
	}
}
