import type { LabResult } from "../laboratory-port.ts";
import { type CsvField, csvFields, fieldOfColumn } from "./csv-columns.ts";
import { type Cell, decodeText, type Encoding, rowsOf, type Separator, separatorOf } from "./csv-text.ts";
import { type LocalTimes, readTime } from "./local-time.ts";
import { type EntryContext, resultEntry, resultOfEntry } from "./result-entry.ts";
import type { LabRefusal } from "./result-id.ts";
import { type DecimalMark, readNumber, readValue, shown } from "./value-text.ts";

/** How a file is read where it does not say so itself. */
export interface CsvReading extends LocalTimes {
	readonly encoding?: Encoding;
	readonly separator?: Separator;
	readonly decimal?: "point" | "comma";
	/** The column of a field, by the field's name, where it has none of the usual names. */
	readonly columns?: Readonly<Partial<Record<CsvField, string>>>;
}

export interface CsvProblem extends LabRefusal {
	readonly line: number;
	readonly column: number;
}

/** What a file says; a row is a result, refused, or there twice. */
export interface CsvResults {
	readonly encoding: Encoding | undefined;
	readonly separator: Separator | undefined;
	readonly rows: number;
	readonly results: readonly (LabResult & { readonly line: number })[];
	/** In order of place. */
	readonly refused: readonly CsvProblem[];
	/** Lines that say the same as one before. */
	readonly repeated: readonly { readonly line: number; readonly of: number }[];
	/** Columns that say nothing here. */
	readonly ignored: readonly string[];
}

const needed: readonly CsvField[] = ["lot", "test", "value", "eu", "measured"];

/** Reads results out of a file. Pure; the same bytes give the same results. */
export function readCsvResults(
	bytes: Uint8Array,
	reading: CsvReading,
	context: Omit<EntryContext, "road">,
): CsvResults {
	const none = { encoding: undefined, separator: undefined, rows: 0, results: [], repeated: [], ignored: [] };
	const unreadable = (problem: LabRefusal, place = { line: 1, column: 1 }): CsvResults => ({
		...none,
		refused: [{ ...place, ...problem }],
	});
	const decoded = decodeText(bytes, reading.encoding);
	if ("code" in decoded) return unreadable(decoded);
	const separator = reading.separator ?? separatorOf(decoded.text);
	const rows = rowsOf(decoded.text, separator);
	if (!Array.isArray(rows)) return unreadable(rows, rows);
	const head = headOf(rows[0] ?? [], reading.columns ?? {});
	if (head.problems.length > 0) return { ...none, refused: head.problems };
	const mark: DecimalMark = reading.decimal ?? (separator === "," ? "open" : "either");
	const results: (LabResult & { line: number })[] = [];
	const refused: CsvProblem[] = [];
	const repeated: { line: number; of: number }[] = [];
	const lineOfId = new Map<string, number>();
	const lineOfVersion = new Map<string, number>();
	for (const cells of rows.slice(1)) {
		const row = new CsvRow(cells, head.places, mark, reading);
		const result = row.result({ ...context, road: "csv" });
		if ("code" in result) {
			refused.push(result);
			continue;
		}
		const { line, column } = cells[0] as Cell;
		const same = lineOfId.get(result.id);
		if (same !== undefined) {
			repeated.push({ line, of: same });
			continue;
		}
		const { lot, material, sample, test, version } = result;
		const key = JSON.stringify([lot, material, sample, test, version]);
		const other = lineOfVersion.get(key);
		if (other !== undefined) {
			const message = `expected a higher version, because line ${other} has another result of lot ${lot}, sample ${shown(sample)}, test ${test}, version ${version}`;
			refused.push({ code: "VERSION_TWICE", message, line, column });
			continue;
		}
		lineOfId.set(result.id, line);
		lineOfVersion.set(key, line);
		results.push({ ...result, line });
	}
	return {
		encoding: decoded.encoding,
		separator,
		rows: rows.length - 1,
		results,
		refused,
		repeated,
		ignored: head.ignored,
	};
}

function headOf(cells: readonly Cell[], columns: Readonly<Partial<Record<CsvField, string>>>) {
	const places = new Map<CsvField, number>();
	const problems: CsvProblem[] = [];
	const ignored: string[] = [];
	for (const [index, { text, line, column }] of cells.entries()) {
		const field = fieldOfColumn(text, columns);
		if (field === undefined) {
			if (text !== "") ignored.push(text);
		} else if (places.has(field))
			problems.push({
				code: "COLUMN_TWICE",
				message: `column ${shown(text)} says ${field} a second time`,
				line,
				column,
			});
		else places.set(field, index);
	}
	const absent = needed.filter((field) => !places.has(field));
	if (absent.length > 0) {
		const message = `expected columns for ${absent.join(", ")} in the first line, found ${cells.map(({ text }) => shown(text)).join(", ") || "nothing"}`;
		problems.push({ code: "COLUMN_MISSING", message, line: cells[0]?.line ?? 1, column: 1 });
	}
	return { places, problems, ignored };
}

class CsvRow {
	readonly #cells: readonly Cell[];
	readonly #places: ReadonlyMap<CsvField, number>;
	readonly #mark: DecimalMark;
	readonly #times: LocalTimes;
	#problem: CsvProblem | undefined;

	constructor(
		cells: readonly Cell[],
		places: ReadonlyMap<CsvField, number>,
		mark: DecimalMark,
		times: LocalTimes,
	) {
		this.#cells = cells;
		this.#places = places;
		this.#mark = mark;
		this.#times = times;
	}

	/** The first thing that is wrong with a row refuses it. */
	result(context: EntryContext): LabResult | CsvProblem {
		const detectionLimit = this.#number("detection_limit");
		const read = this.#told("value", (text) => readValue(text, this.#mark, detectionLimit), true);
		const entry = {
			lot: this.#text("lot"),
			material: this.#text("material"),
			sample: this.#text("sample"),
			test: this.#text("test"),
			value: null,
			eu: this.#text("eu"),
			repeats: this.#repeats(),
			operator: this.#text("operator"),
			instrument: this.#text("instrument"),
			method: this.#text("method"),
			detectionLimit,
			temperatureC: this.#number("temperature"),
			measuredTime: this.#time("measured"),
			reportedTime: this.#time("reported"),
			calibrationDueTime: this.#time("calibration_due"),
			version: this.#number("version") ?? 1,
			reason: this.#text("reason"),
		};
		if (this.#problem !== undefined) return this.#problem;
		const parsed = resultEntry.safeParse(withoutUndefined(entry));
		if (!parsed.success) {
			const [issue] = parsed.error.issues;
			const field = csvFields.find((name) => entryKey[name] === issue?.path[0]) ?? "lot";
			return this.#wrong(field, {
				code: "CELL_INVALID",
				message: `${field}: ${issue?.message}, found ${shown(this.#text(field))}`,
			});
		}
		const result = resultOfEntry(parsed.data, context, read);
		if (!("code" in result)) return result;
		return this.#wrong(fieldOfCode[result.code] ?? "lot", result);
	}

	#cell(field: CsvField): Cell | undefined {
		const place = this.#places.get(field);
		return place === undefined ? undefined : this.#cells[place];
	}

	#text(field: CsvField): string {
		return this.#cell(field)?.text.trim() ?? "";
	}

	#told<T>(field: CsvField, read: (text: string) => T | LabRefusal, evenEmpty = false): T | undefined {
		const text = this.#text(field);
		if (text === "" && !evenEmpty) return undefined;
		const told = read(text);
		if (told === null || typeof told !== "object" || !("code" in told)) return told as T;
		this.#problem ??= this.#wrong(field, {
			...(told as LabRefusal),
			message: `${field}: ${(told as LabRefusal).message}`,
		});
		return undefined;
	}

	#number(field: CsvField): number | undefined {
		return this.#told(field, (text) => readNumber(text, this.#mark));
	}

	#time(field: CsvField): string | undefined {
		const ms = this.#told(field, (text) => readTime(text, this.#times));
		return ms === undefined ? undefined : new Date(ms).toISOString();
	}

	/** Several numbers in one cell, with blanks, semicolons or bars between them. */
	#repeats(): number[] {
		const parts = this.#text("repeats")
			.split(/[\s;|]+/)
			.filter((text) => text !== "");
		return parts.flatMap((text) => this.#told("repeats", () => readNumber(text, this.#mark)) ?? []);
	}

	#wrong(field: CsvField, { code, message }: LabRefusal): CsvProblem {
		const { line, column } = this.#cell(field) ?? (this.#cells[0] as Cell);
		return { code, message, line, column };
	}
}

/** The key of an entry that a column fills. */
const entryKey: Readonly<Record<CsvField, string>> = {
	...{
		lot: "lot",
		material: "material",
		sample: "sample",
		test: "test",
		value: "value",
		eu: "eu",
		repeats: "repeats",
	},
	...{
		operator: "operator",
		instrument: "instrument",
		calibration_due: "calibrationDueTime",
		method: "method",
	},
	...{ detection_limit: "detectionLimit", temperature: "temperatureC", measured: "measuredTime" },
	...{ reported: "reportedTime", version: "version", reason: "reason" },
};

/** The column that a refusal is about. */
const fieldOfCode: Readonly<Record<string, CsvField>> = {
	TEST_UNKNOWN: "test",
	UNIT_UNKNOWN: "eu",
	REASON_MISSING: "version",
};

function withoutUndefined(entry: Readonly<Record<string, unknown>>): Record<string, unknown> {
	return Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined));
}
