import type { Lot } from "./batch.ts";
import { Beats, type Emit } from "./beats.ts";
import { Random } from "./random.ts";
import { laboratoryUnit } from "./recipe.ts";
import { type PlantValue, variableOf } from "./variables.ts";

/** Hours from packing to the results of a lot. */
const waitHours = [24, 36] as const;

/** Moisture dose of a lot that was handled as it should be, in effective ppmv hours. */
const normalDose = 1.5;

interface Due {
	readonly atMs: number;
	readonly lot: Lot;
}

/**
 * The laboratory reports once per lot, a day or more after packing. Its figures follow from what happened
 * to the lot, with the repeatability of each method on top.
 */
export class Laboratory {
	readonly #random: Random;
	readonly #beats: Beats;
	#due: Due[] = [];

	constructor(options: { seed: number; emit: Emit }) {
		this.#random = new Random(options.seed, laboratoryUnit.id);
		this.#beats = new Beats(laboratoryUnit.id, options.emit);
	}

	get nextEventMs(): number {
		return this.#due[0]?.atMs ?? Number.POSITIVE_INFINITY;
	}

	/** The results on the screen when the line starts are those of an earlier lot. */
	begin(lot: Lot, nowMs: number): void {
		this.#report(lot, nowMs);
		this.beat(nowMs);
	}

	submit(lot: Lot, packedMs: number): void {
		const hours = this.#random.between(waitHours[0], waitHours[1]);
		this.#due.push({ lot, atMs: packedMs + Math.round(hours * 3600) * 1000 });
		this.#due.sort((a, b) => a.atMs - b.atMs);
	}

	handle(nowMs: number): boolean {
		const due = this.#due[0];
		if (due === undefined || due.atMs > nowMs) return false;
		this.#due.shift();
		this.#report(due.lot, nowMs);
		return true;
	}

	beat(nowMs: number): void {
		this.#beats.beat(nowMs);
	}

	#report(lot: Lot, nowMs: number): void {
		const residual = 0.24;
		const decomposed = 0.06;
		const dose = normalDose + lot.moistureDose;
		const sigma =
			4.1 *
			(0.08 + 0.92 * 0.99) *
			Math.exp(-0.1 * residual - 0.1 * decomposed - 0.011 * dose + 0.02 * this.#random.gaussian());
		this.#write("Lot", lot.id, nowMs);
		this.#write("sigma_ion", round(sigma * (1 + 0.04 * this.#random.gaussian()), 2), nowMs);
		this.#write("d50", round(3 * (1 + 0.02 * this.#random.gaussian()), 2), nowMs);
		const moisture = 30 + 6 * dose + 10 * this.#random.gaussian();
		this.#write("moisture", Math.max(0, Math.round(moisture)), nowMs);
		const li2s = residual + 0.15 * this.#random.gaussian();
		this.#write("residual_li2s", round(Math.max(0, li2s), 2), nowMs);
	}

	#write(name: string, value: PlantValue, timeMs: number): void {
		this.#beats.emit({ variable: variableOf(laboratoryUnit.id, name), value, timeMs });
	}
}

function round(value: number, digits: number): number {
	return Number(value.toFixed(digits));
}
