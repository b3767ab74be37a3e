import { describe, expect, test } from "vitest";
import type { LotFacts } from "../../../collector/pipeline.ts";
import { judgeLot } from "../../../collector/quality/lot-verdict.ts";
import { soakWindow, specificationOf } from "./told-story.ts";

const route = ["U400", "U500"];
const specification = specificationOf([
	soakWindow({ id: "dry", unit: "U400" }),
	soakWindow({ id: "fire", unit: "U500" }),
	soakWindow({ id: "argon", unit: "U800" }),
]);

const period = { window: "dry", unit: "U400", batch: "B1", goodSamples: 5, badSamples: 0, violations: 0 };
const sound: LotFacts = {
	lot: "L1",
	openedMs: 0,
	closedMs: 100,
	observedWhole: true,
	visits: [
		{ unit: "U400", batch: "B1" },
		{ unit: "U500", batch: "B1" },
	],
	periods: [period, { ...period, window: "fire", unit: "U500" }],
	openOccurrences: 0,
	gaps: [],
};
const judge = (changes: Partial<LotFacts>, version = specification) =>
	judgeLot({ ...sound, ...changes }, version, route, 7);

test("what was seen whole and inside is in; the windows of utilities are not the lot's", () => {
	expect(judge({})).toMatchObject({ verdict: "in", violations: 0, windows: 2, reasons: [], judgedMs: 7 });
});

describe("a lot is not evaluable, with the reason", () => {
	const secondBatch = { visits: [...sound.visits, { unit: "U400", batch: "B2" }] };
	test.each<[string, Partial<LotFacts>, string]>([
		[
			"when a window saw no good value",
			{ periods: [{ ...period, goodSamples: 0 }, sound.periods[1] ?? period] },
			"dry: no good value while batch B1 was in U400",
		],
		[
			"when a window saw a bad value",
			{ periods: [{ ...period, badSamples: 2 }, sound.periods[1] ?? period] },
			"dry: 2 values that were not good in batch B1",
		],
		[
			"when a window was never judged",
			{ periods: [period] },
			"fire: never judged while batch B1 was in U500",
		],
		[
			"when a window was not judged for one of its batches",
			secondBatch,
			"dry: never judged while batch B2 was in U400",
		],
		[
			"when the lot was never seen in a unit",
			{ visits: sound.visits.slice(0, 1), periods: [period] },
			"fire: never judged, the lot was not seen in U500",
		],
		[
			"when values are missing while it was in a unit",
			{ gaps: [{ device: "U500", cause: "server_unreachable", fromMs: 3, toMs: 9 }] },
			"gap in U500: server_unreachable",
		],
		["when a violation is still open", { openOccurrences: 1 }, "1 violations are still open"],
		[
			"when it was on the line before anybody looked",
			{ observedWhole: false },
			"the lot was on the line before the first value was seen",
		],
		[
			"when nothing at all is known of it",
			{ visits: [], periods: [] },
			"dry: never judged, the lot was not seen in U400",
		],
	])("%s", (_, changes, reason) => {
		const { verdict, reasons } = judge(changes);
		expect(verdict).toBe("not_evaluable");
		expect(reasons).toContain(reason);
	});
});

test("a violation makes it out, whatever else is missing", () => {
	const found = judge({ periods: [{ ...period, violations: 2 }], observedWhole: false });
	expect(found).toMatchObject({ verdict: "out", violations: 2 });
	expect(found.reasons).toContain("dry: 2 violations in batch B1");
});

test("reasons are bounded", () => {
	const gaps = Array.from({ length: 100 }, (_, index) => ({
		device: "U500",
		cause: "clock",
		fromMs: index,
		toMs: index,
	}));
	expect(judge({ gaps }).reasons).toHaveLength(20);
});

test("the same verdict has the same id, whenever it is given; another version or verdict has another", () => {
	const { id } = judge({});
	expect(judgeLot(sound, specification, route, 99).id).toBe(id);
	expect(judge({ observedWhole: false }).id).not.toBe(id);
	expect(judge({}, { ...specification, version: 4 }).id).not.toBe(id);
	expect(judge({ lot: "L2" }).id).not.toBe(id);
});
