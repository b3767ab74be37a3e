import type { TestId } from "./quality.ts";

/** One of the 25 tests of a lot. */
export interface LotTest {
	readonly id: TestId;
	readonly description: string;
	readonly eu: string;
	readonly method: string;
	/** The instrument it is done on; one instrument gives one or several tests. */
	readonly instrument: string;
	readonly repeats: number;
	/** Repeatability of the result, one standard deviation: as a share of the value, and in units of the test. */
	readonly rsd: number;
	readonly sd: number;
	/** What the method cannot tell from nothing; undefined where that has no meaning. */
	readonly detectionLimit: number | undefined;
	readonly digits: number;
	readonly lsl: number | undefined;
	readonly usl: number | undefined;
}

export interface LabInstrument {
	readonly name: string;
	readonly hours: number;
	/** Samples that it measures at a time. */
	readonly capacity: number;
}

export const labInstruments: readonly LabInstrument[] = [
	{ name: "EIS-1", hours: 5, capacity: 2 },
	{ name: "DC-1", hours: 8, capacity: 2 },
	{ name: "LD-1", hours: 1, capacity: 1 },
	{ name: "BET-1", hours: 6, capacity: 3 },
	{ name: "KF-1", hours: 2, capacity: 1 },
	{ name: "GC-1", hours: 2, capacity: 2 },
	{ name: "XRD-1", hours: 10, capacity: 1 },
	{ name: "ONH-1", hours: 1, capacity: 1 },
	{ name: "CA-1", hours: 2, capacity: 1 },
	{ name: "H2S-1", hours: 2, capacity: 1 },
	{ name: "COL-1", hours: 0.5, capacity: 1 },
	{ name: "TAP-1", hours: 0.5, capacity: 1 },
	{ name: "ICP-OES-1", hours: 6, capacity: 4 },
	{ name: "IC-1", hours: 4, capacity: 4 },
	{ name: "ICP-MS-1", hours: 8, capacity: 4 },
];

type Row = [
	id: TestId,
	description: string,
	eu: string,
	method: string,
	instrument: string,
	repeats: number,
	rsd: number,
	sd: number,
	detectionLimit: number | null,
	digits: number,
	lsl: number | null,
	usl: number | null,
];

// biome-ignore format: a table is read one row a line
const rows: Row[] = [
	["sigma_ion", "Ionic conductivity at 25 degC", "mS/cm", "EIS, pellet at 370 MPa", "EIS-1", 3, 0.04, 0, null, 2, 3, null],
	["sigma_el", "Electronic conductivity", "S/cm", "DC polarization, 1 h", "DC-1", 1, 0.12, 0, 1e-10, 11, null, 2e-8],
	["ea", "Activation energy", "eV", "EIS, -20 to 60 degC", "EIS-1", 1, 0.012, 0, null, 3, null, 0.4],
	["d10", "Particle size D10", "um", "Laser diffraction in dry heptane", "LD-1", 3, 0.03, 0, 0.1, 2, 0.5, null],
	["d50", "Particle size D50", "um", "Laser diffraction in dry heptane", "LD-1", 3, 0.02, 0, 0.1, 2, 2, 4],
	["d90", "Particle size D90", "um", "Laser diffraction in dry heptane", "LD-1", 3, 0.04, 0, 0.1, 2, null, 10],
	["dmax", "Largest particle", "um", "Laser diffraction and sieve", "LD-1", 1, 0.1, 0, 0.1, 1, null, 25],
	["span", "Span (D90-D10)/D50", "1", "Laser diffraction in dry heptane", "LD-1", 3, 0.03, 0, null, 2, null, 2.6],
	["bet", "Specific surface", "m2/g", "N2 adsorption, BET", "BET-1", 1, 0.04, 0, 0.1, 2, 1.5, 4],
	["moisture", "Moisture", "ppmw", "Coulometric Karl Fischer oven, corrected for sulfide", "KF-1", 2, 0, 10, 5, 0, null, 150],
	["solvent", "Residual solvent", "ppmw", "Headspace GC-MS", "GC-1", 1, 0.08, 0, 5, 0, null, 200],
	["res_li2s", "Residual Li2S", "wt%", "XRD, Rietveld", "XRD-1", 1, 0, 0.15, 0.3, 2, null, 1],
	["other_phase", "Other phases (LiCl, Li3PO4, Li4P2S6)", "wt%", "XRD, Rietveld", "XRD-1", 1, 0, 0.2, 0.3, 2, null, 2],
	["oxygen", "Oxygen", "wt%", "Inert gas fusion", "ONH-1", 1, 0.05, 0, 0.005, 3, null, 0.3],
	["carbonate", "Carbonate as Li2CO3", "wt%", "Acid evolution, infrared", "CA-1", 1, 0.1, 0, 0.005, 3, null, 0.15],
	["h2s_evol", "H2S evolved in 60 min at -30 degC", "cm3/g", "In-house, frozen", "H2S-1", 1, 0.1, 0, 0.02, 2, null, 2],
	["colour_L", "Lightness L*", "L*", "Colorimeter, sealed cell", "COL-1", 1, 0, 0.3, null, 1, 85, null],
	["tap_density", "Tap density", "g/cm3", "1250 taps", "TAP-1", 1, 0.02, 0, null, 3, 0.45, 0.8],
	["li_p", "Li:P", "mol/mol", "ICP-OES", "ICP-OES-1", 2, 0.006, 0, null, 3, 5.88, 6.12],
	["s_p", "S:P", "mol/mol", "ICP-OES", "ICP-OES-1", 2, 0.008, 0, null, 3, 4.9, 5.1],
	["cl_p", "Cl:P", "mol/mol", "Ion chromatography", "IC-1", 2, 0.008, 0, null, 3, 0.97, 1.03],
	["fe", "Iron", "ppmw", "ICP-MS", "ICP-MS-1", 1, 0.05, 0, 0.05, 2, null, 10],
	["cr_ni_zn_cu", "Cr, Ni, Zn, Cu, each", "ppmw", "ICP-MS", "ICP-MS-1", 1, 0.08, 0, 0.02, 2, null, 2],
	["zr", "Zirconium", "ppmw", "ICP-MS", "ICP-MS-1", 1, 0.05, 0, 0.1, 1, null, 200],
	["magnetic", "Magnetic metal (Fe, Cr, Ni, Zn)", "ppb", "Magnet, then ICP-MS", "ICP-MS-1", 1, 0.15, 0, 2, 0, null, 50],
];

export const lotTests: readonly LotTest[] = rows.map((row) => ({
	id: row[0],
	description: row[1],
	eu: row[2],
	method: row[3],
	instrument: row[4],
	repeats: row[5],
	rsd: row[6],
	sd: row[7],
	detectionLimit: row[8] ?? undefined,
	digits: row[9],
	lsl: row[10] ?? undefined,
	usl: row[11] ?? undefined,
}));

/** Whether a result is inside the limits that the tests are judged by here. */
export function passes(test: LotTest, value: number): boolean {
	return (test.lsl === undefined || value >= test.lsl) && (test.usl === undefined || value <= test.usl);
}
