import { z } from "zod";
import { keys, number, whole } from "../../common/runtime/config-values.ts";
import type { LabResult } from "../laboratory-port.ts";
import { type LabRefusal, resultId } from "./result-id.ts";
import { dimensionOf, isConvertible, knownUnits } from "./units.ts";
import { type ReadValue, readValue, shown } from "./value-text.ts";

const most = { error: "expected at most 500 characters" };
/** Blanks around text are no part of it, as on the other roads. */
const word = z
	.string({ error: "expected text" })
	.trim()
	.min(1, { error: "expected text that is not empty" })
	.max(500, most);
const maybe = z.string({ error: "expected text" }).trim().max(500, most).default("");
const figure = number({ min: -1e300, max: 1e300 });
const timeExpected = "expected a time with its offset, such as 2026-01-05T14:30:00+09:00";
const time = z
	.string({ error: timeExpected })
	.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)$/, { error: timeExpected })
	.transform((value) => Date.parse(value))
	.refine((ms) => !Number.isNaN(ms), { error: timeExpected });

/** One result as a person, or a program for one, enters it. */
export const resultEntry = keys({
	lot: word,
	/** The raw material, when the lot is one of those. */
	material: maybe,
	sample: maybe,
	test: word,
	/** A number; or text such as "<0.3", ">5" or "n.d."; null for a result that there is not, such as a lost sample. */
	value: z.union([figure, z.string().max(100), z.null()], { error: "expected a number, text or null" }),
	eu: word,
	repeats: z
		.array(figure, { error: "expected a list of numbers" })
		.max(100, { error: "expected at most 100 repeats" })
		.default([]),
	operator: maybe,
	instrument: maybe,
	calibrationDueTime: time.optional(),
	method: maybe,
	detectionLimit: figure.optional(),
	temperatureC: number({ min: -273.15, max: 10_000 }).optional(),
	measuredTime: time,
	/** When the laboratory reported it; when it was measured, when left out. */
	reportedTime: time.optional(),
	/** 1, or one more than the result that it corrects; a correction needs a reason. */
	version: whole({ min: 1, max: 1_000_000 }).default(1),
	reason: maybe,
});

/** The body of a request that enters results. */
export const resultEntries = keys({
	results: z
		.array(resultEntry, { error: "expected a list of results" })
		.min(1, { error: "expected at least one result" })
		.max(500, { error: "expected at most 500 results" }),
});

export type ResultEntry = z.output<typeof resultEntry>;

/** What an entered result is held against. */
export interface EntryContext {
	readonly road: "http" | "csv";
	readonly enteredMs: number;
	readonly enteredBy: string;
	/** The unit of a test of the specification; undefined for a test that it does not have. Without it every test is taken. */
	readonly euOf?: (test: string, material: string) => string | undefined;
}

/**
 * The result that was entered, or why it is none: refused by name, never changed. Pure. `told`: the value, where it has been
 * read already.
 */
export function resultOfEntry(
	entry: ResultEntry,
	context: EntryContext,
	told?: ReadValue,
): LabResult | LabRefusal {
	const { value, calibrationDueTime, measuredTime, reportedTime, ...rest } = entry;
	const { test, material, eu, version, reason, detectionLimit } = rest;
	const wanted = context.euOf?.(test, material);
	const of = material === "" ? "" : ` of ${material}`;
	if (context.euOf !== undefined && wanted === undefined)
		return {
			code: "TEST_UNKNOWN",
			message: `expected a test${of} that the specification has, found ${shown(test)}`,
		};
	if (wanted === undefined ? dimensionOf(eu) === undefined : !isConvertible(eu, wanted)) {
		const one =
			wanted === undefined ? `one of ${knownUnits.join(", ")}` : `${wanted}, or what can be converted to it`;
		return { code: "UNIT_UNKNOWN", message: `expected a unit for ${test}${of}: ${one}, found ${shown(eu)}` };
	}
	if (version > 1 && reason === "")
		return {
			code: "REASON_MISSING",
			message: `expected a reason, because version ${version} corrects an earlier result`,
		};
	const read =
		told ??
		(typeof value === "string"
			? readValue(value, "point", detectionLimit)
			: ({ value: value ?? undefined, censored: undefined } as const));
	if ("code" in read) return read;
	const said = {
		...rest,
		...read,
		detectionLimit,
		temperatureC: rest.temperatureC,
		calibrationDueMs: calibrationDueTime,
		measuredMs: measuredTime,
	};
	return {
		...said,
		id: resultId(said),
		reportedMs: reportedTime ?? measuredTime,
		...{ road: context.road, enteredMs: context.enteredMs, enteredBy: context.enteredBy },
	};
}
