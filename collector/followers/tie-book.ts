/** Values kept in each of the two generations; the older one goes when the newer is full. */
const perGeneration = 65_536;
const slots = 2 * perGeneration;

/** A point's time has 100 ns of room for values of one source time, which is in ticks of 100 ns. */
export const tiesMax = 99;

interface Generation {
	readonly series: Uint32Array;
	readonly ms: Float64Array;
	readonly rest: Uint16Array;
	readonly count: Uint8Array;
	used: number;
}

/**
 * Tells how many values of a tag came before with the same source time, so that each gets a nanosecond of its own: InfluxDB
 * keeps one point per tag and time, and would let the last of them replace the others. It remembers the newest source time
 * of every series, and of all series together the last 65,536 to 131,072 values.
 */
export class TieBook {
	#newestMs = new Float64Array(256).fill(Number.NEGATIVE_INFINITY);
	#newestRest = new Uint16Array(256);
	#newestCount = new Uint8Array(256);
	#young = generation();
	#old = generation();

	/** The value's place among those of its source time, from 0 on, at most `tiesMax + 1`. `series` counts from 0. */
	place(series: number, ms: number, rest: number): number {
		if (series >= this.#newestMs.length) this.#reserve(series + 1);
		const newest = this.#newestMs[series] as number;
		const newestRest = this.#newestRest[series] as number;
		if (ms > newest || (ms === newest && rest > newestRest)) {
			if (newest !== Number.NEGATIVE_INFINITY)
				this.#remember(series, newest, newestRest, this.#newestCount[series] as number);
			this.#newestMs[series] = ms;
			this.#newestRest[series] = rest;
			this.#newestCount[series] = 1;
			return 0;
		}
		if (ms === newest && rest === newestRest) {
			const place = this.#newestCount[series] as number;
			this.#newestCount[series] = Math.min(place + 1, tiesMax + 1);
			return place;
		}
		const place = find(this.#young, series, ms, rest) || find(this.#old, series, ms, rest);
		this.#remember(series, ms, rest, Math.min(place + 1, tiesMax + 1));
		return place;
	}

	#remember(series: number, ms: number, rest: number, count: number): void {
		const at = slotOf(this.#young, series, ms, rest);
		if (this.#young.count[at] === 0) {
			if (this.#young.used >= perGeneration) {
				const emptied = this.#old;
				emptied.count.fill(0);
				emptied.used = 0;
				this.#old = this.#young;
				this.#young = emptied;
				this.#remember(series, ms, rest, count);
				return;
			}
			this.#young.used++;
			this.#young.series[at] = series;
			this.#young.ms[at] = ms;
			this.#young.rest[at] = rest;
		}
		this.#young.count[at] = count;
	}

	#reserve(series: number): void {
		const length = Math.max(series, 2 * this.#newestMs.length);
		const ms = new Float64Array(length).fill(Number.NEGATIVE_INFINITY);
		ms.set(this.#newestMs);
		const rest = new Uint16Array(length);
		rest.set(this.#newestRest);
		const count = new Uint8Array(length);
		count.set(this.#newestCount);
		this.#newestMs = ms;
		this.#newestRest = rest;
		this.#newestCount = count;
	}
}

function generation(): Generation {
	return {
		series: new Uint32Array(slots),
		ms: new Float64Array(slots),
		rest: new Uint16Array(slots),
		count: new Uint8Array(slots),
		used: 0,
	};
}

function find(from: Generation, series: number, ms: number, rest: number): number {
	return from.count[slotOf(from, series, ms, rest)] as number;
}

/** Where the value is, or the free slot where it would be; half of all slots stay free. */
function slotOf(within: Generation, series: number, ms: number, rest: number): number {
	let hash = Math.imul(series + 1, 0x9e3779b1) ^ Math.imul(Math.trunc(ms / 2 ** 32), 0x85ebca6b);
	hash = Math.imul(hash ^ (ms | 0) ^ (rest << 16), 0xc2b2ae35);
	let at = (hash ^ (hash >>> 15)) & (slots - 1);
	while (
		within.count[at] !== 0 &&
		(within.series[at] !== series || within.ms[at] !== ms || within.rest[at] !== rest)
	)
		at = (at + 1) & (slots - 1);
	return at;
}
