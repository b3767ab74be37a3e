import { expect, test } from "vitest";
import { Plant } from "../../../simulators/plant/model/plant.ts";
import { modelSchema } from "../../../simulators/plant/parameters.ts";

const hourMs = 3_600_000;

test("the large line publishes each instrument of each unit of each train once, and every first value", () => {
	const parameters = modelSchema.parse({ special_causes: 0, size: { preset: "LP" } });
	const plant = new Plant({ parameters, seed: 1, startMs: 0 });
	const { variables, units } = plant.published;
	// Four trains of six single units, two dryers and two retorts; utilities, abatement, laboratory.
	expect(units).toHaveLength(4 * 10 + 3);
	expect(new Set(variables.map(({ nodeId }) => nodeId)).size).toBe(variables.length);
	const first = plant.begin();
	expect(first.map(({ variable }) => variable.key).sort()).toEqual(variables.map(({ key }) => key).sort());
	const charge = variables.find(({ key }) => key === "T2.U200/W200.WT01");
	expect(charge).toMatchObject({ nodeId: "T2.U200.W200.WT01", span: [0, 120] });

	// Sixty-six kilograms of Li2S a batch, in every train within a furnace's cycle; and results without end.
	const charged = new Map<string, number>();
	const reported = new Set<string>();
	while (plant.nowMs < 24 * hourMs) {
		for (const { variable, value } of plant.step(plant.nowMs + 60_000)) {
			if (variable.name === "W200.WT01") {
				charged.set(variable.unit, Math.max(charged.get(variable.unit) ?? 0, Number(value)));
			}
			if (variable.key === "L900/Lot") reported.add(String(value));
		}
	}
	expect([...charged.keys()].sort()).toEqual(["T1.U200", "T2.U200", "T3.U200", "T4.U200"]);
	for (const kg of charged.values()) expect(Math.abs(kg - 6 * 11.13)).toBeLessThan(0.6);
	// Eight retorts give eight lots a day, and the laboratory keeps up with them.
	expect(reported.size).toBeGreaterThan(6);
});

test("a scenario hits the train and the lot that it names, and no other", () => {
	const parameters = modelSchema.parse({ special_causes: 0, size: { preset: "LP" } });
	const plant = new Plant({
		parameters,
		seed: 1,
		startMs: 0,
		scenarios: [{ name: "under-milling", lot: 2, train: 3 }],
	});
	plant.begin();
	// Lots of each train in the order in which they begin, and those whose milling energy came out low.
	const begun = new Map<string, string[]>();
	const context = new Map<string, string>();
	const low = new Set<string>();
	while (plant.nowMs < 40 * hourMs) {
		for (const { variable, value } of plant.step(plant.nowMs + 600_000)) {
			if (typeof value === "string") context.set(variable.key, value);
			const { unit, name } = variable;
			const lot = context.get(`${unit}/Lot`) ?? "";
			if (unit.endsWith("U200") && name === "Phase" && value === "PURGE") {
				begun.set(unit, [...(begun.get(unit) ?? []), lot]);
			}
			const draining = context.get(`${unit}/Phase`) === "DRAIN";
			if (name === "M310.QC01" && draining && Number(value) < 1.6) low.add(`${unit} ${lot}`);
		}
	}
	expect([...low]).toEqual([`T3.U310 ${begun.get("T3.U200")?.[1]}`]);
	const small = modelSchema.parse({ special_causes: 0 });
	const scenarios = [{ name: "air-leak", lot: 1, train: 2 } as const];
	expect(() => new Plant({ parameters: small, seed: 1, startMs: 0, scenarios })).toThrow(
		"expected one of 1 trains, found 2",
	);
});
