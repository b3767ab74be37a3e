import { type Command, InvalidArgumentError, Option } from "commander";
import type { ExportOptions } from "./export.ts";
import { collect, type Run, wholeNumber } from "./option-values.ts";

/** A UTC time as milliseconds since 1970. */
function instant(text: string): number {
	const ms = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z)?$/.test(text)
		? Date.parse(text)
		: Number.NaN;
	if (Number.isNaN(ms))
		throw new InvalidArgumentError(`expected a UTC time as 2026-11-30T06:00:00Z, found ${text}`);
	return ms;
}

/** Adds `pilotline export`. */
export function addExport(pilotline: Command, run: Run): void {
	pilotline
		.command("export")
		.description("take stored samples out of a collector, running or stopped, as CSV, JSON or Parquet")
		.option("--unit <name>", "samples of this unit (needed without --lot)")
		.option("--tag <name>", "only this tag; may be given more than once (default: every tag)", collect)
		.option("--lot <id>", "only while the lot's batches were in the unit; of every unit without --unit")
		.option("--phase <name>", "only while the unit told this phase")
		.option("--from <time>", "from this UTC time on, as 2026-11-30T06:00:00Z", instant)
		.option("--to <time>", "up to this UTC time (default: the newest value)", instant)
		.option(
			"--hours <n>",
			"instead of --from: so many hours before --to (default: 6, or all of the lot)",
			wholeNumber(1, 87_840),
		)
		.addOption(
			new Option("--format <name>", "what is written").choices(["csv", "json", "parquet"]).default("csv"),
		)
		.option("--output <file>", "a file instead of standard output; it appears when it is whole")
		.option("--api <url>", "the running collector's address", "http://127.0.0.1:9300")
		.addOption(
			new Option("--data <dir>", "the data directory of a stopped collector, instead of --api").conflicts(
				"api",
			),
		)
		.option("--phase-tag <name>", "with --data: the tag by which units tell their phase", "Phase")
		.option("--json", "print what was written as one JSON document; needs --output")
		.addHelpText(
			"after",
			`
Examples:
  pilotline export --unit U500 --tag F500.TT01 --hours 24 > furnace.csv
  pilotline export --lot L00043 --format parquet --output lot.parquet
  pilotline export --unit U500 --phase SOAK --from 2026-11-30T00:00:00Z --format json
  pilotline export --data /var/lib/pilotline/collector --lot L00043 --format parquet --output lot.parquet

In Python, also from a running collector without a file in between:
  import pandas
  url = "http://127.0.0.1:9300/api/v1/export?unit=U500&hours=24&format=parquet"
  pandas.read_parquet(url)`,
		)
		.action((options: Omit<ExportOptions, "json"> & { json?: boolean }) =>
			run(async () => (await import("./export.ts")).exportSamples({ json: false, ...options })),
		);
}
