import type { Measured } from "./instrument.ts";
import { Random } from "./random.ts";
import type { InstrumentTag } from "./tags.ts";

/** Mean electric power of the line. */
const lineKw = 95;

/** Beyond 32 bits from the start, so that everything downstream shows whether it carries 64. */
const firstWh = 5_123_456_789;

/** The electricity meter: counts up, whatever happens. */
export class EnergyCounter implements Measured {
	readonly tag: InstrumentTag;
	readonly #random: Random;
	#wattHours = firstWh;

	constructor(tag: InstrumentTag, seed: number) {
		this.tag = tag;
		this.#random = new Random(seed, tag.name);
	}

	get state(): number {
		return this.#wattHours;
	}

	get batchFactor(): number {
		return 1;
	}

	beginBatch(): void {}

	enterPhase(): void {}

	steer(): void {}

	advance(dtS: number): void {
		const kw = lineKw * (1 + 0.02 * this.#random.gaussian());
		this.#wattHours += (kw * dtS) / 3.6;
	}

	read(): number {
		return Math.floor(this.#wattHours);
	}

	readEvent(value: number): number {
		return value;
	}
}
