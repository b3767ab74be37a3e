import { expect, test } from "vitest";
import type { LotEvidence } from "../../../../collector/judgement-port.ts";
import { assembleLot } from "../../../../collector/quality/final/lot-judgement.ts";
import { specificationFrom } from "../../specification-of.ts";

const window = { tag: "T1", eu: "1", high: 1, concerns: ["technical" as const], reaction: "look" };
const specification = specificationFrom({
	windows: ["A1", "B1", "A2"].map((unit) => ({ ...window, id: `w@${unit}`, unit })),
});

/** A lot that was in these units, one after the other. */
function evidence(units: readonly string[], gaps: LotEvidence["gaps"] = []): LotEvidence {
	const context = units.map((unit, index) => ({
		...{ unit, batch: "B1", lot: "L1", recipe: "R", phase: "P", startObserved: true, endObserved: true },
		...{ fromMs: index * 1_000, toMs: (index + 1) * 1_000 },
	}));
	return { lot: "L1", context, gaps, openedMs: 0, closedMs: 9_000, observedWhole: true, genealogy: [] };
}

function reasonsOf(units: readonly string[], gaps: LotEvidence["gaps"] = []): string[] {
	const parts = { stage: "line", route: [["A1", "B1"], "A2"], windows: [], reasons: [] } as const;
	return assembleLot(evidence(units, gaps), { specification, hash: "" }, parts).reasons.map(
		({ text }) => text,
	);
}

test("a lot must have been in one unit of each place, not in all of them", () => {
	expect(reasonsOf(["A1", "A2"])).toEqual([]);
	expect(reasonsOf(["B1", "A2"])).toEqual([]);
	expect(reasonsOf(["A2"])).toEqual(["the lot was not seen in A1 or B1"]);
	expect(reasonsOf(["A1", "B1"])).toEqual(["the lot was not seen in A2"]);
});

test("a gap counts in the unit in which the lot was, not in the one beside it", () => {
	const gap = (unit: string) => ({ unit, tags: [], cause: "server_unreachable", fromMs: 0, toMs: 500 });
	expect(reasonsOf(["A1", "A2"], [gap("B1")])).toEqual([]);
	expect(reasonsOf(["A1", "A2"], [gap("A1")])).toEqual(["gap in A1: server_unreachable"]);
});
