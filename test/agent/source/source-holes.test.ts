import { expect, test } from "vitest";
import { SourceHoles } from "../../../agent/source/source-holes.ts";
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
