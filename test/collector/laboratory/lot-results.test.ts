import { expect, test } from "vitest";
import { laboratoryVerdicts } from "../../../collector/laboratory/lot-results.ts";
import type { LabResult } from "../../../collector/laboratory-port.ts";
import { specificationFrom } from "../specification-of.ts";

const hourMs = 3_600_000;
const common = { eu: "mS/cm", method: "EIS", concerns: ["technical" as const], reaction: "look" };
const specification = specificationFrom({
	laboratory: [
		{ id: "sigma", test: "sigma_ion", low: 3, expected_within_h: 48, class: "CC", ...common },
		{ id: "ea", test: "ea", high: 0.4, expected_within_h: 24, every_lots: 10, ...common, eu: "eV" },
	],
});
const lot = { openedMs: 0, closedMs: 10 * hourMs };

function result(name: string, value: number, changes: Partial<LabResult> = {}): LabResult {
	return {
		...{
			id: `${name} ${value}`,
			lot: "L1",
			material: "",
			sample: "S1",
			test: name,
			value,
			censored: undefined,
		},
		...{ eu: name === "ea" ? "eV" : "mS/cm", repeats: [], operator: "o", instrument: "i", method: "EIS" },
		...{
			calibrationDueMs: undefined,
			detectionLimit: undefined,
			temperatureC: undefined,
			version: 1,
			reason: "",
		},
		...{ measuredMs: lot.closedMs, reportedMs: lot.closedMs, road: "opcua", enteredMs: 0, enteredBy: "" },
		...changes,
	};
}

const judge = (results: LabResult[], place: number, plantH: number) =>
	laboratoryVerdicts({ results, place }, lot, specification, plantH * hourMs);

test("waits for what is needed, and says when it is overdue", () => {
	expect(judge([], 1, 20)).toMatchObject({ isComplete: false, nextDueMs: 58 * hourMs + 1 });
	// The tenth lot needs the second test, too, and that is expected earlier.
	expect(judge([], 10, 20)).toMatchObject({ isComplete: false, nextDueMs: 34 * hourMs + 1 });
	expect(judge([result("ea", 0.35)], 10, 20)).toMatchObject({
		isComplete: false,
		nextDueMs: 58 * hourMs + 1,
	});
});

test("is complete with every result that is needed", () => {
	const found = judge([result("sigma_ion", 3.5)], 1, 20);
	expect(found).toMatchObject({ isComplete: true, nextDueMs: undefined });
	expect(found?.windows.map(({ window, verdict, value }) => [window, verdict, value])).toEqual([
		["sigma", "in", 3.5],
	]);
});

test("a result that is overdue is not evaluable; one that comes after all is judged", () => {
	const overdue = judge([], 1, 60);
	expect(overdue).toMatchObject({ isComplete: true });
	expect(overdue?.windows.map(({ verdict, reasons }) => [verdict, reasons[0]?.code])).toEqual([
		["not_evaluable", "no_result"],
	]);
	expect(judge([result("sigma_ion", 2.9)], 1, 60)?.windows[0]?.verdict).toBe("out");
});

test("a version that asks nothing gives nothing", () => {
	expect(laboratoryVerdicts({ results: [], place: 0 }, lot, specificationFrom({}), 0)).toBeUndefined();
});
