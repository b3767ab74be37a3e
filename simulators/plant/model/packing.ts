import type { Batch } from "./batch.ts";
import { ppmvOf } from "./moisture.ts";
import { momentS, type PhasePlan, plan, Unit, type UnitContext } from "./unit.ts";

/** True weights of bags scatter by this much, in kg; the scale's own noise comes on top. */
const bagSpreadKg = 0.001;

/** U700: argon box inside a dry room. The lot is filled into bags, which are weighed and leak-tested one by one. */
export class Packing extends Unit {
	readonly #boxDewPoint;
	readonly #boxOxygen = this.signal("K700.AT02", 20);
	readonly #roomDewPoint;
	readonly #roomH2s;
	readonly #weight;
	readonly #leak = this.signal("K700.PT01", 1e-7);
	readonly #open = this.signal("K700.KT01", 0);
	#openMin = 0;
	#bags = 0;
	/** Bags filled or leak-tested in this phase. */
	#done = 0;

	constructor(name: string, context: UnitContext) {
		super("U700", name, context, plan("FILL:60 SEAL:20 LEAK:10 LABEL:10"), "LABEL");
		const p = context.parameters.packing;
		this.#boxDewPoint = this.signal("K700.AT01", p.box_dew_point_c);
		this.#roomDewPoint = this.signal("K700.AT03", p.room_dew_point_c);
		this.#roomH2s = this.signal("K700.AT04", p.room_h2s_ppmv);
		this.#weight = this.signal("K700.WT01", p.bag_kg);
	}

	get #lotBatches(): readonly Batch[] {
		return this.batch?.lot.batches ?? [];
	}

	protected override durationOf(phase: PhasePlan): number {
		if (phase.name !== "FILL") return super.durationOf(phase);
		const { open_min: openMin } = this.context.parameters.packing;
		// Powder that stays open for longer takes longer to fill.
		const minutes = Math.max(phase.minutes, openMin * this.context.knobs.openFactor);
		return minutes * 60 * this.#lotBatches.length;
	}

	protected override entered(phase: string): void {
		this.#done = 0;
		if (phase !== "FILL") return;
		this.#openMin = 0;
		this.#open.settle(0);
		const kg = this.#lotBatches.reduce((sum, batch) => sum + batch.solidsKg, 0);
		const p = this.context.parameters.packing;
		this.#bags = Math.floor((kg * (1 - p.scraped_share)) / (p.bag_kg + 3 * bagSpreadKg));
	}

	protected override phaseRemainingS(): number {
		const left = super.phaseRemainingS();
		if (!this.#bagDue) return left;
		const nextS = ((this.#done + 0.5) / this.#bags) * this.durationS;
		return Math.max(0, nextS - this.elapsedS);
	}

	/** Whether a bag is still to be filled or leak-tested in this phase. */
	get #bagDue(): boolean {
		return (this.phase === "FILL" || this.phase === "LEAK") && this.#done < this.#bags;
	}

	override settle(): boolean {
		if (!this.#bagDue || this.leaving || this.waits) return super.settle();
		if (this.phaseRemainingS() > momentS) return false;
		this.#done += 1;
		if (this.phase === "FILL") this.#fillBag();
		else this.happen(this.#leak, 1e-7 * Math.exp(0.2 * this.context.random.gaussian(2.5)));
		return true;
	}

	override drive(dtS: number): void {
		const { parameters, knobs, site } = this.context;
		const p = parameters.packing;
		const { batch, phase } = this;
		this.#boxDewPoint.target = p.box_dew_point_c;
		this.#boxOxygen.target = 20;
		this.#roomDewPoint.target = site.roomDewPointC;
		this.#roomH2s.target = site.roomH2sPpmv;
		const kw = batch === undefined ? 0.5 : 3;
		this.use({ electricKw: kw, roomKw: kw, argonNm3H: batch === undefined ? 1 : 2 }, dtS);
		if (phase !== "FILL" || batch === undefined || this.stopped) return;
		const perMinute = (p.open_min * knobs.openFactor * this.#lotBatches.length * 60) / this.durationS;
		const openMin = (Math.min(1, perMinute) * dtS) / 60;
		this.#openMin += openMin;
		this.#open.target = this.#openMin / this.#lotBatches.length;
		const { exposure } = parameters;
		const factor =
			exposure.closed_transfer + knobs.scooping * (exposure.open_scoop - exposure.closed_transfer);
		const hours = openMin / 60 / this.#lotBatches.length;
		const dose = factor * ppmvOf(this.#roomDewPoint.value) * hours;
		for (const one of this.#lotBatches) one.history.dose.packing += dose * one.draws.dose;
	}

	#fillBag(): void {
		const { batch } = this;
		if (batch === undefined) return;
		const kg = this.context.parameters.packing.bag_kg + bagSpreadKg * this.context.random.gaussian(2.5);
		const { lot } = batch;
		const number = String(lot.packs.length + 1).padStart(3, "0");
		const id = `${lot.id}-${number}`;
		lot.packs.push({ id, kg });
		this.links.push({ link: "pack", from: lot.id, into: id, kg });
		// Each batch of the lot gives its share of every bag.
		const total = this.#lotBatches.reduce((sum, one) => sum + one.solidsKg, 0);
		for (const one of this.#lotBatches) {
			const share = (kg * one.solidsKg) / total;
			const solvent = one.solventKg * (share / one.solidsKg);
			one.solventKg -= solvent;
			one.accounts.solventInProductKg += solvent;
			one.accounts.packedKg += share;
			one.solidsKg -= share;
		}
		this.happen(this.#weight, kg);
	}

	protected override ended(phase: string): void {
		if (phase !== "LABEL") return;
		for (const one of this.#lotBatches) {
			one.accounts.sampleKg += one.solidsKg;
			one.solidsKg = 0;
			one.accounts.solventInProductKg += one.solventKg;
			one.solventKg = 0;
		}
	}
}
