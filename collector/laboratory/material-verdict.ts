import type { Judged, Reason, WindowVerdict } from "../judgement-port.ts";
import type { LabResult } from "../laboratory-port.ts";
import type { MaterialJudgement, MaterialLot } from "../material-port.ts";
import type { SpecVersion } from "../specification-port.ts";
import { judgeResult } from "./judge-result.ts";
import { currentResults } from "./result-history.ts";

const dayMs = 86_400_000;
/** What was seen outside is outside; what was not seen is never taken for good. */
const worstFirst: readonly Judged[] = ["out", "not_evaluable", "alert", "in"];

/** When the first result of a lot was measured: it is judged by the version in force then. Undefined without results. */
export function firstMeasuredMs(results: readonly LabResult[]): number | undefined {
	return results.length === 0 ? undefined : Math.min(...results.map(({ measuredMs }) => measuredMs));
}

/**
 * Judges one lot of a raw material by its results, every version of each. Pure: neither their order nor when they came matters. A
 * test without a result is not evaluable, and so is a material that the specification does not know.
 */
export function judgeMaterial(
	{ material, lot }: MaterialLot,
	results: readonly LabResult[],
	inForce: SpecVersion | undefined,
): MaterialJudgement {
	const times = results.map(({ measuredMs }) => measuredMs);
	const [fromMs, toMs] = [Math.min(...times), Math.max(...times)];
	const tests = inForce?.specification.materials.filter((one) => one.material === material) ?? [];
	const windows: WindowVerdict[] = [];
	let retestMs = Number.POSITIVE_INFINITY;
	for (const test of tests) {
		const verdict = judgeResult(results, test, { fromMs, toMs, isDue: true });
		if (verdict !== undefined) windows.push(verdict);
		if (test.retest_days === undefined) continue;
		const made = currentResults(results.filter((one) => one.test === test.test)).results;
		const lastMs = Math.max(...made.map(({ measuredMs }) => measuredMs));
		if (made.length > 0) retestMs = Math.min(retestMs, lastMs + test.retest_days * dayMs);
	}
	const reasons: Reason[] = [];
	if (inForce === undefined)
		reasons.push({
			code: "no_specification",
			text: "no approved specification was in force when the lot was first measured",
		});
	else if (tests.length === 0)
		reasons.push({ code: "material_unknown", text: `the specification asks nothing of ${material}` });
	const verdicts = new Set(windows.map(({ verdict }) => verdict));
	if (reasons.length > 0) verdicts.add("not_evaluable");
	return {
		...{ material, lot, fromMs, toMs },
		specVersion: inForce?.specification.version ?? 0,
		specHash: inForce?.hash ?? "",
		verdict: worstFirst.find((one) => verdicts.has(one)) ?? "not_evaluable",
		retestMs: Number.isFinite(retestMs) ? retestMs : undefined,
		windows: windows.toSorted((a, b) => (a.window < b.window ? -1 : 1)),
		reasons,
	};
}

/** Says what results of several lots of raw materials say of each, in order of material and lot. Pure. */
export function materialJudge(
	specificationAt: (sourceMs: number) => SpecVersion | undefined,
): (results: readonly LabResult[]) => MaterialJudgement[] {
	return (results) => {
		const byLot = Map.groupBy(results, ({ material, lot }) => JSON.stringify([material, lot]));
		return [...byLot]
			.sort(([a], [b]) => (a < b ? -1 : 1))
			.map(([, own]) => {
				const [{ material, lot }] = own as [LabResult];
				return judgeMaterial({ material, lot }, own, specificationAt(firstMeasuredMs(own) as number));
			});
	};
}
