// The small line on which nothing goes wrong by itself: what the demo runs, and most tests of the simulator.

import { Plant, type PlantScenario } from "../../../simulators/plant/model/plant.ts";
import { tags } from "../../../simulators/plant/model/tags.ts";
import { modelSchema } from "../../../simulators/plant/parameters.ts";
import type { PlantVariable } from "../../../simulators/plant/pipeline.ts";

export function smallPlant(options: {
	seed: number;
	startMs: number;
	batchesPerLot?: number;
	scenarios?: readonly PlantScenario[];
}): Plant {
	const { seed, startMs, batchesPerLot = 1, scenarios = [] } = options;
	const parameters = modelSchema.parse({ special_causes: 0, size: { batches_per_lot: batchesPerLot } });
	return new Plant({ parameters, seed, startMs, scenarios });
}

const { published, line } = smallPlant({ seed: 1, startMs: 0 });

export const plantVariables = published.variables;
export const publishedUnits = published.units;
export const variableOf = (unit: string, name: string): PlantVariable => published.variable(unit, name);
export const instrumentTags = tags;
/** Units that take batches, with their phases. */
export const batchUnits = line.units
	.filter(({ phases }) => phases.length > 0)
	.map(({ id, phases }) => ({ id, phases }));
