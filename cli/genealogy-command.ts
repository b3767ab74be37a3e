import type { Command } from "commander";
import { type Run, wholeNumber } from "./option-values.ts";

/** `pilotline genealogy` and `pilotline materials`. */
export function addGenealogy(pilotline: Command, run: Run): void {
	pilotline
		.command("genealogy")
		.description(
			"what a material lot, batch, lot or package was made of, or what became of it, from a running collector",
		)
		.argument("<id>", "its id")
		.option("--forward", "what became of it, instead of what it was made of")
		.option("--links", "every link with its time and unit, instead of each thing once")
		.option("--api <url>", "the collector's address", "http://127.0.0.1:9300")
		.option("--json", "print one JSON document")
		.addHelpText(
			"after",
			`
Examples:
  pilotline genealogy L00035-001
  pilotline genealogy LS-0003 --forward --json
  pilotline genealogy L00035 --links

Amounts: of a blend an equal part is taken to be in each kilogram that is made of it.`,
		)
		.action((id: string, options: { forward?: boolean; links?: boolean; api: string; json?: boolean }) =>
			run(async () =>
				(await import("./genealogy.ts")).genealogy({
					...{ id, direction: options.forward === true ? "forward" : "back", links: options.links === true },
					...{ api: options.api, json: options.json === true },
				}),
			),
		);

	pilotline
		.command("materials")
		.description("verdicts on lots of raw materials by their laboratory results, from a running collector")
		.option("--lot <id>", "every test of one lot")
		.option("--limit <n>", "at most this many lots", wholeNumber(1, 1_000), 100)
		.option("--api <url>", "the collector's address", "http://127.0.0.1:9300")
		.option("--json", "print one JSON document")
		.addHelpText(
			"after",
			`
Examples:
  pilotline materials
  pilotline materials --lot LS-0003 --json

The last judged first. A lot is judged by the version in force when its first result was measured.`,
		)
		.action((options: { lot?: string; limit: number; api: string; json?: boolean }) =>
			run(async () =>
				(await import("./materials.ts")).materials({
					...{ lot: options.lot, limit: options.limit, api: options.api, json: options.json === true },
				}),
			),
		);
}
