import { z } from "zod";
import { agentConfig } from "../agent/config.ts";
import { collectorConfig } from "../collector/config.ts";
import { peopleConfig } from "../collector/people/people-file.ts";
import { specificationConfig } from "../collector/specification.ts";
import type { ConfigKind } from "../common/runtime/config-file.ts";
import { simulatorConfigKind } from "../simulators/plant/config.ts";

/** Every kind of configuration file, by what stands under `kind`. */
export const configKinds: Readonly<Record<string, ConfigKind<z.ZodType>>> = {
	agent: agentConfig as ConfigKind<z.ZodType>,
	collector: collectorConfig as ConfigKind<z.ZodType>,
	people: peopleConfig as ConfigKind<z.ZodType>,
	specification: specificationConfig as ConfigKind<z.ZodType>,
	simulator: simulatorConfigKind as ConfigKind<z.ZodType>,
};

/** Any kind that is not known: the file has no problem but this one. */
export const unknownKind: ConfigKind<z.ZodType> = {
	schema: z.looseObject({
		kind: z.enum(Object.keys(configKinds) as [string], {
			error: `expected kind: ${Object.keys(configKinds).join(", ")}`,
		}),
	}),
};
