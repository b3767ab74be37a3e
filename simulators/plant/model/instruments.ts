import type { measuringFaults } from "../pipeline.ts";
import { gaussianMax, Random } from "./random.ts";
import type { Signal } from "./signal.ts";
import type { Tag } from "./tags.ts";

/** Correlation of an instrument's noise over one second. */
const noisePhiPerS = 0.6;
const hourS = 3600;

/** OPC UA status codes of values that the line's instruments give (Part 8, 6.3; Part 4, 7.39). */
export const statusOf = { good: 0, sensorFailure: 0x808c0000, lastUsable: 0x40900000 } as const;

/** Something wrong with one instrument, not with the process. */
export interface MeasuringFault {
	readonly kind: (typeof measuringFaults)[number];
	/** `F500.TT01`; on a line of several trains every one of them. */
	readonly tag: string;
	/** In seconds of the line; for ever without an end. */
	readonly fromS: number;
	readonly untilS?: number;
	/**
	 * drift: engineering units a day. spike: engineering units added to one value in fifty. noise: times the normal.
	 * scale: times the value. frozen and dead have none.
	 */
	readonly size: number;
}

export interface Reading {
	value: number;
	status: number;
}

/** What an instrument shows of the quantity that it measures: noise, faults and rounding, made only when it is read. */
export class Instrument {
	readonly signal: Signal;
	readonly #random: Random;
	readonly #faults: readonly MeasuringFault[];
	readonly #factor: number;
	#noise = 0;
	#lastS = Number.NEGATIVE_INFINITY;
	#sinceS = 0;
	#phi = 0;
	#gain = 1;
	#frozen: number | undefined;
	readonly #reading: Reading = { value: 0, status: 0 };

	/** `factor` is what a larger line multiplies the quantity by; `name` is the tag's name on this line. */
	constructor(
		signal: Signal,
		options: { seed: number; name: string; factor?: number; faults?: readonly MeasuringFault[] },
	) {
		this.signal = signal;
		this.#random = new Random(options.seed, "instrument", options.name);
		this.#factor = options.factor ?? 1;
		this.#faults = (options.faults ?? []).filter(({ tag }) => tag === signal.tag.name);
	}

	/** The reading at `nowS`; the same object each time. */
	read(nowS: number): Reading {
		const { tag } = this.signal;
		const sinceS = nowS - this.#lastS;
		this.#lastS = nowS;
		if (sinceS !== this.#sinceS) {
			this.#sinceS = sinceS;
			this.#phi = noisePhiPerS ** Math.max(0, sinceS);
			this.#gain = Math.sqrt(1 - this.#phi ** 2);
		}
		this.#noise = this.#phi * this.#noise + this.#gain * this.#random.gaussian();
		return this.#shown(
			this.signal.value,
			Math.max(-gaussianMax, Math.min(gaussianMax, this.#noise)),
			tag,
			nowS,
		);
	}

	/** The reading of a happening, a bag on the scale for instance: its noise has nothing to do with the one before. */
	readOnce(value: number, nowS: number): Reading {
		return this.#shown(value, this.#random.gaussian(), this.signal.tag, nowS);
	}

	#shown(truth: number, noise: number, tag: Tag, nowS: number): Reading {
		const reading = this.#reading;
		reading.status = statusOf.good;
		// A machine that stands still reads zero, without noise.
		const sd = truth === 0 ? 0 : tag.noiseSd + tag.noiseShare * Math.abs(truth);
		let value = (truth + noise * sd) * this.#factor;
		let frozen = false;
		for (const fault of this.#faults) {
			if (nowS < fault.fromS || nowS >= (fault.untilS ?? Number.POSITIVE_INFINITY)) continue;
			if (fault.kind === "drift") value += (fault.size * (nowS - fault.fromS)) / (24 * hourS);
			else if (fault.kind === "scale") value *= fault.size;
			else if (fault.kind === "noise") value += noise * sd * (fault.size - 1) * this.#factor;
			else if (fault.kind === "spike") value += this.#random.uniform() < 0.02 ? fault.size : 0;
			else if (fault.kind === "frozen") frozen = true;
			else reading.status = statusOf.sensorFailure;
		}
		if (frozen) this.#frozen ??= value;
		else this.#frozen = undefined;
		reading.value = rounded(this.#frozen ?? value, tag, this.#factor);
		return reading;
	}
}

function rounded(value: number, tag: Tag, factor: number): number {
	const [low, high] = tag.span;
	const steps = Math.round(Math.max(low * factor, Math.min(high * factor, value)) / tag.resolution);
	// Multiplying by 0.1 leaves digits that the instrument does not have; dividing by 10 does not.
	const perUnit = Math.round(1 / tag.resolution);
	const shown = perUnit > 1 ? steps / perUnit : steps * tag.resolution;
	return shown === 0 ? 0 : shown;
}

/** Tags whose quantity grows with the batch: what a larger line multiplies value, range and noise by. */
const extensive = new Set(
	"W200.WT01 W200.WT02 W200.WT03 W200.FT01 R300.IT01 M310.JT01 M310.JC01 M310.FT01 D400.FT01 D400.WC01 F500.JT01 F500.FT01 F500.FT02 J600.FT01".split(
		" ",
	),
);
/** Utilities of the large line, of four trains, against the small one, from their amounts per kg of product. */
const largeSite: Readonly<Record<string, number>> = {
	"Y800.FT01": 6.8,
	"Y820.JT01": 11.6,
	"Y820.JQ01": 11.6,
	"Y810.FT01": 6,
};

/** What a line of this size multiplies a tag's quantity by. */
export function factorOf(
	tag: string,
	{ scale, trains }: { readonly scale: number; readonly trains: number },
): number {
	const large = largeSite[tag];
	if (large !== undefined) return scale === 1 ? trains : (large * trains) / 4;
	return extensive.has(tag) ? scale : 1;
}
