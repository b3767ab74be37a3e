// `pilotline simulate`: the plant's stand-in, or pictures of what goes wrong in it.

import type { Command } from "commander";
import { CodedError } from "../common/runtime/coded-error.ts";
import { scenarioNames } from "../simulators/plant/pipeline.ts";
import { collect, type Run, wholeNumber } from "./option-values.ts";

interface SimulateOptions {
	config?: string;
	speed?: number;
	startsHoursAgo?: number;
	scenario?: string[];
	preview?: string;
	seed: number;
	json?: boolean;
}

export function addSimulate(pilotline: Command, run: Run): void {
	pilotline
		.command("simulate")
		.description("stand in for the plant: four OPC UA servers, until a signal ends it")
		.option("--config <file>", "its configuration")
		.option("--speed <n>", "instead of the file's line.speed", wholeNumber(1, 100_000))
		.option("--starts-hours-ago <n>", "instead of the file's line.starts_hours_ago", wholeNumber(0, 8_760))
		.option("--scenario <name>", "instead of the file's scenarios; may be given more than once", collect)
		.option("--preview <dir>", "serve nothing: draw what one should see of each scenario, as SVG, and end")
		.option("--seed <n>", "with --preview: seed of the line that is drawn", wholeNumber(0, 2_147_483_647), 1)
		.option("--json", "with --preview: print one JSON document")
		.addHelpText(
			"after",
			`
Examples:
  pilotline simulate --config examples/pilot-line/simulator.yaml --scenario dew-point-excursion
  pilotline simulate --preview charts
  pilotline simulate --preview charts --scenario air-leak --seed 7

Scenarios: ${scenarioNames.join(", ")}.`,
		)
		.action((options: SimulateOptions) => run(() => simulate(options)));
}

async function simulate({
	preview: directory,
	config,
	json,
	seed,
	...rest
}: SimulateOptions): Promise<number> {
	const { previewScenarios, runSimulator } = await import("../simulators/plant/main.ts");
	const { scenario, ...options } = rest;
	const chosen = scenario === undefined ? {} : { scenarios: scenario };
	if (directory === undefined) {
		if (config === undefined) {
			throw new CodedError(
				"USAGE",
				"expected --config FILE to serve a line, or --preview DIR to draw the scenarios",
			);
		}
		return await runSimulator({ config, ...options, ...chosen, env: process.env });
	}
	const charts: { scenario: string; file: string; effect: string }[] = [];
	const wide = Math.max(...scenarioNames.map(({ length }) => length));
	previewScenarios({
		directory,
		seed,
		...(scenario === undefined ? {} : { only: scenario }),
		onDrawn: (drawn) => {
			charts.push(drawn);
			if (json !== true) process.stdout.write(`${drawn.scenario.padEnd(wide)}  ${drawn.effect}\n`);
		},
	});
	if (json === true) process.stdout.write(`${JSON.stringify({ charts })}\n`);
	return 0;
}
