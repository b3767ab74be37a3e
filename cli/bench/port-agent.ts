import { Agent } from "../../agent/agent.ts";
import { agentConfig } from "../../agent/config.ts";
import { systemClock } from "../../common/runtime/clock.ts";
import { loadConfigFile } from "../../common/runtime/config-file.ts";
import { createLogger } from "../../common/runtime/logger.ts";
import { runProcess } from "../../common/runtime/process.ts";
import { PortSource } from "./port-source.ts";

/** An agent with a port source in place of OPC UA; obeys `halt` from its parent and answers with what it produced. */
export async function runPortAgent(options: {
	config: string;
	rate: number;
	env: NodeJS.ProcessEnv;
}): Promise<number> {
	const { value: config, directory } = loadConfigFile(options.config, agentConfig, options.env);
	const log = createLogger({ process: "agent", level: config.log_level });
	let source: PortSource | undefined;
	process.on("message", (message: { type?: unknown }) => {
		if (message.type !== "halt" || source === undefined) return;
		source.halt();
		process.send?.({ type: "halted", produced: source.produced, producedByTag: {} });
	});
	const agent = new Agent({
		config,
		directory,
		clock: systemClock,
		log,
		createSource: ({ devices, tags, sink, clock }) => {
			source = new PortSource({ devices, tags, sink, clock, valuesPerSecond: options.rate });
			return source;
		},
	});
	return await runProcess(
		{
			start: async () => {
				await agent.start();
				process.send?.({ type: "running" });
			},
			stop: () => agent.stop(),
		},
		log,
	);
}
