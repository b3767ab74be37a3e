import type { LaboratoryVerdicts, WindowVerdict } from "../judgement-port.ts";
import type { LabResult } from "../laboratory-port.ts";
import type { Specification } from "../specification.ts";
import { judgeResult } from "./judge-result.ts";
import { isTestDue } from "./overdue.ts";

/** What is stored of a lot's results. */
export interface LotResults {
	/** Every version of each. */
	readonly results: readonly LabResult[];
	/** How many lots left the line before it; equal times by name. */
	readonly place: number;
}

const hourMs = 3_600_000;

/**
 * What the laboratory says of a lot by the version in force when it was made. It is complete when every test that the lot needs has
 * a result, or is overdue at the plant time: a result that is missing then is not evaluable, and one that comes later corrects it.
 * Pure. Undefined when the version asks the laboratory nothing.
 */
export function laboratoryVerdicts(
	{ results, place }: LotResults,
	{ openedMs, closedMs }: { readonly openedMs: number; readonly closedMs: number },
	{ laboratory }: Pick<Specification, "laboratory">,
	plantMs: number,
): LaboratoryVerdicts | undefined {
	if (laboratory.length === 0) return undefined;
	const windows: WindowVerdict[] = [];
	let nextDueMs: number | undefined;
	for (const test of laboratory) {
		const isDue = isTestDue(test, place);
		const verdict = judgeResult(results, test, { fromMs: openedMs, toMs: closedMs, isDue });
		if (verdict !== undefined) windows.push(verdict);
		const isThere = results.some((result) => result.test === test.test && result.material === "");
		const dueMs = closedMs + test.expected_within_h * hourMs;
		if (isDue && !isThere && dueMs >= plantMs) nextDueMs = Math.min(dueMs, nextDueMs ?? dueMs);
	}
	// Due the moment after: what comes at the last moment is in time.
	return {
		...{ windows, reasons: [], isComplete: nextDueMs === undefined },
		nextDueMs: nextDueMs === undefined ? undefined : nextDueMs + 1,
	};
}
