import type { Command } from "commander";
import { collect, type Run, wholeNumber } from "./option-values.ts";
import type { ReplayOptions } from "./replay.ts";

/** Adds `pilotline replay`. */
export function addReplay(pilotline: Command, run: Run): void {
	pilotline
		.command("replay")
		.description("judge stored lots by another version of the specification: which verdicts would change")
		.requiredOption("--config <file>", "the collector's configuration; its store is only read")
		.option(
			"--spec <file>",
			"the version to judge by (default: the present one, which must give the same again)",
		)
		.option("--lot <id>", "only this lot; may be given more than once", collect)
		.option("--lots <n>", "only so many of the newest lots", wholeNumber(1, 10_000), 100)
		.option("--json", "print one JSON document")
		.addHelpText(
			"after",
			`
Examples:
  pilotline replay --config collector.yaml --spec specification-2.yaml
  pilotline replay --config collector.yaml --spec specification-2.yaml --lot L00043 --json
  pilotline replay --config collector.yaml

Works beside a running collector and on a stopped one. Judges what the line told, not the laboratory.
Exit code 1 when the present version does not give again, byte for byte, what is stored.`,
		)
		.action((options: Omit<ReplayOptions, "json" | "env"> & { json?: boolean }) =>
			run(async () => (await import("./replay.ts")).replay({ json: false, ...options, env: process.env })),
		);
}
