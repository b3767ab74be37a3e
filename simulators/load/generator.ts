/** A share of all values, from 0 to 1, that carries a status other than Good. */
export interface StatusShare {
	readonly status: string;
	readonly share: number;
}

/** Takes the `value`-th value of a tag; `status` is a name of `StatusShare`, or undefined for Good. */
export type Emit = (tag: number, value: number, status: string | undefined) => void;

/** 2³² divided by the golden ratio: multiples of it, modulo 2³², spread evenly whatever the stride between them. */
const golden = 0x9e37_79b1;

/**
 * Counts up on every tag in turn, at a rate in values a second over all tags. Pure: the caller says how much time has
 * passed. The n-th value of a tag is n, so whoever stores the values can tell exactly which are missing or doubled;
 * which values carry which status follows from their place among all values, and is the same in every run.
 */
export class LoadGenerator {
	readonly tags: number;
	readonly #perSecond: number;
	readonly #shares: readonly StatusShare[];
	readonly #counters: Float64Array;
	readonly #byStatus = new Map<string, number>();
	#next = 0;
	#produced = 0;

	constructor(options: { tags: number; valuesPerSecond: number; statuses: readonly StatusShare[] }) {
		this.tags = options.tags;
		this.#perSecond = options.valuesPerSecond;
		this.#shares = options.statuses;
		this.#counters = new Float64Array(options.tags);
		for (const { status } of options.statuses) this.#byStatus.set(status, 0);
	}

	/** Values produced so far over all tags. */
	get produced(): number {
		return this.#produced;
	}

	/** How many values carried each status that is not Good. */
	get producedByStatus(): Readonly<Record<string, number>> {
		return Object.fromEntries(this.#byStatus);
	}

	/** The last value of a tag, which is how many it has had. */
	count(tag: number): number {
		return this.#counters[tag] as number;
	}

	/** The first value of every tag, before anybody subscribes. */
	begin(emit: Emit): void {
		for (let tag = 0; tag < this.tags; tag++) this.#emit(tag, emit);
	}

	/** Gives everything that is due `elapsedMs` after the start, at most `burstMax` values of it. */
	advance(elapsedMs: number, burstMax: number, emit: Emit): void {
		const due = Math.floor((elapsedMs / 1_000) * this.#perSecond) + this.tags - this.#produced;
		for (let given = 0; given < Math.min(due, burstMax); given++) {
			this.#emit(this.#next, emit);
			this.#next = (this.#next + 1) % this.tags;
		}
	}

	#emit(tag: number, emit: Emit): void {
		const value = (this.#counters[tag] as number) + 1;
		this.#counters[tag] = value;
		const status = this.#shares.length === 0 ? undefined : this.#statusOf(this.#produced);
		this.#produced++;
		if (status !== undefined) this.#byStatus.set(status, (this.#byStatus.get(status) ?? 0) + 1);
		emit(tag, value, status);
	}

	#statusOf(place: number): string | undefined {
		let rest = (Math.imul(place, golden) >>> 0) / 2 ** 32;
		for (const { status, share } of this.#shares) {
			if (rest < share) return status;
			rest -= share;
		}
		return undefined;
	}
}
