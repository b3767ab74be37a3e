import type { LabResult } from "../laboratory-port.ts";
import type { InputRow } from "../people-port.ts";
import { type EntryContext, type ResultEntry, resultOfEntry } from "./result-entry.ts";
import type { LabRefusal } from "./result-id.ts";

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
}

/** Takes the body of a request (`resultEntries`) apart. Pure. */
export function enteredResults(entries: readonly ResultEntry[], context: EntryContext): Entered {
	const results: LabResult[] = [];
	const refused: ({ index: number } & LabRefusal)[] = [];
	for (const [index, entry] of entries.entries()) {
		const result = resultOfEntry(entry, context);
		if ("code" in result) refused.push({ index, ...result });
		else results.push(result);
	}
	return { results, refused };
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
