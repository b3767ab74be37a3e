// Every constant of the process model, with its default. Nothing of this is measured on a plant: each value is an
// assumption of a plausible reference line, to be replaced by what a real line shows.

import { z } from "zod";
import { assumed, assumedOrNone, assumedSigned } from "./assumed.ts";
import { interlockParameters } from "./interlock-parameters.ts";
import { laboratoryParameters, qualityParameters, warehouseParameters } from "./product-parameters.ts";

const charge = z.strictObject({
	li2s_kg: assumed(11.13, "kg", "Li2S per batch"),
	p2s5_kg: assumed(10.77, "kg", "P2S5 per batch"),
	licl_kg: assumed(4.11, "kg", "LiCl per batch"),
	solvent_kg: assumed(104, "kg", "Solvent per batch"),
	li2s_feed_kg_h: assumed(12.2, "kg/h", "Feed of Li2S"),
	glovebox_h2o_ppmv: assumedOrNone(0.5, "ppmv", "Water in the glovebox"),
	glovebox_o2_ppmv: assumedOrNone(1, "ppmv", "Oxygen in the glovebox"),
	loss_share: assumedOrNone(0.004, "share", "Dust left in the feeders"),
});

const slurry = z.strictObject({
	temperature_c: assumed(40, "degC", "Slurry temperature"),
	solvent_water_ppmw: assumedOrNone(5, "ppmw", "Water in the solvent"),
	vent_burst_ppmv: assumedOrNone(
		250,
		"ppmv",
		"H2S in the vent above its base at the start, when Li2S meets P2S5",
	),
	vent_base_ppmv: assumedOrNone(50, "ppmv", "H2S in the vent afterwards"),
	burst_tau_h: assumed(0.5, "h", "Time constant of that burst"),
	loss_share: assumedOrNone(0.002, "share", "Solids left in the vessel"),
});

const mill = z.strictObject({
	net_power_kw: assumed(6.5, "kW", "Power that mills"),
	no_load_kw: assumed(2.5, "kW", "Power of the empty mill"),
	energy_kwh_kg: assumed(2, "kWh/kg", "Specific net energy that ends milling"),
	time_limit_min: assumed(510, "min", "Milling ends by then, whatever the energy"),
	heat_capacity_kj_k: assumed(250, "kJ/K", "Slurry and mill"),
	cooling_kw_k: assumed(0.23, "kW/K", "Heat passed to the jacket"),
	heat_share: assumed(0.95, "share", "Of the net power that warms the slurry"),
	jacket_c: assumed(18.2, "degC", "Jacket water at a slurry of 45 degC"),
	jacket_gain: assumedOrNone(2, "K/K", "Jacket water per degree that the slurry is too cold"),
	outlet_c: assumed(45, "degC", "Slurry outlet that the jacket is set for"),
	loss_share: assumedOrNone(0.008, "share", "Solids left in the mill"),
});

const dryer = z.strictObject({
	jacket_c: assumed(115, "degC", "Jacket oil"),
	product_c: assumed(110, "degC", "Product at the end of drying"),
	bulk_kpa: assumed(20, "kPa a", "Vacuum of the bulk phase"),
	final_kpa: assumed(0.5, "kPa a", "Vacuum of the falling-rate phase"),
	solvent_into_falling_ppmw: assumed(80_000, "ppmw", "Solvent on the solids when the rate begins to fall"),
	tau_h: assumed(0.9, "h", "Time constant of the falling rate at 0.5 kPa and 110 degC"),
	falling_h: z
		.number("expected a number")
		.gt(0, "expected more than 0, at most 200 h")
		.max(200, "expected more than 0, at most 200 h")
		.default(6)
		.describe("Length of the falling-rate phase, h. Assumption."),
	equilibrium_ppmw: assumedOrNone(400, "ppmw", "Solvent that stays at 0.5 kPa and 110 degC"),
	condenser_c: assumedSigned(-5, "degC", "Condenser outlet"),
	vent_loss_share: assumedOrNone(0.004, "share", "Solvent that a condenser at -5 degC lets through"),
	evaporation_kj_kg: assumed(365, "kJ/kg", "Heat of evaporation of the solvent (heptane)"),
	loss_share: assumedOrNone(0.004, "share", "Solids left in the dryer"),
});

const furnace = z.strictObject({
	soak_c: assumed(500, "degC", "Soak temperature"),
	ambient_c: assumed(26, "degC", "Temperature of the room"),
	heat_capacity_kj_k: assumed(300, "kJ/K", "Furnace and load"),
	loss_kw_k: assumed(0.01266, "kW/K", "Heat lost per degree above the room: 6 kW at 500 degC"),
	overshoot_k: assumedOrNone(3, "K", "At the knee of the ramp"),
	argon_nm3_h: assumed(3, "Nm3/h", "Argon"),
	volume_nm3: assumed(0.1, "Nm3", "Gas space of the retort above the load"),
	argon_o2_ppmv: assumedOrNone(0.5, "ppmv", "Oxygen in the argon"),
	leak_o2_ppmv: assumedOrNone(4.5, "ppmv", "Oxygen that leaks in, as a concentration at 3 Nm3/h"),
	dew_point_c: assumedSigned(-75, "degC", "Dew point of the gas"),
	air_o2_ppmv: assumed(209_000, "ppmv", "Oxygen in air"),
	air_h2o_ppmv: assumed(10_000, "ppmv", "Water in air"),
	water_uptake: assumedOrNone(
		2,
		"times",
		"Water that powder and walls take up, against what the argon carries off",
	),
	oxidation_above_c: assumed(190, "degC", "Oxygen is taken up above this temperature"),
	h2s_vol_pct: assumedOrNone(0, "vol %", "H2S in the gas, a recipe option"),
	off_gas_ppmv: assumedOrNone(1500, "ppmv", "H2S in the off-gas at the height of the ramp"),
	loss_share: assumedOrNone(0.006, "share", "Solids lost as vapour and dust"),
});

const sizing = z.strictObject({
	feed_kg_h: assumed(10, "kg/h", "Feed of the jet mill"),
	jet_kw: assumed(10, "kW", "Power in the jets"),
	classifier_rpm: assumed(9000, "rpm", "Classifier speed"),
	gas_c: assumed(5, "degC", "Jet gas"),
	loop_dew_point_c: assumedSigned(-70, "degC", "Dew point of the argon loop"),
	loss_share: assumedOrNone(0.01, "share", "Dust in the bag filter"),
	magnet_efficiency: assumed(0.95, "share", "Of the magnetic metal that a clean magnet holds"),
	catch_mg_100kg: assumedOrNone(1.5, "mg/100 kg", "Catch that is scraped off at normal wear"),
	blend_min: assumed(30, "min", "Blending"),
});

const packing = z.strictObject({
	bag_kg: assumed(5, "kg", "Net weight of a bag"),
	box_dew_point_c: assumedSigned(-65, "degC", "Dew point of the packing box"),
	room_dew_point_c: assumedSigned(-50, "degC", "Dew point of the dry room"),
	wheel_lost_dew_point_c: assumedSigned(
		-34.5,
		"degC",
		"Dew point that the room settles at without regeneration",
	),
	room_tau_min: assumed(20, "min", "Time in which the room's air is replaced"),
	room_h2s_ppmv: assumedOrNone(0.05, "ppmv", "H2S in the room"),
	open_min: assumed(20, "min", "Time for which powder is open while it is packed"),
	scraped_share: assumedOrNone(0.002, "share", "Powder left in the hopper and taken as sample, at least"),
});

const site = z.strictObject({
	argon_base_nm3_h: assumed(13.5, "Nm3/h", "Argon of boxes and loops"),
	base_kw: assumed(76, "kW", "Dry room, chillers and fans"),
	base_chilled_kw: assumedOrNone(40, "kW", "Heat of the dry room's air that the chilled water takes up"),
	chilled_water_c: assumed(7, "degC", "Chilled water"),
	wheel_c: assumed(140, "degC", "Regeneration air of the desiccant wheel"),
	naoh_kg_per_kg_h2s: assumed(2.35, "kg/kg", "Caustic used per H2S absorbed: two moles of NaOH"),
	naoh_tank_kg: assumed(400, "kg", "Caustic in a full tank"),
	area_h2s_ppmv: assumedOrNone(0.05, "ppmv", "H2S in the work areas"),
});

const exposure = z.strictObject({
	open_scoop: assumed(0.3, "share", "Of the water that reaches powder scooped in the open"),
	closed_transfer: assumed(0.05, "share", "In closed transfer"),
	argon: assumed(0.6, "share", "Harm done by water without oxygen and CO2"),
	slurry_per_ppmw: assumedOrNone(0.024, "ppmv h/ppmw", "Dose from water in the solvent"),
});

/** Spread from batch to batch: one standard deviation, cut at 2.5. */
const variation = z.strictObject({
	weighing_li2s_pct: assumedOrNone(0.15, "%", "Li2S charged against what the scale shows"),
	weighing_p2s5_pct: assumedOrNone(0.1, "%", "P2S5 charged"),
	weighing_licl_pct: assumedOrNone(0.14, "%", "LiCl charged"),
	assay_pct: assumedOrNone(0.12, "%", "Assay of P2S5 and LiCl"),
	oxygen_raw_wt_pct: assumedOrNone(0.01, "wt %", "Oxygen in the raw materials"),
	mill_power: assumedOrNone(0.02, "share", "Net power of the mill"),
	mill_effect: assumedOrNone(0.04, "share", "What a kWh does: bead filling, which no instrument shows"),
	jet_energy: assumedOrNone(0.015, "share", "Feed of the jet mill"),
	jet_effect: assumedOrNone(0.0475, "share", "What a kWh does in the jet mill"),
	classifier: assumedOrNone(0.002, "share", "Classifier speed"),
	classifier_effect: assumedOrNone(0.0098, "share", "Cut of the classifier at the same speed"),
	drying_time: assumedOrNone(0.03, "share", "Length of the falling-rate phase"),
	drying_pressure: assumedOrNone(0.1, "share", "Final vacuum"),
	dose: assumedOrNone(0.25, "share", "Handling times"),
	magnetic_in: assumedOrNone(0.25, "share", "Metal that comes in"),
	furnace_o2: assumedOrNone(0.3, "share", "Leak rate of the retort's seal"),
	soak_k: assumedOrNone(2, "K", "Load against the control thermocouple"),
	drying_k: assumedOrNone(1, "K", "Product temperature in the dryer"),
	slurry_k: assumedOrNone(1, "K", "Slurry temperature"),
	jet_gas_k: assumedOrNone(0.5, "K", "Jet gas"),
	conductivity: assumedOrNone(0.02, "share", "What no equation explains"),
	activation_energy_ev: assumedOrNone(0.004, "eV", "Activation energy"),
});

const size = z.strictObject({
	preset: z
		.enum(["SP", "LP"])
		.default("SP")
		.describe("SP small pilot, 25 kg; LP large pilot, 4 trains of 150 kg"),
	trains: z.int().min(1).max(8).optional().describe("Lines side by side; default 1 (SP) or 4 (LP)"),
	dryers: z.int().min(1).max(4).optional().describe("Dryers of a train; default 1 (SP) or 2 (LP)"),
	furnaces: z.int().min(1).max(4).optional().describe("Retorts of a train; default 1 (SP) or 2 (LP)"),
	batches_per_lot: z.int().min(1).max(4).default(1).describe("Batches blended into one lot"),
});

export const modelSchema = z.strictObject({
	size: size.prefault({}),
	charge: charge.prefault({}),
	slurry: slurry.prefault({}),
	mill: mill.prefault({}),
	dryer: dryer.prefault({}),
	furnace: furnace.prefault({}),
	sizing: sizing.prefault({}),
	packing: packing.prefault({}),
	site: site.prefault({}),
	exposure: exposure.prefault({}),
	variation: variation.prefault({}),
	quality: qualityParameters.prefault({}),
	laboratory: laboratoryParameters.prefault({}),
	warehouse: warehouseParameters.prefault({}),
	interlocks: interlockParameters.prefault({}),
	special_causes: z
		.number("expected a share, 0 to 0.5")
		.min(0, "expected a share, 0 to 0.5")
		.max(0.5, "expected a share, 0 to 0.5")
		.default(0.08)
		.describe(
			"Share of batches on which something goes wrong by itself: 0.06 to 0.10 is what pilots see. Assumption.",
		),
});

export type ModelParameters = z.output<typeof modelSchema>;

/** What the preset makes of the parameters that depend on it. `scale` multiplies masses, flows and drive power. */
export interface LineSize {
	readonly trains: number;
	readonly dryers: number;
	readonly furnaces: number;
	readonly scale: number;
	/** Lengths of COOL and CLEAN, in minutes: a large retort takes 24 hours, a small one 17. */
	readonly coolMin: number;
	readonly cleanMin: number;
	/** Work between two batches of a furnace. */
	readonly turnMin: number;
	/** Electric power of the site itself, as a multiple of the small line's. */
	readonly baseKwFactor: number;
	/** Share of the units' argon that loops take back: the large line needs 3 Nm3/kg, the small one 12. */
	readonly argonRecovery: number;
}

export function lineSize(parameters: ModelParameters): LineSize {
	const { preset, trains, dryers, furnaces } = parameters.size;
	return preset === "SP"
		? {
				trains: trains ?? 1,
				dryers: dryers ?? 1,
				furnaces: furnaces ?? 1,
				scale: 1,
				coolMin: 360,
				cleanMin: 90,
				turnMin: 7,
				baseKwFactor: trains ?? 1,
				argonRecovery: 0,
			}
		: {
				trains: trains ?? 4,
				dryers: dryers ?? 2,
				furnaces: furnaces ?? 2,
				scale: 6,
				coolMin: 690,
				cleanMin: 180,
				turnMin: 7,
				// 22 kWh and 3 Nm3 per kg, assumed of a line of this size.
				baseKwFactor: (7 * (trains ?? 4)) / 4,
				argonRecovery: 0.717,
			};
}
