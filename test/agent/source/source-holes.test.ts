import { expect, test } from "vitest";
import { overflowHole, SourceHoles } from "../../../agent/source/source-holes.ts";
import { SampleColumns } from "../../../common/contract/samples.ts";

function samples(...sourceMs: number[]): SampleColumns {
	const columns = new SampleColumns(sourceMs.length);
	columns.count = sourceMs.length;
	columns.sourceMs.set(sourceMs);
	return columns;
}

test("a hole ends with the newest of the first values after it, and keeps its first cause", () => {
	const holes = new SourceHoles();
	holes.open("F500", 1_000, "agent_down");
	holes.open("F500", 2_000, "server_unreachable");
	holes.open("G600", Number.NEGATIVE_INFINITY, "server_unreachable");
	expect([holes.has("F500"), holes.has("G600")]).toEqual([true, false]);
	expect(holes.close("F500", samples())).toBeUndefined();
	// A value from before the hole says nothing of its end.
	expect(holes.close("F500", samples(900, 1_000))).toBeUndefined();
	expect(holes.close("F500", samples(500, 7_000, 3_000))).toEqual({
		gap: { device: "F500", tags: [], fromMs: 1_000, toMs: 7_000, cause: "agent_down", backfilled: false },
		missing: undefined,
	});
	expect(holes.close("F500", samples(8_000))).toBeUndefined();
});

test("no time that cannot be ends a hole", () => {
	const holes = new SourceHoles();
	holes.open("F500", 1_000, "server_unreachable");
	expect(holes.close("F500", samples(Date.UTC(9999, 0, 1)), 5_000)).toBeUndefined();
	expect(holes.close("F500", samples(Date.UTC(9999, 0, 1), 2_000), 5_000)?.gap.toMs).toBe(2_000);
});

test("what queues lost is a gap of the tags that lost it, from the earliest to the latest", () => {
	const at = (ms: number) => ({ ms, ticks: 0 });
	const overflowed = [
		{ tagId: 1, after: at(20), before: at(40) },
		{ tagId: 2, after: at(10), before: at(15) },
		{ tagId: 1, after: at(40), before: at(50) },
	];
	expect(overflowHole("F500", overflowed, (tagId) => `TT0${tagId}`)?.gap).toEqual({
		...{ device: "F500", tags: ["TT01", "TT02"], fromMs: 10, toMs: 50 },
		...{ cause: "server_overflow", backfilled: false },
	});
});
