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
