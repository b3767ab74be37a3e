import { beforeAll, describe, expect, test } from "vitest";
import { tags } from "../../../../simulators/plant/model/tags.ts";
import { batchesOf, laboratoryVerdicts, ppkLower, type Run, run, undisturbed } from "./clean-line.ts";

const seed = 20_260_105;
const parameters = undisturbed();

describe("200 batches on which nothing goes wrong", () => {
	let clean: Run;
	beforeAll(() => {
		clean = run({ parameters, seed, lots: 200, judge: true });
	});

	test("no value is outside its window, whatever the noise of its instrument draws", () => {
		expect(clean.outside.slice(0, 5)).toEqual([]);
		// Nothing is inside for want of values.
		const windows = tags.filter(({ range }) => range.low !== undefined || range.high !== undefined);
		expect([...clean.judged].sort()).toEqual(windows.map(({ name }) => name).sort());
	});

	test("every unit has its instruments, 96 in all, and no two the same", () => {
		const names = clean.line.units.flatMap(({ signals }) => signals.map(({ tag }) => tag.name));
		expect(names.sort()).toEqual(tags.map(({ name }) => name).sort());
		expect(names).toHaveLength(96);
	});

	test("the laboratory passes them, and conductivity is as capable as the reference model is", () => {
		const { firstPass, sigma, failed } = laboratoryVerdicts(clean.lots, parameters, seed);
		// Of 200, two may fail by chance when one in 300 does.
		expect(firstPass, failed.join("; ")).toBeGreaterThanOrEqual(0.985);
		expect(ppkLower(sigma, 3)).toBeGreaterThan(1.2);
		expect(ppkLower(sigma, 3)).toBeLessThan(1.6);
	});

	test("solids, solvent, milling heat and furnace heat are all accounted for, to a thousandth", () => {
		for (const { accounts: a } of batchesOf(clean.lots)) {
			const closed = (came: number, went: readonly number[]) =>
				Math.abs(came - went.reduce((sum, one) => sum + one, 0)) / came;
			expect(closed(a.solidsKg, [a.solidsLeftKg, a.volatileKg, a.packedKg, a.sampleKg])).toBeLessThan(1e-3);
			expect(
				closed(a.solventChargedKg, [
					a.condensateKg,
					a.solventVentedKg,
					a.solventFiredKg,
					a.solventLeftKg,
					a.solventInProductKg,
				]),
			).toBeLessThan(1e-3);
			expect(closed(a.millInKwh, [a.millJacketKwh, a.millLostKwh, a.millStoredKwh])).toBeLessThan(1e-3);
			expect(closed(a.furnaceInKwh, [a.furnaceLostKwh, a.furnaceCooledKwh, a.furnaceStoredKwh])).toBeLessThan(
				1e-3,
			);
			// The figures are those of a batch, and not all zero.
			expect(a.packedKg).toBeGreaterThan(24.9);
			expect(a.millInKwh).toBeGreaterThan(45);
			expect(a.furnaceInKwh).toBeGreaterThan(50);
		}
	});

	test("what was weighed in is the formula Li6PS5Cl", () => {
		const { li2sKg, p2s5Kg, liclKg } = (batchesOf(clean.lots)[0] as (typeof clean.lots)[0]["batches"][0])
			.accounts;
		// Molar masses from the standard atomic weights: Li 6.94, P 30.974, S 32.06, Cl 35.45.
		const [li2s, p2s5, licl] = [li2sKg / 45.94, p2s5Kg / 222.25, liclKg / 42.39];
		expect((2 * li2s + licl) / (2 * p2s5)).toBeCloseTo(6, 1);
		expect((li2s + 5 * p2s5) / (2 * p2s5)).toBeCloseTo(5, 1);
		expect(licl / (2 * p2s5)).toBeCloseTo(1, 1);
	});

	test("the caustic used is two moles of NaOH per mole of the H2S that was absorbed", () => {
		const { absorbedKg, causticUsedKg } = clean.line.abatement;
		expect(absorbedKg).toBeGreaterThan(1);
		expect(causticUsedKg / absorbedKg).toBeCloseTo((2 * 39.997) / 34.08, 2);
	});
});

test("the same seed gives the same line, bit for bit; another seed another", () => {
	const states = (chosen: number) =>
		run({ parameters, seed: chosen, lots: 4, judge: false }).line.units.flatMap(({ signals }) =>
			signals.map(({ value }) => value),
		);
	expect(states(7)).toEqual(states(7));
	expect(states(7)).not.toEqual(states(8));
});
