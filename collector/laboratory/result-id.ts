import { createHash } from "node:crypto";
import type { LabResult } from "../laboratory-port.ts";

/** Why something is no result: a code for programs, a sentence for people. */
export interface LabRefusal {
	readonly code: string;
	readonly message: string;
}

/** Everything that a result says of the product. When and by whom it was told is not part of it. */
export type LabSaid = Omit<LabResult, "id" | "reportedMs" | "road" | "enteredMs" | "enteredBy">;

/** The id of a result: the same one, read twice or by two roads, has the same. */
export function resultId(said: LabSaid): string {
	const { lot, material, sample, test, eu, value, censored, repeats, operator, instrument, method } = said;
	const { calibrationDueMs, detectionLimit, temperatureC, measuredMs, version, reason } = said;
	return labId(
		...["result", lot, material, sample, test, eu, value, censored, repeats, operator, instrument, method],
		...[calibrationDueMs, detectionLimit, temperatureC, measuredMs, version, reason],
	);
}

/** A hash of its cause, so that finding it again makes no second row. */
export function labId(...cause: readonly unknown[]): string {
	// What is undefined and what JSON cannot say become null: both say nothing.
	return createHash("sha256").update(JSON.stringify(cause)).digest("hex").slice(0, 32);
}
