import { expect, test } from "vitest";
import type { ModelParameters } from "../../../../simulators/plant/parameters.ts";
import { batchesOf, run, undisturbed } from "./clean-line.ts";

/** Hours a year, and the nameplate of each line in t: batch kg x furnaces x hours / cycle. */
const hoursPerYear = 7920;
const lines: { name: string; size: Partial<ModelParameters["size"]>; tonnes: number }[] = [
	{ name: "small, one furnace", size: {}, tonnes: 11.6 },
	{ name: "small, two furnaces and two dryers", size: { furnaces: 2, dryers: 2 }, tonnes: 23.3 },
	{ name: "large", size: { preset: "LP" }, tonnes: 396 },
];

/** Tonnes a year that leave the line once it is full. */
function capacity(size: Partial<ModelParameters["size"]>, lots: number): number {
	const { lots: made } = run({ parameters: undisturbed(size), seed: 1, lots });
	// From the end of one lot to the end of another, so that filling the line does not count.
	const ends = made.map(({ batches }) => batches[0]?.finishedS ?? Number.NaN);
	const from = Math.floor(lots / 2);
	const kg = batchesOf(made.slice(from + 1)).reduce((sum, { accounts }) => sum + accounts.packedKg, 0);
	const hours = ((ends.at(-1) as number) - (ends[from] as number)) / 3600;
	return (kg / 1000) * (hoursPerYear / hours);
}

test.each(lines)("$name: $tonnes t a year", ({ size, tonnes }) => {
	const found = capacity(size, size.preset === "LP" ? 65 : 30);
	expect(Math.abs(found / tonnes - 1), `${found} t`).toBeLessThan(0.05);
});

test("with two furnaces and one dryer the dryer sets the pace, at 13.4 hours a batch", () => {
	expect(capacity({ furnaces: 2 }, 30)).toBeCloseTo((25 * hoursPerYear) / 13.35 / 1000, 0);
});

test("a warehouse that runs dry stops the line until a delivery comes", () => {
	const parameters = undisturbed();
	const slow = {
		...parameters.warehouse,
		li2s: { ...parameters.warehouse.li2s, first_kg: 60, order_below_kg: 50, lead_d: 8, lead_spread_d: 0 },
	};
	const { line, lots } = run({ parameters: { ...parameters, warehouse: slow }, seed: 1, lots: 8 });
	// Five batches, then nothing until the delivery ordered after the first has come.
	expect(line.starvedS / 3600).toBeGreaterThan(60);
	const [fifth, sixth] = [lots[4], lots[5]].map((lot) => lot?.batches[0]?.startedS ?? Number.NaN) as [
		number,
		number,
	];
	expect((sixth - fifth) / 3600).toBeGreaterThan(80);
	expect(lots[6]?.batches[0]?.charges.some(({ lot }) => lot === lots[4]?.batches[0]?.charges[0]?.lot)).toBe(
		false,
	);
});
