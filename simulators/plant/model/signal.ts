import type { Tag } from "./tags.ts";

/** Dead time of an instrument as a share of its time constant, carried as a second lag of that length. */
const deadTimeShare = 0.2;
/** What the dead time leaves in the quantity itself, from the partial fractions of two lags in series. */
const seriesShare = deadTimeShare / (deadTimeShare - 1);
/** A quantity this near to its target, as a share of it, has arrived. */
const settledShare = 1e-9;

/** First-order response after `dtS` to an input that goes in a straight line from one value to another. */
export function lag(state: number, from: number, to: number, tauS: number, dtS: number): number {
	if (tauS === 0) return to;
	const behind = ((to - from) / dtS) * tauS;
	return to - behind + (state - from + behind) * Math.exp(-dtS / tauS);
}

/**
 * The true value of what one instrument measures. Its unit sets `target`, what the quantity would settle at; `follow`
 * moves `value` there through dead time and lag, integrated exactly, so that a step may be long.
 */
export class Signal {
	readonly tag: Tag;
	target: number;
	value: number;
	#from: number;
	#delayed: number;
	#dtS = 0;
	#delayDecay = 0;
	#decay = 0;
	#perDtS = 0;

	constructor(tag: Tag, initial: number) {
		this.tag = tag;
		this.target = initial;
		this.value = initial;
		this.#from = initial;
		this.#delayed = initial;
	}

	/** Puts the quantity where it is at once: a level after a jump, a total that was reset. */
	settle(value: number): void {
		this.target = value;
		this.value = value;
		this.#from = value;
		this.#delayed = value;
	}

	follow(dtS: number): void {
		const { target } = this;
		if (this.value === target && this.#delayed === target && this.#from === target) return;
		const { tauS } = this.tag;
		if (tauS === 0) {
			this.value = target;
			this.#from = target;
			this.#delayed = target;
			return;
		}
		if (dtS !== this.#dtS) {
			this.#dtS = dtS;
			this.#delayDecay = Math.exp(-dtS / (tauS * deadTimeShare));
			this.#decay = Math.exp(-dtS / tauS);
			this.#perDtS = tauS / dtS;
		}
		// The input is a straight line; both lags in series have this solution in closed form.
		const from = this.#from;
		const rise = (target - from) * this.#perDtS;
		const behind = rise * deadTimeShare;
		const early = this.#delayed - from + behind;
		const delayed = target - behind + early * this.#delayDecay;
		const steady = behind + rise;
		const echo = seriesShare * early;
		const value =
			target - steady + echo * this.#delayDecay + (this.value - from + steady - echo) * this.#decay;
		this.#from = target;
		// Near enough is there: the lag of a long-settled quantity need not be computed.
		const near =
			Math.abs(value - target) <= settledShare * Math.abs(target) &&
			Math.abs(delayed - target) <= settledShare * Math.abs(target);
		this.#delayed = near ? target : delayed;
		this.value = near ? target : value;
	}
}
