import type { LabResult, RefusedResult } from "../laboratory-port.ts";
import type { InputRow } from "../people-port.ts";
import { type EntryContext, type ResultEntry, resultOfEntry } from "./result-entry.ts";
import { type LabRefusal, labId } from "./result-id.ts";

/** A result in the form in which it can be entered: it comes back as the same result, with the same id. */
export function entryOfResult(result: LabResult): Record<string, unknown> {
	const { value, censored, measuredMs, reportedMs, calibrationDueMs, detectionLimit, temperatureC } = result;
	const { lot, material, sample, test, eu, repeats, operator, instrument, method, version, reason } = result;
	const sign = censored === "below" ? "<" : ">";
	const told = censored === undefined ? (value ?? null) : value === undefined ? "n.d." : `${sign}${value}`;
	return {
		...{ lot, material, sample, test, value: told, eu, repeats, operator, instrument, method },
		...(detectionLimit === undefined ? {} : { detectionLimit }),
		...(temperatureC === undefined ? {} : { temperatureC }),
		...(calibrationDueMs === undefined ? {} : { calibrationDueTime: isoTime(calibrationDueMs) }),
		...{ measuredTime: isoTime(measuredMs), reportedTime: isoTime(reportedMs), version, reason },
	};
}

/** What a request has entered: each result stands for itself. */
export interface Entered {
	readonly results: readonly LabResult[];
	/** By their place in the request. */
	readonly refused: readonly ({ readonly index: number } & LabRefusal)[];
	/** The refused ones as rows to be kept aside. */
	readonly refusedRows: readonly RefusedResult[];
}

const bodyMax = 1_000;

/** Takes the body of a request (`resultEntries`) apart. Pure. */
export function enteredResults(entries: readonly ResultEntry[], context: EntryContext): Entered {
	const results: LabResult[] = [];
	const refused: ({ index: number } & LabRefusal)[] = [];
	const refusedRows: RefusedResult[] = [];
	const { road, enteredMs, enteredBy } = context;
	for (const [index, entry] of entries.entries()) {
		const result = resultOfEntry(entry, context);
		if (!("code" in result)) {
			results.push(result);
			continue;
		}
		refused.push({ index, ...result });
		const body = JSON.stringify(entry);
		const id = labId("refused entry", enteredBy, result.code, body);
		const where = `${road}${enteredBy === "" ? "" : `, ${enteredBy}`}: result ${index + 1}`;
		refusedRows.push({ id, where, ...result, body: body.slice(0, bodyMax), enteredMs });
	}
	return { results, refused, refusedRows };
}

/** The input row of a result that a person has entered; the same result again has the same body but for who and when. */
export function inputOfResult({ enteredMs, enteredBy, ...result }: LabResult): Omit<InputRow, "n"> {
	// RFC 8785: keys in order; numbers and text are written as JSON.stringify writes them.
	const body = JSON.stringify(
		Object.fromEntries(Object.entries(result).toSorted(([a], [b]) => (a < b ? -1 : 1))),
	);
	return { kind: "laboratory.result", enteredMs, enteredBy, body };
}

function isoTime(ms: number): string {
	return new Date(Math.max(-8.64e15, Math.min(ms, 8.64e15))).toISOString();
}
