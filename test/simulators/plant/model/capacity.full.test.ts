import { expect, test } from "vitest";
import { Warehouse } from "../../../../simulators/plant/model/warehouse.ts";
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

test("a lot of bad material is charged to its own batches and to no other, however long the line runs on", () => {
	const warehouse = new Warehouse(undisturbed(), 1, 1);
	const bad = warehouse.receive("li2s", 200, 0, 0.9);
	const before = warehouse.stockKg("li2s");
	expect(warehouse.takeFrom(bad, 11)).toMatchObject({ material: "li2s", lot: bad.id, kg: 11 });
	expect(warehouse.stockKg("li2s")).toBe(before);
	const lots = new Set<string>();
	while (warehouse.stockKg("li2s") > 11) {
		for (const { lot } of warehouse.take("li2s", 11).charges) lots.add(lot);
	}
	expect(lots.size).toBeGreaterThan(1);
	expect(lots).not.toContain(bad.id);
});

test("what is weighed out is what leaves the stock, and it names its lots", () => {
	const warehouse = new Warehouse(undisturbed(), 1, 1);
	const before = warehouse.stockKg("li2s");
	const { charges } = warehouse.take("li2s", 250);
	expect(charges).toHaveLength(2);
	expect(charges.reduce((sum, { kg }) => sum + kg, 0)).toBeCloseTo(250, 9);
	expect(before - warehouse.stockKg("li2s")).toBeCloseTo(250, 9);
});
