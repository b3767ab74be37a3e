import { describe, expect, test } from "vitest";
import { LiveJudge } from "../../../collector/quality/live-judge.ts";
import type { SpecWindow } from "../../../collector/specification.ts";
import { specificationFrom, versionsOf } from "../specification-of.ts";
import {
	batchOf,
	judgeOf,
	occurrenceText,
	periodText,
	soakWindow,
	stored,
	type Told,
	told,
} from "./told-story.ts";

interface Case {
	readonly title: string;
	readonly window: Partial<SpecWindow>;
	readonly story: string;
	readonly occurrences?: readonly string[];
	readonly periods?: readonly string[];
}

const limits: Case[] = [
	{
		title: "a value on a limit that must not be reached is outside",
		window: { exclusive: ["high"], on_delay_s: 0 },
		story: "0:B1/L1/SOAK 1=0 2=10",
		occurrences: ["high 2→2 10 open"],
	},
	{
		title: "and does not end a violation, even without a deadband",
		window: { exclusive: ["low"], on_delay_s: 0, off_delay_s: 0, deadband: 0 },
		story: "0:B1/L1/SOAK 1=-1 2=0 3=0.1",
		occurrences: ["low 1→1 -1 returned@3"],
	},
];

const scopes: Case[] = [
	{
		title: "a window of another recipe does not judge",
		window: { recipes: ["R2"] },
		story: "0:recipe=R1 0:B1/L1/SOAK 1=12 >11 12:phase=IDLE >13",
	},
	{
		title: "a window of the recipe does",
		window: { recipes: ["R1", "R2"] },
		story: "0:recipe=R2 0:B1/L1/SOAK 1=12 >11",
		occurrences: ["high 1→11 12 open"],
	},
];

const holding: Case[] = [
	{
		title: "a value holds for max_gap_s at the most: later is not observed, and a delay starts anew",
		window: { max_gap_s: 6 },
		story: "0:B1/L1/SOAK 1=12 >20 21=12 25=12 30=12 >31",
		occurrences: ["high 21→31 12 open"],
	},
	{
		title: "within max_gap_s it goes on",
		window: { max_gap_s: 6 },
		story: "0:B1/L1/SOAK 1=12 6=12 >11",
		occurrences: ["high 1→11 12 open"],
	},
	{
		title: "a return that is not observed for long enough does not clear",
		window: { max_gap_s: 3 },
		story: "0:B1/L1/SOAK 1=12 4=12 7=12 10=12 >11 12=5 >30 31=5 34=5 36=5",
		occurrences: ["high 1→11 12 returned@36"],
	},
	{
		title: "on a straight line a delay counts once the next value says what was between",
		window: { hold: "linear" },
		story: "0:B1/L1/SOAK 1=12 >50",
	},
	{
		title: "and raises with it",
		window: { hold: "linear" },
		story: "0:B1/L1/SOAK 1=12 >50 51=13",
		occurrences: ["high 1→11 12 open"],
	},
	{
		title: "but not across a longer gap, nor towards a value that is inside",
		window: { hold: "linear", max_gap_s: 20 },
		story: "0:B1/L1/SOAK 1=12 30=12 45=5 60=5",
	},
	{
		title: "without hold only values themselves raise and clear",
		window: { hold: "none", on_delay_s: 0, off_delay_s: 0 },
		story: "0:B1/L1/SOAK 1=12 >50 51=5",
		occurrences: ["high 1→1 12 returned@51"],
	},
];

const graces: Case[] = [
	{
		title: "what begins in the end of a phase is not judged",
		window: { grace_s: 20 },
		story: "0:B1/L1/SOAK 1=5 40=12 >55 56:phase=COOL >80",
		periods: ["B1/L1 0–56 2 good 0 bad 0 out"],
	},
	{
		title: "a violation is told when the grace after it is over, with the time at which it was one",
		window: { grace_s: 20 },
		story: "0:B1/L1/SOAK 1=12 >31",
		occurrences: ["high 1→11 12 open"],
	},
	{ title: "not before", window: { grace_s: 20 }, story: "0:B1/L1/SOAK 1=12 >30.9" },
	{
		title: "one that returned meanwhile is told whole, and later",
		window: { grace_s: 20 },
		story: "0:B1/L1/SOAK 1=12 >11 12=5 >40 41:phase=COOL >42",
		occurrences: ["high 1→11 12 returned@17"],
		periods: ["B1/L1 0–41 2 good 0 bad 1 out"],
	},
	{
		title: "one that goes on into the grace ends where judging ends",
		window: { grace_s: 20 },
		story: "0:B1/L1/SOAK 1=12 >40 45=20 60:phase=COOL >80",
		occurrences: ["high 1→11 20 phase_end@40"],
		periods: ["B1/L1 0–60 2 good 0 bad 1 out"],
	},
	{
		title: "one that returns within the grace does as well",
		window: { grace_s: 20 },
		story: "0:B1/L1/SOAK 1=12 >40 45=5 60:phase=COOL >80",
		occurrences: ["high 1→11 12 phase_end@40"],
	},
];

const silences: Case[] = [
	{
		title: "no new value for stale_after_s is counted once, and stops a delay",
		window: { stale_after_s: 5 },
		story: "0:B1/L1/SOAK 1=12 >6 >20 21:phase=COOL >22",
		periods: ["B1/L1 0–21 1 good 1 bad 0 out"],
	},
	{
		title: "a tag that says nothing at all in its phase is stale",
		window: { stale_after_s: 5, blanking_s: 10 },
		story: "0:B1/L1/SOAK >14 20:phase=COOL >22",
		periods: ["B1/L1 0–20 0 good 1 bad 0 out"],
	},
	{
		title: "blanking is not silence",
		window: { stale_after_s: 5, blanking_s: 10 },
		story: "0:B1/L1/SOAK >14 14:phase=COOL >15",
		periods: ["B1/L1 0–14 0 good 0 bad 0 out"],
	},
	{
		title: "a value that does not move counts until fail_after_s, and no more then",
		window: { frozen: { tolerance: 0, suspect_after_s: 4, fail_after_s: 6 } },
		story: "0:B1/L1/SOAK 1=5 3=5 5=5 >6.9 8=5 9=5 10=6 12:phase=COOL >13",
		// Lost at 7, and two more values that are still the same.
		periods: ["B1/L1 0–12 4 good 3 bad 0 out"],
	},
	{
		title: "moving within the tolerance is not moving; beyond it is",
		window: { frozen: { tolerance: 0.5, suspect_after_s: 4, fail_after_s: 6 } },
		story: "0:B1/L1/SOAK 1=5 3=5.4 5=5.1 7=5.2 8=5.6 12:phase=COOL >12",
		periods: ["B1/L1 0–12 4 good 2 bad 0 out"],
	},
	{
		title: "a frozen value outside raises nothing",
		window: { on_delay_s: 10, frozen: { tolerance: 0, suspect_after_s: 4, fail_after_s: 6 } },
		story: "0:B1/L1/SOAK 1=12 4=12 8=12 12=12 >12",
	},
];

describe.each([
	["limits", limits],
	["scope", scopes],
	["hold", holding],
	["grace", graces],
	["silence", silences],
])("%s", (_, cases) => {
	test.each(cases)("$title", ({ window, story, occurrences = [], periods }) => {
		const judged = stored([judgeOf([soakWindow(window)]).judge(batchOf(told(story)))]);
		expect([...judged.occurrences.values()].map(occurrenceText)).toEqual(occurrences);
		if (periods !== undefined) expect([...judged.periods.values()].map(periodText)).toEqual(periods);
	});
});

test("an uncertain value counts only when the window says so", () => {
	const uncertain = 0x40000000;
	const story: Told[] = [...told("0:B1/L1/SOAK"), { series: 5, s: 1, value: 12, status: uncertain }];
	const good = (window: Partial<SpecWindow>) => {
		const { periods } = judgeOf([soakWindow(window)]).judge(batchOf([...story, ...told("2:phase=COOL >3")]));
		return periods.map(({ goodSamples, badSamples }) => [goodSamples, badSamples]);
	};
	expect(good({})).toEqual([[0, 1]]);
	expect(good({ treat_uncertain_as_bad: false })).toEqual([[1, 0]]);
});

test("the more specific of two windows of one characteristic judges, phase by phase", () => {
	const wide = soakWindow({ id: "wide", characteristic: "c", phases: undefined, high: 10, on_delay_s: 0 });
	const narrow = soakWindow({ id: "narrow", characteristic: "c", high: 20, on_delay_s: 0 });
	const { occurrences } = judgeOf([wide, narrow]).judge(
		batchOf(told("0:B1/L1/RAMP 1=12 2=5 9=5 10:phase=SOAK 11=15 12=25 >13 20:phase=COOL 21=11")),
	);
	const raised = occurrences.filter(({ clearedMs }) => clearedMs === undefined);
	expect(raised.map(({ window, startedMs }) => `${window}@${startedMs / 1_000}`)).toEqual([
		"wide@1",
		"narrow@12",
		"wide@21",
	]);
});

describe("with several versions", () => {
	const date = (s: number) => new Date(s * 1_000);
	const version = (n: number, fromS: number, high: number, phases: string[] | undefined = ["SOAK"]) => ({
		...specificationFrom({ version: n }),
		effective_from: date(fromS),
		windows: [soakWindow({ high, on_delay_s: 0, off_delay_s: 0, phases })],
	});
	const contextTags = { batch: "Batch", lot: "Lot", recipe: "Recipe", phase: "Phase" };

	function judge(...versions: ReturnType<typeof version>[]): LiveJudge {
		const noLots = { change: () => {}, save: () => null, load: () => {} };
		const made = new LiveJudge({ versions: versionsOf(...versions), contextTags, lots: noLots });
		const tags = { Batch: 1, Lot: 2, Recipe: 3, Phase: 4, T1: 5 };
		for (const device of ["U500", "U700"])
			for (const [tag, id] of Object.entries(tags))
				made.addSeries({
					...{ id: device === "U500" ? id : id + 10, edgeNode: 1, device, tag, datatype: 10, eu: undefined },
				});
		return made;
	}
	const raisedBy = (made: LiveJudge, story: string) =>
		made
			.judge(batchOf(told(story)))
			.occurrences.filter(({ clearedMs }) => clearedMs === undefined)
			.map(({ specVersion, startedMs }) => `version ${specVersion} at ${startedMs / 1_000}`);

	test("a lot is judged to its end by the one in force when it was made, the next lot by the next", () => {
		const made = judge(version(1, 0, 10), version(2, 100, 20));
		expect(raisedBy(made, "90:B1/L1/SOAK 120=15 130:B2/L2/SOAK 131=15 132=25")).toEqual([
			"version 1 at 120",
			"version 2 at 132",
		]);
	});

	test("and that is kept with the state, also across a batch that was not stored", () => {
		const first = judge(version(1, 0, 10), version(2, 100, 20));
		first.judge(batchOf(told("90:B1/L1/LOAD")));
		first.keep();
		first.judge(batchOf(told("101:B9/L9/SOAK 102=15")));
		first.discard();
		const second = judge(version(1, 0, 10), version(2, 100, 20));
		second.load(first.save());
		expect(raisedBy(second, "101:phase=SOAK 102=15")).toEqual(["version 1 at 102"]);
	});

	test("what has no lot is judged by the one in force at the time, from its first moment on", () => {
		const made = judge(version(1, 0, 10, ["RUN"]), version(2, 100, 20, ["RUN"]));
		expect(raisedBy(made, "0://RUN 1=15 2=5 99=15 101=15 102=25 >110")).toEqual([
			"version 1 at 1",
			"version 1 at 99",
			"version 2 at 102",
		]);
	});

	test("no version before the first begins", () => {
		expect(raisedBy(judge(version(1, 100, 10)), "50:B1/L1/SOAK 51=15 120=15")).toEqual([]);
	});
});
