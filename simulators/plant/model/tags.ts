// The 96 instruments of the line.
//
// Names, ranges, time constants, noise and sample periods are engineering proposals for a line of this size, not
// measurements of a real one. Each row adds to the list of instruments what a simulator needs: data type, the
// phases in which the range applies and how long a phase must have lasted, what the instrument rounds to, its span.

/** OPC UA data types of instruments. */
export type TagDataType = "Double" | "Float" | "Int16" | "UInt16" | "Int32" | "UInt64";

/** CPP critical process parameter, PP process parameter, CQA quality attribute, EHS safety, UTL utility. */
type TagClass = "CPP" | "PP" | "CQA" | "EHS" | "UTL";

export interface Tag {
	readonly name: string;
	readonly unit: string;
	readonly description: string;
	readonly eu: string;
	readonly dataType: TagDataType;
	/** `low` and `high` warn; the outer pair holds the batch. */
	readonly range: {
		readonly lowLow: number | undefined;
		readonly low: number | undefined;
		readonly high: number | undefined;
		readonly highHigh: number | undefined;
	};
	/** First-order time constant of the measured quantity, in seconds. */
	readonly tauS: number;
	/** One standard deviation of the instrument's noise, in engineering units. */
	readonly noiseSd: number;
	/** The same as a share of the value; added to `noiseSd`. */
	readonly noiseShare: number;
	/** Seconds between two values, or what happens once for each of them. */
	readonly sample: number | "batch" | "lot" | "pack";
	readonly resolution: number;
	readonly class: TagClass;
	/** Phases of its unit in which the range applies. */
	readonly phases: readonly string[];
	/** Seconds from the beginning of such a phase until the quantity has arrived. */
	readonly blankingS: number;
	/** What the instrument can show: the OPC UA EURange. */
	readonly span: readonly [number, number];
}

type Limit = number | null;
type Row = [
	name: string,
	unit: string,
	description: string,
	eu: string,
	dataType: TagDataType,
	lowLow: Limit,
	low: Limit,
	high: Limit,
	highHigh: Limit,
	tauS: number,
	noiseSd: number,
	noiseShare: number,
	sample: Tag["sample"],
	resolution: number,
	tagClass: TagClass,
	phases: string,
	blankingS: number,
	spanLow: number,
	spanHigh: number,
];

// biome-ignore format: a table is read one row a line
const rows: Row[] = [
	["W200.WT01", "U200", "Li2S charge, loss in weight", "kg", "Double", 11.02, 11.07, 11.19, 11.24, 1.5, 0.005, 0, 1, 0.001, "CPP", "CHARGE_P2S5 CHARGE_LICL RECONCILE", 120, 0, 20],
	["W200.WT02", "U200", "P2S5 charge", "kg", "Double", 10.66, 10.72, 10.82, 10.88, 1.5, 0.005, 0, 1, 0.001, "CPP", "CHARGE_LICL RECONCILE", 120, 0, 20],
	["W200.WT03", "U200", "LiCl charge", "kg", "Double", 4.06, 4.08, 4.14, 4.16, 1.5, 0.003, 0, 1, 0.001, "CPP", "RECONCILE", 60, 0, 10],
	["W200.FT01", "U200", "Li2S feed rate", "kg/h", "Double", null, 9, 15, null, 4, 0.25, 0, 1, 0.01, "PP", "CHARGE_LI2S", 300, 0, 30],
	["W200.AT01", "U200", "Glovebox H2O", "ppmv", "Double", null, null, 3, 10, 60, 0.1, 0, 5, 0.01, "CPP", "CHARGE_LI2S CHARGE_P2S5 CHARGE_LICL", 600, 0, 50],
	["W200.AT02", "U200", "Glovebox O2", "ppmv", "Double", null, null, 10, 50, 30, 0.2, 0, 5, 0.01, "CPP", "CHARGE_LI2S CHARGE_P2S5 CHARGE_LICL", 600, 0, 1000],
	["W200.PT01", "U200", "Glovebox pressure", "Pa g", "Double", 50, 150, 500, 800, 3, 8, 0, 1, 1, "PP", "CHARGE_LI2S CHARGE_P2S5 CHARGE_LICL", 120, -1000, 1000],
	["W200.AT03", "U200", "Glovebox H2S", "ppmv", "Double", null, null, 2, 10, 20, 0.05, 0, 1, 0.01, "EHS", "CHARGE_LI2S CHARGE_P2S5 CHARGE_LICL", 120, 0, 50],
	["R300.TT01", "U300", "Slurry temperature", "degC", "Double", 20, 30, 50, 60, 300, 0.15, 0, 5, 0.1, "PP", "DISPERSE", 300, -20, 150],
	["R300.TT02", "U300", "Jacket supply", "degC", "Double", 10, 20, 45, 60, 60, 0.2, 0, 5, 0.1, "PP", "DISPERSE", 120, -20, 150],
	["R300.ST01", "U300", "Agitator speed", "rpm", "UInt16", 60, 100, 140, 180, 3, 0.8, 0, 1, 1, "PP", "SOLIDS_IN DISPERSE", 120, 0, 300],
	["R300.IT01", "U300", "Agitator current", "A", "Double", 5, 6.5, 10, 13, 2, 0.12, 0, 1, 0.01, "PP", "DISPERSE", 120, 0, 20],
	["R300.LT01", "U300", "Level", "%", "Double", 40, 55, 75, 85, 5, 0.3, 0, 5, 0.1, "PP", "DISPERSE", 120, 0, 100],
	["R300.PT01", "U300", "Vessel pressure", "kPa g", "Double", 0.5, 2, 10, 20, 5, 0.1, 0, 1, 0.01, "EHS", "SOLVENT_IN SOLIDS_IN DISPERSE", 120, -10, 50],
	["R300.AT01", "U300", "Vent H2S", "ppmv", "Double", null, null, 400, 1000, 30, 6, 0, 5, 1, "EHS", "SOLVENT_IN SOLIDS_IN DISPERSE", 120, 0, 2000],
	["R300.AT02", "U300", "Solvent water, in line", "ppmw", "Int16", null, null, 15, 30, 120, 0.6, 0, 30, 1, "CPP", "SOLVENT_IN SOLIDS_IN DISPERSE", 300, 0, 200],
	["M310.JT01", "U310", "Mill shaft power (gross)", "kW", "Double", 5, 7.5, 10.5, 12, 2, 0.15, 0, 1, 0.01, "CPP", "MILL", 600, 0, 15],
	["M310.JC01", "U310", "No-load power (state)", "kW", "Double", null, 2.2, 2.8, null, 86400, 0.05, 0, 60, 0.01, "PP", "MILL", 60, 0, 10],
	["M310.QC01", "U310", "Specific net energy (integrated)", "kWh/kg", "Double", 1.6, 1.85, 2.15, 2.4, 0, 0, 0, 10, 0.001, "CPP", "DRAIN", 30, 0, 5],
	["M310.ST01", "U310", "Tip speed", "m/s", "Double", 8, 9.5, 10.5, 12, 2, 0.05, 0, 1, 0.01, "CPP", "MILL", 120, 0, 20],
	["M310.TT01", "U310", "Slurry outlet", "degC", "Double", 25, 35, 52, 60, 90, 0.3, 0, 1, 0.1, "CPP", "MILL", 600, -20, 150],
	["M310.TT02", "U310", "Jacket water outlet", "degC", "Double", null, 12, 24, 30, 60, 0.15, 0, 5, 0.1, "PP", "MILL", 600, -20, 150],
	["M310.FT01", "U310", "Circulation flow", "L/min", "Float", 7, 10, 14, 18, 3, 0.15, 0, 1, 0.01, "PP", "MILL", 120, 0, 30],
	["M310.PT01", "U310", "Mill inlet pressure", "kPa", "Double", null, 60, 140, 200, 3, 2, 0, 1, 0.1, "PP", "MILL", 120, 0, 400],
	["M310.VT01", "U310", "Vibration RMS", "mm/s", "Double", null, null, 4.5, 7.1, 2, 0.15, 0, 1, 0.01, "PP", "MILL", 120, 0, 20],
	["M310.PT02", "U310", "Mechanical seal buffer pressure", "kPa", "Double", 180, 220, 300, null, 10, 1, 0, 5, 0.1, "EHS", "MILL", 120, 0, 600],
	["D400.TT01", "U400", "Jacket oil", "degC", "Double", 95, 110, 120, 130, 600, 0.3, 0, 5, 0.1, "PP", "BULK FALLING", 3600, 0, 200],
	["D400.TT02", "U400", "Product temperature", "degC", "Double", 95, 105, 115, 125, 1200, 0.3, 0, 5, 0.1, "CPP", "FALLING", 5700, 0, 200],
	["D400.PT01", "U400", "Vacuum", "kPa a", "Double", null, null, 1.0, 3.0, 40, 0.03, 0, 1, 0.001, "CPP", "FALLING", 600, 0, 110],
	["D400.FT01", "U400", "Condensate rate", "kg/h", "Double", null, null, null, null, 30, 0.3, 0, 5, 0.01, "PP", "", 0, 0, 60],
	["D400.WC01", "U400", "Condensate total", "kg", "Double", 97, 100, 106, null, 0, 0.2, 0, 10, 0.1, "PP", "COOL DISCHARGE", 60, 0, 150],
	["D400.TT03", "U400", "Condenser outlet", "degC", "Double", null, null, 5, 12, 120, 0.3, 0, 5, 0.1, "PP", "BULK FALLING", 900, -40, 60],
	["D400.ST01", "U400", "Dryer agitator", "rpm", "Double", null, 6, 10, null, 2, 0.1, 0, 1, 0.1, "PP", "BULK FALLING", 120, 0, 30],
	["D400.IT01", "U400", "Agitator torque", "%", "Double", null, null, 70, 90, 2, 1.2, 0, 1, 0.1, "PP", "BULK FALLING", 120, 0, 100],
	["D400.AT01", "U400", "Vent solvent (PID/FTIR)", "ppmv", "Double", null, null, 800, null, 20, 15, 0, 5, 1, "PP", "BULK FALLING", 120, 0, 5000],
	["D400.QC01", "U400", "Leak rate (pressure-rise test)", "Pa m3/s", "Double", null, null, 0.0001, 0.001, 0, 0, 0.1, "batch", 1e-8, "CPP", "LEAKTEST BULK", 0, 0, 0.01],
	["F500.TT01", "U500", "Control thermocouple", "degC", "Double", 480, 495, 505, 520, 240, 0.4, 0, 1, 0.1, "CPP", "SOAK", 1800, 0, 800],
	["F500.TT02", "U500", "Load thermocouple bottom", "degC", "Double", 475, 490, 505, 520, 900, 0.4, 0, 5, 0.1, "CPP", "SOAK", 4800, 0, 800],
	["F500.TT03", "U500", "Load thermocouple top", "degC", "Double", 480, 495, 512, 525, 900, 0.4, 0, 5, 0.1, "CPP", "SOAK", 5400, 0, 800],
	["F500.RC01", "U500", "Ramp rate (calculated)", "K/min", "Double", null, 2.5, 3.5, 5, 0, 0.05, 0, 60, 0.01, "CPP", "RAMP", 1800, -20, 20],
	["F500.KC01", "U500", "Soak time above SP-5 K", "h", "Double", 3.5, 3.8, 4.5, 5.0, 0, 0, 0, 60, 0.01, "CPP", "COOL", 600, 0, 20],
	["F500.JT01", "U500", "Heater power", "kW", "Double", null, 4.5, 7.5, 30, 5, 0.2, 0, 1, 0.01, "PP", "SOAK", 1800, 0, 40],
	["F500.FT01", "U500", "Argon flow", "Nm3/h", "Double", 1.5, 2.7, 3.3, 5, 2, 0.03, 0, 1, 0.01, "PP", "PURGE RAMP SOAK COOL", 120, 0, 10],
	["F500.FT02", "U500", "H2S flow (recipe option)", "NL/min", "Double", null, null, null, 4, 2, 0.03, 0, 1, 0.01, "EHS", "", 0, 0, 10],
	["F500.AT01", "U500", "Furnace O2", "ppmv", "Double", null, null, 20, 100, 30, 0.7, 0, 1, 0.1, "CPP", "RAMP SOAK COOL", 600, 0, 5000],
	["F500.AT02", "U500", "Furnace dew point", "degC", "Double", null, null, -60, -45, 60, 0.5, 0, 5, 0.1, "CPP", "RAMP SOAK COOL", 1800, -100, 20],
	["F500.PT01", "U500", "Retort pressure", "Pa g", "Double", 50, 200, 900, 2000, 4, 15, 0, 1, 1, "EHS", "RAMP SOAK COOL", 120, -1000, 5000],
	["F500.PT02", "U500", "Off-gas filter dP", "kPa", "Double", null, null, 1.5, 3.0, 10, 0.02, 0, 5, 0.01, "PP", "RAMP SOAK COOL", 120, 0, 10],
	["F500.TT04", "U500", "Off-gas line (heat trace)", "degC", "Double", 140, 160, 200, null, 120, 0.5, 0, 5, 0.1, "PP", "RAMP SOAK COOL", 1200, 0, 300],
	["F500.AT03", "U500", "Off-gas H2S", "ppmv", "Double", null, null, null, 10000, 30, 0, 0.04, 5, 1, "PP", "", 0, 0, 20000],
	["J600.PT01", "U600", "Jet gas pressure", "MPa", "Double", 0.5, 0.57, 0.63, 0.7, 2, 0.003, 0, 1, 0.001, "CPP", "JET", 120, 0, 1],
	["J600.TT01", "U600", "Jet gas temperature", "degC", "Double", null, null, 10, 20, 45, 0.2, 0, 1, 0.1, "CPP", "JET", 600, -40, 100],
	["J600.FT01", "U600", "Powder feed", "kg/h", "Double", 6, 9, 11, 13, 4, 0.15, 0, 1, 0.01, "CPP", "JET", 120, 0, 30],
	["J600.ST01", "U600", "Classifier speed", "rpm", "UInt16", 8500, 8900, 9100, 9500, 2, 8, 0, 1, 1, "CPP", "JET", 120, 0, 15000],
	["J600.JT01", "U600", "Classifier motor current", "A", "Double", null, 5.2, 6.8, 8, 2, 0.08, 0, 1, 0.01, "PP", "JET", 120, 0, 20],
	["J600.PT02", "U600", "Bag filter dP", "kPa", "Double", null, null, 2.2, 3, 10, 0.04, 0, 1, 0.01, "PP", "JET", 120, 0, 10],
	["J600.AT01", "U600", "Loop O2", "ppmv", "Double", null, null, 100, 1000, 20, 1.5, 0, 1, 0.1, "CPP", "JET", 900, 0, 5000],
	["J600.AT02", "U600", "Loop dew point", "degC", "Double", null, null, -58, -45, 60, 0.4, 0, 5, 0.1, "CPP", "JET", 900, -100, 20],
	["J600.XT01", "U600", "Inline D50 (laser)", "um", "Float", 2.0, 2.5, 3.5, 4.0, 30, 0.05, 0, 30, 0.01, "CQA", "JET", 600, 0, 50],
	["J600.XT02", "U600", "Inline D90", "um", "Float", null, 6, 10, 12, 30, 0.2, 0, 30, 0.01, "CQA", "JET", 600, 0, 100],
	["J600.QC01", "U600", "Jet specific energy", "kWh/kg", "Double", 0.7, 0.85, 1.15, 1.5, 0, 0, 0, 60, 0.001, "CPP", "SIEVE", 60, 0, 5],
	["B650.BT01", "U650", "Magnet field", "T", "Double", 0.7, 0.9, null, null, 0, 0.005, 0, 3600, 0.001, "PP", "MAGNET", 0, 0, 2],
	["B650.WT01", "U650", "Magnet catch per 100 kg", "mg", "Double", null, null, 5, 15, 0, 0, 0.1, "lot", 0.01, "CQA", "BLEND SAMPLE", 0, 0, 100],
	["B650.KT01", "U650", "Blend time", "min", "Int32", null, 28, 35, null, 0, 0, 0, 60, 1, "PP", "SAMPLE", 60, 0, 240],
	["B650.ST01", "U650", "Blender speed", "rpm", "Float", null, 14, 16, null, 2, 0.1, 0, 1, 0.1, "PP", "BLEND", 120, 0, 40],
	["K700.AT01", "U700", "Pack box dew point", "degC", "Double", null, null, -60, -50, 60, 0.4, 0, 5, 0.1, "CPP", "FILL SEAL", 300, -100, 20],
	["K700.AT02", "U700", "Pack box O2", "ppmv", "Double", null, null, 100, 500, 30, 1, 0, 5, 0.1, "CPP", "FILL SEAL", 300, 0, 2000],
	["K700.AT03", "U700", "Room dew point", "degC", "Double", null, null, -45, -40, 180, 0.4, 0, 5, 0.1, "CPP", "FILL SEAL", 300, -100, 20],
	["K700.AT04", "U700", "Room H2S", "ppmv", "Double", null, null, 0.5, 1.0, 20, 0.02, 0, 1, 0.01, "EHS", "FILL SEAL LEAK LABEL", 60, 0, 50],
	["K700.WT01", "U700", "Pack net weight", "kg", "Double", 4.95, 4.98, 5.02, 5.05, 0, 0.002, 0, "pack", 0.001, "CQA", "FILL", 0, 0, 10],
	["K700.PT01", "U700", "Seal leak test", "Pa m3/s", "Double", null, null, 1e-06, null, 0, 0, 0.15, "pack", 1e-9, "CQA", "LEAK", 0, 0, 0.001],
	["K700.KT01", "U700", "Powder open time (sum)", "min", "Double", null, null, 40, 90, 0, 0, 0, 60, 0.1, "CPP", "SEAL LEAK LABEL", 60, 0, 600],
	["Y800.FT01", "U800", "Argon make-up", "Nm3/h", "Double", null, 12, 32, 45, 3, 0.3, 0, 5, 0.1, "UTL", "RUN", 0, 0, 100],
	["Y800.AT01", "U800", "Argon O2 after getter", "ppmv", "Double", null, null, 2, 10, 60, 0.05, 0, 5, 0.01, "CPP", "RUN", 0, 0, 100],
	["Y800.AT02", "U800", "Argon dew point after dryer", "degC", "Double", null, null, -70, -60, 120, 0.4, 0, 5, 0.1, "CPP", "RUN", 0, -100, 20],
	["Y800.PT01", "U800", "Argon header", "MPa", "Double", 0.6, 0.68, 0.82, 0.9, 5, 0.004, 0, 1, 0.001, "UTL", "RUN", 0, 0, 2],
	["Y810.TT01", "U800", "Chilled water supply", "degC", "Double", null, 5, 9, 14, 180, 0.1, 0, 5, 0.1, "UTL", "RUN", 0, 0, 50],
	["Y810.FT01", "U800", "Chilled water flow", "m3/h", "Double", 12, 17, 23, null, 5, 0.2, 0, 5, 0.1, "UTL", "RUN", 0, 0, 60],
	["Y820.JT01", "U800", "Line electric power", "kW", "Double", null, null, null, 160, 2, 1.5, 0, 1, 0.1, "UTL", "", 0, 0, 400],
	["Y820.JQ01", "U800", "Electric energy (counter)", "Wh", "UInt64", null, null, null, null, 0, 0, 0, 60, 1, "UTL", "", 0, 0, 9e15],
	["Y830.TT01", "U800", "Desiccant wheel regeneration air", "degC", "Double", 115, 130, 150, 160, 120, 0.8, 0, 5, 0.1, "UTL", "RUN", 0, 0, 250],
	["Y830.FT01", "U800", "Dry-room supply air", "m3/h", "Double", 4500, 5500, 6500, null, 10, 60, 0, 5, 1, "UTL", "RUN", 0, 0, 12000],
	["Y830.PT01", "U800", "Dry-room pressure", "Pa g", "Double", -30, -20, -5, 0, 3, 0.6, 0, 1, 0.1, "EHS", "RUN", 0, -100, 100],
	["S900.AT01", "U900", "Scrubber inlet H2S", "ppmv", "Double", null, null, 3000, 10000, 15, 0, 0.04, 1, 1, "EHS", "RUN", 0, 0, 20000],
	["S900.AT02", "U900", "Scrubber outlet H2S", "ppmv", "Double", null, null, 0.5, 1.0, 20, 0.02, 0, 1, 0.01, "EHS", "RUN", 0, 0, 50],
	["S900.AT03", "U900", "Stage 1 pH", "pH", "Double", 10.5, 11.0, 13.5, null, 60, 0.03, 0, 5, 0.01, "EHS", "RUN", 0, 0, 14],
	["S900.AT04", "U900", "Stage 2 pH", "pH", "Double", 9.0, 9.5, 11.5, null, 60, 0.03, 0, 5, 0.01, "EHS", "RUN", 0, 0, 14],
	["S900.AT05", "U900", "Stage 2 ORP", "mV", "Double", 400, 500, 750, null, 45, 5, 0, 5, 1, "EHS", "RUN", 0, -1000, 1500],
	["S900.FT01", "U900", "Recirculation flow", "m3/h", "Double", 5, 7, 9, null, 4, 0.1, 0, 1, 0.01, "EHS", "RUN", 0, 0, 20],
	["S900.LT01", "U900", "NaOH tank level", "%", "Double", 15, 30, 95, null, 5, 0.2, 0, 60, 0.1, "EHS", "RUN", 0, 0, 100],
	["S900.PT01", "U900", "Fan suction", "Pa g", "Double", null, -1000, -600, -300, 3, 10, 0, 1, 1, "EHS", "RUN", 0, -2500, 0],
	["S910.AT01", "U900", "Area H2S weigh", "ppmv", "Double", null, null, 0.5, 1.0, 20, 0.02, 0, 1, 0.01, "EHS", "RUN", 0, 0, 50],
	["S910.AT02", "U900", "Area H2S mill/dryer", "ppmv", "Double", null, null, 0.5, 1.0, 20, 0.02, 0, 1, 0.01, "EHS", "RUN", 0, 0, 50],
	["S910.AT03", "U900", "Area H2S furnace", "ppmv", "Double", null, null, 0.5, 1.0, 20, 0.02, 0, 1, 0.01, "EHS", "RUN", 0, 0, 50],
	["S910.AT04", "U900", "Area O2 (Ar asphyxiation)", "vol%", "Double", 18.0, 19.5, null, null, 15, 0.05, 0, 1, 0.01, "EHS", "RUN", 0, 0, 25],
	["S910.AT05", "U900", "Area solvent LEL", "% LEL", "Double", null, null, 10, 25, 10, 0.3, 0, 1, 0.1, "EHS", "RUN", 0, 0, 100],
];

export const tags: readonly Tag[] = rows.map((row) => ({
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
	noiseShare: row[11],
	sample: row[12],
	resolution: row[13],
	class: row[14],
	phases: row[15] === "" ? [] : row[15].split(" "),
	blankingS: row[16],
	span: [row[17], row[18]],
}));

const byName = new Map(tags.map((tag) => [tag.name, tag]));

/** Throws for a name that is not on the line. */
export function tagNamed(name: string): Tag {
	const tag = byName.get(name);
	if (tag === undefined) throw new Error(`expected an instrument of the line, found ${name}`);
	return tag;
}
