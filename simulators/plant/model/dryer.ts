import type { ModelParameters } from "../parameters.ts";
import { lag } from "./signal.ts";
import { leaveDryBehind, type PhasePlan, plan, Unit, type UnitContext } from "./unit.ts";

const kelvin = 273.15;
/** Pressure and product temperature at which the constants of the falling rate hold. */
const reference = { kpa: 0.5, c: 110 };
const wetC = 35;
const productTauS = 1200;

/** How much slower than at the reference point drying goes, at this pressure and product temperature. */
function slowness(kpa: number, celsius: number): number {
	const inverse = 1 / (celsius + kelvin) - 1 / (reference.c + kelvin);
	return (kpa / reference.kpa) ** 0.3 * Math.exp(3500 * inverse);
}

/**
 * Hours at the reference point that the recipe's falling-rate phase is worth: less than its length, because the
 * product must warm up first. The time constant is stretched so that the recipe still dries to the same solvent.
 */
function worthOfRecipe(p: ModelParameters["dryer"]): number {
	let product = wetC;
	let worthH = 0;
	for (let elapsedS = 0; elapsedS < p.falling_h * 3600; elapsedS += 60) {
		product = lag(product, reference.c, reference.c, productTauS, 60);
		worthH += 1 / 60 / slowness(reference.kpa, product);
	}
	return worthH;
}

/** U400: agitated vacuum dryer with condenser. */
export class Dryer extends Unit {
	readonly #jacket = this.signal("D400.TT01", 30);
	readonly #product = this.signal("D400.TT02", 28);
	readonly #vacuum = this.signal("D400.PT01", 101.3);
	readonly #rate = this.signal("D400.FT01", 0);
	readonly #total = this.signal("D400.WC01", 0);
	readonly #condenser;
	readonly #speed = this.signal("D400.ST01", 0);
	readonly #torque = this.signal("D400.IT01", 0);
	readonly #vent = this.signal("D400.AT01", 20);
	readonly #leak = this.signal("D400.QC01", 1e-5);
	readonly #tauH: number;
	#productC = 28;

	constructor(name: string, context: UnitContext) {
		const p = context.parameters.dryer;
		const falling = p.falling_h * 60;
		super(
			"U400",
			name,
			context,
			plan(`LEAKTEST:20 BULK:300 FALLING:${falling} COOL:90 DISCHARGE:30`),
			"DISCHARGE",
		);
		this.#condenser = this.signal("D400.TT03", p.condenser_c);
		this.#tauH = (p.tau_h * worthOfRecipe(p)) / p.falling_h;
	}

	protected override durationOf(phase: PhasePlan): number {
		const drawn = phase.name === "FALLING" ? (this.batch?.draws.dryingTime ?? 1) : 1;
		return super.durationOf(phase) * drawn;
	}

	protected override entered(phase: string): void {
		if (phase === "LEAKTEST") this.#total.settle(0);
	}

	override drive(dtS: number): void {
		const { parameters, knobs, size } = this.context;
		const p = parameters.dryer;
		const { phase, batch } = this;
		const drying = (phase === "BULK" || phase === "FALLING") && !this.tripped;
		const floor = knobs.vacuumFloorKpa;
		const final = p.final_kpa * (batch?.draws.dryingPressure ?? 1);
		this.#jacket.target = drying ? p.jacket_c : phase === "LEAKTEST" ? 90 : phase === "COOL" ? 35 : 30;
		this.#vacuum.target = this.tripped
			? 101.3
			: phase === "BULK"
				? p.bulk_kpa
				: phase === "FALLING" || phase === "COOL"
					? Math.max(final, floor)
					: phase === "LEAKTEST"
						? 5
						: 101.3;
		const restC =
			phase === "FALLING"
				? p.product_c + (batch?.draws.dryingK ?? 0) - knobs.dryingColdK
				: phase === "BULK"
					? wetC
					: phase === "COOL"
						? 35
						: 30;
		this.#productC = lag(this.#productC, restC, restC, productTauS, dtS);
		this.#product.settle(this.#productC);
		this.#condenser.target = p.condenser_c + (knobs.chilledWaterK * 11) / 7;
		this.#speed.target = drying || phase === "COOL" ? 8 : phase === "DISCHARGE" ? 6 : 0;
		const condensedKg = batch?.accounts.condensateKg ?? 0;
		const loss = this.#ventShare;
		const evaporatedKgH = this.#dry(dtS);
		// The paste of the last quarter of BULK is stiff.
		const part = this.elapsedS / this.durationS;
		const stiff =
			phase === "BULK"
				? Math.exp(-(((part - 0.9) / 0.12) ** 2))
				: phase === "FALLING"
					? Math.exp(-part * 12) * 0.5
					: 0;
		this.#torque.target = drying || phase === "COOL" ? 25 + 35 * stiff : phase === "DISCHARGE" ? 15 : 0;
		this.#rate.target = evaporatedKgH * (1 - loss);
		this.#vent.target =
			drying || phase === "COOL" ? 190 + 18 * evaporatedKgH * (loss / p.vent_loss_share) ** 0.5 : 20;
		if (batch !== undefined) this.#total.target = batch.accounts.condensateKg / size.scale;
		// The heat of evaporation, most of which the condenser takes; and pump and drive.
		const evaporationKw = (evaporatedKgH * p.evaporation_kj_kg) / 3600;
		const driveKw = drying ? 4 : 0;
		const draw = {
			electricKw: evaporationKw + driveKw,
			chilledKw:
				((batch?.accounts.condensateKg ?? 0) - condensedKg) * (p.evaporation_kj_kg / size.scale / dtS),
			roomKw: driveKw + evaporationKw * loss,
		};
		this.use(draw, dtS);
	}

	/** Share of the vapour that the condenser lets through: e times more per 4 K. */
	get #ventShare(): number {
		const p = this.context.parameters.dryer;
		return Math.min(0.9, p.vent_loss_share * Math.exp((this.#condenser.value - p.condenser_c) / 4));
	}

	/** Takes solvent off the solids; returns kg/h for a batch of the small line. */
	#dry(dtS: number): number {
		const { batch, phase } = this;
		const p = this.context.parameters.dryer;
		if (batch === undefined || this.tripped) return 0;
		const before = batch.solventKg;
		if (phase === "BULK") {
			const atEnd = p.solvent_into_falling_ppmw * 1e-6 * batch.solidsKg;
			const leftS = Math.max(dtS, this.durationS - this.elapsedS);
			batch.solventKg -= ((batch.solventKg - atEnd) * dtS) / leftS;
		} else if (phase === "FALLING") {
			const kpa = this.#vacuum.value;
			const inverse = 1 / (this.#productC + kelvin) - 1 / (reference.c + kelvin);
			const restPpmw = p.equilibrium_ppmw * (kpa / reference.kpa) ** 0.5 * Math.exp(4000 * inverse);
			const tauS = this.#tauH * 3600 * slowness(kpa, this.#productC);
			const restKg = restPpmw * 1e-6 * batch.solidsKg;
			if (batch.solventKg > restKg)
				batch.solventKg = restKg + (batch.solventKg - restKg) * Math.exp(-dtS / tauS);
		} else return 0;
		const evaporated = before - batch.solventKg;
		const vented = evaporated * this.#ventShare;
		batch.accounts.solventVentedKg += vented;
		batch.accounts.condensateKg += evaporated - vented;
		return evaporated / this.context.size.scale / (dtS / 3600);
	}

	protected override ended(phase: string): void {
		const { batch } = this;
		if (batch === undefined) return;
		if (phase === "LEAKTEST") this.happen(this.#leak, 1e-5 * (1 + 0.2 * this.context.random.gaussian(2.5)));
		if (phase === "FALLING") batch.history.solventPpmw = (batch.solventKg / batch.solidsKg) * 1e6;
		if (phase === "DISCHARGE") {
			const { loss_share: share } = this.context.parameters.dryer;
			leaveDryBehind(batch, share);
		}
	}
}
