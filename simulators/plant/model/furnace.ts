import { argonKgPerNm3 } from "./argon.ts";
import type { Batch } from "./batch.ts";
import {
	addToCourse,
	type Course,
	decompositionRate,
	loadTauS,
	overshootShape,
	recipeCourse,
	recipeWorth,
} from "./firing.ts";
import { dewPointOf, ppmvOf } from "./moisture.ts";
import { lag } from "./signal.ts";
import { leaveDryBehind, plan, Unit, type UnitContext } from "./unit.ts";

const h2sKgPerNm3Ppmv = 1.52e-6;
const oxygenKgNm3 = 1.429;
/** An oxygen leak of this size shows fully in pressure and flow. */
const leakShownPpmv = 500;
/** The overtemperature limiter opens the heater's contactor. */
const limiterC = 600;
/** Above its set point the furnace goes up by this much a second: what the heater has power for. */
const overshootKPerS = 0.055;
/** After a trip the furnace goes back to its course this fast, as the controller's guaranteed soak does. */
const backKPerS = 3.5 / 60;
/** The mean of the soak is taken when the load has arrived. */
const arrivedS = 3600;

/** U500: retort furnace in flowing argon. The furnace is held at its set point by what the control thermocouple shows. */
export class Furnace extends Unit {
	readonly #control = this.signal("F500.TT01", 28);
	readonly #bottom = this.signal("F500.TT02", 28);
	readonly #top = this.signal("F500.TT03", 28);
	readonly #ramp = this.signal("F500.RC01", 0);
	readonly #soak = this.signal("F500.KC01", 0);
	readonly #heater = this.signal("F500.JT01", 0);
	readonly #argon = this.signal("F500.FT01", 0.5);
	readonly #h2sFlow = this.signal("F500.FT02", 0);
	readonly #oxygen = this.signal("F500.AT01", 50);
	readonly #dewPoint = this.signal("F500.AT02", -50);
	readonly #pressure = this.signal("F500.PT01", 300);
	readonly #filter = this.signal("F500.PT02", 0.5);
	readonly #offGasLine = this.signal("F500.TT04", 180);
	readonly #offGas = this.signal("F500.AT03", 0);
	readonly #recipe: Course;
	readonly #worth: Course;
	readonly #course: Course = { cold: 0, hot: 0 };
	#furnaceC = 28;
	#loadC = 28;
	#fromC = 28;
	#extraK = 0;
	#oxygenPpmv = 50;
	#waterPpmv = ppmvOf(-50);
	#fouling = 0.5;
	#soakH = 0;
	/** Argon since loading, Nm3. */
	#argonNm3 = 0;
	#meanS = 0;
	/** Off its course after a trip; the phase waits until it is back. */
	#returning = false;

	constructor(name: string, context: UnitContext) {
		const { coolMin, cleanMin } = context.size;
		super(
			"U500",
			name,
			context,
			plan(`LOAD:45 PURGE:60 RAMP:158 SOAK:240 COOL:${coolMin} UNLOAD:60 CLEAN:${cleanMin}`),
			"UNLOAD",
		);
		this.turnS = context.size.turnMin * 60;
		this.#recipe = recipeCourse(context.parameters, coolMin);
		this.#worth = recipeWorth(context.parameters);
	}

	protected override get waits(): boolean {
		return this.stopped || this.#returning;
	}

	protected override entered(phase: string): void {
		this.#fromC = this.#furnaceC;
		if (phase === "LOAD") {
			this.#course.cold = 0;
			this.#course.hot = 0;
			this.#soakH = 0;
			this.#argonNm3 = 0;
			this.#meanS = 0;
			this.#soak.settle(0);
			this.#oxygenPpmv = 1000;
			this.#waterPpmv = ppmvOf(-42);
		}
		if (phase === "UNLOAD") {
			this.#oxygenPpmv = 40;
			this.#waterPpmv = ppmvOf(-55);
		}
		if (phase === "CLEAN") {
			this.#oxygenPpmv = 500;
			this.#waterPpmv = ppmvOf(-45);
		}
	}

	override drive(dtS: number): void {
		const { knobs, site, size, parameters } = this.context;
		const p = parameters.furnace;
		const { phase, batch } = this;
		const fired = phase === "RAMP" || phase === "SOAK" || phase === "COOL";
		const before = this.#furnaceC;
		this.#furnaceC = this.#heldFurnaceC(this.#nextFurnaceC(dtS), dtS, fired);
		const atRest = phase === "IDLE" || phase === "LOAD" || phase === "PURGE";
		const shown = this.#furnaceC + (fired ? knobs.thermocoupleK : 0);
		this.#control.settle(shown);
		this.#ramp.target = atRest ? 0 : ((this.#furnaceC - before) / dtS) * 60;
		this.#loadC = lag(this.#loadC, before, this.#furnaceC, loadTauS, dtS);
		const loadC = this.#loadC + (fired ? (batch?.draws.soakK ?? 0) * Math.min(1, this.#loadC / p.soak_c) : 0);
		const halfSpread = 2 + knobs.spreadK;
		const near = fired ? Math.min(1, this.#loadC / p.soak_c) : 0;
		this.#bottom.settle(loadC - halfSpread * near);
		this.#top.settle(loadC + halfSpread * near);
		this.#gas(dtS, fired);
		this.#energy(before, dtS, (fired || phase === "UNLOAD") && !this.tripped);
		if (shown >= p.soak_c - 5 && fired && !this.tripped) this.#soakH += dtS / 3600;
		this.#soak.target = this.#soakH;
		if (batch !== undefined && fired) this.#fire(batch, loadC, dtS);
		const hot = fired ? decompositionRate(loadC + parameters.quality.spread_k, parameters) : 0;
		if (phase === "CLEAN") this.#fouling += (0.5 - this.#fouling) * (1 - Math.exp(-dtS / 900));
		else this.#fouling = Math.min(4, this.#fouling + (0.1 * hot * dtS) / 3600);
		this.#filter.target = this.#fouling;
		this.#offGasLine.target = 180;
		const volatile = phase === "RAMP" ? p.off_gas_ppmv * Math.exp(-(((loadC - 300) / 110) ** 2)) : 0;
		this.#offGas.target = fired ? 100 * near + volatile + 250 * hot : 0;
		site.h2sKgH += this.#offGas.value * this.#argon.value * size.scale * h2sKgPerNm3Ppmv;
	}

	/** What a trip makes of the course: the furnace loses heat through its wall, and afterwards it comes back. */
	#heldFurnaceC(courseC: number, dtS: number, fired: boolean): number {
		const {
			ambient_c: ambient,
			heat_capacity_kj_k: capacity,
			loss_kw_k: loss,
		} = this.context.parameters.furnace;
		if (this.tripped) {
			this.#returning = fired;
			return ambient + (this.#furnaceC - ambient) * Math.exp((-dtS * loss) / capacity);
		}
		if (!this.#returning) return courseC;
		const step = backKPerS * dtS;
		const nextC = Math.max(this.#furnaceC - step, Math.min(this.#furnaceC + step, courseC));
		this.#returning = nextC !== courseC;
		return nextC;
	}

	/** The true temperature of the furnace: the loop is fast enough to hold what it sees. */
	#nextFurnaceC(dtS: number): number {
		const { knobs, parameters, size } = this.context;
		const p = parameters.furnace;
		const part = Math.min(1, (this.elapsedS + dtS) / this.durationS);
		const wrong = knobs.thermocoupleK;
		const rising = this.#extraK + overshootKPerS * dtS;
		const falling = lag(this.#extraK, knobs.overshootK, knobs.overshootK, 240, dtS);
		this.#extraK = this.#extraK < knobs.overshootK ? Math.min(knobs.overshootK, rising) : falling;
		switch (this.phase) {
			case "RAMP":
				this.#extraK = 0;
				return this.#fromC + (p.soak_c - wrong - this.#fromC) * part;
			case "SOAK": {
				const over = p.overshoot_k * overshootShape(this.elapsedS + dtS);
				return Math.min(limiterC, p.soak_c + over + this.#extraK - wrong);
			}
			case "COOL":
				return this.#fromC - (this.#fromC - 60) * part;
			default: {
				const restC = this.phase === "UNLOAD" ? 40 : 28;
				return restC + (this.#furnaceC - restC) * Math.exp(-dtS / (size.scale > 1 ? 3600 : 1800));
			}
		}
	}

	/** Oxygen and water in the retort: V dC/dt = F (C_in - C), with what leaks in as part of C_in. */
	#gas(dtS: number, fired: boolean): void {
		const { knobs, parameters } = this.context;
		const p = parameters.furnace;
		const { phase } = this;
		const leaking = Math.min(1, knobs.leakPpmv / leakShownPpmv);
		const closed = fired || phase === "PURGE";
		this.#argon.target = closed ? p.argon_nm3_h * (1 + 0.1 * leaking) : phase === "UNLOAD" ? 1 : 0.5;
		this.#h2sFlow.target =
			phase === "RAMP" || phase === "SOAK" ? (p.argon_nm3_h * p.h2s_vol_pct * 10) / 60 : 0;
		this.#argonNm3 += (this.#argon.target * dtS) / 3600;
		this.#pressure.target = closed ? 500 - 350 * leaking : 100;
		if (closed) {
			const leak = p.leak_o2_ppmv * (this.batch?.draws.furnaceO2 ?? 1) + knobs.leakPpmv;
			const decay = Math.exp((-dtS / 3600) * (p.argon_nm3_h / p.volume_nm3));
			const restO2 = p.argon_o2_ppmv + leak;
			this.#oxygenPpmv = restO2 + (this.#oxygenPpmv - restO2) * decay;
			// Powder and walls take water up, so it comes later and smaller than oxygen.
			const restH2o =
				ppmvOf(p.dew_point_c) + ((leak / p.air_o2_ppmv) * p.air_h2o_ppmv) / (1 + p.water_uptake);
			this.#waterPpmv = restH2o + (this.#waterPpmv - restH2o) * Math.exp(-dtS / 600);
		}
		this.#oxygen.target = this.#oxygenPpmv;
		this.#dewPoint.target = dewPointOf(this.#waterPpmv);
	}

	/** Heater power from the temperature that was held; heat above what is lost has been taken by cooling. */
	#energy(before: number, dtS: number, heated: boolean): void {
		const { parameters, size } = this.context;
		const p = parameters.furnace;
		const storedKw = (p.heat_capacity_kj_k * (this.#furnaceC - before)) / dtS;
		const lostKw = p.loss_kw_k * ((before + this.#furnaceC) / 2 - p.ambient_c);
		const neededKw = storedKw + lostKw;
		const heating = heated && this.phase !== "COOL" && neededKw > 0;
		this.#heater.target = heating ? neededKw : 0;
		const draw = {
			electricKw: heating ? neededKw : 0,
			chilledKw: heating ? 0 : -neededKw,
			roomKw: lostKw,
			storedKw,
			argonNm3H: this.#argon.target,
		};
		this.use(draw, dtS);
		const accounts = this.batch?.accounts;
		if (accounts === undefined) return;
		const hours = (dtS / 3600) * size.scale;
		if (heating) accounts.furnaceInKwh += neededKw * hours;
		else accounts.furnaceCooledKwh -= neededKw * hours;
		accounts.furnaceLostKwh += lostKw * hours;
		accounts.furnaceStoredKwh += storedKw * hours;
	}

	#fire(batch: Batch, loadC: number, dtS: number): void {
		const { knobs, parameters } = this.context;
		const { history } = batch;
		const spread = parameters.quality.spread_k + knobs.spreadK;
		addToCourse(this.#course, loadC, spread, dtS, parameters);
		history.firedCold = (this.#worth.cold * this.#course.cold) / this.#recipe.cold;
		history.firedHot = (this.#worth.hot * this.#course.hot) / this.#recipe.hot;
		if (this.phase === "SOAK" && this.elapsedS >= arrivedS) {
			const before = this.#meanS;
			this.#meanS += dtS;
			const mean = (sofar: number, now: number) => (sofar * before + now * dtS) / this.#meanS;
			history.soakAbove500K = mean(history.soakAbove500K, Math.max(0, loadC - 500));
			history.soakAbove530K = mean(history.soakAbove530K, Math.max(0, loadC - 530));
		}
		if (loadC < parameters.furnace.oxidation_above_c) return;
		const hours = dtS / 3600;
		const { argon_nm3_h: argon } = parameters.furnace;
		const kg = batch.solidsKg / this.context.size.scale;
		history.oxygenTakenWtPct += (100 * argon * this.#oxygenPpmv * 1e-6 * hours * oxygenKgNm3) / kg;
		const { exposure } = parameters;
		history.dose.furnace +=
			exposure.closed_transfer * exposure.argon * this.#waterPpmv * batch.draws.dose * hours;
	}

	/** What flowed through the retort while it was closed, from the delivery in use. */
	#tellArgon(batch: Batch): void {
		const { argonLot } = this.context.site;
		if (argonLot === undefined) return;
		const kg = this.#argonNm3 * argonKgPerNm3 * this.context.size.scale;
		const { id, supplier, purityVolPct } = argonLot;
		this.links.push({
			link: "charge",
			from: id,
			into: batch.id,
			kg,
			material: "argon",
			supplier,
			assay: purityVolPct,
		});
	}

	protected override ended(phase: string): void {
		const { batch } = this;
		if (batch === undefined) return;
		if (phase === "SOAK") {
			// What is left of the solvent leaves, but for the share that stays in the product.
			const kept = Math.max(20, 0.06 * batch.history.solventPpmw) * 1e-6 * batch.solidsKg;
			const fired = Math.max(0, batch.solventKg - kept);
			batch.solventKg -= fired;
			batch.accounts.solventFiredKg += fired;
			const volatile = batch.solidsKg * this.context.parameters.furnace.loss_share;
			batch.solidsKg -= volatile;
			batch.accounts.volatileKg += volatile;
		}
		if (phase === "COOL") this.#tellArgon(batch);
		if (phase === "UNLOAD") leaveDryBehind(batch, 0.0005);
	}
}
