import { describe, expect, test } from "vitest";
import { limitsEveryMs, limitTimes, nextLimitsMs } from "../../../collector/quality/limit-times.ts";
import type { WindowLimits } from "../../../collector/window-limits.ts";
import { batchOf, judgeOf, soakWindow, told } from "./told-story.ts";

const hourS = 3_600;

/** `B1/L1 10→ at 10`: from and to of the run, and the time told of, in seconds. */
function limitsText({ batch, lot, fromMs, toMs, atMs }: WindowLimits): string {
	const to = toMs === undefined ? "" : toMs / 1_000;
	return `${batch}/${lot} ${fromMs / 1_000}→${to} at ${atMs === undefined ? "end" : atMs / 1_000}`;
}

const limitsOf = (story: string, changes: Parameters<typeof soakWindow>[0] = {}) =>
	judgeOf([soakWindow(changes)])
		.judge(batchOf(told(story)))
		.limits.map(limitsText);

describe("the limits of a window are told from the moment in which they apply", () => {
	test("with the value, the version and where they belong", () => {
		const [limits] = judgeOf([soakWindow()]).judge(batchOf(told("10:B1/L1/SOAK 11=5"))).limits;
		expect(limits).toMatchObject({
			...{ window: "soak", specVersion: 3, unit: "U500", tag: "T1", batch: "B1", lot: "L1" },
			...{ low: 0, high: 10, fromMs: 10_000, toMs: undefined, atMs: 10_000 },
		});
	});

	test.each([
		["after blanking, and by the passing of time alone", "10:B1/L1/SOAK >109 >110", ["B1/L1 110→ at 110"]],
		["not before blanking is over", "10:B1/L1/SOAK 50=7 >109", []],
		["not at all when the run ends in blanking", "10:B1/L1/SOAK 60:phase=COOL >500", []],
		["not in a phase that is no phase of the window", "10:B1/L1/COOL 11=5 >500", []],
	])("%s", (_, story, expected) => {
		expect(limitsOf(story, { blanking_s: 100 })).toEqual(expected);
	});

	test("to the end of the run; the next batch begins in the same moment", () => {
		expect(limitsOf("10:B1/L1/SOAK 11=5 20:B2/L1/SOAK 21=5 30:phase=COOL >31")).toEqual([
			...["B1/L1 10→ at 10", "B1/L1 10→20 at end"],
			...["B2/L1 20→ at 20", "B2/L1 20→30 at end"],
		]);
	});

	test("and again every six hours of observed time while they apply, silence or not", () => {
		const [a, b, c] = [5 * hourS, 6 * hourS, 12 * hourS];
		expect(limitsOf(`${a}:B1/L1/SOAK ${a + 1}=5 >${b - 1} ${b}=5 ${b + 9}=5 >${c + 5}`)).toEqual([
			...[`B1/L1 ${a}→ at ${a}`, `B1/L1 ${a}→ at ${b}`, `B1/L1 ${a}→ at ${c}`],
		]);
	});

	test("what was told of a time behind an end that came late is told again", () => {
		const [a, b] = [5 * hourS, 6 * hourS];
		expect(limitsOf(`${a}:B1/L1/SOAK ${a + 1}=5 >${b + 5} ${b - 60}:phase=COOL >${b + 6}`)).toEqual([
			...[`B1/L1 ${a}→ at ${a}`, `B1/L1 ${a}→ at ${b}`],
			...[`B1/L1 ${a}→${b - 60} at end`, `B1/L1 ${a}→${b - 60} at ${b}`],
		]);
	});
});

describe("times at which limits are told again", () => {
	test("a jump of years gives the last of them, not thousands", () => {
		const times = limitTimes(nextLimitsMs(0), 1_000 * limitsEveryMs + 5);
		expect([times.length, times.at(-1)]).toEqual([40, 1_000 * limitsEveryMs]);
		expect(times[0]).toBe(961 * limitsEveryMs);
	});

	test("none before the next, and it itself", () => {
		expect(limitTimes(limitsEveryMs, limitsEveryMs - 1)).toEqual([]);
		expect(limitTimes(limitsEveryMs, limitsEveryMs)).toEqual([limitsEveryMs]);
	});
});
