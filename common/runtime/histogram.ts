/** Upper bounds grow by this factor, so a percentile is right to within 5 %. */
const growth = 1.05;
const smallest = 0.1;
const buckets = 400;

/** Counts of values by size in a fixed number of buckets, for percentiles of ages and delays. */
export class Histogram {
	readonly #counts = new Float64Array(buckets);
	#total = 0;
	#max = 0;

	/** Adds `weight` values of this size; negative sizes count as the smallest. */
	add(value: number, weight = 1): void {
		const bucket =
			value <= smallest ? 0 : Math.min(buckets - 1, Math.ceil(Math.log(value / smallest) / Math.log(growth)));
		this.#counts[bucket] = (this.#counts[bucket] as number) + weight;
		this.#total += weight;
		if (value > this.#max) this.#max = value;
	}

	merge(other: Histogram): void {
		for (let bucket = 0; bucket < buckets; bucket++) {
			this.#counts[bucket] = (this.#counts[bucket] as number) + (other.#counts[bucket] as number);
		}
		this.#total += other.#total;
		this.#max = Math.max(this.#max, other.#max);
	}

	/** The size that `share` of the values do not exceed; 0 when there are none. */
	percentile(share: number): number {
		let seen = 0;
		for (let bucket = 0; bucket < buckets; bucket++) {
			seen += this.#counts[bucket] as number;
			if (seen >= this.#total * share && seen > 0) return Math.min(smallest * growth ** bucket, this.#max);
		}
		return this.#max;
	}

	summary(): { p50: number; p99: number; max: number; count: number } {
		const round = (value: number) => Math.round(value * 10) / 10;
		return {
			p50: round(this.percentile(0.5)),
			p99: round(this.percentile(0.99)),
			max: round(this.#max),
			count: this.#total,
		};
	}
}

const slices = 6;

/** Percentiles over the last `overMs`, forgotten a sixth at a time. */
export class RollingHistogram {
	readonly #sliceMs: number;
	readonly #slices: Histogram[] = [];
	#newestMs = Number.NEGATIVE_INFINITY;

	constructor(overMs: number) {
		this.#sliceMs = overMs / slices;
	}

	/** Adds values of this size at the monotonic time `nowMs`. */
	add(value: number, weight: number, nowMs: number): void {
		this.#turn(nowMs);
		this.#slices.at(-1)?.add(value, weight);
	}

	summary(nowMs: number): ReturnType<Histogram["summary"]> {
		this.#turn(nowMs);
		const all = new Histogram();
		for (const slice of this.#slices) all.merge(slice);
		return all.summary();
	}

	#turn(nowMs: number): void {
		if (nowMs - this.#newestMs < this.#sliceMs) return;
		const passed = Math.min(slices, Math.floor((nowMs - this.#newestMs) / this.#sliceMs));
		for (let turn = 0; turn < passed; turn++) this.#slices.push(new Histogram());
		this.#slices.splice(0, this.#slices.length - slices);
		this.#newestMs = nowMs;
	}
}
