import type { Command } from "commander";
import type { Run } from "./option-values.ts";

/** `pilotline plan`. */
export function addPlan(pilotline: Command, run: Run): void {
	pilotline
		.command("plan")
		.description(
			"what a configuration file would change in a running agent, and what that costs; changes nothing",
		)
		.argument("<file>", "an agent's file; with --against also a collector's, specification's or simulator's")
		.option("--agent <url>", "the agent's status address (default: the one that the file names)")
		.option("--against <file>", "compare with this file instead of a running agent")
		.option("--json", "print one JSON document")
		.addHelpText(
			"after",
			`
Examples:
  pilotline plan /etc/pilotline/agent.yaml
  pilotline plan new.yaml --agent http://127.0.0.1:9301 --json
  pilotline plan new.yaml --against /etc/pilotline/agent.yaml

An agent takes the file at SIGHUP (kill -HUP PID), or by itself with reload.watch: true. Variables in \${NAME}
are those of this command, which may differ from the agent's. Run it on the agent's host, as others are not told
its configuration.

Exit code 0 when nothing would change or a reload takes it, 1 when it needs a restart or the agent does not
answer, 2 when the file has problems.`,
		)
		.action((file: string, options: { agent?: string; against?: string; json?: boolean }) =>
			run(async () => (await import("./plan.ts")).plan(file, { json: false, ...options, env: process.env })),
		);
}
