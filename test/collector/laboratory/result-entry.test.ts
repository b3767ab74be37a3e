import fc from "fast-check";
import { expect, test } from "vitest";
import { enteredResults, entryOfResult, inputOfResult } from "../../../collector/laboratory/entry-json.ts";
import { resultEntries } from "../../../collector/laboratory/result-entry.ts";
import { resultId } from "../../../collector/laboratory/result-id.ts";
import { testUnits } from "../../../collector/laboratory/test-units.ts";
import type { LabResult } from "../../../collector/laboratory-port.ts";
import { specificationFrom } from "../specification-of.ts";
import { result } from "./judged-results.ts";

const context = { road: "http" as const, enteredMs: 7_000, enteredBy: "anna" };
const entry = { lot: "L1", test: "d50", value: 3.02, eu: "um", measuredTime: "2026-01-05T14:30:00+09:00" };

function entered(...results: object[]) {
	return enteredResults(resultEntries.parse({ results }).results, context);
}

test("what is left out has its usual meaning: version 1, reported when it was measured", () => {
	const [one] = entered(entry).results;
	const measuredMs = Date.UTC(2026, 0, 5, 5, 30);
	expect(one).toEqual({
		...{
			id: one?.id,
			lot: "L1",
			material: "",
			sample: "",
			test: "d50",
			eu: "um",
			value: 3.02,
			censored: undefined,
		},
		...{
			repeats: [],
			operator: "",
			instrument: "",
			calibrationDueMs: undefined,
			method: "",
			detectionLimit: undefined,
		},
		...{ temperatureC: undefined, measuredMs, reportedMs: measuredMs, version: 1, reason: "", road: "http" },
		...{ enteredMs: 7_000, enteredBy: "anna" },
	});
});

test("each result stands for itself: a refused one is named by its place, and kept aside", () => {
	const { results, refused, refusedRows } = entered(
		entry,
		{ ...entry, version: 2 },
		{ ...entry, value: "<0.3", test: "res_li2s", eu: "wt%" },
		{ ...entry, value: "a lot" },
	);
	expect(results.map(({ value, censored }) => [value, censored])).toEqual([
		[3.02, undefined],
		[0.3, "below"],
	]);
	expect(refused.map(({ index, code }) => [index, code])).toEqual([
		[1, "REASON_MISSING"],
		[3, "VALUE_INVALID"],
	]);
	expect(refusedRows).toMatchObject([
		{ where: "http, anna: result 2", code: "REASON_MISSING", enteredMs: 7_000 },
		{ where: "http, anna: result 4", message: 'expected a number, found "a lot"' },
	]);
	expect(new Set(refusedRows.map(({ id }) => id)).size).toBe(2);
});

test.each<[string, object, string]>([
	["a time without its offset", { measuredTime: "2026-01-05T14:30:00" }, "expected a time with its offset"],
	["a key that is none", { operater: "anna" }, "Unrecognized key"],
	["a number that is none", { value: Number.NaN }, "expected a number, text or null"],
	["no lot", { lot: "" }, "expected text that is not empty"],
	["a lot of blanks", { lot: "  " }, "expected text that is not empty"],
	["a lot of 501 characters", { lot: "x".repeat(501) }, "expected at most 500 characters"],
	["101 repeats", { repeats: new Array(101).fill(1) }, "expected at most 100 repeats"],
	["a temperature below absolute zero", { temperatureC: -300 }, "expected a number from -273.15"],
])("a body with %s is refused as a whole", (_, change, message) => {
	const parsed = resultEntries.safeParse({ results: [{ ...entry, ...change }] });
	expect(parsed.error?.issues.map((issue) => issue.message).join()).toContain(message);
});

test("no results, and more than 500, are refused", () => {
	expect(resultEntries.safeParse({ results: [] }).success).toBe(false);
	expect(resultEntries.safeParse({ results: new Array(501).fill(entry) }).success).toBe(false);
	expect(resultEntries.safeParse({ results: new Array(500).fill(entry) }).success).toBe(true);
});

test("the tests of a specification say which units are taken, the product's and each raw material's", () => {
	const judged = { low: 1, concerns: ["technical" as const], reaction: "look" };
	const euOf = testUnits(
		specificationFrom({
			laboratory: [{ ...judged, id: "d50", test: "d50", eu: "um", method: "Laser" }],
			materials: [{ ...judged, id: "LiCl-H2O", material: "LiCl", test: "H2O", eu: "ppm" }],
		}),
	);
	expect([euOf("d50", ""), euOf("d50", "LiCl"), euOf("H2O", "LiCl"), euOf("H2O", "")]).toEqual([
		"um",
		undefined,
		"ppm",
		undefined,
	]);
});

const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }).map((one) => one.trim() || "x");
const number = fc
	.double({ noNaN: true, noDefaultInfinity: true, min: -1e12, max: 1e12 })
	.map((one) => (one === 0 ? 0 : one));
const anyResult = fc
	.record({
		...{
			lot: text,
			sample: text,
			value: fc.option(number, { nil: undefined }),
			repeats: fc.array(number, { maxLength: 3 }),
		},
		...{
			detectionLimit: fc.option(number, { nil: undefined }),
			temperatureC: fc.option(fc.integer({ min: -200, max: 900 }), { nil: undefined }),
		},
		...{
			measuredMs: fc.integer({ min: 0, max: 4e12 }),
			calibrationDueMs: fc.option(fc.integer({ min: 0, max: 4e12 }), { nil: undefined }),
		},
		...{
			version: fc.integer({ min: 1, max: 9 }),
			censored: fc.constantFrom(undefined, "below" as const, "above" as const),
		},
	})
	.map(
		(over): LabResult =>
			result({
				...over,
				censored: over.value === undefined ? undefined : over.censored,
				reason: "weighed again",
			}),
	);

test("a result that is written down and entered again is the very same result", () => {
	fc.assert(
		fc.property(anyResult, (one) => {
			const body = JSON.parse(JSON.stringify({ results: [entryOfResult(one)] }));
			const { results, refused } = enteredResults(resultEntries.parse(body).results, context);
			expect(refused).toEqual([]);
			expect(results[0]?.id).toBe(one.id);
			expect(resultId(results[0] as LabResult)).toBe(one.id);
		}),
		{ numRuns: 300 },
	);
});

test("the input row of a result has its keys in order, and neither who nor when in its body", () => {
	const { kind, body, enteredBy } = inputOfResult({ ...result(), enteredBy: "anna" });
	expect([kind, enteredBy]).toEqual(["laboratory.result", "anna"]);
	const keys = Object.keys(JSON.parse(body));
	expect(keys).toEqual(keys.toSorted());
	expect(keys).not.toContain("enteredBy");
	expect(inputOfResult({ ...result(), enteredMs: 1 }).body).toBe(
		inputOfResult({ ...result(), enteredMs: 2 }).body,
	);
});
