// Thins a tag's samples to what a screen can show, without inventing: an extreme stays visible in its bucket, and a
// stretch without Good values stays a stretch. Pure.

import { severity } from "../../common/contract/status.ts";
import type { NotGoodReason, NotGoodStretch, ReadValue, TrendBuckets, ValueChange } from "../read-port.ts";

/** Stretches nearer to each other than a bucket stay apart up to this number; further ones are merged. */
const stretchesApartMax = 500;

export interface FoldPeriod {
	readonly fromMs: number;
	readonly toMs: number;
	readonly points: number;
}

/** Samples in any order, in growing columns. `number` is NaN where nothing can be plotted. */
export class TrendSamples {
	count = 0;
	atMs = new Float64Array(1024);
	number = new Float64Array(1024);
	status = new Uint32Array(1024);
	/** Whether there was a value at all; text that is no number has one. */
	filled = new Uint8Array(1024);
	/** What orders samples of one millisecond: the rest of their source time, then their position. */
	restTicks = new Uint16Array(1024);
	pos = new Float64Array(1024);

	push(
		place: { atMs: number; restTicks: number; pos: number },
		{ number, status, filled }: { number: number; status: number; filled: boolean },
	): void {
		if (this.count === this.atMs.length) this.#grow();
		this.atMs[this.count] = place.atMs;
		this.restTicks[this.count] = place.restTicks;
		this.pos[this.count] = place.pos;
		this.number[this.count] = number;
		this.status[this.count] = status;
		this.filled[this.count] = filled ? 1 : 0;
		this.count++;
	}

	reason(index: number): NotGoodReason | undefined {
		return notGoodReason(
			this.status[index] as number,
			this.number[index] as number,
			this.filled[index] === 1,
		);
	}

	/** Indexes in the order of source time; samples of one time in the order in which they came to the store. */
	order(): Uint32Array {
		const order = Uint32Array.from({ length: this.count }, (_, index) => index);
		const { atMs, restTicks, pos } = this;
		const compare = (a: number, b: number) =>
			(atMs[a] as number) - (atMs[b] as number) ||
			(restTicks[a] as number) - (restTicks[b] as number) ||
			(pos[a] as number) - (pos[b] as number);
		for (let index = 1; index < this.count; index++)
			if (compare(index - 1, index) > 0) return order.sort(compare);
		return order;
	}

	#grow(): void {
		const length = this.count * 2;
		const grown = <T extends { set(from: T): void }>(to: T, from: T): T => {
			to.set(from);
			return to;
		};
		this.atMs = grown(new Float64Array(length), this.atMs);
		this.number = grown(new Float64Array(length), this.number);
		this.status = grown(new Uint32Array(length), this.status);
		this.filled = grown(new Uint8Array(length), this.filled);
		this.restTicks = grown(new Uint16Array(length), this.restTicks);
		this.pos = grown(new Float64Array(length), this.pos);
	}
}

/** Why a sample gives no point of a line; undefined when it does. */
export function notGoodReason(status: number, number: number, filled: boolean): NotGoodReason | undefined {
	const grade = severity(status);
	if (grade !== "good") return grade;
	if (!filled) return "no_value";
	return Number.isFinite(number) ? undefined : "not_a_number";
}

/** The least, the greatest and the last value of each bucket that has one. */
export function foldBuckets(samples: TrendSamples, order: Uint32Array, period: FoldPeriod): TrendBuckets {
	const { fromMs, toMs, points } = period;
	const buckets: TrendBuckets = { atMs: [], min: [], max: [], last: [] };
	const width = (toMs - fromMs) / points;
	let open = -1;
	for (const index of order) {
		if (samples.reason(index) !== undefined) continue;
		const atMs = samples.atMs[index] as number;
		const value = samples.number[index] as number;
		const bucket = Math.min(points - 1, Math.floor((atMs - fromMs) / width));
		const at = buckets.atMs.length - 1;
		if (bucket === open) {
			buckets.atMs[at] = atMs;
			buckets.last[at] = value;
			if (value < (buckets.min[at] as number)) buckets.min[at] = value;
			if (value > (buckets.max[at] as number)) buckets.max[at] = value;
		} else {
			open = bucket;
			buckets.atMs.push(atMs);
			buckets.min.push(value);
			buckets.max.push(value);
			buckets.last.push(value);
		}
	}
	return buckets;
}

/** `before` is the reason and status that hold when the period begins. */
export function foldNotGood(
	samples: TrendSamples,
	order: Uint32Array,
	period: FoldPeriod,
	before: { reason: NotGoodReason; status: number } | undefined,
): NotGoodStretch[] {
	const stretches: NotGoodStretch[] = [];
	const width = (period.toMs - period.fromMs) / period.points;
	let open: NotGoodStretch | undefined =
		before === undefined ? undefined : { ...before, fromMs: period.fromMs, toMs: undefined };
	const close = (atMs: number) => {
		if (open === undefined) return;
		const last = stretches.at(-1);
		if (
			last !== undefined &&
			stretches.length >= stretchesApartMax &&
			open.fromMs - (last.toMs ?? 0) < width
		) {
			stretches[stretches.length - 1] = { ...last, toMs: atMs };
		} else stretches.push({ ...open, toMs: atMs });
		open = undefined;
	};
	for (const index of order) {
		const reason = samples.reason(index);
		const status = samples.status[index] as number;
		const atMs = samples.atMs[index] as number;
		if (reason === undefined) close(atMs);
		else if (open === undefined || open.reason !== reason || open.status !== status) {
			close(atMs);
			open = { fromMs: atMs, toMs: undefined, status, reason };
		}
	}
	if (open !== undefined) stretches.push(open);
	return stretches;
}

/** Each change of value or status, the newest `limit` of them. `changes` come in any order. */
export function foldChanges(changes: readonly ValueChange[], limit: number): ValueChange[] {
	const sorted = changes.toSorted((a, b) => a.atMs - b.atMs);
	const kept = sorted.filter((change, index) => {
		const previous = sorted[index - 1];
		return previous === undefined || !sameValue(previous, change);
	});
	return kept.slice(-limit);
}

function sameValue(
	a: { value: ReadValue; status: number },
	b: { value: ReadValue; status: number },
): boolean {
	return a.value === b.value && a.status === b.status;
}
