// Minimum, maximum and time-weighted mean of buckets of equal width. Pure. A value holds from its time to the next sample;
// one that is not Good, or a known gap, ends what holds, so that nothing is made up for a time in which nobody knew.

import type { BucketSlice } from "../samples-port.ts";
import type { RollupMinutes } from "./parts/rollup-minutes.ts";

export interface Gap {
	readonly fromMs: number;
	readonly toMs: number;
}

/** Takes a tag's samples in order of source time. */
export class BucketFold {
	readonly #widthMs: number;
	readonly #firstMs: number;
	readonly #endMs: number;
	/** In order of begin, and apart from each other. */
	readonly #gaps: readonly Gap[];
	readonly #min: Float64Array;
	readonly #max: Float64Array;
	readonly #sum: Float64Array;
	readonly #coveredMs: Float64Array;
	readonly #samples: Uint32Array;
	readonly #notGood: Uint32Array;
	#heldFromMs = 0;
	/** NaN when nothing holds. */
	#held = Number.NaN;

	/** Buckets from the one of `fromMs` to the one of `toMs`; a value does not hold beyond `toMs`. */
	constructor(period: { fromMs: number; toMs: number; widthMs: number; gaps: readonly Gap[] }) {
		const { fromMs, toMs, widthMs, gaps } = period;
		this.#widthMs = widthMs;
		this.#firstMs = Math.floor(fromMs / widthMs) * widthMs;
		this.#endMs = toMs;
		this.#gaps = united(gaps);
		const count = Math.floor((toMs - this.#firstMs) / widthMs) + 1;
		this.#min = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
		this.#max = new Float64Array(count).fill(Number.NEGATIVE_INFINITY);
		this.#sum = new Float64Array(count);
		this.#coveredMs = new Float64Array(count);
		this.#samples = new Uint32Array(count);
		this.#notGood = new Uint32Array(count);
	}

	/** The value that holds when the period begins; NaN for none. */
	begin(fromMs: number, value: number): void {
		this.#held = Number.isFinite(value) ? value : Number.NaN;
		this.#heldFromMs = fromMs;
	}

	/** `value` is NaN when the sample is not Good or has no number. */
	add(atMs: number, value: number): void {
		this.#hold(atMs);
		const bucket = Math.floor((atMs - this.#firstMs) / this.#widthMs);
		this.#samples[bucket] = (this.#samples[bucket] as number) + 1;
		this.#heldFromMs = atMs;
		if (!Number.isFinite(value)) {
			this.#notGood[bucket] = (this.#notGood[bucket] as number) + 1;
			this.#held = Number.NaN;
			return;
		}
		this.#held = value;
		this.#touch(bucket, value);
	}

	/** Whole minutes of samples, in order; in buckets of whole minutes, and where no gap is. */
	addMinutes(minutes: RollupMinutes): void {
		const [samples, notGood, min, max, firstMs, lastMs, last, integral, coveredMs] = minutes.columns;
		for (let at = 0; at < minutes.count; at++) {
			const beganMs = firstMs[at] as number;
			this.#hold(beganMs);
			const bucket = Math.floor((beganMs - this.#firstMs) / this.#widthMs);
			this.#samples[bucket] = (this.#samples[bucket] as number) + (samples[at] as number);
			this.#notGood[bucket] = (this.#notGood[bucket] as number) + (notGood[at] as number);
			this.#sum[bucket] = (this.#sum[bucket] as number) + (integral[at] as number);
			this.#coveredMs[bucket] = (this.#coveredMs[bucket] as number) + (coveredMs[at] as number);
			const lowest = min[at] as number;
			if (!Number.isNaN(lowest)) {
				this.#touch(bucket, lowest);
				this.#touch(bucket, max[at] as number);
			}
			this.#held = last[at] as number;
			this.#heldFromMs = lastMs[at] as number;
		}
	}

	end(): BucketSlice {
		this.#hold(this.#endMs);
		const count = this.#min.length;
		const slice: BucketSlice = {
			atMs: [],
			min: [],
			max: [],
			mean: [],
			coverage: [],
			samples: [],
			notGood: [],
		};
		for (let bucket = 0; bucket < count; bucket++) {
			const atMs = this.#firstMs + bucket * this.#widthMs;
			const min = this.#min[bucket] as number;
			const coveredMs = this.#coveredMs[bucket] as number;
			slice.atMs.push(atMs);
			slice.min.push(Number.isFinite(min) ? min : null);
			slice.max.push(Number.isFinite(min) ? (this.#max[bucket] as number) : null);
			slice.mean.push(coveredMs > 0 ? (this.#sum[bucket] as number) / coveredMs : null);
			slice.coverage.push(coveredMs / this.#widthMs);
			slice.samples.push(this.#samples[bucket] as number);
			slice.notGood.push(this.#notGood[bucket] as number);
		}
		return slice;
	}

	/** What holds counts up to `toMs`, but not in a gap, and not after one: what came meanwhile is not known. */
	#hold(toMs: number): void {
		if (Number.isNaN(this.#held)) return;
		const gap =
			this.#gaps.length === 0
				? undefined
				: this.#gaps.find((each) => each.toMs > this.#heldFromMs && each.fromMs < toMs);
		let atMs = this.#heldFromMs;
		const endMs = gap === undefined ? toMs : Math.max(atMs, gap.fromMs);
		while (atMs < endMs) {
			const bucket = Math.floor((atMs - this.#firstMs) / this.#widthMs);
			const pieceEndMs = Math.min(endMs, this.#firstMs + (bucket + 1) * this.#widthMs);
			this.#sum[bucket] = (this.#sum[bucket] as number) + this.#held * (pieceEndMs - atMs);
			this.#coveredMs[bucket] = (this.#coveredMs[bucket] as number) + (pieceEndMs - atMs);
			this.#touch(bucket, this.#held);
			atMs = pieceEndMs;
		}
		if (gap !== undefined) this.#held = Number.NaN;
	}

	#touch(bucket: number, value: number): void {
		if (value < (this.#min[bucket] as number)) this.#min[bucket] = value;
		if (value > (this.#max[bucket] as number)) this.#max[bucket] = value;
	}
}

function united(gaps: readonly Gap[]): Gap[] {
	const apart: Gap[] = [];
	for (const gap of gaps.toSorted((a, b) => a.fromMs - b.fromMs)) {
		const last = apart.at(-1);
		if (last === undefined || gap.fromMs > last.toMs) apart.push(gap);
		else apart[apart.length - 1] = { fromMs: last.fromMs, toMs: Math.max(last.toMs, gap.toMs) };
	}
	return apart;
}
