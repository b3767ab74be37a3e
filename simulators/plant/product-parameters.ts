// Constants of quality, laboratory and warehouse. Where a constant is fitted to a published figure, it says so.

import { z } from "zod";
import { assumed, assumedOrNone } from "./assumed.ts";

export const qualityParameters = z.strictObject({
	conductivity_ms_cm: assumed(
		4.1,
		"mS/cm",
		"Conductivity at 25 degC, fully reacted, D50 3 um, pressed at 370 MPa",
	),
	electronic_s_cm: assumed(4e-9, "S/cm", "Electronic conductivity without carbon and decomposition"),
	li2s_share: assumed(0.428, "share", "Li2S in the charge, by stoichiometry"),
	mill_scale_kwh_kg: assumed(0.9, "kWh/kg", "Energy that mixes 63 % of the charge"),
	mill_exponent: assumed(1.3, "1", "Exponent of milling"),
	milled_nominal: assumed(0.941, "share", "Milling that the firing constant was fitted at"),
	firing_rate: assumed(2.66, "per 4 h", "Conversion at 500 degC"),
	crystal_rate: assumed(6, "per 4 h", "Crystallization at 500 degC"),
	activation_j_mol: assumed(140_000, "J/mol", "Activation energy of both"),
	amorphous_share: assumed(
		0.08,
		"share",
		"Conductivity of amorphous product, fitted to 0.2 mS/cm below 200 degC",
	),
	spread_k: assumedOrNone(4, "K", "Cold and hot spot below and above the load's mean"),
	decomposed_wt_pct: assumed(0.15, "wt %", "Decomposition in 4 h at its threshold"),
	decomposition_c: assumed(520, "degC", "Threshold of decomposition in argon"),
	decomposition_h2s_k: assumed(40, "K", "Threshold raised by 5 vol % H2S"),
	decomposition_width_k: assumed(18, "K", "Temperature that makes decomposition e times faster"),
	k_residual: assumedOrNone(0.1, "per wt %", "Conductivity lost to residual Li2S"),
	k_decomposed: assumedOrNone(0.1, "per wt %", "To decomposition phases"),
	k_impurity: assumedOrNone(
		0.45,
		"per wt %",
		"To impurity of the Li2S, fitted to 1.12 against 2.77 mS/cm at 2 %",
	),
	impurity_free_wt_pct: assumedOrNone(0.1, "wt %", "Impurity that does no harm"),
	k_charge: assumedOrNone(0.06, "per %", "To an error of the charge"),
	charge_free_pct: assumedOrNone(0.5, "%", "Error of the charge that does no harm"),
	k_moisture: assumedOrNone(
		0.011,
		"per ppmv h",
		"To moisture, fitted to half the conductivity lost in 30 min at -40 degC",
	),
	k_oxygen: assumedOrNone(1.5, "per wt %", "To oxygen taken up"),
	k_solvent: assumedOrNone(0.06, "per 1000 ppm", "To solvent that enters the furnace"),
	solvent_free_ppmw: assumedOrNone(1500, "ppmw", "Solvent that does no harm"),
	k_fine: assumedOrNone(0.1, "1", "To contacts of fine powder"),
	k_overmilled: assumedOrNone(0.1, "per kWh/kg", "To milling after synthesis"),
	h2s_cm3_g: assumedOrNone(
		0.0016,
		"cm3/g per ppmv h",
		"H2S given off, fitted to 0.1 cm3/g in 30 min at -40 degC",
	),
	surface_m2_g_um: assumed(7.5, "m2/g um", "BET surface times D50"),
	d50_um: assumed(3, "um", "D50 at 1 kWh/kg and 9000 rpm"),
	coarsening_per_k: assumedOrNone(0.004, "per K", "Growth of particles above 500 degC"),
	sticking: assumedOrNone(0.25, "per 10 K", "Growth of agglomerates in jet gas above 10 degC"),
	metal_in_ppb: assumedOrNone(400, "ppb", "Magnetic metal before the magnet at normal wear"),
	iron_raw_ppmw: assumedOrNone(2, "ppmw", "Iron of the raw materials"),
	iron_wear_ppmw: assumedOrNone(0.4, "ppmw per kWh/kg", "Iron from the mill at normal wear"),
	zirconium_ppmw: assumedOrNone(20, "ppmw", "Zirconium from the beads at normal wear"),
	carbonate_wt_pct: assumedOrNone(0.03, "wt %", "Carbonate as Li2CO3"),
	carbonate_per_dose: assumedOrNone(
		0.0008,
		"wt % per ppmv h",
		"Carbonate from room air, which brings CO2 with its water",
	),
	evolution_cm3_g: assumed(0.5, "cm3/g", "H2S evolved in 60 min at -30 degC by powder of 2.5 m2/g"),
	tap_g_cm3: assumed(0.6, "g/cm3", "Tap density at D50 3 um"),
	dmax_um: assumed(15, "um", "Largest particle at D90 7 um"),
});

export const laboratoryParameters = z.strictObject({
	preparation_h: assumedOrNone(
		12,
		"h",
		"From packing to the first instrument: sampling, splitting, pressing",
	),
	operator_h: assumedOrNone(10, "h", "Longest wait for an operator"),
	late_share: assumedOrNone(0.03, "share", "Results that come late: an instrument down, a repeat"),
	late_h: assumedOrNone(18, "h", "By how much, on average"),
	correction_share: assumedOrNone(0.02, "share", "Results that are corrected afterwards"),
	correction_h: assumedOrNone(6, "h", "After how long, on average"),
	session_share: assumedOrNone(
		0.45,
		"share",
		"Of a method's scatter that repeats in one session do not show",
	),
	session_share_conductivity: assumedOrNone(
		0.9,
		"share",
		"The same for conductivity: pressing and contacts make most of it",
	),
	temperature_k: assumedOrNone(0.15, "K", "Spread of the temperature at which conductivity is measured"),
	activation_ev: assumed(0.36, "eV", "Used to correct conductivity to 25 degC: 4.7 % per K"),
});

const stock = (lotKg: number, firstKg: number, orderKg: number, leadD: number, large = "24") =>
	z
		.strictObject({
			lot_kg: assumed(
				lotKg,
				"kg",
				`One delivery, which is one lot of the supplier (SP; LP takes ${large} times as much)`,
			),
			first_kg: assumedOrNone(firstKg, "kg", "Stock at the start"),
			order_below_kg: assumedOrNone(
				orderKg,
				"kg",
				"Ordered again below this much, orders under way included",
			),
			lead_d: assumed(leadD, "d", "From order to receipt"),
			lead_spread_d: assumedOrNone(leadD / 5, "d", "Spread of that"),
		})
		.prefault({});

export const warehouseParameters = z.strictObject({
	li2s: stock(200, 400, 1200, 45),
	p2s5: stock(250, 500, 700, 30),
	licl: stock(100, 250, 280, 30),
	solvent: stock(1000, 3000, 2500, 14),
	argon: stock(8000, 12_000, 10_000, 4, "6.8"),
	impurity_wt_pct: assumedOrNone(0.15, "wt %", "Impurity of the Li2S"),
	impurity_lot_wt_pct: assumedOrNone(0.028, "wt %", "Its spread from lot to lot"),
	impurity_batch_wt_pct: assumedOrNone(0.01, "wt %", "Its spread within a lot"),
	recovered_solvent: assumedOrNone(0.97, "share", "Of the condensate that is used again"),
});
