import { expect, test } from "vitest";
import {
	type ExpectingLot,
	isTestDue,
	missingResults,
	overdueChanges,
} from "../../../collector/laboratory/overdue.ts";
import type { SpecTest } from "../../../collector/specification.ts";

const hourMs = 3_600_000;
const tests = [
	{ id: "sigma", test: "sigma_ion", every_lots: 1, expected_within_h: 48 },
	{ id: "ea", test: "ea", every_lots: 10, expected_within_h: 72 },
] as SpecTest[];
const testsAt = () => tests;

function lot(over: Partial<ExpectingLot> = {}): ExpectingLot {
	return { lot: "L1", openedMs: 0, leftMs: 0, place: 0, tests: [], open: [], raised: [], ...over };
}

test("what is missing says since when: so many hours after the lot left the line, and not a moment before", () => {
	const missing = (atMs: number) =>
		missingResults([lot()], testsAt, atMs).map(({ window, dueMs }) => [window, dueMs / hourMs]);
	expect(missing(48 * hourMs)).toEqual([]);
	expect(missing(48 * hourMs + 1)).toEqual([["sigma", 48]]);
	expect(missing(100 * hourMs)).toEqual([
		["sigma", 48],
		["ea", 72],
	]);
});

test("of a test that one lot in ten needs, the first lot and each tenth after it are asked", () => {
	const lots = Array.from({ length: 25 }, (_, place) => lot({ lot: `L${place}`, place }));
	const missing = missingResults(lots, testsAt, 100 * hourMs).filter(({ window }) => window === "ea");
	expect(missing.map(({ lot: name }) => name)).toEqual(["L0", "L10", "L20"]);
	expect([0, 1, 9, 10].map((place) => isTestDue({ every_lots: 10 }, place))).toEqual([
		true,
		false,
		false,
		true,
	]);
	expect(isTestDue({ every_lots: 1 }, 7)).toBe(true);
});

test("an overdue result is raised once, and cleared by the result that comes after all", () => {
	const at = 50 * hourMs;
	const { raised } = overdueChanges([lot()], testsAt, at);
	expect(raised).toEqual([
		{
			...{ id: expect.stringMatching(/^[0-9a-f]{32}$/), lot: "L1", window: "sigma", test: "sigma_ion" },
			...{ leftMs: 0, dueMs: 48 * hourMs, raisedMs: at, clearedMs: undefined },
		},
	]);
	const known = lot({ open: raised, raised: raised.map(({ id }) => id) });
	expect(overdueChanges([known], testsAt, at + 1)).toEqual({ raised: [], cleared: [] });
	const came = { ...known, tests: ["sigma_ion"] };
	expect(overdueChanges([came], testsAt, at + hourMs)).toEqual({
		raised: [],
		cleared: [{ ...raised[0], clearedMs: at + hourMs }],
	});
	expect(overdueChanges([{ ...came, open: [] }], testsAt, at + 2 * hourMs)).toEqual({
		raised: [],
		cleared: [],
	});
});

test("a result that came in time raises nothing, also when it says that the sample was lost", () => {
	expect(overdueChanges([lot({ tests: ["sigma_ion"] })], testsAt, 50 * hourMs)).toEqual({
		raised: [],
		cleared: [],
	});
});
