import type { ModelParameters } from "../parameters.ts";
import type { Charge } from "./batch.ts";
import { Random } from "./random.ts";

export const materials = ["li2s", "p2s5", "licl", "solvent"] as const;
export type Material = (typeof materials)[number];

const dayS = 86_400;

/** Lots of a material at the start, at the most; a larger stock has larger lots. */
const firstLotsMax = 100;

/** Used-up lots that the warehouse remembers. */
const emptyLotsMax = 200;

/** One delivery: what the supplier calls a lot. */
export interface MaterialLot {
	readonly id: string;
	readonly material: Material;
	readonly supplier: string;
	readonly receivedS: number;
	readonly receivedKg: number;
	/** Purity by the certificate, wt %. Oxide, carbonate and sulfate do not show in an assay by titration. */
	readonly assayWtPct: number;
	readonly impurityWtPct: number;
	/** Charged out of turn, and quarantined as soon as that is over: no other batch is made of it. */
	readonly outOfTurn: boolean;
	kg: number;
}

interface Order {
	dueS: number;
	readonly kg: number;
	readonly material: Material;
}

const prefixes: Readonly<Record<Material, string>> = { li2s: "LS", p2s5: "PS", licl: "LC", solvent: "SO" };

/** Materials by supplier's lot, oldest first. Stock is weighed out and ordered again; it can run dry. */
export class Warehouse {
	readonly #parameters: ModelParameters;
	readonly #random: Random;
	readonly #factor: number;
	readonly lots: MaterialLot[] = [];
	readonly orders: Order[] = [];
	/** Since the line began, the first stock included; and solvent won back. */
	readonly receivedKg: Record<Material, number> = { li2s: 0, p2s5: 0, licl: 0, solvent: 0 };
	recoveredKg = 0;
	#numbers = 0;

	constructor(parameters: ModelParameters, seed: number, factor: number) {
		this.#parameters = parameters;
		this.#random = new Random(seed, "warehouse");
		this.#factor = factor;
		for (const material of materials) {
			const { first_kg: first, lot_kg: lot } = parameters.warehouse[material];
			let missing = first * factor;
			const eachKg = Math.max(lot * factor, missing / firstLotsMax);
			while (missing > 1e-9) {
				const kg = Math.min(missing, eachKg);
				this.receive(material, kg, 0);
				missing -= kg;
			}
		}
		this.advance(0);
		// A line that has run for long has its orders spread over the time of delivery.
		for (const material of materials) {
			const under = this.orders.filter((order) => order.material === material);
			const { lead_d: lead } = parameters.warehouse[material];
			under.forEach((order, index) => {
				order.dueS = ((index + 0.5) / under.length) * lead * dayS;
			});
		}
	}

	#forget(): void {
		let empty = this.lots.filter(({ kg }) => kg <= 0).length;
		while (empty > emptyLotsMax) {
			this.lots.splice(
				this.lots.findIndex(({ kg }) => kg <= 0),
				1,
			);
			empty -= 1;
		}
	}

	/** Takes a delivery in; `impurityWtPct` replaces what the supplier usually sends, in a lot charged out of turn. */
	receive(material: Material, kg: number, nowS: number, impurityWtPct?: number): MaterialLot {
		const { impurity_wt_pct: mean, impurity_lot_wt_pct: spread } = this.#parameters.warehouse;
		const drawn = Math.max(0.03, mean + spread * this.#random.gaussian(2.5));
		this.#numbers += 1;
		const lot: MaterialLot = {
			id: `${prefixes[material]}-${String(this.#numbers).padStart(4, "0")}`,
			material,
			supplier: material === "li2s" && this.#random.uniform() < 0.3 ? "supplier B" : "supplier A",
			receivedS: nowS,
			receivedKg: kg,
			assayWtPct: 99.9 - 0.2 * this.#random.uniform(),
			impurityWtPct: material === "li2s" ? (impurityWtPct ?? drawn) : 0,
			outOfTurn: impurityWtPct !== undefined,
			kg,
		};
		this.lots.push(lot);
		if (!lot.outOfTurn) this.receivedKg[material] += kg;
		this.#forget();
		return lot;
	}

	stockKg(material: Material): number {
		return this.lots.reduce(
			(sum, lot) => sum + (lot.material === material && !lot.outOfTurn ? lot.kg : 0),
			0,
		);
	}

	/** Orders what runs low and takes in what has arrived. */
	advance(nowS: number): void {
		for (let index = this.orders.length - 1; index >= 0; index--) {
			const order = this.orders[index] as Order;
			if (order.dueS > nowS) continue;
			this.orders.splice(index, 1);
			this.receive(order.material, order.kg, nowS);
		}
		for (const material of materials) {
			const p = this.#parameters.warehouse[material];
			let cover = this.stockKg(material);
			for (const order of this.orders) if (order.material === material) cover += order.kg;
			// A few orders at once at the most, whatever the configuration says.
			for (let count = 0; count < 20 && cover < p.order_below_kg * this.#factor; count++) {
				const leadD = Math.max(1, p.lead_d + p.lead_spread_d * this.#random.gaussian());
				const kg = p.lot_kg * this.#factor;
				this.orders.push({ dueS: nowS + leadD * dayS, kg, material });
				cover += kg;
			}
		}
	}

	/** Weighs `kg` out, oldest lots first. The caller has seen that there is enough. */
	take(material: Material, kg: number): { charges: Charge[]; impurityWtPct: number } {
		const charges: Charge[] = [];
		let missing = kg;
		let impurity = 0;
		for (const lot of this.lots) {
			if (lot.material !== material || lot.outOfTurn || lot.kg <= 0 || missing <= 0) continue;
			const taken = Math.min(missing, lot.kg);
			lot.kg -= taken;
			missing -= taken;
			impurity += (lot.impurityWtPct * taken) / kg;
			charges.push(chargeOf(lot, taken));
		}
		return { charges, impurityWtPct: impurity };
	}

	/** Weighs out of one lot, whatever its age: material charged out of turn. */
	takeFrom(lot: MaterialLot, kg: number): Charge {
		const taken = Math.min(kg, lot.kg);
		lot.kg -= taken;
		return chargeOf(lot, taken);
	}

	/** Solvent from the condenser, dried and used again. */
	recover(kg: number): void {
		const lot = this.lots.findLast(({ material }) => material === "solvent");
		if (lot === undefined) return;
		const back = kg * this.#parameters.warehouse.recovered_solvent;
		lot.kg += back;
		this.recoveredKg += back;
	}
}

function chargeOf({ material, id, supplier, assayWtPct }: MaterialLot, kg: number): Charge {
	return { material, lot: id, kg, supplier, assayWtPct };
}
