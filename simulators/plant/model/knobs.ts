/**
 * What can go wrong inside the process, as departures from what should be; all neutral values do nothing. Scenarios
 * set them at each step, units read them. Adding departures of several scenarios is what "together" means.
 */
export interface Knobs {
	/** Li2S really charged against what the scale shows, in per cent. */
	feederErrorPct: number;
	/** Impurity of a lot of Li2S that is charged out of turn, wt %; 0 for the stock's own. */
	lotImpurityWtPct: number;
	/** Noise of the feed against the normal. */
	feederRoughness: number;
	/** Net power of the mill as a share of the normal: worn beads, low load. */
	millPowerFactor: number;
	/** Wear of beads and liner against the normal. */
	wear: number;
	/** Chilled water above its temperature, in K; the dryer's condenser follows. */
	chilledWaterK: number;
	/** Final vacuum of the dryer that the pump no longer improves on, kPa a; 0 for a healthy pump. */
	vacuumFloorKpa: number;
	/** Product in the dryer colder than it should be, in K. */
	dryingColdK: number;
	/** Furnace above its set point from the knee of the ramp on, in K, and shown by the control thermocouple. */
	overshootK: number;
	/** Control thermocouple reads high by this much, in K: the furnace is colder than it shows. */
	thermocoupleK: number;
	/** Hot and cold spot further apart, in K. */
	spreadK: number;
	/** Oxygen that a leak brings into the retort, ppmv at 3 Nm3/h of argon. */
	leakPpmv: number;
	/** Feed of the jet mill as a share of the normal. */
	jetFeedFactor: number;
	/** Jet gas above its temperature, in K. */
	jetGasK: number;
	/** Efficiency of the magnet that is lost. */
	magnetLoss: number;
	/** Regeneration heater of the dry room: 0 works, 1 is lost. */
	wheelLost: number;
	/** Dew point of the room in K above what it settles at without regeneration. */
	roomWetterK: number;
	/** Powder open in packing, as a multiple of the normal time. */
	openFactor: number;
	/** Powder scooped in the open instead of closed transfer: 0 no, 1 yes. */
	scooping: number;
	/** Abatement out of order: 0 works, 1 has failed. */
	abatementLost: number;
}

export function neutralKnobs(): Knobs {
	return {
		feederErrorPct: 0,
		lotImpurityWtPct: 0,
		feederRoughness: 1,
		millPowerFactor: 1,
		wear: 1,
		chilledWaterK: 0,
		vacuumFloorKpa: 0,
		dryingColdK: 0,
		overshootK: 0,
		thermocoupleK: 0,
		spreadK: 0,
		leakPpmv: 0,
		jetFeedFactor: 1,
		jetGasK: 0,
		magnetLoss: 0,
		wheelLost: 0,
		roomWetterK: 0,
		openFactor: 1,
		scooping: 0,
		abatementLost: 0,
	};
}

const neutral = neutralKnobs();

export function resetKnobs(knobs: Knobs): void {
	Object.assign(knobs, neutral);
}
