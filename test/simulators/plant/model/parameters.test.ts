import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { modelSchema } from "../../../../simulators/plant/parameters.ts";
import { instrumentTable, parameterTable } from "./parameter-table.ts";

const page = (name: string) =>
	readFileSync(new URL(`../../../../simulators/${name}`, import.meta.url), "utf8");

test("plant-parameters.md lists every constant with its default", () => {
	expect(page("plant-parameters.md")).toContain(parameterTable());
	expect(parameterTable().split("\n").length).toBeGreaterThan(150);
});

test("README.md lists every instrument as it is", () => {
	expect(page("README.md")).toContain(instrumentTable());
});

test("a constant may be set, the others keep their defaults, and a misspelt one is refused", () => {
	const parameters = modelSchema.parse({ mill: { net_power_kw: 7 } });
	expect(parameters.mill.net_power_kw).toBe(7);
	expect(parameters.mill.no_load_kw).toBe(2.5);
	expect(parameters.furnace).toEqual(modelSchema.parse({}).furnace);
	expect(modelSchema.safeParse({ mill: { net_power: 7 } }).success).toBe(false);
	expect(modelSchema.safeParse({ dryer: { final_kpa: -1 } }).success).toBe(false);
	// What would divide by nothing, take more than there is, or never end.
	expect(modelSchema.safeParse({ warehouse: { li2s: { lot_kg: 0 } } }).success).toBe(false);
	expect(modelSchema.safeParse({ mill: { loss_share: 1.5 } }).success).toBe(false);
	expect(modelSchema.safeParse({ dryer: { falling_h: 1e9 } }).success).toBe(false);
	expect(modelSchema.safeParse({ mill: { loss_share: 0 } }).success).toBe(true);
});

test("every default is within its own bounds", () => {
	expect(modelSchema.safeParse(modelSchema.parse({})).success).toBe(true);
});
