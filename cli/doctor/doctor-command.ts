import type { Command } from "commander";
import { collect, type Run, wholeNumber } from "../option-values.ts";

/** `pilotline doctor`. */
export function addDoctor(pilotline: Command, run: Run): void {
	pilotline
		.command("doctor")
		.description("whether this host can do an agent's job: plant servers, broker, store, clock, disk, rights")
		.requiredOption("--config <file>", "the agent's configuration")
		.option("--collector <url or file>", "the collector's address, or its configuration on this host")
		.option("--rate <n>", "values a second to expect, for the hours of journal", wholeNumber(1, 10_000_000))
		.option("--sample <n>", "read the first value of so many tags of each server", wholeNumber(1, 1_000), 20)
		.option(
			"--only <area>",
			"servers, broker, store, clock, disk or host; may be given more than once",
			collect,
		)
		.option("--timeout <s>", "end after so many seconds, whatever was found", wholeNumber(5, 3_600), 60)
		.option("--json", "print one JSON document")
		.addHelpText(
			"after",
			`
Examples:
  pilotline doctor --config /etc/pilotline/agent.yaml
  pilotline doctor --config agent.yaml --collector http://127.0.0.1:9300 --rate 2000
  pilotline doctor --config agent.yaml --only servers --json

Run it as the user that the agent runs as, before the agent starts or beside it; a running agent is not disturbed.
At the plant it has a session of its own and only reads. At the broker it does not log in beside a running agent, whose
word counts instead. What the agent may publish is asked only while the collector says that its edge node is offline; with
MQTT 5 a broker tells it without giving the message to anybody, with 3.1.1 alone it cannot be known.
Exit code 0 when nothing fails, 1 when something does; warnings are no fault.`,
		)
		.action((options) =>
			run(async () =>
				(await import("./doctor.ts")).doctor({ json: false, only: [], ...options, env: process.env }),
			),
		);
}
