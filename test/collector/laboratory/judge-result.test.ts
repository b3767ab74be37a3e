import { describe, expect, test } from "vitest";
import { judgeResult } from "../../../collector/laboratory/judge-result.ts";
import type { LabResult } from "../../../collector/laboratory-port.ts";
import type { SpecMaterialTest, SpecTest } from "../../../collector/specification.ts";
import { context, result, spec, told } from "./judged-results.ts";

const high = (limit: number, over: Partial<SpecTest> = {}) => {
	const { low: _low, ...rest } = spec({ id: "t", test: "t", eu: "wt%", high: limit, ...over });
	return rest as SpecTest;
};
const of = (over: Partial<LabResult>) => result({ test: "t", eu: "wt%", ...over });

test("a result inside its limits is in, with everything that says by what it was judged", () => {
	expect(
		judgeResult([result()], spec({ target: 3.8, characteristic: "ionic conductivity" }), context),
	).toEqual({
		...{
			window: "sigma_ion",
			characteristic: "ionic conductivity",
			kind: "laboratory",
			class: "CC",
			unit: "",
			batch: "",
		},
		...{ verdict: "in", value: 3.8, eu: "mS/cm", low: 3, high: undefined, fromMs: 100, toMs: 200, depth: 0 },
		...{
			timeOutsideMs: 0,
			outsideIntegral: 0,
			violations: 0,
			coverage: 1,
			goodSamples: 1,
			uncertainSamples: 0,
		},
		...{ badSamples: 0, reasons: [] },
	});
});

test("one that is outside says how far, in the test's own unit, whatever unit it was reported in", () => {
	const verdict = judgeResult([result({ value: 0.298, eu: "S/m" })], spec(), context);
	expect(verdict).toMatchObject({
		verdict: "out",
		value: 2.98,
		violations: 1,
		reasons: [{ code: "outside", text: "2.98 mS/cm is below 3 mS/cm" }],
	});
	expect(verdict?.depth).toBeCloseTo(0.02, 12);
});

describe("a verdict", () => {
	test.each<[string, LabResult[], SpecTest, string]>([
		["on the limit is in", [of({ value: 1 })], high(1), "in"],
		[
			"on a limit that must not be reached is out",
			[of({ value: 1 })],
			high(1, { exclusive: ["high"] }),
			"out outside",
		],
		[
			"beyond an alert limit is an alert",
			[of({ value: 0.9 })],
			high(1, { alert_high: 0.8, action_high: 0.95 }),
			"alert alert_high",
		],
		[
			"beyond an action limit too",
			[of({ value: 0.97 })],
			high(1, { alert_high: 0.8, action_high: 0.95 }),
			"alert action_high",
		],
		// Detection limits.
		["<0.3 where at most 1 is allowed is in", [of({ value: 0.3, censored: "below" })], high(1), "in"],
		[
			"<1.2 where at most 1 is allowed is not evaluable",
			[of({ value: 1.2, censored: "below" })],
			high(1),
			"not_evaluable detection_limit_too_high",
		],
		[
			"<0.5 where at least 0.5 is asked for is out",
			[of({ value: 0.5, censored: "below" })],
			spec({ test: "t", eu: "wt%", low: 0.5 }),
			"out outside",
		],
		[
			"<0.6 where at least 0.5 is asked for is not evaluable",
			[of({ value: 0.6, censored: "below" })],
			spec({ test: "t", eu: "wt%", low: 0.5 }),
			"not_evaluable censored",
		],
		[
			">5 where at least 3 is asked for is in",
			[of({ value: 5, censored: "above" })],
			spec({ test: "t", eu: "wt%", low: 3 }),
			"in",
		],
		[">5 where at most 4 is allowed is out", [of({ value: 5, censored: "above" })], high(4), "out outside"],
		[
			"<0.3 beyond an alert limit of 0.2 is an alert",
			[of({ value: 0.3, censored: "below" })],
			high(1, { alert_high: 0.2 }),
			"alert alert_high",
		],
		[
			"not detected by a method of known limit is in",
			[of({ value: undefined, censored: "none" })],
			high(1, { detection_limit: 0.3 }),
			"in",
		],
		[
			"not detected by nobody knows what is not evaluable",
			[of({ value: undefined, censored: "none" })],
			high(1),
			"not_evaluable detection_limit_unknown",
		],
		["of a lost sample is not evaluable", [of({ value: undefined })], high(1), "not_evaluable no_value"],
		// Uncertainty, JCGM 106 and ILAC-G8.
		[
			"nearer to a limit than its uncertainty is in doubt",
			[of({ value: 0.9 })],
			high(1, { decision: "guarded", uncertainty: 0.15 }),
			"alert guard_band",
		],
		[
			"further than its uncertainty is in",
			[of({ value: 0.84 })],
			high(1, { decision: "guarded", uncertainty: 0.15 }),
			"in",
		],
		[
			"outside within its uncertainty is out, and says so",
			[of({ value: 1.1 })],
			high(1, { decision: "guarded", uncertainty: 0.15 }),
			"out outside guard_band",
		],
		[
			"in percent: 3.1 ± 4 % of at least 3 is in doubt",
			[result({ value: 3.1 })],
			spec({ decision: "guarded", uncertainty_percent: 4 }),
			"alert guard_band",
		],
		[
			"in percent: 3.2 ± 4 % of at least 3 is in",
			[result({ value: 3.2 })],
			spec({ decision: "guarded", uncertainty_percent: 4 }),
			"in",
		],
		[
			"that is simple does not look at uncertainty",
			[of({ value: 0.99 })],
			high(1, { uncertainty: 0.15 }),
			"in",
		],
		[
			"of a censored value near the limit is in doubt",
			[of({ value: 0.9, censored: "below" })],
			high(1, { decision: "guarded", uncertainty: 0.15 }),
			"alert guard_band",
		],
		// Trust.
		[
			"of an instrument whose calibration had expired is not evaluable",
			[result({ calibrationDueMs: 999 })],
			spec(),
			"not_evaluable calibration_expired",
		],
		["of one whose calibration held is in", [result({ calibrationDueMs: 1_000 })], spec(), "in"],
		[
			"in a unit that cannot be converted is not evaluable",
			[result({ eu: "um" })],
			spec(),
			"not_evaluable unit_unknown",
		],
		[
			"with too few repeats is not evaluable",
			[result({ repeats: [3.8, 3.8] })],
			spec({ repeats: 3 }),
			"not_evaluable repeats_missing",
		],
		// u = 4 %: sd of one repeat 3.805·0.02·√2 = 0.1076, times 4.65 = 0.5004.
		[
			"with repeats that agree is in",
			[result({ repeats: [3.56, 4.05] })],
			spec({ repeats: 2, uncertainty_percent: 4 }),
			"in",
		],
		[
			"with repeats that disagree is not evaluable",
			[result({ repeats: [3.55, 4.06] })],
			spec({ repeats: 2, uncertainty_percent: 4 }),
			"not_evaluable repeats_disagree",
		],
		[
			"of several samples is that of the worst",
			[result(), result({ sample: "S2", value: 2.5 }), result({ sample: "S3", value: undefined })],
			spec(),
			"out outside no_value",
		],
		[
			"of an unknown sample beside a good one is not evaluable",
			[result(), result({ sample: "S3", value: undefined })],
			spec(),
			"not_evaluable no_value",
		],
		["without any result is not evaluable", [], spec(), "not_evaluable no_result"],
		[
			"does not look at other tests, nor at raw materials",
			[of({}), result({ material: "Li2S" })],
			spec(),
			"not_evaluable no_result",
		],
	])("%s", (_, results, by, is) => {
		expect(told(results, by)).toBe(is);
	});
});

test("a lot that is not among those which need a test is not judged by it, unless a result is there", () => {
	expect(told([], spec({ every_lots: 10 }), { isDue: false })).toBeUndefined();
	expect(told([result({ value: 1 })], spec({ every_lots: 10 }), { isDue: false })).toBe("out outside");
});

test("a test of a raw material is held against results of that material's lot", () => {
	const test_ = {
		...spec({ id: "LiCl-H2O", eu: "ppm", test: "H2O" }),
		material: "LiCl",
		high: 100,
		low: undefined,
	} as unknown as SpecMaterialTest;
	const water = result({ test: "H2O", material: "LiCl", eu: "mg/kg", value: 120 });
	expect(judgeResult([water], test_, context)).toMatchObject({
		kind: "material",
		verdict: "out",
		value: 120,
	});
	expect(told([{ ...water, material: "Li2S" }], test_)).toBe("not_evaluable no_result");
});
