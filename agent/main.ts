import { systemClock } from "../common/runtime/clock.ts";
import { loadConfigFile } from "../common/runtime/config-file.ts";
import { createLogger } from "../common/runtime/logger.ts";
import { routeOpcuaLog } from "../common/runtime/opcua-log.ts";
import { runProcess } from "../common/runtime/process.ts";
import { Agent } from "./agent.ts";
import { agentConfig } from "./config.ts";

/** Runs one agent until a signal ends it. Resolves with the exit code. */
export async function runAgent(options: { config: string; env: NodeJS.ProcessEnv }): Promise<number> {
	const { value: config, directory } = loadConfigFile(options.config, agentConfig, options.env);
	const log = createLogger({ process: "agent", level: config.log_level });
	routeOpcuaLog(log);
	return await runProcess(new Agent({ config, directory, clock: systemClock, log }), log);
}
