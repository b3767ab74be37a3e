import type { Proposal } from "../../collector/specification.ts";
import type { TestId } from "../../simulators/plant/model/quality.ts";
import type { ScenarioName } from "../../simulators/plant/pipeline.ts";

/** A scenario at a chosen lot of the large line, and what is said of it: process signature, first sign and effect on the lot. */
export interface Caught {
	readonly code: string;
	readonly name: ScenarioName;
	readonly train: number;
	/** Counts the lots of the train that begin after the line does. */
	readonly lot: number;
	/** Windows of the lot's own units that are out, with the unit; every other one is in. */
	readonly line: readonly (readonly [window: string, unit: string])[];
	/** Windows of utilities and abatement that are raised meanwhile. */
	readonly site: readonly string[];
	/** What is raised before what: the first sign that is to be caught before the harm is done. */
	readonly order: readonly (readonly [early: string, late: string])[];
	/** What the reference model says of a lot with this deviation. */
	readonly outcome: "pass" | "fail";
	/** Tests that are out, and tests that flag a lot which passes. */
	readonly lab: readonly TestId[];
	readonly flagged: readonly TestId[];
	/** What the hold rules propose: a critical test that is out is reworked or rejected, everything else that is out is held. */
	readonly proposal: Proposal;
}

/**
 * One scenario a lot. Those of furnace and dryer reach the batch beside it in the same train, and the dry room is every train's: they
 * come last, where that makes the fewest other lots unclean.
 */
export const caughtScenarios: readonly Caught[] = [
	{
		code: "F01",
		name: "dew-point-excursion",
		...{ train: 4, lot: 8 },
		line: [
			["K700.AT03-pack", "U700"],
			["K700.AT04-pack", "U700"],
			["K700.KT01-open", "U700"],
		],
		site: ["Y830.TT01-wheel"],
		order: [["Y830.TT01-wheel", "K700.AT03-pack"]],
		outcome: "fail",
		lab: ["moisture"],
		flagged: [],
		proposal: "rework_or_reject",
	},
	{
		code: "F02",
		name: "furnace-overshoot",
		...{ train: 1, lot: 1 },
		line: [
			["F500.TT01-soak", "U500A"],
			["F500.TT01-above", "U500A"],
			["F500.TT02-soak", "U500A"],
			["F500.TT02-soak-mean", "U500A"],
			["F500.TT03-soak", "U500A"],
			["F500.TT03-soak-max", "U500A"],
			["F500.KC01-soak", "U500A"],
			["J600.XT01-jet", "U600"],
			["J600.XT01-mean", "U600"],
		],
		site: [],
		order: [],
		outcome: "pass",
		lab: [],
		flagged: ["sigma_el"],
		proposal: "hold",
	},
	{
		code: "F03",
		name: "thermocouple-drift",
		...{ train: 2, lot: 7 },
		line: [
			["F500.TT02-soak", "U500A"],
			["F500.TT02-soak-mean", "U500A"],
			["F500.TT03-soak", "U500A"],
		],
		site: [],
		order: [],
		outcome: "fail",
		lab: ["sigma_ion", "res_li2s"],
		flagged: [],
		proposal: "rework_or_reject",
	},
	{
		code: "F04",
		name: "under-milling",
		...{ train: 1, lot: 3 },
		line: [
			["M310.JT01-mill", "U310"],
			["M310.QC01-end", "U310"],
			["M310.QC01-energy", "U310"],
		],
		site: [],
		order: [],
		outcome: "fail",
		lab: ["sigma_ion", "res_li2s"],
		flagged: [],
		proposal: "rework_or_reject",
	},
	{
		code: "F05",
		name: "over-milling",
		...{ train: 2, lot: 1 },
		line: [
			["J600.FT01-jet", "U600"],
			["J600.XT01-jet", "U600"],
			["J600.XT01-mean", "U600"],
			["J600.XT02-jet", "U600"],
			["J600.QC01-energy", "U600"],
		],
		site: [],
		order: [],
		outcome: "pass",
		lab: [],
		flagged: ["d50"],
		proposal: "hold",
	},
	{
		code: "F06",
		name: "air-leak",
		...{ train: 1, lot: 7 },
		line: [
			["F500.AT01-hot", "U500A"],
			["F500.AT01-oxygen", "U500A"],
			["F500.AT01-outside", "U500A"],
			["F500.FT01-argon", "U500A"],
		],
		site: [],
		order: [],
		outcome: "pass",
		lab: [],
		flagged: [],
		proposal: "hold",
	},
	{
		code: "F07",
		name: "dryer-vacuum-lost",
		...{ train: 3, lot: 7 },
		line: [
			["D400.TT03-condenser", "U400A"],
			["D400.PT01-final", "U400A"],
			["D400.WC01-end", "U400A"],
		],
		site: ["Y810.TT01-water"],
		order: [
			["Y810.TT01-water", "D400.TT03-condenser"],
			["D400.TT03-condenser", "D400.PT01-final"],
		],
		outcome: "fail",
		lab: ["solvent"],
		flagged: [],
		proposal: "hold",
	},
	{
		code: "F08",
		name: "bad-li2s-lot",
		...{ train: 3, lot: 2 },
		// Nothing of the process shows it; the laboratory does.
		line: [],
		site: [],
		order: [],
		outcome: "fail",
		lab: ["sigma_ion"],
		flagged: [],
		proposal: "rework_or_reject",
	},
	{
		code: "F09",
		name: "feeder-drift",
		...{ train: 2, lot: 4 },
		line: [["W200.FT01-steady", "U200"]],
		site: [],
		order: [],
		outcome: "pass",
		lab: [],
		flagged: [],
		proposal: "hold",
	},
	{
		code: "F10",
		name: "warm-jet-gas",
		...{ train: 4, lot: 2 },
		line: [
			["J600.TT01-jet", "U600"],
			["J600.XT01-jet", "U600"],
			["J600.XT01-mean", "U600"],
			["J600.XT02-jet", "U600"],
		],
		site: [],
		order: [],
		outcome: "fail",
		lab: ["d50", "span"],
		flagged: [],
		proposal: "rework_or_reject",
	},
	{
		code: "F11",
		name: "metal-contamination",
		...{ train: 3, lot: 4 },
		line: [["M310.VT01-mill", "U310"]],
		site: [],
		order: [],
		outcome: "fail",
		lab: ["magnetic"],
		flagged: [],
		proposal: "rework_or_reject",
	},
	{
		code: "F12",
		name: "abatement-failure",
		...{ train: 4, lot: 5 },
		line: [],
		site: [
			"S900.FT01-caustic",
			"S900.PT01-suction",
			"S900.AT05-orp",
			"S900.AT03-ph",
			"S900.AT02-stack",
			"S910.AT03-area",
		],
		order: [
			["S900.FT01-caustic", "S900.AT02-stack"],
			["S900.AT02-stack", "S910.AT03-area"],
		],
		outcome: "pass",
		lab: [],
		flagged: [],
		proposal: "release",
	},
];
