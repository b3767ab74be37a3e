import type { ModelParameters } from "../parameters.ts";
import { UtilityAccount } from "./energy.ts";
import { Random } from "./random.ts";
import type { Material } from "./warehouse.ts";

/** Batch-to-batch spread stays within this many standard deviations. */
const spreadMax = 2.5;

/** How one batch differs from the recipe without anything being wrong. Shares are factors around 1. */
export interface Draws {
	readonly li2sPct: number;
	readonly p2s5Pct: number;
	readonly liclPct: number;
	readonly assayP2s5Pct: number;
	readonly assayLiclPct: number;
	readonly oxygenRaw: number;
	readonly millPower: number;
	readonly millEffect: number;
	readonly jetEnergy: number;
	readonly jetEffect: number;
	readonly classifier: number;
	readonly classifierEffect: number;
	readonly dryingTime: number;
	readonly dryingPressure: number;
	readonly dose: number;
	readonly magneticIn: number;
	readonly furnaceO2: number;
	readonly soakK: number;
	readonly dryingK: number;
	readonly slurryK: number;
	readonly jetGasK: number;
	readonly impurity: number;
	readonly conductivity: number;
	readonly activationEv: number;
}

/** The same for the same seed and batch, whatever happens on the line. */
export function drawsOf(parameters: ModelParameters, seed: number, batchNumber: number): Draws {
	const random = new Random(seed, "batch", batchNumber);
	const v = parameters.variation;
	const spread = (sd: number) => sd * random.gaussian(spreadMax);
	const factor = (share: number) => Math.exp(spread(share));
	return {
		li2sPct: spread(v.weighing_li2s_pct),
		p2s5Pct: spread(v.weighing_p2s5_pct),
		liclPct: spread(v.weighing_licl_pct),
		assayP2s5Pct: spread(v.assay_pct),
		assayLiclPct: spread(v.assay_pct),
		oxygenRaw: spread(v.oxygen_raw_wt_pct),
		millPower: factor(v.mill_power),
		millEffect: factor(v.mill_effect),
		jetEnergy: factor(v.jet_energy),
		jetEffect: factor(v.jet_effect),
		classifier: factor(v.classifier),
		classifierEffect: factor(v.classifier_effect),
		dryingTime: factor(v.drying_time),
		dryingPressure: factor(v.drying_pressure),
		dose: factor(v.dose),
		magneticIn: factor(v.magnetic_in),
		furnaceO2: factor(v.furnace_o2),
		soakK: spread(v.soak_k),
		dryingK: spread(v.drying_k),
		slurryK: spread(v.slurry_k),
		jetGasK: spread(v.jet_gas_k),
		impurity: spread(parameters.warehouse.impurity_batch_wt_pct),
		conductivity: spread(v.conductivity),
		activationEv: spread(v.activation_energy_ev),
	};
}

/** What happened to a batch, as far as its quality follows from it. Units add to it as they go. */
export class History {
	li2sErrorPct = 0;
	p2s5ErrorPct = 0;
	liclErrorPct = 0;
	impurityWtPct = 0;
	oxygenRawWtPct = 0;
	/** Specific milling energy that had its effect, kWh/kg. */
	milledKwhKg = 0;
	wear = 1;
	/** Solvent on the solids, ppmw: before drying ends, and into the furnace. */
	solventPpmw = 0;
	/** Conversion at the cold spot and decomposition at the hot one, against the recipe's firing. */
	firedCold = 0;
	firedHot = 0;
	/** Mean of the soak above 500 and above 530 degC, in K. */
	soakAbove500K = 0;
	soakAbove530K = 0;
	oxygenTakenWtPct = 0;
	/** Effective ppmv hours by step. */
	readonly dose = { charge: 0, slurry: 0, furnace: 0, sizing: 0, packing: 0 };
	jetKwhKg = 1;
	classifierShare = 1;
	/** Growth of agglomerates in warm jet gas, 0 for none. */
	sticking = 0;
	magnetEfficiency = 0.95;
	magneticIn = 1;

	get doseTotal(): number {
		const { charge, slurry, furnace, sizing, packing } = this.dose;
		return charge + slurry + furnace + sizing + packing;
	}
}

/** Kilograms and kilowatt hours of one batch. What is left of an account when all is booked is the error. */
export class Accounts {
	/** Solids: charged = packed + left in units + volatile + sample. */
	li2sKg = 0;
	p2s5Kg = 0;
	liclKg = 0;
	solidsKg = 0;
	solidsLeftKg = 0;
	volatileKg = 0;
	packedKg = 0;
	sampleKg = 0;
	/** Solvent: charged = condensed + vented + fired off + on solids left in units + in the product packed and sampled. */
	solventChargedKg = 0;
	condensateKg = 0;
	solventVentedKg = 0;
	solventFiredKg = 0;
	solventLeftKg = 0;
	solventInProductKg = 0;
	/** Mill: net energy in = warmth carried off by the jacket + lost to the room + stored. */
	millInKwh = 0;
	millJacketKwh = 0;
	millLostKwh = 0;
	millStoredKwh = 0;
	/** Furnace: heater = lost through the wall + carried off by cooling + stored. */
	furnaceInKwh = 0;
	furnaceLostKwh = 0;
	furnaceCooledKwh = 0;
	furnaceStoredKwh = 0;
	/** What it drew from the site: electric = into chilled water + into the room + stored. */
	readonly utilities = new UtilityAccount();
}

/** What was weighed out of one lot of a supplier. */
export interface Charge {
	readonly material: Material;
	readonly lot: string;
	readonly kg: number;
	readonly supplier: string;
	/** Assay by the certificate, wt %. */
	readonly assayWtPct: number;
}

/** One run through the line, at most 25 or 150 kg. */
export interface Batch {
	readonly id: string;
	readonly number: number;
	readonly train: number;
	/** Counts the batches charged on its train, from 1. */
	readonly inTrain: number;
	readonly lot: Lot;
	readonly draws: Draws;
	readonly history: History;
	readonly accounts: Accounts;
	/** The supplier's lots it was made of. */
	readonly charges: Charge[];
	readonly startedS: number;
	finishedS: number;
	/** Units it went through, with the time it entered each, in seconds of the line. */
	readonly path: { readonly unit: string; readonly enteredS: number }[];
	/** Limits of interlocks that put it on hold, as `F500.TT01 HH`. */
	readonly holds: Set<string>;
	/** Names of what went wrong with it. */
	readonly causes: Set<string>;
	/** Solids and solvent in the unit that holds it. */
	solidsKg: number;
	solventKg: number;
}

/** What is tested, released and shipped. */
export interface Lot {
	readonly id: string;
	readonly train: number;
	readonly size: number;
	readonly batches: Batch[];
	/** Its bags and their true net weight. */
	readonly packs: { readonly id: string; readonly kg: number }[];
}
