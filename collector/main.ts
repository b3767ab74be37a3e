import { systemClock } from "../common/runtime/clock.ts";
import { loadConfigFile } from "../common/runtime/config-file.ts";
import { pathFrom } from "../common/runtime/config-values.ts";
import { createLogger } from "../common/runtime/logger.ts";
import { runProcess } from "../common/runtime/process.ts";
import { collectorConfig } from "./config.ts";
import { loadSpecificationFiles } from "./specification-files.ts";

/** Runs one collector until a signal ends it. Resolves with the exit code. */
export async function runCollector(options: { config: string; env: NodeJS.ProcessEnv }): Promise<number> {
	const { value: config, directory } = loadConfigFile(options.config, collectorConfig, options.env);
	const files = config.specification.map((file) => pathFrom(directory, file));
	const specification = loadSpecificationFiles(files, options.env);
	const log = createLogger({ process: "collector", level: config.log_level });
	// Loaded after the files have been read: the memory of their syntax trees is free again by then.
	const { Collector } = await import("./collector.ts");
	return await runProcess(new Collector({ config, specification, directory, clock: systemClock, log }), log);
}
