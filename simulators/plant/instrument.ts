import type { Profile } from "./profiles.ts";
import { gaussianMax, Random } from "./random.ts";
import type { InstrumentTag } from "./tags.ts";

/** Correlation of the noise over one second. */
const noisePhiPerS = 0.6;

/** Batch-to-batch spread stays within this many standard deviations. */
const spreadMax = 2.5;

/** What a unit needs of an instrument. */
export interface Measured {
	readonly tag: InstrumentTag;
	/** The quantity itself, without the instrument's noise and rounding. */
	readonly state: number;
	/** Share by which the targets of this batch differ from the recipe's. */
	readonly batchFactor: number;
	/** Draws the batch-to-batch spread. */
	beginBatch(): void;
	/** `settled` puts the quantity where it belongs `elapsedS` into the phase, for a line that starts warm. */
	enterPhase(phase: string, durationS: number, settled?: { elapsedS: number }): void;
	/** A scenario takes the target over, until it gives it back with undefined. */
	steer(target: number | undefined): void;
	advance(dtS: number): void;
	/** What the instrument shows, `sinceLastS` after it was last read. */
	read(sinceLastS: number): number;
	/** A weighing or the like: one draw around `value`, with the tag's noise. */
	readEvent(value: number): number;
}

/**
 * One measured quantity: it follows its target with a first-order lag, and its instrument adds bounded,
 * correlated noise and rounds. The lag is integrated exactly for a target that is a straight line, so a
 * step may be shorter or longer than the time constant.
 */
export class Instrument implements Measured {
	readonly tag: InstrumentTag;
	readonly #profile: Profile;
	readonly #random: Random;
	#target: number;
	#slopePerS = 0;
	#state: number;
	#noise = 0;
	#noiseSd: number;
	#batchFactor = 1;
	#steered: number | undefined;
	#noiseDtS = 0;
	#noisePhi = 0;
	#noiseGain = 1;

	constructor(tag: InstrumentTag, profile: Profile, seed: number, firstPhase: string) {
		this.tag = tag;
		this.#profile = profile;
		this.#random = new Random(seed, tag.name);
		this.#noiseSd = profile.noise?.[firstPhase] ?? tag.noiseSd;
		const first = profile.targets[firstPhase];
		if (typeof first !== "number") throw new Error(`${tag.name}: expected a fixed target in ${firstPhase}`);
		this.#target = first;
		this.#state = first;
	}

	get state(): number {
		return this.#state;
	}

	get batchFactor(): number {
		return this.#batchFactor;
	}

	beginBatch(): void {
		const spread = this.#profile.spread ?? 0;
		const draw = Math.max(-spreadMax, Math.min(spreadMax, this.#random.gaussian()));
		this.#batchFactor = 1 + spread * draw;
	}

	enterPhase(phase: string, durationS: number, settled?: { elapsedS: number }): void {
		this.#noiseSd = this.#profile.noise?.[phase] ?? this.tag.noiseSd;
		const target = this.#profile.targets[phase];
		if (target === undefined) {
			this.#slopePerS = 0;
		} else if (typeof target === "number") {
			this.#target = target * this.#batchFactor;
			this.#slopePerS = 0;
		} else {
			this.#target = target[0] * this.#batchFactor;
			this.#slopePerS = ((target[1] - target[0]) * this.#batchFactor) / Math.max(durationS, 1);
		}
		if (settled !== undefined) {
			this.#target += this.#slopePerS * settled.elapsedS;
			this.#state = this.#target - this.#slopePerS * this.tag.tauS;
		}
	}

	steer(target: number | undefined): void {
		this.#steered = target;
	}

	advance(dtS: number): void {
		const before = this.#target;
		this.#target += this.#slopePerS * dtS;
		const tauS = this.tag.tauS;
		if (this.#steered !== undefined) {
			this.#state = tauS === 0 ? this.#steered : lag(this.#state, this.#steered, this.#steered, tauS, dtS);
		} else {
			this.#state = tauS === 0 ? this.#target : lag(this.#state, before, this.#target, tauS, dtS);
		}
	}

	read(sinceLastS: number): number {
		if (this.#noiseDtS !== sinceLastS) {
			this.#noiseDtS = sinceLastS;
			this.#noisePhi = noisePhiPerS ** sinceLastS;
			this.#noiseGain = Math.sqrt(1 - this.#noisePhi ** 2);
		}
		this.#noise = this.#noisePhi * this.#noise + this.#noiseGain * this.#random.gaussian();
		const bounded = Math.max(-gaussianMax, Math.min(gaussianMax, this.#noise));
		// A machine that stands still reads zero, without noise.
		const atRest = this.#target === 0 && this.#slopePerS === 0 && Math.abs(this.#state) < this.#noiseSd;
		return this.#rounded(atRest ? 0 : this.#state + bounded * this.#noiseSd);
	}

	readEvent(value: number): number {
		return this.#rounded(value + this.#random.gaussian() * this.tag.noiseSd);
	}

	#rounded(value: number): number {
		const [low, high] = this.tag.span;
		const steps = Math.round(Math.max(low, Math.min(high, value)) / this.tag.resolution);
		// Multiplying by 0.1 leaves digits that the instrument does not have; dividing by 10 does not.
		const perUnit = Math.round(1 / this.tag.resolution);
		return perUnit > 1 ? steps / perUnit : steps * this.tag.resolution;
	}
}

/** First-order response after `dtS` to a target that goes in a straight line from one value to another. */
function lag(state: number, from: number, to: number, tauS: number, dtS: number): number {
	if (dtS === 0) return state;
	const behind = ((to - from) / dtS) * tauS;
	return to - behind + (state - from + behind) * Math.exp(-dtS / tauS);
}
