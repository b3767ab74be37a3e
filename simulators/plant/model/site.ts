import { UtilityAccount } from "./energy.ts";
import { factorOf } from "./instruments.ts";
import { dewPointOf, ppmvOf } from "./moisture.ts";
import { lag, type Signal } from "./signal.ts";
import { runPhase, type SiteState, Unit, type UnitContext } from "./unit.ts";

const h2sKgPerNm3Ppmv = 1.52e-6;
const scrubberGasNm3H = 25;
const wheelLostK = 35;
/** Heat that a cubic metre of water takes up per degree, kWh. */
const waterKwhPerM3K = (999.9 * 4.19) / 3600;

/** A unit that runs without batches, and whose state the whole site feels. */
abstract class SiteUnit extends Unit {
	constructor(id: string, context: UnitContext) {
		super(id, id, context, [], "");
		this.phase = runPhase;
	}

	override get free(): boolean {
		return false;
	}

	override get remainingS(): number {
		return Number.POSITIVE_INFINITY;
	}
}

/** U800: argon, chilled water, electricity, dry room. */
export class Utilities extends SiteUnit {
	readonly #argon = this.signal("Y800.FT01", 18);
	readonly #argonO2 = this.signal("Y800.AT01", 0.5);
	readonly #argonDewPoint = this.signal("Y800.AT02", -80);
	readonly #header = this.signal("Y800.PT01", 0.75);
	readonly #chilledWater;
	readonly #chilledFlow = this.signal("Y810.FT01", 20);
	readonly #power = this.signal("Y820.JT01", 95);
	readonly #energy = this.signal("Y820.JQ01", 5_123_456_789);
	readonly #wheel;
	readonly #supplyAir = this.signal("Y830.FT01", 6000);
	readonly #roomPressure = this.signal("Y830.PT01", -10);
	/** Argon that the site draws from its tank, Nm3/h. */
	argonNm3H = 0;
	/** Since the line began: what the site took in, took back, and used for itself. */
	madeUpNm3 = 0;
	recoveredNm3 = 0;
	chilledKwh = 0;
	readonly base = new UtilityAccount();
	/** Chilled water on its way back, degC. */
	chilledReturnC = 0;
	#roomPpmv: number;
	#h2sPpmv: number;

	constructor(context: UnitContext) {
		super("U800", context);
		const { site, packing } = context.parameters;
		this.#chilledWater = this.signal("Y810.TT01", site.chilled_water_c);
		this.#wheel = this.signal("Y830.TT01", site.wheel_c);
		this.#roomPpmv = ppmvOf(packing.room_dew_point_c);
		this.#h2sPpmv = packing.room_h2s_ppmv;
	}

	/**
	 * What the site takes in: the units' own draw, what boxes, loops, dry room, fans and chillers take whatever is made,
	 * less the argon that the large line takes back from its loops. Signals hold it per small line, as ranges do.
	 */
	#meter(dtS: number): void {
		const { parameters, site, size } = this.context;
		const { site: p } = parameters;
		const hours = dtS / 3600;
		const base = {
			kw: p.base_kw * size.baseKwFactor,
			nm3H: p.argon_base_nm3_h * factorOf("Y800.FT01", size),
		};
		this.argonNm3H = base.nm3H + site.draw.argonNm3H * (1 - size.argonRecovery);
		const kw = base.kw + site.draw.electricKw;
		this.base.electricKwh += base.kw * hours;
		this.base.argonNm3 += base.nm3H * hours;
		this.madeUpNm3 += this.argonNm3H * hours;
		this.recoveredNm3 += site.draw.argonNm3H * size.argonRecovery * hours;
		this.#argon.target = this.argonNm3H / factorOf("Y800.FT01", size);
		this.#power.target = kw / factorOf("Y820.JT01", size);
		const meteredWh = (kw * hours * 1000) / factorOf("Y820.JQ01", size);
		this.#energy.settle(this.#energy.value + meteredWh);
		// Water comes back warmer by what it took up: flow x 4.19 kJ/(kg K).
		const baseChilledKw = p.base_chilled_kw * factorOf("Y810.FT01", size);
		this.base.chilledKwh += baseChilledKw * hours;
		const flowM3H = this.#chilledFlow.value * factorOf("Y810.FT01", size);
		const riseK = (baseChilledKw + site.draw.chilledKw) / (flowM3H * waterKwhPerM3K);
		this.chilledReturnC = this.#chilledWater.value + riseK;
		this.chilledKwh += flowM3H * waterKwhPerM3K * riseK * hours;
	}

	override drive(dtS: number): void {
		const { parameters, knobs, site } = this.context;
		const { packing, site: p } = parameters;
		this.#meter(dtS);
		this.#argonO2.target = 0.5;
		this.#argonDewPoint.target = -80;
		this.#header.target = 0.75;
		this.#chilledWater.target = p.chilled_water_c + knobs.chilledWaterK;
		this.#chilledFlow.target = 20;
		this.#wheel.target = p.wheel_c - wheelLostK * knobs.wheelLost;
		this.#supplyAir.target = 6000;
		this.#roomPressure.target = -10;
		// The room's water follows what the wheel delivers, as its air is replaced.
		const lostC = packing.wheel_lost_dew_point_c + knobs.roomWetterK;
		const restC = packing.room_dew_point_c + knobs.wheelLost * (lostC - packing.room_dew_point_c);
		const restPpmv = ppmvOf(restC);
		this.#roomPpmv = lag(this.#roomPpmv, restPpmv, restPpmv, packing.room_tau_min * 60, dtS);
		site.roomDewPointC = dewPointOf(this.#roomPpmv);
		// Powder dust gives off H2S in proportion to the water above the normal, five minutes later.
		const wetter = this.#roomPpmv - ppmvOf(packing.room_dew_point_c);
		const restH2s = packing.room_h2s_ppmv + 0.0033 * Math.max(0, wetter);
		this.#h2sPpmv = lag(this.#h2sPpmv, restH2s, restH2s, 300, dtS);
		site.roomH2sPpmv = this.#h2sPpmv;
	}
}

/** U900: two-stage scrubber and gas detection. It measures; the safety system is another one. */
export class Abatement extends SiteUnit {
	readonly #inlet = this.signal("S900.AT01", 100);
	readonly #outlet = this.signal("S900.AT02", 0.1);
	readonly #ph1 = this.signal("S900.AT03", 12);
	readonly #ph2 = this.signal("S900.AT04", 10.5);
	readonly #orp = this.signal("S900.AT05", 600);
	readonly #flow = this.signal("S900.FT01", 8);
	readonly #tank = this.signal("S900.LT01", 70);
	readonly #suction = this.signal("S900.PT01", -800);
	readonly #areas;
	readonly #oxygen = this.signal("S910.AT04", 20.9);
	readonly #solvent = this.signal("S910.AT05", 1);
	/** H2S absorbed since the start, kg: what the caustic balance is about. */
	absorbedKg = 0;
	causticUsedKg = 0;
	#tankPct = 70;
	#weak = 0;

	constructor(context: UnitContext) {
		super("U900", context);
		const { area_h2s_ppmv: area } = context.parameters.site;
		this.#areas = ["S910.AT01", "S910.AT02", "S910.AT03"].map((tag) => this.signal(tag, area)) as [
			Signal,
			Signal,
			Signal,
		];
	}

	override drive(dtS: number): void {
		const { parameters, knobs, site, size } = this.context;
		const p = parameters.site;
		const lost = knobs.abatementLost;
		const kgH = site.h2sKgH / size.trains / size.scale;
		// Chemistry follows the lost flow within the hour.
		this.#weak = lag(this.#weak, lost, lost, 1500, dtS);
		this.#inlet.target = 40 + kgH / h2sKgPerNm3Ppmv / scrubberGasNm3H;
		const passed = Math.max(0, this.#weak - 0.15);
		this.#outlet.target = 0.1 + 3.5 * passed;
		this.#ph1.target = 12 - 1.6 * this.#weak;
		this.#ph2.target = 10.5 - 0.6 * this.#weak;
		this.#orp.target = 600 - 350 * this.#weak;
		this.#flow.target = 8 - 5 * lost;
		this.#suction.target = -800 + 500 * lost;
		const absorbed = ((kgH * dtS) / 3600) * (1 - 0.01 * this.#weak);
		const caustic = absorbed * p.naoh_kg_per_kg_h2s;
		this.absorbedKg += absorbed;
		this.causticUsedKg += caustic;
		this.#tankPct -= (caustic / p.naoh_tank_kg) * 100;
		if (this.#tankPct < 40) this.#tankPct = 90;
		this.#tank.target = this.#tankPct;
		const escaped = p.area_h2s_ppmv + 2.1 * passed;
		this.#areas[0].target = p.area_h2s_ppmv;
		this.#areas[1].target = p.area_h2s_ppmv;
		this.#areas[2].target = escaped;
		this.#oxygen.target = 20.9;
		this.#solvent.target = 1;
	}
}

export function neutralSite(roomDewPointC: number): SiteState {
	return {
		h2sKgH: 0,
		draw: { electricKw: 0, chilledKw: 0, argonNm3H: 0 },
		argonLot: undefined,
		roomDewPointC,
		roomH2sPpmv: 0.05,
	};
}
