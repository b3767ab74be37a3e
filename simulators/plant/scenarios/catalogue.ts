import type { ScenarioKind, ScenarioName } from "../pipeline.ts";
import { dewPointExcursion } from "./dew-point-excursion.ts";

export const scenarioCatalogue: Readonly<Record<ScenarioName, ScenarioKind>> = {
	"dew-point-excursion": dewPointExcursion,
};
