import { type Command, Option } from "commander";
import type { Run } from "./option-values.ts";

const charts = ["imr", "xbar-r", "xbar-s", "between-within", "individuals", "ewma", "cusum", "c", "t2", "q"];

/** `pilotline spc`. */
export function addSpc(pilotline: Command, run: Run): void {
	pilotline
		.command("spc")
		.description("control charts and capability of any CSV file")
		.argument("<file.csv>", "values; - reads standard input")
		.addOption(new Option("--chart <kind>", "which chart").choices(charts).default("imr"))
		.option(
			"--columns <names>",
			"VALUE[,SUBGROUP], for t2 the variables (default: value, subgroup; t2: all others)",
		)
		.option(
			"--rules <names>",
			"none, nelson, western-electric, or rules by name (default: two of them, see below)",
		)
		.option(
			"--baseline <points>",
			"estimate from these points only, such as 1-25 or 1-10,12-25 (default: all)",
		)
		.option("--lsl <n>", "lower specification limit")
		.option("--usl <n>", "upper specification limit")
		.option("--target <n>", "the value aimed at, for Cpm and Ppm")
		.option("--lambda <n>", "ewma: what the newest value counts for (default: 0.2)")
		.option("--width <n>", "ewma: half the width of the limits in sigmas (default: 3)")
		.option("--ewma-limits <kind>", "ewma: exact ones or asymptotic (default: exact)")
		.option("--k <n>", "cusum: reference value in sigmas (default: 0.5)")
		.option("--h <n>", "cusum: decision interval in sigmas (default: 5)")
		.option("--fir", "cusum: begin both sums at half of h")
		.option("--mean <n>", "individuals, ewma, cusum, c: the known mean")
		.option("--sigma <n>", "individuals, ewma, cusum: the known standard deviation of a value")
		.option("--alpha <n>", "t2: false alarms per point (default: 0.0027)")
		.option("--constants <kind>", "exact, or nist: rounded as in handbooks (default: exact)")
		.option("--svg <file>", "also write the chart as a picture")
		.option("--json", "print one JSON document")
		.addHelpText(
			"after",
			`
Examples:
  pilotline spc flow.csv
  pilotline spc rings.csv --chart xbar-r --baseline 1-25 --rules nelson --lsl 73.95 --usl 74.05 --target 74
  pilotline spc density.csv --chart cusum --mean 2.05 --sigma 0.01 --fir --svg density.svg
  pilotline spc powder.csv --chart t2 --columns d50,bet,moisture --json

The first line names the columns. A row with a reason in a column excluded does not count: it breaks moving
ranges and runs, and needs no number. --baseline counts points: rows, or subgroups where the chart has them.
Without it there is performance (Pp, Ppk), not capability (Cp, Cpk). Below 25 points a chart is provisional.

Rules: beyond-3-sigma and nine-on-one-side unless told otherwise; also six-rising-or-falling,
fourteen-alternating, two-of-three-beyond-2-sigma, four-of-five-beyond-1-sigma, fifteen-within-1-sigma,
eight-outside-1-sigma, eight-on-one-side. Each set's false-alarm rate is shown with it.
Exit code 1 when the file cannot be charted; signals do not change it.`,
		)
		.action((file: string, options) =>
			run(async () =>
				(await import("./spc/spc.ts")).spc(file, { json: false, ...options, env: process.env }),
			),
		);
}
