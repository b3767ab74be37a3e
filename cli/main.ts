// The `pilotline` program. Commands are loaded when they are asked for, so that `--help` is quick.

import { Command, CommanderError, Option } from "commander";
import { CodedError, errorText } from "../common/runtime/coded-error.ts";
import { visibleText } from "../common/runtime/visible-text.ts";
import { scenarioNames } from "../simulators/plant/pipeline.ts";
import { addAudit } from "./audit-command.ts";
import { addBrowse } from "./browse-command.ts";
import { addCertificates } from "./cert-command.ts";
import { addDoctor } from "./doctor/doctor-command.ts";
import { addExport } from "./export-command.ts";
import { addGenealogy } from "./genealogy-command.ts";
import { addHealthy } from "./healthy-command.ts";
import { addLab } from "./lab-command.ts";
import { collect, type Run, wholeNumber } from "./option-values.ts";
import { addPeopleCommands } from "./people-command.ts";
import { addPlan } from "./plan-command.ts";
import { addPrepare } from "./prepare-command.ts";
import { addReplay } from "./replay-command.ts";
import { addSimulate } from "./simulate-command.ts";
import { addSpc } from "./spc-command.ts";
import { addSpecification } from "./specification-command.ts";

const exitFailed = 1;
const exitUsage = 2;

/** Errors of usage and configuration, as against those of doing. */
const usageCodes: ReadonlySet<string> = new Set(["CONFIG_INVALID", "CONFIG_UNREADABLE", "USAGE"]);

/** What an option is that was not given; as a default of the option itself it would clutter the help. */
const unset = { json: false, exit: false, scenario: [] as string[] };

/** Every command; `run` does the work of the one that was called. */
export function program(run: Run): Command {
	const pilotline = new Command("pilotline")
		.description("Telemetry for a solid-electrolyte pilot line: every value kept, every lot judged.")
		.exitOverride()
		.showHelpAfterError("(pilotline COMMAND --help shows what a command takes)")
		.addHelpText(
			"after",
			"\nExit codes: 0 done, 1 failed, 2 bad usage or configuration.\nPilotline monitors and advises; it is not a safety system.",
		);

	pilotline
		.command("demo")
		.description("show the whole line at work, with nothing else installed")
		.option("--scenario <name>", "let something go wrong; may be given more than once", collect)
		.option(
			"--speed <n>",
			"times faster than the clock until plant time meets it",
			wholeNumber(1, 100_000),
			1850,
		)
		.option("--lots <n>", "stop looking after this many lots were observed whole", wholeNumber(1, 20))
		.option("--exit", "end by itself when the lots are done and everything is stored")
		.option("--data <dir>", "keep the data there (default: a temporary folder that is removed)")
		.option("--json", "print one JSON document on standard output at the end")
		.addHelpText(
			"after",
			`
Examples:
  pilotline demo
  pilotline demo --scenario dew-point-excursion
  pilotline demo --lots 2 --exit --json

Scenarios: ${scenarioNames.join(", ")}.
Everything shown is simulated.`,
		)
		.action((options) =>
			run(async () => (await import("./demo/demo.ts")).demo({ ...unset, ...options, env: process.env })),
		);

	for (const [name, what, load] of [
		[
			"agent",
			"read OPC UA servers and publish over MQTT",
			async () => (await import("../agent/main.ts")).runAgent,
		],
		["collector", "store, judge and tell", async () => (await import("../collector/main.ts")).runCollector],
	] as const) {
		pilotline
			.command(name)
			.description(`${what}, until a signal ends it`)
			.requiredOption("--config <file>", "its configuration")
			.addHelpText("after", `\nExample:\n  pilotline ${name} --config examples/pilot-line/${name}.yaml`)
			.action((options: { config: string }) =>
				run(async () => (await load())({ config: options.config, env: process.env })),
			);
	}

	addSimulate(pilotline, run);

	pilotline
		.command("check")
		.description("list every problem of configuration files, each with file:line:column")
		.argument("<file...>", "agent, collector, people, specification or simulator files")
		.option("--json", "print one JSON document")
		.addHelpText("after", "\nExample:\n  pilotline check examples/pilot-line/*.yaml")
		.action((files: string[], options: { json?: boolean }) =>
			run(async () => (await import("./check.ts")).check(files, { ...unset, ...options, env: process.env })),
		);

	addPlan(pilotline, run);
	addBrowse(pilotline, run);
	addDoctor(pilotline, run);
	addPrepare(pilotline, run);

	pilotline
		.command("status")
		.description("how agents and a collector do: connections, tags, backlog, edge nodes, troubles")
		.option("--agent <url>", "an agent's status address; may be given more than once", collect)
		.option("--api <url>", "the collector's address")
		.option("--json", "print one JSON document")
		.addHelpText(
			"after",
			`
Examples:
  pilotline status
  pilotline status --agent http://127.0.0.1:9301 --api http://127.0.0.1:9300 --json

Without an address: the agent at http://127.0.0.1:9301 and the collector at http://127.0.0.1:9300.
Exit code 1 when one does not answer or has a trouble.`,
		)
		.action((options: { agent?: string[]; api?: string; json?: boolean }) =>
			run(async () => (await import("./status.ts")).status(addressesOf(options))),
		);

	addHealthy(pilotline, run);

	pilotline
		.command("gaps")
		.description("list what is missing and why, from a running collector")
		.option("--api <url>", "the collector's address", "http://127.0.0.1:9300")
		.option("--limit <n>", "at most this many", wholeNumber(1, 1_000), 100)
		.option("--json", "print one JSON document")
		.addHelpText("after", "\nExample:\n  pilotline gaps --limit 20")
		.action((options: { api: string; limit: number; json?: boolean }) =>
			run(async () => (await import("./gaps.ts")).gaps({ ...unset, ...options })),
		);

	addGenealogy(pilotline, run);

	pilotline
		.command("reconcile")
		.description("compare what units have counted with what is stored, from a running collector")
		.option("--lot <id>", "only while the lot's batches were in them (default: everything stored)")
		.option("--api <url>", "the collector's address", "http://127.0.0.1:9300")
		.option("--json", "print one JSON document")
		.addHelpText(
			"after",
			`
Examples:
  pilotline reconcile
  pilotline reconcile --lot L00043

Exit code 1 when something is missing and no row of the gap ledger touches it.`,
		)
		.action((options: { lot?: string; api: string; json?: boolean }) =>
			run(async () => (await import("./reconcile.ts")).reconcile({ ...unset, ...options })),
		);

	addSpc(pilotline, run);
	addSpecification(pilotline, run);
	addExport(pilotline, run);
	addReplay(pilotline, run);
	addLab(pilotline, run);

	pilotline
		.command("backup")
		.description("copy a collector's store into a new folder, also while the collector is running")
		.argument("<dir>", "a folder that is not there yet, or empty")
		.requiredOption("--data <dir>", "the collector's data directory")
		.option("--json", "print one JSON document")
		.addHelpText(
			"after",
			"\nExample:\n  pilotline backup /backup/2026-11-23 --data /var/lib/pilotline/collector",
		)
		.action((folder: string, options: { data: string; json?: boolean }) =>
			run(async () => (await import("./backup.ts")).backup(folder, { ...unset, ...options })),
		);

	pilotline
		.command("restore")
		.description("make a backup the store of a stopped collector; what was there is set aside")
		.argument("<dir>", "a folder that pilotline backup made")
		.requiredOption("--data <dir>", "the collector's data directory")
		.option("--adopt", "take over sealed samples that are set aside and that the backup does not have", false)
		.option("--json", "print one JSON document")
		.addHelpText(
			"after",
			`
Example:
  pilotline restore /backup/2026-11-23 --data /var/lib/pilotline/collector

What was stored since the backup is written into the gap ledger; agents send again what they still hold.`,
		)
		.action((folder: string, options: { data: string; adopt: boolean; json?: boolean }) =>
			run(async () => (await import("./backup.ts")).restore(folder, { ...unset, ...options })),
		);

	pilotline
		.command("adopt")
		.description("offer parts that were set aside, with their record files, to a collector's store")
		.argument("<path...>", "parts, record files, or folders of them")
		.requiredOption("--data <dir>", "the collector's data directory")
		.option("--json", "print one JSON document")
		.addHelpText(
			"after",
			`
Example:
  pilotline adopt /var/lib/pilotline/collector/set-aside-2026-11-23T06-00-00.000Z/parts --data /var/lib/pilotline/collector

The files are copied. The collector takes them over at its next start, record by record: what it has already is not stored again.`,
		)
		.action((paths: string[], options: { data: string; json?: boolean }) =>
			run(async () => (await import("./adopt.ts")).adopt(paths, { ...unset, ...options })),
		);

	pilotline
		.command("bench")
		.description("the pipeline under load on this host: loss, duplicates, CPU per million values, latency")
		.option("--tags <n>", "tags", wholeNumber(1, 100_000), 2_000)
		.option("--rate <n>", "values a second over all tags", wholeNumber(1, 1_000_000), 2_000)
		.option("--seconds <n>", "how long to measure", wholeNumber(5, 3_600), 30)
		.addOption(
			new Option("--source <kind>", "an OPC UA server, or the agent's source port")
				.choices(["opcua", "port"])
				.default("opcua"),
		)
		.option("--json", "print one JSON document")
		.addHelpText(
			"after",
			"\nExamples:\n  pilotline bench\n  pilotline bench --tags 20000 --rate 20000 --seconds 600 --json",
		)
		.action((options) =>
			run(async () => (await import("./bench/bench.ts")).bench({ ...unset, ...options, env: process.env })),
		);

	pilotline
		.command("load")
		.description("count up on many tags of OPC UA servers, until a signal ends it")
		.option("--tags <n>", "tags", wholeNumber(1, 100_000), 2_000)
		.option("--rate <n>", "values a second over all tags", wholeNumber(1, 1_000_000), 2_000)
		.option("--servers <n>", "OPC UA servers that share the tags", wholeNumber(1, 20), 1)
		.option(
			"--port <n>",
			"TCP port of the first server on the loopback; the others follow; 0 takes free ones",
			wholeNumber(0, 65_535),
			4_850,
		)
		.option("--status <share>", "percent of the values with a status; may be given more than once", collect)
		.option("--chaos <trouble>", "trouble to make while counting; may be given more than once", collect)
		.option("--data <dir>", "for the servers' certificates", "data/load")
		.addHelpText(
			"after",
			`
Examples:
  pilotline load --tags 20000 --rate 20000
  pilotline load --servers 3 --status 2:BadSensorFailure --status 5:UncertainLastUsableValue
  pilotline load --chaos sessions:60 --chaos freeze:45:8

Trouble begins when every tag is watched:
  cut:SECONDS            break every connection so often
  delay:MILLISECONDS     give every answer so late
  freeze:SECONDS:FOR     so often answer nothing for so long; connections stay up
  sessions:SECONDS       close every session so often, its subscriptions with it
  subscriptions:SECONDS  delete every subscription so often; sessions stay

A Bad value comes without a number. A tag's values are 1, 2, 3 …, so that losses and repeats show.`,
		)
		.action((options) => run(async () => (await import("../simulators/load/main.ts")).runLoad(options)));

	pilotline
		.command("bench-agent", { hidden: true })
		.requiredOption("--config <file>")
		.requiredOption("--rate <n>", "", wholeNumber(1, 10_000_000))
		.action((options) =>
			run(async () => (await import("./bench/port-agent.ts")).runPortAgent({ ...options, env: process.env })),
		);

	const journal = pilotline.command("journal").description("look into an agent's journal; changes nothing");
	for (const [action, what] of [
		["inspect", "its segments, epochs, offsets and times"],
		["verify", "check every record; exit code 1 when one is not sound"],
	] as const) {
		journal
			.command(action)
			.description(what)
			.requiredOption("--data <dir>", "the agent's data directory")
			.option("--json", "print one JSON document")
			.addHelpText("after", `\nExample:\n  pilotline journal ${action} --data data/agent`)
			.action((options: { data: string; json?: boolean }) =>
				run(async () => (await import("./journal.ts")).journal(action, { ...unset, ...options })),
			);
	}
	addCertificates(pilotline, run);
	addPeopleCommands(pilotline, run);
	addAudit(pilotline, run);
	return pilotline;
}

/** The addresses of the example, unless there are others. */
function addressesOf({ agent, api, json = false }: { agent?: string[]; api?: string; json?: boolean }) {
	if (agent !== undefined || api !== undefined) return { agent: agent ?? [], api, json };
	return { agent: ["http://127.0.0.1:9301"], api: "http://127.0.0.1:9300", json };
}

async function main(argv: readonly string[]): Promise<number> {
	let code = 0;
	const run: Run = async (work) => {
		code = await work();
	};
	try {
		await program(run).parseAsync([...argv], { from: "user" });
		return code;
	} catch (error) {
		if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitUsage;
		const lines = errorText(error).split("\n").map(visibleText);
		process.stderr.write(`pilotline: ${lines.join("\n")}\n`);
		return error instanceof CodedError && usageCodes.has(error.code) ? exitUsage : exitFailed;
	}
}

// Only as a program: importing this file, as a test does, starts nothing.
if (import.meta.main) {
	process.exitCode = await main(process.argv.slice(2));
	// Libraries may hold timers or sockets open, so the end is not waited for; what was printed is, because a pipe takes it
	// piece by piece.
	process.stderr.write("", () => process.stdout.write("", () => process.exit()));
}
