/**
 * Counts up on every tag in turn, at a rate in values a second over all tags. Pure: the caller says how much time has
 * passed. The n-th value of a tag is n, so whoever stores the values can tell exactly which are missing or doubled.
 */
export class LoadGenerator {
	readonly tags: number;
	readonly #perSecond: number;
	readonly #counters: Float64Array;
	#next = 0;
	#produced = 0;

	constructor(options: { tags: number; valuesPerSecond: number }) {
		this.tags = options.tags;
		this.#perSecond = options.valuesPerSecond;
		this.#counters = new Float64Array(options.tags);
	}

	/** Values produced so far over all tags. */
	get produced(): number {
		return this.#produced;
	}

	/** The last value of a tag, which is how many it has had. */
	count(tag: number): number {
		return this.#counters[tag] as number;
	}

	/** The first value of every tag, before anybody subscribes. */
	begin(emit: (tag: number, value: number) => void): void {
		for (let tag = 0; tag < this.tags; tag++) this.#emit(tag, emit);
	}

	/** Gives everything that is due `elapsedMs` after the start, at most `burstMax` values of it. */
	advance(elapsedMs: number, burstMax: number, emit: (tag: number, value: number) => void): void {
		const due = Math.floor((elapsedMs / 1_000) * this.#perSecond) + this.tags - this.#produced;
		for (let given = 0; given < Math.min(due, burstMax); given++) {
			this.#emit(this.#next, emit);
			this.#next = (this.#next + 1) % this.tags;
		}
	}

	#emit(tag: number, emit: (tag: number, value: number) => void): void {
		const value = (this.#counters[tag] as number) + 1;
		this.#counters[tag] = value;
		this.#produced++;
		emit(tag, value);
	}
}
