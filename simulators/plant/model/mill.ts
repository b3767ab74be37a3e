import { leaveBehind, plan, Unit, type UnitContext } from "./unit.ts";

interface Heat {
	readonly jacketC: number;
	/** Into the jacket's water, and into slurry and mill. */
	readonly chilledKw: number;
	readonly storedKw: number;
}

/** U310: circulating bead mill. Milling ends on net energy, or on time where the power is missing. */
export class Mill extends Unit {
	readonly #power = this.signal("M310.JT01", 0);
	readonly #noLoad;
	readonly #energy = this.signal("M310.QC01", 0);
	readonly #tipSpeed = this.signal("M310.ST01", 0);
	readonly #outlet = this.signal("M310.TT01", 22);
	readonly #jacket = this.signal("M310.TT02", 18);
	readonly #flow = this.signal("M310.FT01", 0);
	readonly #inlet = this.signal("M310.PT01", 0);
	readonly #vibration = this.signal("M310.VT01", 0);
	readonly #seal = this.signal("M310.PT02", 250);
	#slurryC = 22;
	#netKw = 0;
	#kwhPerKg = 0;
	#startedC = 22;

	constructor(name: string, context: UnitContext) {
		const { time_limit_min: limit } = context.parameters.mill;
		super("U310", name, context, plan(`HEAT:20 MILL:${limit} DRAIN:30`), "DRAIN");
		this.#noLoad = this.signal("M310.JC01", context.parameters.mill.no_load_kw);
	}

	protected override entered(phase: string): void {
		if (phase === "HEAT") {
			this.#kwhPerKg = 0;
			this.#energy.settle(0);
		}
		if (phase === "MILL") this.#startedC = this.#slurryC;
	}

	protected override phaseRemainingS(): number {
		const limitS = super.phaseRemainingS();
		if (this.phase !== "MILL") return limitS;
		const missing = this.context.parameters.mill.energy_kwh_kg - this.#kwhPerKg;
		if (missing <= 0) return 0;
		return this.#netKw <= 0 ? limitS : Math.min(limitS, (missing / this.#netKw) * this.#chargeKg * 3600);
	}

	/** Solids per train of the small line: power and heat are scaled with the mass, so they are kept per 26 kg. */
	get #chargeKg(): number {
		return (this.batch?.solidsKg ?? 26) / this.context.size.scale;
	}

	override drive(dtS: number): void {
		const { parameters, knobs } = this.context;
		const p = parameters.mill;
		const { phase, batch } = this;
		const hours = dtS / 3600;
		const running = phase === "HEAT" || phase === "MILL" || phase === "DRAIN" || phase === "HOLD";
		const noLoad = p.no_load_kw * (1 + 0.027 * (knobs.wear - 1));
		const milling = phase === "MILL" && !this.stopped;
		// Viscosity rises in the first hour, then falls: 10 % up and 5 % down, with 1 as the mean.
		const milledH = this.elapsedS / 3600;
		const shape = milledH < 1 ? 0.955 + 0.095 * milledH : Math.max(0.998, 1.05 - 0.013 * (milledH - 1) * 4);
		this.#netKw = milling
			? p.net_power_kw * shape * knobs.millPowerFactor * (batch?.draws.millPower ?? 1)
			: 0;
		this.#power.target = milling ? noLoad + this.#netKw : phase === "HEAT" ? 4 : 0;
		this.#noLoad.target = noLoad;
		this.#tipSpeed.target = milling ? 10 : phase === "HEAT" ? 5 : 0;
		this.#flow.target = milling || phase === "HEAT" ? 12 : phase === "DRAIN" ? 6 : 0;
		this.#inlet.target = milling ? 90 : phase === "HEAT" ? 50 : 0;
		this.#vibration.target = milling ? 2 + (knobs.wear - 1) : phase === "HEAT" ? 1.2 : 0;
		this.#seal.target = 250;
		const heat = this.#heat(dtS, running);
		this.#outlet.target = this.#slurryC;
		this.#jacket.target = heat.jacketC;
		this.#drawPower(dtS, running, heat);
		if (!milling || batch === undefined) return;
		const chargeKg = this.#chargeKg;
		const kwhPerKg = (this.#netKw * hours) / chargeKg;
		this.#kwhPerKg += kwhPerKg;
		this.#energy.target = this.#kwhPerKg;
		const warm = Math.max(0, this.#slurryC - 55);
		batch.history.milledKwhKg += kwhPerKg * batch.draws.millEffect * (1 - 0.004 * warm);
		batch.history.wear = knobs.wear;
	}

	/** The shaft's no-load power, pump and what is lost of the net power warm the room; the rest warms slurry and jacket. */
	#drawPower(dtS: number, running: boolean, { storedKw, chilledKw }: Heat): void {
		const { heat_share: share } = this.context.parameters.mill;
		const drivesKw = this.#power.target + (running ? 1 : 0);
		const milling = this.phase === "MILL";
		// In HEAT hot water warms the slurry; afterwards it cools to the room.
		const hotWaterKw = milling ? 0 : Math.max(0, storedKw);
		const lostKw = milling ? -share * this.#netKw : Math.max(0, -storedKw);
		this.use({ electricKw: drivesKw + hotWaterKw, chilledKw, roomKw: drivesKw + lostKw, storedKw }, dtS);
	}

	/** The slurry's temperature, integrated exactly for constant power; books the energy of milling. */
	#heat(dtS: number, running: boolean): Heat {
		const p = this.context.parameters.mill;
		const offsetK = this.batch?.draws.slurryK ?? 0;
		const wanted = this.phase === "HEAT" || this.phase === "MILL";
		if (!wanted) {
			const restC = running ? 38 : 22;
			const beforeC = this.#slurryC;
			this.#slurryC = restC + (this.#slurryC - restC) * Math.exp(-dtS / 1800);
			return {
				jacketC: 18,
				chilledKw: 0,
				storedKw: (p.heat_capacity_kj_k * (this.#slurryC - beforeC)) / dtS,
			};
		}
		if (this.phase === "HEAT") {
			// Hot water through the jacket.
			const beforeC = this.#slurryC;
			this.#slurryC = 46 + (this.#slurryC - 46) * Math.exp(-dtS / 500);
			return {
				jacketC: 22,
				chilledKw: 0,
				storedKw: (p.heat_capacity_kj_k * (this.#slurryC - beforeC)) / dtS,
			};
		}
		const heatKw = p.heat_share * this.#netKw;
		// Jacket = jacket_c + gain x (outlet_c - slurry): both together are one first-order equation.
		const pullKwK = p.cooling_kw_k * (1 + p.jacket_gain);
		const restC = (heatKw + p.cooling_kw_k * (p.jacket_c + offsetK + p.jacket_gain * p.outlet_c)) / pullKwK;
		const before = this.#slurryC;
		const decay = Math.exp((-dtS * pullKwK) / p.heat_capacity_kj_k);
		this.#slurryC = restC + (before - restC) * decay;
		const meanC = restC + ((before - restC) * (1 - decay)) / ((dtS * pullKwK) / p.heat_capacity_kj_k);
		const meanJacketC = p.jacket_c + offsetK + p.jacket_gain * (p.outlet_c - meanC);
		const chilledKw = p.cooling_kw_k * (meanC - meanJacketC);
		const accounts = this.batch?.accounts;
		if (accounts !== undefined) {
			const scale = this.context.size.scale / 3600;
			accounts.millInKwh += this.#netKw * dtS * scale;
			accounts.millLostKwh += (1 - p.heat_share) * this.#netKw * dtS * scale;
			accounts.millJacketKwh += chilledKw * dtS * scale;
		}
		return {
			jacketC: p.jacket_c + offsetK + p.jacket_gain * (p.outlet_c - this.#slurryC),
			chilledKw,
			storedKw: (p.heat_capacity_kj_k * (this.#slurryC - before)) / dtS,
		};
	}

	protected override ended(phase: string): void {
		const { batch } = this;
		if (batch === undefined) return;
		if (phase === "MILL") {
			const { heat_capacity_kj_k: capacity } = this.context.parameters.mill;
			batch.accounts.millStoredKwh =
				(capacity * (this.#slurryC - this.#startedC) * this.context.size.scale) / 3600;
		}
		if (phase === "DRAIN") leaveBehind(batch, this.context.parameters.mill.loss_share);
	}
}
