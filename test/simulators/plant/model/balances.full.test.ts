import { describe, expect, test } from "vitest";
import { ArgonTank, argonKgPerNm3 } from "../../../../simulators/plant/model/argon.ts";
import type { Batch } from "../../../../simulators/plant/model/batch.ts";
import { UtilityAccount } from "../../../../simulators/plant/model/energy.ts";
import { factorOf } from "../../../../simulators/plant/model/instruments.ts";
import { ProcessLine } from "../../../../simulators/plant/model/line.ts";
import { materials } from "../../../../simulators/plant/model/warehouse.ts";
import { type ModelParameters, modelSchema } from "../../../../simulators/plant/parameters.ts";
import { scenarioNames } from "../../../../simulators/plant/pipeline.ts";
import { batchesOf, run, undisturbed } from "./clean-line.ts";

const thousandth = 1e-3;

/** How far what came is from what went, as a share. */
const open = (came: number, went: readonly number[]) =>
	Math.abs(came - went.reduce((sum, one) => sum + one, 0)) / came;

function closesOf({ accounts: a }: Batch): Record<string, number> {
	const u = a.utilities;
	return {
		solids: open(a.solidsKg, [a.solidsLeftKg, a.volatileKg, a.packedKg, a.sampleKg]),
		solvent: open(a.solventChargedKg, [
			a.condensateKg,
			a.solventVentedKg,
			a.solventFiredKg,
			a.solventLeftKg,
			a.solventInProductKg,
		]),
		mill: open(a.millInKwh, [a.millJacketKwh, a.millLostKwh, a.millStoredKwh]),
		furnace: open(a.furnaceInKwh, [a.furnaceLostKwh, a.furnaceCooledKwh, a.furnaceStoredKwh]),
		energy: open(u.electricKwh, [u.chilledKwh, u.roomKwh, u.storedKwh]),
	};
}

const fields = ["electricKwh", "chilledKwh", "roomKwh", "storedKwh", "argonNm3"] as const;

/** What all units have drawn since the line began, with and without a batch. */
function drawn(line: ProcessLine, batches: readonly Batch[]): UtilityAccount {
	const sum = new UtilityAccount();
	const accounts = [
		...batches.map(({ accounts: { utilities } }) => utilities),
		...line.units.map((unit) => unit.idleUse),
	];
	for (const account of accounts) for (const field of fields) sum[field] += account[field];
	return sum;
}

/** Every batch that the line has begun: those packed, and those on their way. */
function begun(line: ProcessLine, packed: readonly Batch[]): Batch[] {
	const all = new Set(packed);
	for (const { batch } of line.units) for (const one of batch?.lot.batches ?? []) all.add(one);
	for (const { openLot } of line.trains) for (const one of openLot?.batches ?? []) all.add(one);
	return [...all];
}

const sizes: { name: string; parameters: ModelParameters; lots: number }[] = [
	{ name: "the small line", parameters: undisturbed(), lots: 20 },
	{
		name: "the small line with two batches a lot",
		parameters: undisturbed({ batches_per_lot: 2 }),
		lots: 10,
	},
	{ name: "the large line", parameters: undisturbed({ preset: "LP" }), lots: 24 },
];

describe.each(sizes)("on $name", ({ parameters, lots }) => {
	const clean = run({ parameters, seed: 3, lots });
	const batches = batchesOf(clean.lots);
	const { line } = clean;

	test("solids, solvent, heat of mill and furnace, and all electric energy of every batch are accounted for", () => {
		for (const batch of batches) {
			for (const [account, share] of Object.entries(closesOf(batch))) {
				expect(share, `${batch.id} ${account}`).toBeLessThan(thousandth);
			}
			const { accounts } = batch;
			const { utilities: u } = accounts;
			// The figures are those of a batch, and none is there by accident.
			const kg = accounts.packedKg;
			expect(u.electricKwh / kg).toBeGreaterThan(5);
			expect(u.chilledKwh / u.electricKwh).toBeGreaterThan(0.2);
			expect(u.roomKwh / u.electricKwh).toBeGreaterThan(0.2);
			expect(accounts.solventInProductKg / kg).toBeGreaterThan(20e-6);
			expect(accounts.solventInProductKg / kg).toBeLessThan(60e-6);
		}
	});

	test("what the meters of the site count is what the batches, idle units and the site itself have used", () => {
		const { utilities, argon, size } = line;
		const used = drawn(line, begun(line, batches));
		const energy = utilities.signals.find(({ tag }) => tag.name === "Y820.JQ01");
		// The counter had its reading when the line began.
		const meteredKwh = ((energy?.value ?? 0) - 5_123_456_789) * 1e-3 * factorOf("Y820.JQ01", size);
		expect(open(meteredKwh, [used.electricKwh, utilities.base.electricKwh])).toBeLessThan(thousandth);
		expect(open(utilities.chilledKwh, [used.chilledKwh, utilities.base.chilledKwh])).toBeLessThan(thousandth);
		expect(
			open(utilities.madeUpNm3 + utilities.recoveredNm3, [used.argonNm3, utilities.base.argonNm3]),
		).toBeLessThan(thousandth);
		expect(open(argon.takenKg, [utilities.madeUpNm3 * argonKgPerNm3])).toBeLessThan(thousandth);
		expect(open(argon.receivedKg, [argon.takenKg, argon.stockKg])).toBeLessThan(thousandth);
		// Unless every unit is asked, something is missing here.
		expect(used.electricKwh / meteredKwh).toBeGreaterThan(0.1);
	});

	test("what the warehouse has is what it had and received, less what was charged, and the solvent won back", () => {
		const { warehouse } = line;
		for (const material of materials) {
			const charged = begun(line, batches).flatMap(({ charges }) => charges);
			const taken = charged.reduce((sum, one) => sum + (one.material === material ? one.kg : 0), 0);
			const back = material === "solvent" ? warehouse.recoveredKg : 0;
			const received = warehouse.receivedKg[material];
			expect(open(received + back, [taken, warehouse.stockKg(material)]), material).toBeLessThan(1e-9);
			expect(taken).toBeGreaterThan(0);
		}
		const condensed = batches.reduce((sum, { accounts }) => sum + accounts.condensateKg, 0);
		expect(warehouse.recoveredKg / condensed).toBeCloseTo(parameters.warehouse.recovered_solvent, 9);
	});
});

test("from each packed batch to the next the meters count what was used meanwhile, to a thousandth", () => {
	const packed: Batch[] = [];
	const readings: { metered: number; used: number; argonKg: number; argonUsedKg: number }[] = [];
	const line = new ProcessLine({
		parameters: undisturbed({ furnaces: 2, dryers: 2 }),
		seed: 6,
		onLot: (lot) => {
			packed.push(...lot.batches);
			const used = drawn(line, begun(line, packed));
			const { utilities, argon } = line;
			readings.push({
				metered: (utilities.signals.find(({ tag }) => tag.name === "Y820.JQ01")?.value ?? 0) * 1e-3,
				used: used.electricKwh + utilities.base.electricKwh,
				argonKg: argon.takenKg,
				argonUsedKg: (used.argonNm3 + utilities.base.argonNm3) * argonKgPerNm3,
			});
		},
	});
	line.advance(12 * 86_400);
	expect(readings.length).toBeGreaterThan(20);
	for (const [index, now] of readings.slice(1).entries()) {
		const before = readings[index] as (typeof readings)[number];
		expect(now.metered - before.metered).toBeGreaterThan(100);
		expect(open(now.metered - before.metered, [now.used - before.used])).toBeLessThan(thousandth);
		expect(open(now.argonKg - before.argonKg, [now.argonUsedKg - before.argonUsedKg])).toBeLessThan(
			thousandth,
		);
	}
});

test.each(scenarioNames)("the accounts of every batch close in %s as well", (name) => {
	const incidents = [{ name, severity: "severe", train: 1, batch: 2, batches: 1 } as const];
	const { lots } = run({ parameters: undisturbed(), seed: 5, lots: 3, incidents });
	for (const batch of batchesOf(lots)) {
		for (const [account, share] of Object.entries(closesOf(batch))) {
			expect(share, `${batch.id} ${account}`).toBeLessThan(thousandth);
		}
	}
});

test("the large line takes 22 kWh and 3 Nm3 of argon per kg, as its size is said to", () => {
	const parameters = undisturbed({ preset: "LP" });
	const amounts = (lots: number) => {
		const { line, lots: made } = run({ parameters, seed: 1, lots });
		const used = drawn(line, begun(line, batchesOf(made)));
		const kg = batchesOf(made).reduce((sum, { accounts }) => sum + accounts.packedKg, 0);
		return { kg, kwh: used.electricKwh + line.utilities.base.electricKwh, nm3: line.utilities.madeUpNm3 };
	};
	// Between two times, so that filling the line does not count.
	const [early, late] = [amounts(24), amounts(64)];
	const kg = late.kg - early.kg;
	expect((late.kwh - early.kwh) / kg / 22).toBeGreaterThan(0.95);
	expect((late.kwh - early.kwh) / kg / 22).toBeLessThan(1.05);
	expect((late.nm3 - early.nm3) / kg / 3).toBeGreaterThan(0.95);
	expect((late.nm3 - early.nm3) / kg / 3).toBeLessThan(1.05);
});

describe("the argon tank", () => {
	test("has deliveries with supplier and purity within what is bought, uses the oldest first, and is filled in time", () => {
		const { argon } = run({ parameters: undisturbed(), seed: 1, lots: 40 }).line;
		expect(argon.lots.length).toBeGreaterThan(3);
		for (const lot of argon.lots) {
			expect(lot.supplier).toMatch(/^supplier [CD]$/);
			expect(lot.purityVolPct).toBeGreaterThan(99.999);
			expect(lot.oxygenPpmv).toBeLessThanOrEqual(2);
			// A dew point of -70 degC is 2.6 ppmv.
			expect(lot.waterPpmv).toBeLessThanOrEqual(2.6);
		}
		expect(argon.inUse).toBe(argon.lots.find(({ kg }) => kg > 0));
		const used = argon.lots.filter(({ kg }) => kg === 0);
		expect(used).toEqual(argon.lots.slice(0, used.length));
	});

	test("that is not filled stops charging", () => {
		const base = undisturbed();
		const argon = {
			...base.warehouse.argon,
			first_kg: 2000,
			order_below_kg: 1,
			lead_d: 10,
			lead_spread_d: 0,
		};
		const parameters = modelSchema.parse({ ...base, warehouse: { ...base.warehouse, argon } });
		const { line, lots } = run({ parameters, seed: 1, lots: 5 });
		expect(line.starvedS / 3600).toBeGreaterThan(100);
		expect(batchesOf(lots)).toHaveLength(5);
		const tank = new ArgonTank(parameters, 1, 1);
		tank.take(5000);
		expect(tank.stockKg).toBe(0);
		expect(tank.inUse).toBeUndefined();
	});
});
