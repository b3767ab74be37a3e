import type { Batch } from "./batch.ts";
import { chargeLink } from "./genealogy.ts";
import { leaveBehind, plan, Unit, type UnitContext } from "./unit.ts";

/** U200: three feeders by loss in weight in an argon glovebox. */
export class Weighing extends Unit {
	readonly #li2s = this.signal("W200.WT01", 0);
	readonly #p2s5 = this.signal("W200.WT02", 0);
	readonly #licl = this.signal("W200.WT03", 0);
	readonly #feed = this.signal("W200.FT01", 0);
	readonly #h2o;
	readonly #o2;
	readonly #pressure = this.signal("W200.PT01", 300);
	readonly #h2s = this.signal("W200.AT03", 0.1);
	/** Gloves and opened drums give off water, which decays. */
	#desorption = 0;

	constructor(name: string, context: UnitContext) {
		super(
			"U200",
			name,
			context,
			plan("PURGE:15 CHARGE_LI2S:55 CHARGE_P2S5:50 CHARGE_LICL:20 RECONCILE:5"),
			"RECONCILE",
		);
		const { charge } = context.parameters;
		this.#h2o = this.signal("W200.AT01", charge.glovebox_h2o_ppmv);
		this.#o2 = this.signal("W200.AT02", charge.glovebox_o2_ppmv);
	}

	protected override entered(phase: string): void {
		if (phase === "PURGE") {
			for (const scale of [this.#li2s, this.#p2s5, this.#licl]) scale.settle(0);
			this.#desorption = 1;
		}
	}

	override drive(dtS: number): void {
		const { parameters, knobs } = this.context;
		const { charge, exposure } = parameters;
		this.#desorption *= Math.exp(-dtS / 1800);
		const opened = 1 + 1.2 * this.#desorption;
		this.#h2o.target = charge.glovebox_h2o_ppmv * opened;
		this.#o2.target = charge.glovebox_o2_ppmv * (1 + 2 * this.#desorption);
		this.#pressure.target = this.phase === "PURGE" ? 350 : 300;
		const charging = this.phase.startsWith("CHARGE") && !this.stopped;
		this.#h2s.target = charging ? (this.phase === "CHARGE_P2S5" ? 0.25 : 0.2) : 0.1;
		this.#feed.target = 0;
		this.use({ argonNm3H: 1 }, dtS);
		const { batch } = this;
		if (batch === undefined) return;
		const done = Math.min(1, (this.elapsedS + dtS) / this.durationS);
		const { draws } = batch;
		if (this.stopped) return;
		if (this.phase === "CHARGE_LI2S") {
			this.#li2s.target = charge.li2s_kg * (1 + draws.li2sPct / 100) * Math.min(1, done * 1.005);
			// A feeder on its way out runs unevenly, at last with twice the noise of its instrument; the stream is used for nothing else.
			const rough = knobs.feederRoughness - 1;
			const uneven = rough > 0 ? 0.036 * rough * this.context.random.gaussian(2.5) : 0;
			this.#feed.target = charge.li2s_feed_kg_h * (1 + uneven);
		} else if (this.phase === "CHARGE_P2S5") {
			this.#p2s5.target = charge.p2s5_kg * (1 + draws.p2s5Pct / 100) * Math.min(1, done * 1.005);
		} else if (this.phase === "CHARGE_LICL") {
			this.#licl.target = charge.licl_kg * (1 + draws.liclPct / 100) * Math.min(1, done * 1.005);
		}
		if (charging) {
			const hours = dtS / 3600;
			batch.history.dose.charge +=
				exposure.open_scoop * exposure.argon * this.#h2o.value * draws.dose * hours;
		}
		if (knobs.feederErrorPct !== 0) batch.history.li2sErrorPct = draws.li2sPct + knobs.feederErrorPct;
	}

	/** Tells which lots a material came from, by what the scale showed. */
	#tellCharge(batch: Batch, material: string, errorPct: number): void {
		for (const charge of batch.charges) {
			if (charge.material !== material) continue;
			this.links.push(chargeLink(charge, batch.id, charge.kg * (1 + errorPct / 100)));
		}
	}

	protected override ended(phase: string): void {
		const { batch } = this;
		if (batch === undefined) return;
		const { li2sPct, p2s5Pct, liclPct } = batch.draws;
		if (phase === "CHARGE_LI2S") this.#tellCharge(batch, "li2s", li2sPct);
		if (phase === "CHARGE_P2S5") this.#tellCharge(batch, "p2s5", p2s5Pct);
		if (phase === "CHARGE_LICL") this.#tellCharge(batch, "licl", liclPct);
		if (phase !== "RECONCILE") return;
		const { charge } = this.context.parameters;
		const { scale } = this.context.size;
		const { history, draws, accounts } = batch;
		if (history.li2sErrorPct === 0) history.li2sErrorPct = draws.li2sPct;
		history.p2s5ErrorPct = draws.p2s5Pct + draws.assayP2s5Pct;
		history.liclErrorPct = draws.liclPct;
		history.oxygenRawWtPct = draws.oxygenRaw;
		accounts.li2sKg = charge.li2s_kg * scale * (1 + history.li2sErrorPct / 100);
		accounts.p2s5Kg = charge.p2s5_kg * scale * (1 + draws.p2s5Pct / 100);
		accounts.liclKg = charge.licl_kg * scale * (1 + draws.liclPct / 100);
		accounts.solidsKg = accounts.li2sKg + accounts.p2s5Kg + accounts.liclKg;
		batch.solidsKg = accounts.solidsKg;
		leaveBehind(batch, charge.loss_share);
	}
}
