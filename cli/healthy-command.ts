import type { Command } from "commander";
import { type Run, wholeNumber } from "./option-values.ts";

/** `pilotline healthy`. */
export function addHealthy(pilotline: Command, run: Run): void {
	pilotline
		.command("healthy")
		.description("whether processes are ready, for the health checks of containers and services")
		.argument("<address...>", "an agent's or a collector's address (http), or an OPC UA server's (opc.tcp)")
		.option("--timeout <s>", "an answer that takes longer is none", wholeNumber(1, 300), 5)
		.option("--json", "print one JSON document")
		.addHelpText(
			"after",
			`
Examples:
  pilotline healthy http://127.0.0.1:9301
  pilotline healthy opc.tcp://127.0.0.1:4841 opc.tcp://127.0.0.1:4842

Ready means: configuration loaded and local disks writable, by /readyz; of an OPC UA server, that it answers. A
plant, broker or database that is away makes nobody unready; \`pilotline status\` tells of those.
Exit code 1 when one is not ready.`,
		)
		.action((addresses: string[], options: { timeout: number; json?: boolean }) =>
			run(async () => (await import("./healthy.ts")).healthy(addresses, { json: false, ...options })),
		);
}
