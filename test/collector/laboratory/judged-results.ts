import { judgeResult } from "../../../collector/laboratory/judge-result.ts";
import { resultId } from "../../../collector/laboratory/result-id.ts";
import type { LabResult } from "../../../collector/laboratory-port.ts";
import type { SpecMaterialTest, SpecTest } from "../../../collector/specification.ts";

export const context = { fromMs: 100, toMs: 200, isDue: true };

export function result(over: Partial<LabResult> = {}): LabResult {
	const said: LabResult = {
		...{ id: "", lot: "L1", material: "", sample: "S1", test: "sigma_ion", eu: "mS/cm", value: 3.8 },
		...{ censored: undefined, repeats: [], operator: "lab-1", instrument: "EIS-1", method: "EIS" },
		...{ calibrationDueMs: undefined, detectionLimit: undefined, temperatureC: 25, measuredMs: 1_000 },
		...{ reportedMs: 1_000, version: 1, reason: "", road: "opcua", enteredMs: 5, enteredBy: "" },
		...over,
	};
	return { ...said, id: resultId(said) };
}

export function spec(over: Partial<SpecTest> = {}): SpecTest {
	return {
		...{
			id: "sigma_ion",
			class: "CC",
			eu: "mS/cm",
			low: 3,
			exclusive: [],
			decision: "simple",
			concerns: ["technical"],
		},
		...{
			reaction: "Test again.",
			test: "sigma_ion",
			method: "EIS",
			repeats: 1,
			every_lots: 1,
			expected_within_h: 48,
		},
		...over,
	} as SpecTest;
}
/** Verdict and codes of reasons. */
export function told(
	results: readonly LabResult[],
	by: SpecTest | SpecMaterialTest,
	over: Partial<typeof context> = {},
) {
	const verdict = judgeResult(results, by, { ...context, ...over });
	return verdict === undefined
		? undefined
		: [verdict.verdict, ...verdict.reasons.map(({ code }) => code)].join(" ");
}
