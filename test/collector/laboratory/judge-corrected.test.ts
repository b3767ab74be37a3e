import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arrhenius } from "../../../collector/laboratory/arrhenius.ts";
import { judgeResult } from "../../../collector/laboratory/judge-result.ts";
import { currentResults } from "../../../collector/laboratory/result-history.ts";
import type { LabResult } from "../../../collector/laboratory-port.ts";
import { context, result, spec, told } from "./judged-results.ts";

describe("corrections", () => {
	const first = result({ value: 2.5 });
	const second = result({ value: 3.9, version: 2, reason: "corrected" });

	test("the highest version counts, in whatever order they came; the older ones stay", () => {
		fc.assert(
			fc.property(
				fc.shuffledSubarray([first, second, result({ sample: "S2" }), first], { minLength: 4 }),
				(results) => {
					expect(told(results, spec())).toBe("in");
					expect(currentResults(results).results.map(({ value }) => value)).toEqual([3.9, 3.8]);
				},
			),
		);
		expect(told([first], spec())).toBe("out outside");
	});

	test("two different results of one version are a conflict, not a choice", () => {
		expect(told([first, result({ value: 3.9 })], spec())).toBe("not_evaluable version_conflict");
		expect(told([first, result({ value: 3.9 }), second], spec())).toBe("in");
	});
});

describe("temperature", () => {
	const warm = { reference_c: 25, activation_ev: 0.36 };
	const by = spec({ temperature: warm });

	test("1 K is 4.7 % at 0.36 eV, and there and back is nothing", () => {
		expect(Math.log(arrhenius(1, 26, 25, 0.36))).toBeCloseTo(-0.04684, 5);
		expect(0.36 / (8.617333262e-5 * 298.15 ** 2)).toBeCloseTo(0.047, 4);
		expect(arrhenius(arrhenius(3.8, 27, 25, 0.36), 25, 27, 0.36)).toBeCloseTo(3.8, 12);
	});

	// 3.20 at 27 degC is 2.914 at 25 degC.
	test.each<[string, Partial<LabResult>, string]>([
		[
			"a value that is the mean of its repeats was not corrected, and is",
			{ value: 3.2, repeats: [3.18, 3.22], temperatureC: 27 },
			"out outside",
		],
		[
			"a value that is their corrected mean was, and stays",
			{ value: 3.05, repeats: [3.33, 3.37], temperatureC: 27 },
			"in",
		],
		["without repeats both readings must agree: inside", { value: 3.8, temperatureC: 27 }, "in"],
		["without repeats both readings must agree: outside", { value: 2.9, temperatureC: 27 }, "out outside"],
		[
			"without repeats and near the limit nobody knows",
			{ value: 3.2, temperatureC: 27 },
			"not_evaluable temperature_correction_unknown",
		],
		[
			"repeats that have nothing to do with the value tell nothing",
			{ value: 3.2, repeats: [6, 6], temperatureC: 27 },
			"not_evaluable temperature_correction_unknown",
		],
		["within 0.3 K there is nothing to correct", { value: 3.0, temperatureC: 25.3 }, "in"],
		[
			"without a temperature it is not evaluable",
			{ value: 3.8, temperatureC: undefined },
			"not_evaluable temperature_unknown",
		],
		[
			"repeats in another unit tell the same",
			{ value: 0.32, eu: "S/m", repeats: [0.318, 0.322], temperatureC: 27 },
			"out outside",
		],
	])("%s", (_, over, is) => {
		expect(told([result(over)], by)).toBe(is);
	});

	test("the value that is judged is the corrected one", () => {
		const value = judgeResult(
			[result({ value: 3.2, repeats: [3.18, 3.22], temperatureC: 27 })],
			by,
			context,
		)?.value;
		expect(value).toBeCloseTo(3.2 * Math.exp((0.36 / 8.617333262e-5) * (1 / 300.15 - 1 / 298.15)), 12);
	});
});
