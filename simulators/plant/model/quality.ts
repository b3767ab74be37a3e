// From what happened to a batch to what it is: penalties on a reference conductivity, and the other properties.
// Directions and shapes follow the literature; constants are assumptions (product-parameters.ts).

import type { ModelParameters } from "../parameters.ts";
import type { Batch, Draws, History } from "./batch.ts";

const gasConstant = 8.314;
const kelvin = 273.15;
const reference = { sizeUm: 3, soakC: 500 };

/** Molar masses in kg/kmol (IUPAC 2021, four digits). */
const molar = { Li2S: 45.95, P2S5: 222.27, LiCl: 42.39 };

/** Rate at a temperature against that at 500 degC (Arrhenius). */
export function firingRate(celsius: number, activationJMol: number): number {
	return Math.exp(
		(-activationJMol / gasConstant) * (1 / (celsius + kelvin) - 1 / (reference.soakC + kelvin)),
	);
}

/** True properties, without the laboratory's error. Names are those of the tests. */
export interface Quality {
	readonly sigma_ion: number;
	readonly sigma_el: number;
	readonly ea: number;
	readonly d10: number;
	readonly d50: number;
	readonly d90: number;
	readonly dmax: number;
	readonly span: number;
	readonly bet: number;
	readonly moisture: number;
	readonly solvent: number;
	readonly res_li2s: number;
	readonly other_phase: number;
	readonly oxygen: number;
	readonly carbonate: number;
	readonly h2s_evol: number;
	readonly colour_L: number;
	readonly tap_density: number;
	readonly li_p: number;
	readonly s_p: number;
	readonly cl_p: number;
	readonly fe: number;
	readonly cr_ni_zn_cu: number;
	readonly zr: number;
	readonly magnetic: number;
}

export type TestId = keyof Quality;

export function qualityOf(batch: Batch, parameters: ModelParameters): Quality {
	const { history: h, draws } = batch;
	const q = parameters.quality;
	const milled = 1 - Math.exp(-((h.milledKwhKg / q.mill_scale_kwh_kg) ** q.mill_exponent));
	const fired = 1 - Math.exp(-q.firing_rate * h.firedCold * (milled / q.milled_nominal) ** 3);
	const crystalline = 1 - Math.exp(-q.crystal_rate * h.firedCold);
	const excess = Math.max(0, q.li2s_share * h.li2sErrorPct);
	const residual = 100 * q.li2s_share * (1 - milled) * (1 - fired) + excess;
	const decomposed = Math.min(40, h.firedHot);
	const oxygen = 0.05 + h.oxygenRawWtPct + h.oxygenTakenWtPct;
	const carbon = ((0.02 * h.solventPpmw) / 1e4) * (1 + (h.solventPpmw > 5000 ? 0.3 : 0));
	const size = sizesOf(h, q);
	const bet = q.surface_m2_g_um / size.d50;
	const betRatio = bet / (q.surface_m2_g_um / reference.sizeUm);
	const dose = h.doseTotal * betRatio;
	const imbalance = Math.abs(h.li2sErrorPct - h.p2s5ErrorPct);
	const logSigma =
		Math.log(q.amorphous_share + (1 - q.amorphous_share) * crystalline) -
		q.k_residual * residual -
		q.k_decomposed * decomposed -
		q.k_impurity * Math.max(0, h.impurityWtPct - q.impurity_free_wt_pct) -
		q.k_charge * Math.max(0, imbalance - q.charge_free_pct) -
		q.k_moisture * dose -
		q.k_oxygen * Math.max(0, oxygen - 0.05) -
		(q.k_solvent * Math.max(0, h.solventPpmw - q.solvent_free_ppmw)) / 1000 -
		q.k_fine * Math.max(0, Math.log(reference.sizeUm / size.d50)) -
		q.k_overmilled * Math.max(0, h.jetKwhKg - 1) +
		draws.conductivity;
	// Argon alone lets sulfur go above 530 degC.
	const sulfurLoss = parameters.furnace.h2s_vol_pct < 1 ? 0.015 * h.soakAbove530K : 0;
	const wearEnergy = h.wear * h.milledKwhKg;
	return {
		sigma_ion: q.conductivity_ms_cm * Math.exp(logSigma),
		sigma_el: q.electronic_s_cm * 10 ** (0.35 * decomposed + 6 * carbon + sulfurLoss),
		ea: 0.345 + 0.03 * (1 - crystalline) + 0.004 * residual + draws.activationEv,
		...size,
		bet,
		moisture: 30 + 6 * dose,
		solvent: Math.max(20, 0.06 * h.solventPpmw),
		res_li2s: residual,
		other_phase: decomposed + 0.2,
		oxygen,
		carbonate: q.carbonate_wt_pct + q.carbonate_per_dose * h.dose.packing * betRatio,
		h2s_evol: q.evolution_cm3_g * betRatio * (1 + 0.2 * Math.max(0, residual - 0.3)),
		colour_L: 92 - 60 * carbon - 1.2 * decomposed,
		tap_density: (q.tap_g_cm3 * (size.d50 / reference.sizeUm) ** 0.3) / (1 + h.sticking) ** 0.5,
		...ratiosOf(h, draws, parameters, decomposed),
		fe: q.iron_raw_ppmw + q.iron_wear_ppmw * wearEnergy,
		cr_ni_zn_cu: 0.3 + 0.1 * wearEnergy,
		zr: (q.zirconium_ppmw * wearEnergy) / 2,
		magnetic: q.metal_in_ppb * h.magneticIn * h.wear * (1 - h.magnetEfficiency),
	};
}

function sizesOf(h: History, q: ModelParameters["quality"]) {
	const stuck = 1 + h.sticking;
	const d50 =
		q.d50_um *
		h.jetKwhKg ** -0.5 *
		h.classifierShare ** -0.8 *
		stuck *
		Math.exp(q.coarsening_per_k * h.soakAbove500K);
	const wide = 1 + 0.1 * Math.abs(Math.log(h.jetKwhKg));
	const span = 2 * stuck * wide;
	const d10 = d50 / 3 / wide;
	const d90 = d10 + span * d50;
	return { d10, d50, d90, span, dmax: (q.dmax_um * d90) / 7 };
}

/** Atoms per phosphorus, from what was weighed in; sulfur leaves with decomposition. */
function ratiosOf(h: History, draws: Draws, parameters: ModelParameters, decomposed: number) {
	const { li2s_kg, p2s5_kg, licl_kg } = parameters.charge;
	const li2s = (li2s_kg * (1 + h.li2sErrorPct / 100)) / molar.Li2S;
	const p2s5 = (p2s5_kg * (1 + h.p2s5ErrorPct / 100)) / molar.P2S5;
	const licl = (licl_kg * (1 + (h.liclErrorPct + draws.assayLiclPct) / 100)) / molar.LiCl;
	const phosphorus = 2 * p2s5;
	return {
		li_p: (2 * li2s + licl) / phosphorus,
		s_p: ((li2s + 5 * p2s5) / phosphorus) * (1 - 0.001 * decomposed),
		cl_p: licl / phosphorus,
	};
}

/** A lot is the mean of its batches by weight, once it is blended. */
export function blendOf(parts: readonly { readonly quality: Quality; readonly kg: number }[]): Quality {
	const total = parts.reduce((sum, { kg }) => sum + kg, 0);
	const mean = (id: TestId) => parts.reduce((sum, { quality, kg }) => sum + quality[id] * kg, 0) / total;
	const ids = Object.keys((parts[0] as { quality: Quality }).quality) as TestId[];
	return Object.fromEntries(ids.map((id) => [id, mean(id)])) as unknown as Quality;
}
