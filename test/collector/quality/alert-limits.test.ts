import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Judgement, Occurrence } from "../../../collector/pipeline.ts";
import type { SpecWindow } from "../../../collector/specification.ts";
import { batchOf, judgeOf, occurrenceText, soakWindow, type Told, told } from "./told-story.ts";

const seed = Number(process.env.TEST_SEED ?? 20261122);
const check = <T>(property: fc.IPropertyWithHooks<T>) => fc.assert(property, { seed, numRuns: 200 });

const both = { alert_low: 2, alert_high: 7, action_low: 1, action_high: 9 };

/** The last word on each alert and violation, in the order in which they were first told. */
function toldOf(judgements: readonly Judgement[]): Occurrence[] {
	const all = judgements.flatMap(({ alerts, occurrences }) => [...alerts, ...occurrences]);
	return [...new Map(all.map((one) => [one.id, one])).values()];
}

function textOf(one: Occurrence): string {
	return `${one.level ?? "out"} ${one.limit} ${occurrenceText(one)}`;
}

describe("alert and action limits, live", () => {
	const cases: readonly { title: string; window: Partial<SpecWindow>; story: string; told: string[] }[] = [
		{
			title: "in, alert, out and back: each level raises after the delay and clears by the deadband",
			window: { ...both, on_delay_s: 2, off_delay_s: 3 },
			story: "0:B1/L1/SOAK 1=5 10=8 >12 20=12 >22 30=8.5 >33 34=7.5 >37 38=6 >41",
			told: [
				"alert 7 high 10→12 12 returned@41",
				"action 9 high 20→22 12 returned@37",
				"out 10 high 20→22 12 returned@33",
			],
		},
		{
			title: "shorter than the delay is none",
			window: { ...both, on_delay_s: 5 },
			story: "0:B1/L1/SOAK 1=5 10=8 14=5 >30",
			told: [],
		},
		{
			title: "only the side that has a limit",
			window: { alert_high: 8, on_delay_s: 0, off_delay_s: 0 },
			story: "0:B1/L1/SOAK 1=-1 2=5 3=9 4=5",
			told: ["out 0 low 1→1 -1 returned@2", "alert 8 high 3→3 9 returned@4"],
		},
		{
			title: "a violation of an exclusive limit is an alert where the alert's limit is the same",
			window: { alert_high: 10, exclusive: ["high"], on_delay_s: 0 },
			story: "0:B1/L1/SOAK 1=10",
			told: ["alert 10 high 1→1 10 open", "out 10 high 1→1 10 open"],
		},
		{
			title: "the end of the phase ends an alert",
			window: { alert_high: 8, on_delay_s: 0 },
			story: "0:B1/L1/SOAK 1=9 5:phase=COOL >6",
			told: ["alert 8 high 1→1 9 phase_end@5"],
		},
		{
			title: "a deadband that leaves no room between alert limits is narrowed, so that a value can clear",
			window: { low: 0, high: 10, alert_low: 4, alert_high: 6, deadband: 3, on_delay_s: 0, off_delay_s: 0 },
			story: "0:B1/L1/SOAK 1=7 2=5",
			told: ["alert 6 high 1→1 7 returned@2"],
		},
		{
			title: "a hold limit raises with one value, before the violation's delay is over",
			window: { hold_high: 12, on_delay_s: 5, off_delay_s: 0 },
			story: "0:B1/L1/SOAK 1=11 2=13 3=11 >4 5=5 6=12 >7",
			told: ["hold 12 high 2→2 13 returned@3"],
		},
		{
			title: "a Bad value neither raises nor clears",
			window: { alert_high: 8, on_delay_s: 0, off_delay_s: 0 },
			story: "0:B1/L1/SOAK 1=9 2=bad >9",
			told: ["alert 8 high 1→1 9 open"],
		},
	];
	test.each(cases)("$title", ({ window, story, told: expected }) => {
		const judgement = judgeOf([soakWindow(window)]).judge(batchOf(told(story)));
		expect(toldOf([judgement]).map(textOf).sort()).toEqual([...expected].sort());
	});

	test("they add no violation, no period, no limits and no second dirty mark", () => {
		const story = batchOf(told("0:B1/L1/SOAK 10=8 >22 9=5 30:phase=COOL >40"));
		const plain = judgeOf([soakWindow()]).judge(story);
		const { alerts, ...rest } = judgeOf([soakWindow(both)]).judge(story);
		expect(alerts.length).toBeGreaterThan(0);
		expect({ ...rest, alerts: [] }).toEqual(plain);
	});
});

const variants: readonly Partial<SpecWindow>[] = [
	{ ...both },
	{ ...both, on_delay_s: 0, off_delay_s: 0, blanking_s: 5 },
	{ ...both, grace_s: 6, on_delay_s: 2 },
	{ ...both, hold: "linear", on_delay_s: 3, deadband: 0 },
	{ ...both, max_gap_s: 4, on_delay_s: 3, stale_after_s: 7 },
	{ ...both, alert_high: 10, action_high: 10, exclusive: ["high"], on_delay_s: 1 },
];

/** Forward in time, with what a line tells: values on all sides, Bad ones, phases, batches, Through. */
const story: fc.Arbitrary<Told[]> = fc
	.array(
		fc.tuple(
			fc.integer({ min: 0, max: 9 }),
			fc.oneof(
				{ weight: 8, arbitrary: fc.integer({ min: -4, max: 15 }).map((value) => `=${value}`) },
				{ weight: 1, arbitrary: fc.constant("=bad") },
				{ weight: 3, arbitrary: fc.constant(">") },
				{
					weight: 2,
					arbitrary: fc.constantFrom("B1/L1/SOAK", "B2/L1/SOAK", "//IDLE").map((all) => `:${all}`),
				},
			),
		),
		{ minLength: 1, maxLength: 60, size: "max" },
	)
	.map((steps) => {
		let s = 1;
		const words = steps.flatMap(([by, word]) => {
			s += by;
			return told(word === ">" ? `>${s}` : `${s}${word}`);
		});
		return [...told("0:B0/L0/SOAK"), ...words];
	});

describe("whatever the line tells", () => {
	const judged = (window: Partial<SpecWindow>, words: readonly Told[]) =>
		toldOf([judgeOf([soakWindow(window)]).judge(batchOf(words))]);

	test.each(variants)("who is out has come to alert and action before, or at once: %j", (window) => {
		let outs = 0;
		check(
			fc.property(story, (words) => {
				const all = judged(window, words);
				for (const out of all.filter(({ level }) => level === undefined)) {
					outs++;
					for (const level of ["alert", "action"]) {
						const covers = all.some(
							(one) =>
								one.level === level &&
								one.batch === out.batch &&
								one.startedMs <= out.startedMs &&
								one.raisedMs <= out.raisedMs &&
								(one.clearedMs ?? Number.POSITIVE_INFINITY) >= (out.clearedMs ?? out.raisedMs),
						);
						expect(covers, `${level} covers ${textOf(out)} in\n${all.map(textOf).join("\n")}`).toBe(true);
					}
				}
			}),
		);
		expect(outs).toBeGreaterThan(20);
	});

	test.each(variants)("in parts, saved and loaded in between, is the same as at once: %j", (window) => {
		let alerts = 0;
		check(
			fc.property(story, fc.integer({ min: 1, max: 7 }), (words, size) => {
				const once = judged(window, words);
				alerts += once.filter(({ level }) => level !== undefined).length;
				let judge = judgeOf([soakWindow(window)]);
				const parts: Judgement[] = [];
				for (let from = 0; from < words.length; from += size) {
					const part = batchOf(words.slice(from, from + size));
					judge.judge(part);
					judge.discard();
					parts.push(judge.judge(part));
					judge.keep();
					const next = judgeOf([soakWindow(window)]);
					next.load(judge.save());
					judge = next;
				}
				const byId = (all: Occurrence[]) => new Map(all.map((one) => [one.id, one]));
				expect(byId(toldOf(parts))).toEqual(byId(once));
			}),
		);
		expect(alerts).toBeGreaterThan(20);
	});

	test.each(variants)("is raised before it is cleared, once each: %j", (window) => {
		check(
			fc.property(story, (words) => {
				const judge = judgeOf([soakWindow(window)]);
				const states = new Map<string, "raised" | "cleared">();
				for (const word of words) {
					const { alerts } = judge.judge(batchOf([word]));
					judge.keep();
					for (const { id, clearedMs } of alerts) {
						expect(states.get(id)).toBe(clearedMs === undefined ? undefined : "raised");
						states.set(id, clearedMs === undefined ? "raised" : "cleared");
					}
				}
			}),
		);
	});
});
