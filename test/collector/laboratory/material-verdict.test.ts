import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { judgeMaterial } from "../../../collector/laboratory/material-verdict.ts";
import type { LabResult } from "../../../collector/laboratory-port.ts";
import { canonicalJson } from "../../../common/runtime/canonical-json.ts";
import { specificationFrom } from "../specification-of.ts";
import { result } from "./judged-results.ts";

const dayMs = 86_400_000;
const test_ = (id: string, over: object) => ({
	...{
		id,
		material: "Li2S",
		test: id,
		eu: "wt%",
		concerns: ["procurement" as const],
		reaction: "Keep it out.",
	},
	...over,
});
const specification = specificationFrom({
	materials: [
		test_("assay", { low: 99.5, retest_days: 90 }),
		test_("impurity", { high: 0.3, alert_high: 0.2, retest_days: 30 }),
		test_("water", { material: "LiCl", high: 100 }),
	],
});
const inForce = { specification, hash: "h" };
const lot = { material: "Li2S", lot: "LS-1" };
const of = (testName: string, value: number, over: Partial<LabResult> = {}) =>
	result({ ...lot, test: testName, eu: "wt%", value, measuredMs: 10 * dayMs, ...over });
const told = (results: readonly LabResult[]) => judgeMaterial(lot, results, inForce).verdict;

describe("a lot of a raw material", () => {
	test("is in when all of its tests are, and says when the first wants to be made again", () => {
		const judged = judgeMaterial(
			lot,
			[of("assay", 99.8), of("impurity", 0.1, { measuredMs: 12 * dayMs })],
			inForce,
		);
		expect(judged).toMatchObject({
			...{ verdict: "in", specVersion: 1, specHash: "h", reasons: [] },
			...{ fromMs: 10 * dayMs, toMs: 12 * dayMs, retestMs: 42 * dayMs },
		});
		expect(judged.windows.map(({ window, kind, verdict }) => `${window} ${kind} ${verdict}`)).toEqual([
			"assay material in",
			"impurity material in",
		]);
	});

	test("is as good as its worst test; a test that is missing is not evaluable, never in", () => {
		expect(told([of("assay", 99.8), of("impurity", 0.25)])).toBe("alert");
		expect(told([of("assay", 99.8)])).toBe("not_evaluable");
		expect(told([of("impurity", 0.9)])).toBe("out");
		expect(told([of("assay", 99.8), of("impurity", 0.1, { eu: "furlong" })])).toBe("not_evaluable");
	});

	test("is judged by a correction, and by results of its own material alone", () => {
		const wrong = of("impurity", 0.9);
		const corrected = of("impurity", 0.1, { version: 2, reason: "mixed up" });
		expect(told([of("assay", 99.8), wrong, corrected])).toBe("in");
		expect(
			told([
				of("assay", 99.8),
				of("impurity", 0.1),
				result({ ...lot, material: "LiCl", test: "water", value: 999 }),
			]),
		).toBe("in");
	});

	test("of which the specification asks nothing, or without a version in force, is not evaluable", () => {
		const argon = { material: "argon", lot: "A1" };
		const results = [result({ ...argon, test: "purity", value: 99.999 })];
		expect(judgeMaterial(argon, results, inForce)).toMatchObject({
			...{ verdict: "not_evaluable", windows: [] },
			reasons: [{ code: "material_unknown", text: "the specification asks nothing of argon" }],
		});
		expect(judgeMaterial(lot, [of("assay", 99.8)], undefined)).toMatchObject({
			...{ verdict: "not_evaluable", specVersion: 0, reasons: [{ code: "no_specification" }] },
		});
	});

	test("property: neither the order of results, nor when they came, nor a repeat changes a byte", () => {
		const one = fc
			.record({
				test: fc.constantFrom("assay", "impurity", "other"),
				value: fc.double({ min: 0, max: 100, noNaN: true }),
				sample: fc.constantFrom("S1", "S2"),
				version: fc.integer({ min: 1, max: 3 }),
				measuredMs: fc.integer({ min: 0, max: 5 * dayMs }),
			})
			.map(({ test: name, value, ...over }) => of(name, value, over));
		fc.assert(
			fc.property(
				fc
					.array(one, { minLength: 1, maxLength: 8 })
					.chain((all) =>
						fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }), fc.nat()),
					),
				([all, shuffled, enteredMs]) => {
					// The store has a result once, by its id.
					const once = [...new Map(all.map((each) => [each.id, each])).values()];
					const again = [...new Map(shuffled.map((each) => [each.id, { ...each, enteredMs }])).values()];
					const text = (results: readonly LabResult[]) => canonicalJson(judgeMaterial(lot, results, inForce));
					expect(text(again)).toBe(text(once));
				},
			),
			{ numRuns: 300 },
		);
	});
});
