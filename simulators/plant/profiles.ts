// What each instrument would settle at, phase by phase. A pair is a straight line over the phase. A phase
// that is not named keeps the last target, so `IDLE: 0, CHARGE_LI2S: [0, 11.13]` fills once and holds.

export type Target = number | readonly [from: number, to: number];

export interface Profile {
	readonly targets: Readonly<Record<string, Target>>;
	/** Batch-to-batch spread of the targets, as a share of the value (one standard deviation). */
	readonly spread?: number;
	/** Noise in a phase where it differs from the tag's. */
	readonly noise?: Readonly<Record<string, number>>;
}

// biome-ignore format: a table is read one row a line
export const profiles: Readonly<Record<string, Profile>> = {
	"W200.WT01": { targets: { IDLE: 0, CHARGE_LI2S: [0, 11.13] }, spread: 0.0006 },
	"W200.AT01": { targets: { IDLE: 0.5, PURGE: 0.8, CHARGE_LI2S: 0.5 }, spread: 0.05 },
	"W200.AT03": { targets: { IDLE: 0.1, CHARGE_LI2S: 0.2, CHARGE_P2S5: 0.25, CHARGE_LICL: 0.2 }, spread: 0.05 },
	"R300.TT01": { targets: { IDLE: 22, SOLVENT_IN: 30, SOLIDS_IN: 40 } },
	"R300.ST01": { targets: { IDLE: 0, SOLVENT_IN: 60, SOLIDS_IN: 120 } },
	"R300.LT01": { targets: { IDLE: 0, SOLVENT_IN: [0, 57], SOLIDS_IN: [57, 65] }, spread: 0.01 },
	"R300.AT02": { targets: { IDLE: 5 }, spread: 0.05 },
	// The mill's gross power; its spread also decides how long MILL takes, because MILL ends on net energy.
	"M310.JT01": { targets: { IDLE: 0, HEAT: 4, MILL: 9, DRAIN: 0 }, spread: 0.02 },
	"M310.QC01": { targets: { IDLE: 0, MILL: [0, 2] } },
	"M310.TT01": { targets: { IDLE: 22, HEAT: 42, MILL: 45, DRAIN: 38 }, spread: 0.01 },
	"M310.FT01": { targets: { IDLE: 0, HEAT: 12, DRAIN: 6 } },
	"D400.TT01": { targets: { IDLE: 30, LEAKTEST: 60, BULK: 115, COOL: 35, DISCHARGE: 30 } },
	"D400.TT02": { targets: { IDLE: 28, LEAKTEST: 30, BULK: 35, FALLING: 110, COOL: 35, DISCHARGE: 30 } },
	"D400.PT01": { targets: { IDLE: 101.3, LEAKTEST: 5, BULK: 20, FALLING: 0.5, DISCHARGE: 101.3 }, noise: { IDLE: 0.1, LEAKTEST: 0.1, BULK: 0.6, DISCHARGE: 0.1 } },
	"D400.WC01": { targets: { IDLE: 0, BULK: [0, 100], FALLING: [100, 104] }, spread: 0.002 },
	"F500.TT01": { targets: { IDLE: 26, RAMP: [26, 500], SOAK: 500, COOL: [500, 60], UNLOAD: 40, CLEAN: 28 } },
	"F500.TT02": { targets: { IDLE: 26, RAMP: [26, 498], SOAK: 498, COOL: [498, 62], UNLOAD: 40, CLEAN: 28 } },
	"F500.JT01": { targets: { IDLE: 0, RAMP: 18, SOAK: 6, COOL: 0 }, spread: 0.015 },
	"F500.FT01": { targets: { IDLE: 0.5, PURGE: 3, UNLOAD: 1 } },
	"F500.AT01": { targets: { IDLE: 50, LOAD: 1000, PURGE: [1000, 5], RAMP: 5, UNLOAD: 40, CLEAN: 500 }, spread: 0.05 },
	"F500.AT02": { targets: { IDLE: -50, LOAD: -42, PURGE: [-42, -75], RAMP: -75, UNLOAD: -55, CLEAN: -45 } },
	"J600.PT01": { targets: { IDLE: 0, JET: 0.6, SIEVE: 0 } },
	"J600.TT01": { targets: { IDLE: 18, CRUSH: 6, JET: 5, SIEVE: 12 } },
	"J600.ST01": { targets: { IDLE: 0, JET: 9000, SIEVE: 0 } },
	"J600.XT01": { targets: { IDLE: 0, JET: 3, SIEVE: 0 }, spread: 0.02 },
	"B650.ST01": { targets: { IDLE: 0, BLEND: 15, SAMPLE: 0 } },
	"B650.KT01": { targets: { IDLE: 0, BLEND: [0, 30] } },
	"K700.AT01": { targets: { IDLE: -65 } },
	"K700.AT03": { targets: { IDLE: -50 } },
	"K700.AT04": { targets: { IDLE: 0.05 } },
	"K700.WT01": { targets: { IDLE: 5 } },
	"Y800.AT01": { targets: { RUN: 0.5 } },
	"Y820.JQ01": { targets: { RUN: 0 } },
	"Y830.TT01": { targets: { RUN: 140 } },
	"S900.AT02": { targets: { RUN: 0.1 } },
	"S910.AT03": { targets: { RUN: 0.05 } },
};
