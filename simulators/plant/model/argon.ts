import type { ModelParameters } from "../parameters.ts";
import { Random } from "./random.ts";

/** kg per Nm3 at 0 degC and 101.325 kPa (molar mass 39.948, ideal gas 22.414 m3/kmol). */
export const argonKgPerNm3 = 39.948 / 22.414;

const dayS = 86_400;
/** Used-up deliveries that the tank remembers. */
const emptyLotsMax = 50;

/** One delivery of liquid argon: what the supplier calls a lot, with what its certificate says. */
export interface ArgonLot {
	readonly id: string;
	readonly supplier: string;
	readonly receivedS: number;
	readonly receivedKg: number;
	readonly purityVolPct: number;
	readonly oxygenPpmv: number;
	readonly waterPpmv: number;
	kg: number;
}

/** The tank of liquid argon: filled by deliveries, drawn from by the make-up, oldest first. It can run dry. */
export class ArgonTank {
	readonly #stock: ModelParameters["warehouse"]["argon"];
	readonly #random: Random;
	readonly #factor: number;
	readonly lots: ArgonLot[] = [];
	readonly orders: { readonly dueS: number; readonly kg: number }[] = [];
	#numbers = 0;
	receivedKg = 0;
	takenKg = 0;

	/** `factor` is how many times as much argon as the small line the site uses. */
	constructor(parameters: ModelParameters, seed: number, factor: number) {
		this.#stock = parameters.warehouse.argon;
		this.#factor = factor;
		this.#random = new Random(seed, "argon");
		if (this.#stock.first_kg > 0) this.#receive(this.#stock.first_kg * factor, 0);
		this.advance(0);
	}

	get stockKg(): number {
		return this.lots.reduce((sum, { kg }) => sum + kg, 0);
	}

	/** The delivery that is drawn from; undefined when the tank is dry. */
	get inUse(): ArgonLot | undefined {
		return this.lots.find(({ kg }) => kg > 0);
	}

	/** Orders what runs low and takes in what has arrived. */
	advance(nowS: number): void {
		for (let index = this.orders.length - 1; index >= 0; index--) {
			const order = this.orders[index];
			if (order === undefined || order.dueS > nowS) continue;
			this.orders.splice(index, 1);
			this.#receive(order.kg, nowS);
		}
		const { order_below_kg: below, lot_kg: lot, lead_d: lead, lead_spread_d: spread } = this.#stock;
		let cover = this.orders.reduce((sum, { kg }) => sum + kg, this.stockKg);
		for (let count = 0; count < 20 && cover < below * this.#factor; count++) {
			const dueS = nowS + Math.max(0.5, lead + spread * this.#random.gaussian()) * dayS;
			this.orders.push({ dueS, kg: lot * this.#factor });
			cover += lot * this.#factor;
		}
	}

	/** Draws `kg`; what the tank does not have is not drawn. */
	take(kg: number): void {
		let missing = kg;
		for (const lot of this.lots) {
			const taken = Math.min(missing, lot.kg);
			lot.kg -= taken;
			missing -= taken;
			this.takenKg += taken;
			if (missing <= 0) break;
		}
		while (this.lots.length > emptyLotsMax && this.lots[0]?.kg === 0) this.lots.shift();
	}

	#receive(kg: number, nowS: number): void {
		this.#numbers += 1;
		const oxygenPpmv = this.#random.between(0.2, 1.5);
		const waterPpmv = this.#random.between(0.3, 2);
		this.lots.push({
			id: `AR-${String(this.#numbers).padStart(4, "0")}`,
			supplier: this.#random.uniform() < 0.2 ? "supplier D" : "supplier C",
			receivedS: nowS,
			receivedKg: kg,
			// What is neither oxygen nor water is nitrogen, for the most part.
			purityVolPct: 100 - (oxygenPpmv + waterPpmv + this.#random.between(1, 4)) / 1e4,
			oxygenPpmv,
			waterPpmv,
			kg,
		});
		this.receivedKg += kg;
	}
}
