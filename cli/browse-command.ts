import type { Command } from "commander";
import { collect, type Run, wholeNumber } from "./option-values.ts";

/** What an option is that was not given; as a default of the option itself it would clutter the help. */
const unset = {
	...{ insecure: false, properties: false, force: false, json: false },
	...{ include: [] as string[], exclude: [] as string[] },
};

/** `pilotline browse`. */
export function addBrowse(pilotline: Command, run: Run): void {
	pilotline
		.command("browse")
		.description("show what an OPC UA server has, as a tree, or write a configuration for it; only reads")
		.argument("<endpoint>", "opc.tcp://host:port")
		.option("--config <file>", "connect as the agent with this configuration does, which has this server")
		.option("--insecure", "connect without security")
		.option("--from <node>", "start at a node id or browse path (default: the Objects folder)")
		.option("--include <glob>", "only variables that match; may be given more than once", collect)
		.option("--exclude <glob>", "no variables that match; may be given more than once", collect)
		.option("--depth <n>", "at most so many levels below the start", wholeNumber(1, 64))
		.option("--max-nodes <n>", "stop at so many nodes", wholeNumber(1, 2_000_000), 200_000)
		.option("--properties", "also the properties of objects")
		.option("--write <file>", "write an agent's configuration with these variables as tags")
		.option("--force", "overwrite that file")
		.option("--json", "print one JSON document")
		.addHelpText(
			"after",
			`
Examples:
  pilotline browse opc.tcp://plc-1:4840 --config /etc/pilotline/agent.yaml
  pilotline browse opc.tcp://plc-1:4840 --insecure --from /Objects/2:Kiln --include 'Zone*/TT*' --depth 3
  pilotline browse opc.tcp://plc-1:4840 --insecure --from 'nsu=urn:plc;s=Kiln' --exclude '**/Diag*/**' --write agent.yaml

A glob is compared with the names from below the start, without namespaces: * any characters of a name,
** any number of levels, ? one character, {a,b} either; without / it is compared with the last name alone.
A secured server has to trust the agent's certificate, and the agent the server's: pilotline cert --help.
Exit code 1 when a bound was met before everything was seen.`,
		)
		.action((endpoint: string, options) =>
			run(async () =>
				(await import("./browse.ts")).browse(endpoint, { ...unset, ...options, env: process.env }),
			),
		);
}
