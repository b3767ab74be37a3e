// The instrument tags that the simulated line serves: a selection that covers every unit.
//
// Names, ranges, time constants, noise and sample periods are engineering proposals for a line of this
// size, not measurements of a real one. Added here: the phases in which a range applies, the basis (all
// raw, nothing is averaged or corrected before it is served), the instrument's rounding and its data type.

/** OPC UA data types used by the line. Node ids and values elsewhere carry these names. */
export type PlantDataType =
	| "Double"
	| "Float"
	| "Int16"
	| "UInt16"
	| "Int32"
	| "UInt32"
	| "UInt64"
	| "Boolean"
	| "String"
	| "DateTime";

/** CPP critical process parameter, PP process parameter, CQA quality attribute, EHS safety, UTL utility. */
export type TagClass = "CPP" | "PP" | "CQA" | "EHS" | "UTL";

/** The range in engineering units: low and high warn, the outer pair holds the batch. */
export interface TagRange {
	readonly lowLow: number | undefined;
	readonly low: number | undefined;
	readonly high: number | undefined;
	readonly highHigh: number | undefined;
}

export interface InstrumentTag {
	readonly name: string;
	readonly unit: string;
	readonly description: string;
	readonly eu: string;
	readonly dataType: PlantDataType;
	readonly range: TagRange;
	/** The phases of its unit in which the range applies. Empty: a record only, no range. */
	readonly phases: readonly string[];
	readonly basis: "raw";
	/** First-order time constant of the measured quantity. */
	readonly tauS: number;
	/** One standard deviation, in engineering units. */
	readonly noiseSd: number;
	/** How often the instrument gives a value; "event" is once per happening, a bag weighed for instance. */
	readonly samplePeriodS: number | "event";
	/** What the instrument rounds to. */
	readonly resolution: number;
	readonly class: TagClass;
	/** What its display can show: the OPC UA EURange. */
	readonly span: readonly [number, number];
}

type Limit = number | null;
type Row = [
	name: string,
	unit: string,
	description: string,
	eu: string,
	dataType: PlantDataType,
	lowLow: Limit,
	low: Limit,
	high: Limit,
	highHigh: Limit,
	tauS: number,
	noiseSd: number,
	sample: number | "event",
	resolution: number,
	tagClass: TagClass,
	phases: string,
	spanLow: number,
	spanHigh: number,
];

// biome-ignore format: a table is read one row a line
const rows: Row[] = [
	["W200.WT01", "U200", "Li2S charge, loss in weight", "kg", "Double", 11.02, 11.07, 11.19, 11.24, 1.5, 0.005, 1, 0.001, "CPP", "CHARGE_P2S5 CHARGE_LICL RECONCILE", 0, 20],
	["W200.AT01", "U200", "Glovebox H2O", "ppmv", "Double", null, null, 3, 10, 60, 0.1, 5, 0.01, "CPP", "CHARGE_LI2S CHARGE_P2S5 CHARGE_LICL", 0, 50],
	["W200.AT03", "U200", "Glovebox H2S", "ppmv", "Double", null, null, 2, 10, 20, 0.05, 1, 0.01, "EHS", "CHARGE_LI2S CHARGE_P2S5 CHARGE_LICL", 0, 50],
	["R300.TT01", "U300", "Slurry temperature", "degC", "Double", 20, 30, 50, 60, 300, 0.15, 5, 0.1, "PP", "DISPERSE", -20, 150],
	["R300.ST01", "U300", "Agitator speed", "rpm", "UInt16", 60, 100, 140, 180, 3, 0.8, 1, 1, "PP", "SOLIDS_IN DISPERSE", 0, 300],
	["R300.LT01", "U300", "Level", "%", "Double", 40, 55, 75, 85, 5, 0.3, 5, 0.1, "PP", "DISPERSE", 0, 100],
	["R300.AT02", "U300", "Solvent water, in line", "ppmw", "Int16", null, null, 15, 30, 120, 0.6, 30, 1, "CPP", "SOLVENT_IN SOLIDS_IN DISPERSE", 0, 200],
	["M310.JT01", "U310", "Mill shaft power, gross", "kW", "Double", 5, 7.5, 10.5, 12, 2, 0.15, 1, 0.01, "CPP", "MILL", 0, 15],
	["M310.QC01", "U310", "Specific net energy, integrated", "kWh/kg", "Double", 1.6, 1.85, 2.15, 2.4, 0, 0, 10, 0.001, "CPP", "DRAIN", 0, 5],
	["M310.TT01", "U310", "Slurry outlet", "degC", "Double", 25, 35, 52, 60, 90, 0.3, 1, 0.1, "CPP", "MILL", -20, 150],
	["M310.FT01", "U310", "Circulation flow", "L/min", "Float", 7, 10, 14, 18, 3, 0.15, 1, 0.01, "PP", "MILL", 0, 30],
	["D400.TT01", "U400", "Jacket oil", "degC", "Double", 95, 110, 120, 130, 600, 0.3, 5, 0.1, "PP", "BULK FALLING", 0, 200],
	["D400.TT02", "U400", "Product temperature", "degC", "Double", 95, 105, 115, 125, 1200, 0.3, 5, 0.1, "CPP", "FALLING", 0, 200],
	["D400.PT01", "U400", "Vacuum", "kPa a", "Double", null, null, 1.0, 3.0, 40, 0.03, 1, 0.001, "CPP", "FALLING", 0, 110],
	["D400.WC01", "U400", "Condensate total", "kg", "Double", 97, 100, 106, null, 0, 0.2, 10, 0.1, "CPP", "COOL DISCHARGE", 0, 150],
	["F500.TT01", "U500", "Control thermocouple", "degC", "Double", 480, 495, 505, 520, 240, 0.4, 1, 0.1, "CPP", "SOAK", 0, 800],
	["F500.TT02", "U500", "Load thermocouple, bottom", "degC", "Double", 475, 490, 505, 520, 900, 0.4, 5, 0.1, "CPP", "SOAK", 0, 800],
	["F500.JT01", "U500", "Heater power", "kW", "Double", null, 4.5, 7.5, 30, 5, 0.2, 1, 0.01, "PP", "SOAK", 0, 40],
	["F500.FT01", "U500", "Argon flow", "Nm3/h", "Double", 1.5, 2.7, 3.3, 5, 2, 0.03, 1, 0.01, "PP", "PURGE RAMP SOAK COOL", 0, 10],
	["F500.AT01", "U500", "Furnace O2", "ppmv", "Double", null, null, 20, 100, 30, 0.7, 1, 0.1, "CPP", "RAMP SOAK COOL", 0, 2000],
	["F500.AT02", "U500", "Furnace dew point", "degC", "Double", null, null, -60, -45, 60, 0.5, 5, 0.1, "CPP", "RAMP SOAK COOL", -100, 20],
	["J600.PT01", "U600", "Jet gas pressure", "MPa", "Double", 0.5, 0.57, 0.63, 0.7, 2, 0.003, 1, 0.001, "CPP", "JET", 0, 1],
	["J600.TT01", "U600", "Jet gas temperature", "degC", "Double", null, null, 10, 20, 45, 0.2, 1, 0.1, "CPP", "JET", -40, 100],
	["J600.ST01", "U600", "Classifier speed", "rpm", "UInt16", 8500, 8900, 9100, 9500, 2, 8, 1, 1, "CPP", "JET", 0, 15000],
	["J600.XT01", "U600", "Inline D50, laser", "um", "Float", 2.0, 2.5, 3.5, 4.0, 30, 0.05, 30, 0.01, "CQA", "JET", 0, 50],
	["B650.ST01", "U650", "Blender speed", "rpm", "Float", null, 14, 16, null, 2, 0.1, 1, 0.1, "PP", "BLEND", 0, 40],
	["B650.KT01", "U650", "Blend time", "min", "Int32", null, 28, 35, null, 0, 0, 60, 1, "PP", "SAMPLE", 0, 240],
	["K700.AT01", "U700", "Pack box dew point", "degC", "Double", null, null, -60, -50, 60, 0.4, 5, 0.1, "CPP", "FILL SEAL", -100, 20],
	["K700.AT03", "U700", "Room dew point", "degC", "Double", null, null, -45, -40, 180, 0.4, 5, 0.1, "CPP", "FILL SEAL", -100, 20],
	["K700.AT04", "U700", "Room H2S", "ppmv", "Double", null, null, 0.5, 1.0, 20, 0.02, 1, 0.01, "EHS", "FILL SEAL LEAK LABEL", 0, 50],
	["K700.WT01", "U700", "Pack net weight", "kg", "Double", 4.95, 4.98, 5.02, 5.05, 1, 0.002, "event", 0.001, "CQA", "FILL", 0, 10],
	["Y800.AT01", "U800", "Argon O2 after getter", "ppmv", "Double", null, null, 2, 10, 60, 0.05, 5, 0.01, "CPP", "RUN", 0, 100],
	["Y820.JQ01", "U800", "Electric energy, counter", "Wh", "UInt64", null, null, null, null, 0, 0, 60, 1, "UTL", "", 0, 9e15],
	["Y830.TT01", "U800", "Desiccant wheel regeneration air", "degC", "Double", 115, 130, 150, 160, 120, 0.8, 5, 0.1, "UTL", "RUN", 0, 250],
	["S900.AT02", "U900", "Scrubber outlet H2S", "ppmv", "Double", null, null, 0.5, 1.0, 20, 0.02, 1, 0.01, "EHS", "RUN", 0, 50],
	["S910.AT03", "U900", "Area H2S, furnace", "ppmv", "Double", null, null, 0.5, 1.0, 20, 0.02, 1, 0.01, "EHS", "RUN", 0, 50],
];

export const instrumentTags: readonly InstrumentTag[] = rows.map((row) => ({
	name: row[0],
	unit: row[1],
	description: row[2],
	eu: row[3],
	dataType: row[4],
	range: {
		lowLow: row[5] ?? undefined,
		low: row[6] ?? undefined,
		high: row[7] ?? undefined,
		highHigh: row[8] ?? undefined,
	},
	tauS: row[9],
	noiseSd: row[10],
	samplePeriodS: row[11],
	resolution: row[12],
	class: row[13],
	phases: row[14] === "" ? [] : row[14].split(" "),
	basis: "raw",
	span: [row[15], row[16]],
}));
