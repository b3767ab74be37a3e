import { systemClock } from "../common/runtime/clock.ts";
import { loadConfigFile } from "../common/runtime/config-file.ts";
import { createLogger } from "../common/runtime/logger.ts";
import { runProcess } from "../common/runtime/process.ts";
import { agentConfig } from "./config.ts";

/** Runs one agent until a signal ends it. Resolves with the exit code. */
export async function runAgent(options: { config: string; env: NodeJS.ProcessEnv }): Promise<number> {
	const { value: config, directory } = loadConfigFile(options.config, agentConfig, options.env);
	const log = createLogger({ process: "agent", level: config.log_level });
	// Loaded after the file has been read: the memory of its syntax tree is free again by then, and serves the OPC UA client.
	const { Agent } = await import("./agent.ts");
	const { routeOpcuaLog } = await import("../common/runtime/opcua-log.ts");
	routeOpcuaLog(log);
	const file = { path: options.config, env: options.env };
	const agent = new Agent({ config, directory, file, clock: systemClock, log });
	return await runProcess(
		{
			start: () => agent.start(),
			stop: () => agent.stop(),
			reload: () => agent.reload("signal"),
		},
		log,
	);
}
