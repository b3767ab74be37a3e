import { chargeLink } from "./genealogy.ts";
import { leaveBehind, plan, Unit, type UnitContext } from "./unit.ts";

/** Gas that leaves the vessel's vent, for the load of the scrubber. */
const ventNm3H = 2;
/** kg of H2S per Nm3 and ppmv. */
const h2sKgPerNm3Ppmv = 1.52e-6;

/** U300: jacketed vessel; Li2S and P2S5 give off H2S when they meet in solvent, without any leak. */
export class Slurry extends Unit {
	readonly #temperature = this.signal("R300.TT01", 22);
	readonly #jacket = this.signal("R300.TT02", 22);
	readonly #speed = this.signal("R300.ST01", 0);
	readonly #current = this.signal("R300.IT01", 0);
	readonly #level = this.signal("R300.LT01", 0);
	readonly #pressure = this.signal("R300.PT01", 5);
	readonly #ventH2s = this.signal("R300.AT01", 0);
	readonly #water;
	/** Reaction still to come, 1 at the start. */
	#reacting = 0;

	constructor(name: string, context: UnitContext) {
		super("U300", name, context, plan("SOLVENT_IN:30 SOLIDS_IN:60 DISPERSE:30"), "DISPERSE");
		this.#water = this.signal("R300.AT02", context.parameters.slurry.solvent_water_ppmw);
	}

	protected override entered(phase: string): void {
		const { batch } = this;
		if (phase === "SOLIDS_IN") this.#reacting = 1;
		if (phase === "SOLVENT_IN" && batch !== undefined) {
			const kg = this.context.parameters.charge.solvent_kg * this.context.size.scale;
			batch.solventKg = kg;
			batch.accounts.solventChargedKg = kg;
		}
	}

	override drive(dtS: number): void {
		const { parameters, site, size } = this.context;
		const { slurry } = parameters;
		const { phase, batch } = this;
		const part = Math.min(1, (this.elapsedS + dtS) / this.durationS);
		const mixing = phase === "SOLIDS_IN" || phase === "DISPERSE" || phase === "HOLD";
		const off = this.tripped;
		this.#temperature.target = mixing ? slurry.temperature_c : phase === "SOLVENT_IN" ? 30 : 22;
		this.#jacket.target = mixing ? 35 : phase === "SOLVENT_IN" ? 32 : 22;
		this.#speed.target = off ? 0 : mixing ? 120 : phase === "SOLVENT_IN" ? 60 : 0;
		this.#current.target = off
			? 0
			: mixing
				? phase === "SOLIDS_IN"
					? 5 + 3 * part
					: 8
				: phase === "SOLVENT_IN"
					? 3
					: 0;
		this.#pressure.target = 5;
		if (phase === "SOLVENT_IN") this.#level.target = 57 * part;
		else if (phase === "SOLIDS_IN") this.#level.target = 57 + 8 * part;
		else if (batch === undefined) this.#level.target = 0;
		if (mixing) this.#reacting *= Math.exp(-dtS / (slurry.burst_tau_h * 3600));
		// Oxide in the Li2S gives less H2S.
		const pure = batch === undefined ? 1 : Math.max(0.5, 1.06 - 0.4 * batch.history.impurityWtPct);
		this.#ventH2s.target = mixing
			? (slurry.vent_base_ppmv + slurry.vent_burst_ppmv * this.#reacting) * pure
			: phase === "SOLVENT_IN"
				? 20
				: 5;
		this.#water.target = slurry.solvent_water_ppmw;
		site.h2sKgH += this.#ventH2s.value * ventNm3H * size.scale * h2sKgPerNm3Ppmv;
		const kw = mixing && !off ? 1.5 : 0;
		this.use({ electricKw: kw, roomKw: kw }, dtS);
	}

	protected override ended(phase: string): void {
		const { batch } = this;
		if (batch === undefined) return;
		if (phase === "SOLVENT_IN") {
			for (const charge of batch.charges) {
				if (charge.material === "solvent") this.links.push(chargeLink(charge, batch.id, charge.kg));
			}
		}
		if (phase !== "DISPERSE") return;
		const { slurry, exposure } = this.context.parameters;
		batch.history.dose.slurry += exposure.slurry_per_ppmw * this.#water.value * batch.draws.dose;
		leaveBehind(batch, slurry.loss_share);
	}
}
