import type { TagColumns } from "./tag-columns.ts";

/** Tags of one device that may not be silent for longer than is configured, and which of them are due. Pure. */
export class SilentTags {
	readonly #ids = new Set<number>();
	/** The same, in order; empty when it has to be made anew. */
	#order: number[] = [];
	/** Which one is looked at next. */
	#next = 0;

	add(id: number): void {
		this.#ids.add(id);
		this.#order = [];
	}

	delete(id: number): void {
		this.#ids.delete(id);
		this.#order = [];
	}

	clear(): void {
		this.#ids.clear();
		this.#order = [];
	}

	/** At most `most`, each once in its time; the next call goes on where this one has ended. */
	take(columns: TagColumns, nowMs: number, most: number): number[] {
		const due: number[] = [];
		const count = this.#ids.size;
		if (this.#order.length !== count) this.#order = [...this.#ids];
		const { seen, silenceMs, givenMs } = columns;
		for (let turn = 0; turn < count && due.length < most; turn++) {
			const id = this.#order[this.#next++ % count] as number;
			const at = columns.place(id);
			if (seen[at] === 0 || nowMs - (givenMs[at] as number) < (silenceMs[at] as number)) continue;
			givenMs[at] = nowMs;
			due.push(id);
		}
		return due;
	}
}
