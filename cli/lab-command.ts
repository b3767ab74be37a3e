import { type Command, InvalidArgumentError, Option } from "commander";
import { type CsvField, csvFields } from "../collector/laboratory/csv-columns.ts";
import { encodings } from "../collector/laboratory/csv-text.ts";
import { isTimeZone } from "../collector/laboratory/local-time.ts";
import type { LabImportOptions } from "./lab-import.ts";
import type { Run } from "./option-values.ts";

type Columns = Partial<Record<CsvField, string>>;

function column(text: string, before: Columns = {}): Columns {
	const at = text.indexOf("=");
	const [field, name] = [text.slice(0, at) as CsvField, text.slice(at + 1)];
	if (at < 1 || name === "" || !csvFields.includes(field))
		throw new InvalidArgumentError(
			`expected FIELD=COLUMN with one of ${csvFields.join(", ")}, found ${text}`,
		);
	return { ...before, [field]: name };
}

function zone(text: string): string {
	if (!isTimeZone(text))
		throw new InvalidArgumentError(`expected a time zone such as Asia/Tokyo, found ${text}`);
	return text;
}

/** Adds `pilotline lab`. */
export function addLab(pilotline: Command, run: Run): void {
	const lab = pilotline.command("lab").description("laboratory results from files");
	lab
		.command("import")
		.description("read laboratory results out of a CSV file and enter them")
		.argument(
			"<file>",
			"comma, semicolon or tab separated, in UTF-8, Shift_JIS or UTF-16; the first line names the columns",
		)
		.option("--dry-run", "only say what would be entered; needs no collector")
		.option("--spec <file>", "hold tests and units against this specification before anything is entered")
		.option("--time-zone <name>", "of times without an offset, such as Asia/Tokyo", zone)
		.addOption(new Option("--date-order <order>", "of dates such as 03/04/2026").choices(["dmy", "mdy"]))
		.addOption(
			new Option("--decimal <mark>", "the decimal mark, where numbers can be read in two ways").choices([
				"point",
				"comma",
			]),
		)
		.addOption(
			new Option("--encoding <name>", "of the file, where it does not say so itself").choices([...encodings]),
		)
		.addOption(
			new Option("--separator <name>", "between cells (default: what the first line has most of)").choices([
				"comma",
				"semicolon",
				"tab",
			]),
		)
		.option(
			"--column <field=name>",
			"the column of a field, where it has none of the usual names; may be given more than once",
			column,
		)
		.option("--api <url>", "the collector's address", "http://127.0.0.1:9300")
		.option("--token-file <file>", "the file whose first line proves to the collector who you are")
		.option("--json", "print one JSON document")
		.addHelpText(
			"after",
			`
Columns by their usual names, English or Japanese: lot, test, value, unit, measured (needed); material, sample, repeats,
operator, instrument, calibration due, method, detection limit, temperature, reported, version, reason.
"<0.3", ">5", "n.d." and 検出限界以下 are results beyond a limit; an empty cell or "-" is a result without a value. What can
be read in two ways is refused with its line and column, and keeps no other row from being taken.
The same file may be imported again: a result that is there is not entered twice.

Examples:
  pilotline lab import results.csv --time-zone Asia/Tokyo --dry-run --spec specification.yaml
  pilotline lab import results.csv --time-zone Asia/Tokyo --token-file token
  pilotline lab import lims.txt --separator tab --column lot=Charge --column measured=Datum --time-zone Europe/Berlin`,
		)
		.action(
			(
				file: string,
				options: Omit<LabImportOptions, "file" | "dryRun" | "json"> & { dryRun?: boolean; json?: boolean },
			) =>
				run(async () =>
					(await import("./lab-import.ts")).labImport({
						dryRun: false,
						json: false,
						...options,
						file,
						env: process.env,
					}),
				),
		);
}
