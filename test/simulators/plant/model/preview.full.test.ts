import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { previewOf } from "../../../../simulators/plant/model/preview.ts";
import { scenarioNames } from "../../../../simulators/plant/pipeline.ts";
import { undisturbed } from "./clean-line.ts";

const folder = new URL("../../../../simulators/charts/", import.meta.url);

test("there is a chart for each scenario and none besides", () => {
	expect(readdirSync(folder).sort()).toEqual(scenarioNames.map((name) => `${name}.svg`).sort());
});

test.each(scenarioNames)(
	"the chart of %s is what the line does (draw it again with: simulate --preview simulators/charts)",
	(name) => {
		const { svg } = previewOf(name, undisturbed(), 1);
		expect(readFileSync(new URL(`${name}.svg`, folder), "utf8")).toBe(svg);
	},
);
