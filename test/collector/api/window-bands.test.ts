import { expect, test } from "vitest";
import { windowBands } from "../../../collector/api/window-bands.ts";
import type { LiveUnit, TrendAnswer } from "../../../collector/read-port.ts";
import { knownStatus, knownWindow } from "./known-live.ts";

const unit = { ...(knownStatus.units[0] as LiveUnit), throughMs: 90 };

const trend: TrendAnswer = {
	unit: "U500",
	tag: "F500.TT01",
	fromMs: 0,
	toMs: 100,
	kind: "number",
	datatype: "Double",
	eu: "degC",
	samples: 0,
	complete: true,
	coveredFromMs: 0,
	before: undefined,
	buckets: { atMs: [], min: [], max: [], last: [] },
	changes: [],
	notGood: [],
	gaps: [],
	phases: [],
	runs: [],
	visits: [],
	occurrences: [],
};

const phase = (atMs: number, value: string) => ({ atMs, value, status: 0 });
const run = (fromMs: number, toMs: number, specVersion = 1) => ({
	window: knownWindow.id,
	specVersion,
	fromMs,
	toMs,
});
const bands = (change: Partial<TrendAnswer>, live: LiveUnit | null = unit, window = knownWindow) =>
	windowBands({ ...trend, ...change }, [window], 1, live ?? undefined).map(({ fromMs, toMs }) => [
		fromMs,
		toMs,
	]);

test("finished runs are cut to the period; one of another version is left out", () => {
	const runs = [run(-20, 10), run(30, 40), run(50, 60, 2)];
	expect(bands({ runs }, null)).toEqual([
		[0, 10],
		[30, 40],
	]);
});

test("the run that goes on begins with its phase and ends where the data do", () => {
	expect(bands({ phases: [phase(-5, "RAMP"), phase(40, "SOAK")] })).toEqual([[40, 90]]);
	expect(bands({ phases: [phase(-5, "SOAK")] })).toEqual([[0, 90]]);
	expect(bands({})).toEqual([[0, 90]]);
});

test("it does not begin before the last finished run or the batch", () => {
	expect(bands({ phases: [phase(10, "SOAK")], runs: [run(10, 30)] })).toEqual([
		[10, 30],
		[30, 90],
	]);
	const visit = {
		unit: "U500",
		batch: "B2",
		lot: "L1",
		recipe: "R",
		fromMs: 70,
		toMs: undefined,
		startObserved: true,
	};
	expect(bands({ phases: [phase(10, "SOAK")], visits: [visit] })).toEqual([[70, 90]]);
});

test("no band in a phase of another kind, for another tag, or of a unit that is not known", () => {
	expect(bands({}, { ...unit, phase: "COOL" })).toEqual([]);
	expect(bands({ tag: "F500.TT02" })).toEqual([]);
	expect(bands({}, null)).toEqual([]);
	expect(bands({ phases: [phase(10, "COOL")] })).toEqual([]);
});

test("a window without phases applies while there is a batch", () => {
	const { phases: _phases, ...everyPhase } = knownWindow;
	expect(bands({ phases: [phase(10, "COOL")] }, unit, everyPhase)).toEqual([[0, 90]]);
	expect(bands({}, { ...unit, batch: "" }, everyPhase)).toEqual([]);
});

test("a past that does not say what the unit did has no band of now", () => {
	const later = { ...unit, throughMs: 5_000 };
	expect(bands({}, later)).toEqual([]);
	expect(bands({ phases: [phase(40, "SOAK")] }, later)).toEqual([[40, 100]]);
});
