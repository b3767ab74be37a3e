// The twelve things that go wrong, by name. Each says where it begins, with which batch it ends, and what departs from
// normal meanwhile; the units make everything else of it. Sizes are those whose effect on the product is stated.

import { type ScenarioName, type Severity, scenarioNames, severities } from "../pipeline.ts";
import type { Knobs } from "./knobs.ts";

interface Place {
	readonly unit: string;
	readonly phase: string;
}

export interface ScenarioKind {
	readonly code: string;
	readonly description: string;
	/** Where the first batch must be for it to begin, and the phase with whose end it is over for the last one. */
	readonly from: Place;
	readonly until: Place;
	/** The same for the severe size, where that is another thing. */
	readonly severe?: { readonly from: Place; readonly until: Place };
	/** Batches of one train that it lasts for, unless told otherwise. */
	readonly batches: number;
	/** Seconds from normal to the full departure, and back. */
	readonly rampS: number;
	/** `level` 0 to 1 is the ramp; `grown` 0 to 1 grows from batch to batch and is 1 for the last. */
	apply(knobs: Knobs, level: number, grown: number, severity: Severity): void;
}

export const scenarios: Readonly<Record<ScenarioName, ScenarioKind>> = {
	"dew-point-excursion": {
		code: "F01",
		description: "The dry room's regeneration heater is lost while a lot is packed",
		from: { unit: "U650", phase: "MAGNET" },
		until: { unit: "U700", phase: "SEAL" },
		batches: 1,
		rampS: 1200,
		apply(knobs, level, _grown, severity) {
			knobs.wheelLost = Math.max(knobs.wheelLost, level);
			const severe = severity === "severe";
			knobs.openFactor = Math.max(knobs.openFactor, severe ? 3 : 6);
			if (!severe) return;
			knobs.scooping = 1;
			knobs.roomWetterK = Math.max(knobs.roomWetterK, 4.7);
		},
	},
	"furnace-overshoot": {
		code: "F02",
		description: "The furnace goes 45 K (severe: 72 K) above its set point and stays there for the soak",
		from: { unit: "U500", phase: "SOAK" },
		until: { unit: "U500", phase: "SOAK" },
		batches: 1,
		rampS: 1,
		apply(knobs, level, _grown, severity) {
			// 72 K for most of the soak do what 70 K for all of it would.
			knobs.overshootK += level * (severity === "severe" ? 72 : 45);
		},
	},
	"thermocouple-drift": {
		code: "F03",
		description: "The control thermocouple comes to read 35 K high: the furnace is colder than it shows",
		from: { unit: "U500", phase: "LOAD" },
		until: { unit: "U500", phase: "UNLOAD" },
		batches: 8,
		rampS: 1,
		apply(knobs, level, grown, severity) {
			knobs.thermocoupleK += level * grown * (severity === "severe" ? 45 : 35);
			knobs.spreadK += level * grown * 4;
		},
	},
	"under-milling": {
		code: "F04",
		description: "Worn beads: the mill lacks power and ends on time with 60 % (severe: 45 %) of its energy",
		from: { unit: "U310", phase: "HEAT" },
		until: { unit: "U310", phase: "MILL" },
		batches: 1,
		rampS: 60,
		apply(knobs, level, _grown, severity) {
			knobs.millPowerFactor *= 1 - level * (severity === "severe" ? 0.577 : 0.436);
		},
	},
	"over-milling": {
		code: "F05",
		description: "The jet mill's feeder bridges: 5.6 (severe: 4.5) instead of 10 kg/h are ground too fine",
		from: { unit: "U600", phase: "CRUSH" },
		until: { unit: "U600", phase: "JET" },
		batches: 1,
		rampS: 1500,
		apply(knobs, level, _grown, severity) {
			knobs.jetFeedFactor *= 1 - level * (severity === "severe" ? 0.55 : 0.444);
		},
	},
	"air-leak": {
		code: "F06",
		description: "Air leaks into the retort: 500 (severe: 2000) ppmv of oxygen while the load is hot",
		from: { unit: "U500", phase: "RAMP" },
		until: { unit: "U500", phase: "COOL" },
		batches: 1,
		rampS: 60,
		apply(knobs, level, _grown, severity) {
			knobs.leakPpmv += level * (severity === "severe" ? 2000 : 500);
		},
	},
	"dryer-vacuum-lost": {
		code: "F07",
		description:
			"Chilled water fails, the condenser warms, and the dryer stays at 5 kPa (severe: and 20 K cold)",
		from: { unit: "U400", phase: "BULK" },
		until: { unit: "U400", phase: "COOL" },
		batches: 1,
		rampS: 1800,
		apply(knobs, level, _grown, severity) {
			knobs.chilledWaterK = Math.max(knobs.chilledWaterK, 7 * level);
			knobs.vacuumFloorKpa = Math.max(knobs.vacuumFloorKpa, 5 * level);
			if (severity === "severe") knobs.dryingColdK += 20 * level;
		},
	},
	"bad-li2s-lot": {
		code: "F08",
		description:
			"A lot of Li2S with 0.9 (severe: 2.0) wt % of oxide, carbonate and sulfate, passed on its assay",
		from: { unit: "U200", phase: "PURGE" },
		until: { unit: "U200", phase: "RECONCILE" },
		batches: 6,
		rampS: 1,
		apply(knobs, _level, _grown, severity) {
			knobs.lotImpurityWtPct = Math.max(knobs.lotImpurityWtPct, severity === "severe" ? 2 : 0.9);
		},
	},
	"feeder-drift": {
		code: "F09",
		description:
			"The Li2S feeder drifts: it charges 2 % too little (severe: too much) and shows what it should",
		from: { unit: "U200", phase: "PURGE" },
		until: { unit: "U200", phase: "RECONCILE" },
		batches: 8,
		rampS: 1,
		apply(knobs, _level, grown, severity) {
			knobs.feederErrorPct += (severity === "severe" ? 2 : -2) * grown;
			knobs.feederRoughness = 1 + grown;
		},
	},
	"warm-jet-gas": {
		code: "F10",
		description: "The jet gas warms from 5 to 25 (severe: 30) degC and powder sticks",
		from: { unit: "U600", phase: "CRUSH" },
		until: { unit: "U600", phase: "JET" },
		batches: 1,
		rampS: 1800,
		apply(knobs, level, _grown, severity) {
			knobs.jetGasK += level * (severity === "severe" ? 25 : 20);
		},
	},
	"metal-contamination": {
		code: "F11",
		description: "Beads and liner wear four times as fast (severe: the magnet is saturated instead)",
		from: { unit: "U310", phase: "HEAT" },
		until: { unit: "U310", phase: "MILL" },
		severe: { from: { unit: "U650", phase: "MAGNET" }, until: { unit: "U650", phase: "MAGNET" } },
		batches: 12,
		rampS: 1,
		apply(knobs, level, grown, severity) {
			if (severity === "severe") knobs.magnetLoss += 0.35 * level * grown;
			else knobs.wear += 3 * level * grown;
		},
	},
	"abatement-failure": {
		code: "F12",
		description: "The scrubber loses its recirculation, and H2S comes through into the furnace area",
		from: { unit: "U500", phase: "RAMP" },
		until: { unit: "U500", phase: "RAMP" },
		batches: 1,
		rampS: 900,
		apply(knobs, level) {
			knobs.abatementLost = Math.max(knobs.abatementLost, level);
		},
	},
};

/** What goes wrong by itself, each as likely as the others; the drifts hit one batch with their full size. */
export const specialCauses: readonly { readonly name: ScenarioName; readonly severity: Severity }[] =
	scenarioNames
		.filter((name) => name !== "abatement-failure")
		.flatMap((name) => severities.map((severity) => ({ name, severity })))
		// A furnace that is stuck far too cold, or a mill far too weak, would be seen before the batch goes on.
		.filter(
			({ name, severity }) =>
				severity === "stated" ||
				!["thermocouple-drift", "under-milling", "over-milling", "warm-jet-gas"].includes(name),
		);
