import { describe, expect, test } from "vitest";
import type { LotDecision, LotDecisionName, StandingVerdict } from "../../../collector/lot-port.ts";
import { type LotFacts, refusal, standingOf } from "../../../collector/lots/lot-states.ts";

const line: StandingVerdict = { id: "v1", stage: "line", verdict: "in", proposal: "release", judgedMs: 1 };
const complete: StandingVerdict = { ...line, id: "v2", stage: "complete" };
const judged: LotFacts = { closedMs: 1, verdicts: [line, complete], asksLaboratory: true, decisions: [] };

function decided(decision: LotDecisionName, verdictId = "v2"): LotDecision {
	return { n: 1, lot: "L1", decision, by: "q", atMs: 2, reason: "because", verdictId, concession: undefined };
}

const concession = { customer: "C", reference: "R-1", agreedBy: "other" };

describe("a lot's state", () => {
	test.each<[string, Partial<LotFacts>, string, string]>([
		["on the line", { closedMs: undefined, verdicts: [] }, "RUNNING", "on the line"],
		["behind it", { verdicts: [] }, "COMPLETE", "not judged yet"],
		["judged by the line", { verdicts: [line] }, "QC_PENDING", "waits for the laboratory"],
		["judged whole", {}, "QC_PENDING", "waits for quality"],
		["without a laboratory", { verdicts: [line], asksLaboratory: false }, "QC_PENDING", "waits for quality"],
		[
			"out",
			{ verdicts: [{ ...line, verdict: "out", proposal: "rework_or_reject" }] },
			"HOLD",
			"out: the hold rules propose rework or reject",
		],
		[
			"not evaluable",
			{ verdicts: [{ ...line, verdict: "not_evaluable", proposal: "hold" }] },
			"HOLD",
			"not evaluable: the hold rules propose hold",
		],
		["released", { decisions: [decided("release")] }, "RELEASED", "because"],
		["rejected", { decisions: [decided("hold"), decided("reject")] }, "REJECTED", "because"],
	])("%s", (_, changes, state, reason) => {
		expect(standingOf({ ...judged, ...changes })).toMatchObject({ state, reason, needsReview: false });
	});

	test("a verdict that changed after the decision asks for another look", () => {
		expect(standingOf({ ...judged, decisions: [decided("release", "v1")] }).needsReview).toBe(true);
	});
});

describe("a decision", () => {
	const want = (decision: LotDecisionName, changes = {}) => ({
		...{ decision, by: "q", reason: "seen", verdictId: "v2" },
		...changes,
	});
	const holding = { ...judged, verdicts: [{ ...complete, proposal: "hold" as const }] };

	test("that the facts allow is taken", () => {
		for (const decision of ["release", "hold", "rework", "reject"] as const)
			expect(refusal(judged, want(decision))).toBeUndefined();
		expect(refusal(holding, want("conditional", { concession }))).toBeUndefined();
		expect(standingOf(holding).possible).toEqual(["conditional", "hold", "rework", "reject"]);
	});

	test.each<[string, LotFacts, object, string]>([
		["before the lot is judged", { ...judged, verdicts: [] }, {}, "has left the line and is judged"],
		["before the laboratory", { ...judged, verdicts: [line] }, { verdictId: "v1" }, "still to come"],
		["against the hold rules", holding, {}, "release it conditionally"],
		["without a reason", judged, { reason: " " }, "expected a reason"],
		["on a verdict that changed", judged, { verdictId: "v1" }, "expected the newest verdict, v2, found v1"],
		["conditional without a concession", holding, { decision: "conditional" }, "expected a concession"],
		["a release with a concession", judged, { concession }, "only with conditional"],
		[
			"agreed by the one who decides",
			holding,
			{ decision: "conditional", concession: { ...concession, agreedBy: "q" } },
			"expected two persons",
		],
		[
			"of a rejected lot",
			{ ...judged, decisions: [decided("reject")] },
			{ decision: "hold" },
			"stays rejected",
		],
		[
			"to reject what is released",
			{ ...judged, decisions: [decided("release")] },
			{ decision: "reject" },
			"only be held",
		],
	])("%s is refused", (_, facts, changes, message) => {
		expect(refusal(facts, want("release", changes))).toContain(message);
	});

	test("to hold what is released is a recall, and possible", () => {
		const released = { ...judged, decisions: [decided("release")] };
		expect(standingOf(released).possible).toEqual(["hold"]);
		expect(refusal(released, want("hold"))).toBeUndefined();
	});
});
