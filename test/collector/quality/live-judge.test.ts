import { describe, expect, test } from "vitest";
import type { SpecWindow } from "../../../collector/specification.ts";
import {
	batchOf,
	judgeOf,
	occurrenceText,
	periodText,
	receivedMs,
	soakWindow,
	stored,
	told,
} from "./told-story.ts";

interface Case {
	readonly title: string;
	readonly window?: Partial<SpecWindow>;
	readonly story: string;
	readonly occurrences?: readonly string[];
	readonly periods?: readonly string[];
	readonly dirty?: readonly string[];
}

const delays: Case[] = [
	{
		title: "a value outside for less than the delay is no violation",
		story: "0:B1/L1/SOAK 1=12 10=12 10.9=5",
	},
	{
		title: "outside for the whole delay is one, from the first value outside",
		story: "0:B1/L1/SOAK 1=12 11=14 12=13",
		occurrences: ["high 1→11 12 open"],
	},
	{
		title: "silence counts towards the delay when Through says that nothing is missing",
		story: "0:B1/L1/SOAK 1=12 >11",
		occurrences: ["high 1→11 12 open"],
	},
	{ title: "silence without Through does not count", story: "0:B1/L1/SOAK 1=12 >10.9" },
	{
		title: "without a delay the first value outside raises",
		window: { on_delay_s: 0 },
		story: "0:B1/L1/SOAK 1=12",
		occurrences: ["high 1→1 12 open"],
	},
	{
		title: "a value that is not Good stops the delay and is counted",
		story: "0:B1/L1/SOAK 1=12 9=bad 12=12 >21 21:phase=IDLE >30",
		periods: ["B1/L1 0–21 2 good 1 bad 0 out"],
	},
	{
		title: "a delay starts anew on the other side",
		story: "0:B1/L1/SOAK 1=12 8=-3 12=-2 18=-4",
		occurrences: ["low 8→18 -3 open"],
	},
	{
		title: "the low side works like the high one",
		story: "0:B1/L1/SOAK 1=-1 12=-7 20=1 26=5",
		occurrences: ["low 1→11 -7 returned@25"],
	},
	{
		title: "a window with only a low limit never minds a high value",
		window: { high: undefined },
		story: "0:B1/L1/SOAK 1=1000 >50 51=-1 >61",
		occurrences: ["low 51→61 -1 open"],
	},
	{ title: "a value on a limit is inside", story: "0:B1/L1/SOAK 1=10 >20 21=0 >40" },
];

const endings: Case[] = [
	{
		title: "inside by less than the deadband does not end a violation",
		story: "0:B1/L1/SOAK 1=12 >11 12=9.5 >60",
		occurrences: ["high 1→11 12 open"],
	},
	{
		title: "inside by the deadband for the off delay ends it, by Through alone",
		story: "0:B1/L1/SOAK 1=12 >11 12=15 20=9 >25",
		occurrences: ["high 1→11 15 returned@25"],
	},
	{
		title: "a relapse within the off delay goes on with the same violation",
		story: "0:B1/L1/SOAK 1=12 >11 20=9 24=11 >40 41=5 >46",
		occurrences: ["high 1→11 12 returned@46"],
	},
	{
		title: "a value that is not Good stops the off delay",
		story: "0:B1/L1/SOAK 1=12 >11 20=9 24=bad >40 41=8 >46",
		occurrences: ["high 1→11 12 returned@46"],
	},
	{
		title: "without an off delay the first value inside by the deadband ends it",
		window: { off_delay_s: 0 },
		story: "0:B1/L1/SOAK 1=12 >11 20=9",
		occurrences: ["high 1→11 12 returned@20"],
	},
	{
		title: "leaving the phase closes what is open",
		story: "0:B1/L1/SOAK 1=12 >11 20:phase=COOL >20",
		occurrences: ["high 1→11 12 phase_end@20"],
		periods: ["B1/L1 0–20 1 good 0 bad 1 out"],
	},
	{
		title: "the same phase again is a run of its own, with a violation of its own",
		story: "0:B1/L1/SOAK 1=12 >11 20:phase=COOL 30:phase=SOAK 31=12 >41",
		occurrences: ["high 1→11 12 phase_end@20", "high 31→41 12 open"],
		periods: ["B1/L1 0–20 1 good 0 bad 1 out"],
	},
];

const contexts: Case[] = [
	{ title: "values before the first phase are not judged", story: "1=12 >40" },
	{ title: "values in another phase are not judged", story: "0:B1/L1/RAMP 1=12 >40" },
	{
		title: "values within the blanking are not judged, and a delay starts after it",
		window: { blanking_s: 20 },
		story: "0:B1/L1/SOAK 1=12 19.9=12 20=12 >30 40:phase=IDLE >40",
		occurrences: ["high 20→30 12 phase_end@40"],
		periods: ["B1/L1 0–40 1 good 0 bad 1 out"],
	},
	{
		title: "without phases a window is judged in every phase of a batch, and only then",
		window: { phases: undefined },
		story: "0:B1/L1/RAMP 1=12 >11 20:phase=SOAK 30:// >30 31=12 >60",
		occurrences: ["high 1→11 12 phase_end@30"],
		periods: ["B1/L1 0–30 1 good 0 bad 1 out"],
	},
	{
		title: "another batch in the same phase is another run",
		story: "0:B1/L1/SOAK 1=12 >11 20:batch=B2 >20 21=12 >31",
		occurrences: ["high 1→11 12 phase_end@20", "high 21→31 12 open"],
		periods: ["B1/L1 0–20 1 good 0 bad 1 out"],
	},
	{
		title: "context comes before values of the same time",
		window: { on_delay_s: 0 },
		story: "0:B1/L1/RAMP 20:phase=SOAK 20=12",
		occurrences: ["high 20→20 12 open"],
	},
	...[
		"20:batch=B2 20:lot=L2 20:phase=SOAK",
		"20:phase=SOAK 20:lot=L2 20:batch=B2",
		"20:lot=L2 20:phase=SOAK 20:batch=B2",
	].map(
		(change): Case => ({
			title: `what changes at one time changes together: ${change}`,
			story: `0:B1/L1/SOAK 1=5 ${change} 21=5 30:phase=IDLE >30`,
			periods: ["B1/L1 0–20 1 good 0 bad 0 out", "B2/L2 20–30 1 good 0 bad 0 out"],
		}),
	),
];

const late: Case[] = [
	{
		title: "a value older than the tag's newest leaves the condition alone and marks its time",
		story: "0:B1/L1/SOAK 1=12 8=12 5=5 11=12",
		occurrences: ["high 1→11 12 open"],
		dirty: ["5–5"],
	},
	{
		title: "a value from before the present run is not judged in it",
		window: { on_delay_s: 0 },
		story: "0:B1/L1/RAMP 10:phase=SOAK >20 5=12 >30 40:phase=IDLE >40",
		dirty: ["5–5"],
		periods: ["B1/L1 10–40 0 good 0 bad 0 out"],
	},
	{
		title: "an older phase does not bring back what is over",
		story: "0:B1/L1/SOAK 20:phase=COOL >20 10:phase=SOAK >30 31=12 >60",
		dirty: ["10–20"],
		periods: ["B1/L1 0–20 0 good 0 bad 0 out"],
	},
	{
		title: "a batch that is told late counts from when it is known, or the whole batch would be lost",
		story:
			"0:B1/L1/SOAK 1=5 20:phase=RAMP >20 15:batch=B2 15:lot=L2 >21 30:phase=SOAK 31=5 40:phase=IDLE >40",
		dirty: ["15–20", "15–20"],
		periods: ["B1/L1 0–20 1 good 0 bad 0 out", "B2/L2 30–40 1 good 0 bad 0 out"],
	},
];

function run({ window, story }: Case) {
	const judge = judgeOf([soakWindow(window)]);
	const judgement = judge.judge(batchOf(told(story)));
	judge.keep();
	const found = stored([judgement]);
	return {
		occurrences: [...found.occurrences.values()].map(occurrenceText),
		periods: [...found.periods.values()].map(periodText),
		dirty: judgement.dirty.map(({ fromMs, toMs }) => `${fromMs / 1_000}–${toMs / 1_000}`),
	};
}

describe.each([
	["a delay", delays],
	["an ending", endings],
	["context", contexts],
	["late data", late],
] as const)("%s", (_, cases) => {
	test.each(cases)("$title", (row) => {
		const { occurrences, periods, dirty } = run(row);
		expect(occurrences).toEqual(row.occurrences ?? []);
		if (row.periods !== undefined) expect(periods).toEqual(row.periods);
		expect(dirty).toEqual(row.dirty ?? []);
	});
});

test("a Bad context says nothing: the unit goes on as before", () => {
	const judge = judgeOf([soakWindow({ on_delay_s: 0 })]);
	const lost = { series: 4, s: 10, value: "IDLE", status: 0x80310000 };
	const { occurrences, periods } = judge.judge(
		batchOf([...told("0:B1/L1/SOAK"), lost, ...told(">15 20=12")]),
	);
	expect(occurrences.map(occurrenceText)).toEqual(["high 20→20 12 open"]);
	expect(periods).toEqual([]);
});

test("values that are no number count as not Good: text, NaN, infinities, null", () => {
	const judge = judgeOf([soakWindow({ on_delay_s: 0 })]);
	const words = [..."abc".split(""), "", Number.NaN, Number.POSITIVE_INFINITY, null].map((value, index) => ({
		series: 5,
		s: index + 1,
		value,
	}));
	const judgement = judge.judge(batchOf([...told("0:B1/L1/SOAK"), ...words, ...told("30:phase=IDLE >30")]));
	expect(judgement.periods.map(periodText)).toEqual(["B1/L1 0–30 0 good 7 bad 0 out"]);
});

test("a 64-bit integer is judged as the number it is", () => {
	const judge = judgeOf([soakWindow({ on_delay_s: 0 })]);
	const { occurrences } = judge.judge(batchOf([...told("0:B1/L1/SOAK"), { series: 5, s: 1, value: 11n }]));
	expect(occurrences.map(occurrenceText)).toEqual(["high 1→1 11 open"]);
});

test("the same cause has the same id, another specification version another one", () => {
	const idOf = (version: number) =>
		judgeOf([soakWindow()], undefined, version).judge(batchOf(told("0:B1/L1/SOAK 1=12 >11"))).occurrences[0]
			?.id;
	expect(idOf(3)).toBe(idOf(3));
	expect(idOf(3)).not.toBe(idOf(4));
});

test("a value and a phase of the year 9999 are counted and judge nothing, and those after them are judged as ever", () => {
	const judge = judgeOf([soakWindow()]);
	const year9999S = Date.UTC(9999, 0, 1) / 1_000;
	const first = judge.judge(
		batchOf([
			...told("0:B1/L1/SOAK 1=5"),
			{ series: 5, s: year9999S, value: 12 },
			{ series: 4, s: year9999S, value: "IDLE" },
		]),
	);
	expect([first.fromFuture, first.dirty, first.occurrences]).toEqual([2, [], []]);
	judge.keep();
	const next = judge.judge(batchOf(told("2=12 >13")));
	expect(next.fromFuture).toBe(0);
	expect(next.occurrences).toHaveLength(1);
	// A day ahead is a time zone that was set wrongly, and is judged.
	const dayAheadS = receivedMs / 1_000 + 86_400;
	expect(judge.judge(batchOf([{ series: 5, s: dayAheadS, value: 5 }])).fromFuture).toBe(0);
});
