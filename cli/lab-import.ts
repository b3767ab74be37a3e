import { readFile, stat } from "node:fs/promises";
import type { CsvField } from "../collector/laboratory/csv-columns.ts";
import { type CsvProblem, type CsvResults, readCsvResults } from "../collector/laboratory/csv-results.ts";
import { csvBytesMax, type Encoding } from "../collector/laboratory/csv-text.ts";
import { entryOfResult } from "../collector/laboratory/entry-json.ts";
import { testUnits } from "../collector/laboratory/test-units.ts";
import { specificationConfig } from "../collector/specification.ts";
import { systemClock } from "../common/runtime/clock.ts";
import { CodedError, errorText } from "../common/runtime/coded-error.ts";
import { loadConfigFile } from "../common/runtime/config-file.ts";
import { readSecretFile } from "../common/runtime/secret-file.ts";
import { table, timeText } from "./table.ts";

export interface LabImportOptions {
	readonly file: string;
	readonly dryRun: boolean;
	readonly spec?: string;
	readonly timeZone?: string;
	readonly dateOrder?: "dmy" | "mdy";
	readonly decimal?: "point" | "comma";
	readonly encoding?: Encoding;
	readonly separator?: "comma" | "semicolon" | "tab";
	readonly column?: Partial<Record<CsvField, string>>;
	readonly api: string;
	readonly tokenFile?: string;
	readonly json: boolean;
	readonly env: NodeJS.ProcessEnv;
}

interface Imported {
	readonly file: string;
	readonly dryRun: boolean;
	readonly encoding: string | undefined;
	readonly separator: string | undefined;
	readonly rows: number;
	/** Entered, or what would be. */
	readonly taken: number;
	readonly repeated: CsvResults["repeated"];
	readonly refused: readonly CsvProblem[];
	readonly ignoredColumns: readonly string[];
	readonly results: readonly object[];
}

const separators = { comma: ",", semicolon: ";", tab: "\t" } as const;
const postedAtOnce = 500;
const answerWithinMs = 30_000;
const progressEveryMs = 2_000;
const shownMax = 20;

/**
 * Reads a file of laboratory results and enters them. Resolves with the exit code: 1 when something was refused.
 * @throws CodedError USAGE for a file that cannot be read, API_UNREACHABLE when the collector does not take them
 */
export async function labImport(options: LabImportOptions): Promise<number> {
	const { file, dryRun, json, spec } = options;
	const specification =
		spec === undefined ? undefined : loadConfigFile(spec, specificationConfig, options.env).value;
	const read = readCsvResults(
		await bytesOf(file),
		{
			...{ zone: options.timeZone, order: options.dateOrder, columns: options.column ?? {} },
			...(options.encoding === undefined ? {} : { encoding: options.encoding }),
			...(options.separator === undefined ? {} : { separator: separators[options.separator] }),
			...(options.decimal === undefined ? {} : { decimal: options.decimal }),
		},
		{
			...{ enteredMs: systemClock.wallMs(), enteredBy: "" },
			...(specification === undefined ? {} : { euOf: testUnits(specification) }),
		},
	);
	const posted = dryRun ? [] : await post(options, read.results);
	const refused = [...read.refused, ...posted].toSorted((a, b) => a.line - b.line || a.column - b.column);
	const imported: Imported = {
		...{ file, dryRun, encoding: read.encoding, separator: read.separator, rows: read.rows },
		taken: read.results.length - posted.length,
		...{ repeated: read.repeated, refused, ignoredColumns: read.ignored },
		results: read.results.map((result) => ({ line: result.line, ...entryOfResult(result) })),
	};
	process.stdout.write(json ? `${JSON.stringify(imported)}\n` : `${textOf(imported, read)}\n`);
	return refused.length === 0 ? 0 : 1;
}

async function bytesOf(file: string): Promise<Uint8Array> {
	try {
		const { size } = await stat(file);
		if (size <= csvBytesMax) return await readFile(file);
		throw new Error(`expected at most ${csvBytesMax} bytes, found ${size}`);
	} catch (error) {
		throw new CodedError("USAGE", `${file}: ${errorText(error)}`, { cause: error });
	}
}

/** Enters results, as many at once as the collector takes; what it refuses gets its line. */
async function post(
	{ api, tokenFile }: LabImportOptions,
	results: CsvResults["results"],
): Promise<CsvProblem[]> {
	const url = `${api.replace(/\/$/, "")}/api/v1/laboratory/results`;
	const token = tokenFile === undefined ? undefined : await readSecretFile(tokenFile);
	const refused: CsvProblem[] = [];
	let shownMs = systemClock.monotonicMs();
	for (let from = 0; from < results.length; from += postedAtOnce) {
		const some = results.slice(from, from + postedAtOnce);
		const answer = await answered(url, token, JSON.stringify({ results: some.map(entryOfResult) }), from);
		for (const { index, code, message } of answer.refused)
			refused.push({ code, message, line: some[index]?.line ?? 0, column: 1 });
		const nowMs = systemClock.monotonicMs();
		if (nowMs - shownMs < progressEveryMs) continue;
		shownMs = nowMs;
		process.stderr.write(`pilotline: ${from + some.length} of ${results.length} results entered\n`);
	}
	return refused;
}

interface Answer {
	readonly refused: readonly { readonly index: number; readonly code: string; readonly message: string }[];
}

async function answered(
	url: string,
	token: string | undefined,
	body: string,
	before: number,
): Promise<Answer> {
	const headers = {
		"content-type": "application/json",
		...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
	};
	const done = before === 0 ? "" : `; ${before} results are entered, the same file can be imported again`;
	let response: Response;
	try {
		response = await fetch(url, {
			method: "POST",
			headers,
			body,
			signal: AbortSignal.timeout(answerWithinMs),
		});
	} catch (error) {
		// fetch says only that it failed; why stands in its cause.
		const why = error instanceof Error && error.cause instanceof Error ? error.cause : error;
		throw new CodedError("API_UNREACHABLE", `${url}: ${errorText(why)}${done}`, { cause: error });
	}
	const text = await response.text();
	if (response.ok) return JSON.parse(text) as Answer;
	const said = (() => {
		try {
			return String((JSON.parse(text) as { error?: { message?: unknown } }).error?.message ?? "");
		} catch {
			return "";
		}
	})();
	const message = `${url}: expected that results are taken, found status ${response.status}${said === "" ? "" : `: ${said}`}${done}`;
	throw new CodedError("API_UNREACHABLE", message);
}

function textOf(
	{ file, dryRun, taken, repeated, refused, ignoredColumns }: Imported,
	{ results }: CsvResults,
): string {
	const shown = results.slice(0, shownMax).map((result) => {
		const { line, lot, material, sample, test, value, censored, eu, measuredMs, version } = result;
		const sign = censored === "below" ? "<" : censored === "above" ? ">" : "";
		const text =
			value === undefined ? (censored === "none" ? "not detected" : "no value") : `${sign}${value}`;
		return [line, lot, material, sample, test, text, eu, timeText(measuredMs), version];
	});
	const head = ["line", "lot", "material", "sample", "test", "value", "unit", "measured (UTC)", "version"];
	const more = results.length - shown.length;
	const said = [
		...refused
			.slice(0, shownMax)
			.map(({ line, column, code, message }) => `${file}:${line}:${column}: ${message} (${code})`),
		...(refused.length > shownMax ? [`… and ${refused.length - shownMax} more that are refused`] : []),
		...repeated
			.slice(0, shownMax)
			.map(({ line, of }) => `${file}:${line}:1: the same as line ${of}, counted once`),
		...(ignoredColumns.length > 0 ? [`Columns that say nothing here: ${ignoredColumns.join(", ")}.`] : []),
		`${taken} ${taken === 1 ? "result" : "results"} ${dryRun ? "would be entered" : "entered"}, ${refused.length} refused, ${repeated.length} there twice.`,
		...(dryRun && taken > 0 ? ["Next: the same command without --dry-run."] : []),
	];
	return [table(head, shown), ...(more > 0 ? [`… and ${more} more`] : []), ...said]
		.filter((text) => text !== "")
		.join("\n");
}
