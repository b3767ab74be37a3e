import { describe, expect, test } from "vitest";
import { genealogyText } from "../../../../simulators/plant/model/genealogy.ts";
import { Plant } from "../../../../simulators/plant/model/plant.ts";
import { modelSchema } from "../../../../simulators/plant/parameters.ts";

interface Told {
	readonly unit: string;
	readonly timeMs: number;
	readonly link: string;
	readonly from: string;
	readonly into: string;
	readonly kg: number;
	readonly material?: string;
	readonly supplier?: string;
	readonly assay?: number;
}

const hourMs = 3_600_000;
const parameters = modelSchema.parse({
	special_causes: 0,
	size: { batches_per_lot: 2 },
	// Small deliveries, so that batches take from two of them.
	warehouse: { li2s: { lot_kg: 25, first_kg: 400 } },
});
const plant = new Plant({ parameters, seed: 4, startMs: 0 });
const first = plant.begin();
const told: Told[] = [];
const beats = new Map<string, number>();
const raw: string[] = [];
while (plant.nowMs < 150 * hourMs) {
	for (const { variable, value, timeMs } of plant.step(plant.nowMs + 30_000)) {
		if (variable.name === "Heartbeat") beats.set(variable.unit, timeMs);
		if (variable.name !== "Genealogy") continue;
		raw.push(String(value));
		told.push({ unit: variable.unit, timeMs, ...JSON.parse(String(value)) });
	}
}

test("the units where one thing goes into another tell it, and say nothing before the first", () => {
	const empty = first.filter(({ variable }) => variable.name === "Genealogy");
	expect(empty.map(({ variable, value }) => [variable.key, value])).toEqual(
		["U200", "U300", "U500", "U650", "U700"].map((unit) => [`${unit}/Genealogy`, ""]),
	);
	expect(new Set(told.map(({ unit, link }) => `${unit} ${link}`))).toEqual(
		new Set(["U200 charge", "U300 charge", "U500 charge", "U650 blend", "U700 pack"]),
	);
});

test("the text is one JSON object with its fields in a fixed order", () => {
	expect(
		genealogyText({
			link: "charge",
			from: "LS-0003",
			into: "B000105",
			kg: 11.13249,
			material: "li2s",
			supplier: "supplier A",
			assay: 99.81234,
		}),
	).toBe(
		'{"link":"charge","from":"LS-0003","into":"B000105","kg":11.132,"material":"li2s","supplier":"supplier A","assay":99.812}',
	);
	expect(raw.filter((text) => text.includes('"link":"pack"'))[0]).toMatch(
		/^\{"link":"pack","from":"L\d{5}","into":"L\d{5}-\d{3}","kg":[\d.]+\}$/,
	);
});

describe("a batch that is charged after the beginning", () => {
	const charged = told.filter(({ link }) => link === "charge");
	const batches = [
		...new Set(charged.flatMap(({ into, material }) => (material === "li2s" ? [into] : []))),
	].slice(0, -1);

	test("is made of the recipe's materials, from one lot or two", () => {
		expect(batches.length).toBeGreaterThan(5);
		const lots = batches.map((batch) => {
			const of = (material: string) =>
				charged.filter((one) => one.into === batch && one.material === material);
			const kg = (material: string) => of(material).reduce((sum, one) => sum + one.kg, 0);
			expect(Math.abs(kg("li2s") / 11.13 - 1)).toBeLessThan(0.005);
			expect(Math.abs(kg("p2s5") / 10.77 - 1)).toBeLessThan(0.005);
			expect(Math.abs(kg("licl") / 4.11 - 1)).toBeLessThan(0.005);
			expect(kg("solvent")).toBeCloseTo(104, 2);
			return of("li2s").length;
		});
		expect(new Set(lots)).toEqual(new Set([1, 2]));
		// Argon flows through the retort for 13.6 h at 3 Nm3/h, and at a sixth of that while it is loaded.
		const argon = charged.filter(({ material }) => material === "argon");
		for (const { from, kg } of argon) {
			expect(from).toMatch(/^AR-\d{4}$/);
			expect(Math.abs(kg / ((13.63 * 3 + 0.75 * 0.5) * 1.782) - 1)).toBeLessThan(0.02);
		}
		expect(argon.length).toBeGreaterThan(3);
		for (const { supplier, assay } of charged) {
			expect(supplier).toMatch(/^supplier [A-D]$/);
			expect(assay).toBeGreaterThan(99.5);
		}
	});

	test("tells each link when it happens, before the heartbeat that counts it, two of them at two times", () => {
		for (const unit of ["U200", "U300", "U500", "U650", "U700"]) {
			const times = told.filter((one) => one.unit === unit).map(({ timeMs }) => timeMs);
			expect(times).toEqual([...times].sort((a, b) => a - b));
			expect(new Set(times).size, unit).toBe(times.length);
			expect(times.at(-1)).toBeLessThanOrEqual(beats.get(unit) ?? 0);
		}
		const split = charged.filter(({ into, material }) => material === "li2s" && into === batches[0]);
		expect(split.length).toBeGreaterThan(0);
	});

	test("is blended into its lot with the other, and the lot into packages of 5 kg, and nothing is made from nothing", () => {
		const lots = new Map<string, { kg: number; batches: number }>();
		for (const { link, into, kg } of told) {
			if (link !== "blend") continue;
			const lot = lots.get(into) ?? { kg: 0, batches: 0 };
			lots.set(into, { kg: lot.kg + kg, batches: lot.batches + 1 });
		}
		const whole = [...lots].filter(([, { batches: count }]) => count === 2);
		expect(whole.length).toBeGreaterThan(1);
		let packed = 0;
		for (const [lot, { kg }] of whole) {
			const bags = told.filter(({ link, from }) => link === "pack" && from === lot);
			// The last one may still be on its way.
			if (bags.length < 10 && lot === whole.at(-1)?.[0]) continue;
			packed += 1;
			expect(bags).toHaveLength(10);
			const inBags = bags.reduce((sum, one) => sum + one.kg, 0);
			expect(inBags).toBeLessThan(kg);
			expect(inBags / kg).toBeGreaterThan(0.97);
		}
		expect(packed).toBeGreaterThan(0);
	});
});
