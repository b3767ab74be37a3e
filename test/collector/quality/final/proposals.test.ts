import { expect, test } from "vitest";
import type { LotEvidence, Reason, WindowVerdict } from "../../../../collector/judgement-port.ts";
import { assembleLot } from "../../../../collector/quality/final/lot-judgement.ts";
import type { Proposal } from "../../../../collector/specification.ts";
import { specificationFrom } from "../../specification-of.ts";

const evidence: LotEvidence = {
	...{ lot: "L1", gaps: [], genealogy: [], openedMs: 0, closedMs: 9_000, observedWhole: true },
	context: [
		{
			...{ unit: "U1", batch: "B1", lot: "L1", recipe: "R", phase: "P", fromMs: 0, toMs: 9_000 },
			...{ startObserved: true, endObserved: true },
		},
	],
};
const seen: WindowVerdict = {
	...{ window: "w", characteristic: "w", kind: "stream", class: "M", unit: "U1", batch: "B1", verdict: "in" },
	...{ value: 1, eu: "1", low: undefined, high: 2, fromMs: 0, toMs: 9_000, depth: 0, timeOutsideMs: 0 },
	...{ outsideIntegral: 0, violations: 0, coverage: 1, goodSamples: 9, uncertainSamples: 0, badSamples: 0 },
	reasons: [],
};

function judged(
	window: Partial<WindowVerdict>,
	genealogy: readonly Reason[] = [],
	rules: { genealogy_gap?: Proposal; calibration_expired?: Proposal } = {},
) {
	const specification = specificationFrom({ hold_rules: rules });
	const windows = [{ ...seen, ...window }];
	const parts = { stage: "line", route: ["U1"], windows, reasons: [] } as const;
	const { verdict, proposal, reasons } = assembleLot(
		{ ...evidence, genealogy },
		{ specification, hash: "" },
		parts,
	);
	return { verdict, proposal, reasons: reasons.map(({ text }) => text) };
}

test("what is only watched holds nothing when it is out, but for what is beyond its hold limit", () => {
	expect(judged({}).proposal).toBe("release");
	expect(judged({ verdict: "out" })).toMatchObject({ verdict: "out", proposal: "release" });
	const reasons = [{ code: "hold_limit", text: "beyond a hold limit" }];
	expect(judged({ verdict: "out", reasons }).proposal).toBe("hold");
	expect(judged({ class: "CC", verdict: "out", reasons }).proposal).toBe("rework_or_reject");
});

test("a result of an instrument whose calibration had expired holds the lot by a rule of its own, whatever its class", () => {
	const reasons = [{ code: "calibration_expired", text: "EIS-1: the instrument's calibration had expired" }];
	const expired = { kind: "laboratory", verdict: "not_evaluable", reasons } as const;
	expect(judged(expired).proposal).toBe("hold");
	expect(judged(expired, [], { calibration_expired: "release" }).proposal).toBe("release");
	expect(judged(expired, [], { calibration_expired: "rework_or_reject" }).proposal).toBe("rework_or_reject");
	expect(judged({ ...expired, class: "SC" }, [], { calibration_expired: "release" }).proposal).toBe("hold");
});

test("what nobody told of a lot's making holds it by the rule, and its verdict stays", () => {
	const gap = [{ code: "genealogy_gap", text: "genealogy: nothing says what batch B1 was made of" }];
	expect(judged({}, gap)).toEqual({ verdict: "in", proposal: "hold", reasons: [gap[0]?.text] });
	expect(judged({}, gap, { genealogy_gap: "release" }).proposal).toBe("release");
	expect(judged({}, gap, { genealogy_gap: "rework_or_reject" }).proposal).toBe("rework_or_reject");
});

test("a lot that was made of material that is out is held, whatever the rule for what nobody told is; its verdict stays", () => {
	const bad = [{ code: "material_out", text: "made of lot S1 of li2s, which is out, in batch B1" }];
	expect(judged({}, bad, { genealogy_gap: "release" })).toEqual({
		...{ verdict: "in", proposal: "hold", reasons: [bad[0]?.text] },
	});
	expect(judged({ class: "CC", verdict: "out" }, bad).proposal).toBe("rework_or_reject");
});

test("the complete verdict, which takes over the line's reasons, says such a reason once and is no less evaluable for it", () => {
	const specification = specificationFrom({});
	const genealogy = [
		{ code: "genealogy_gap", text: "genealogy: nothing says what batch B1 was made of" },
		{ code: "material_out", text: "made of lot S1 of li2s, which is out, in batch B1" },
	];
	const own = { ...evidence, genealogy };
	const parts = { route: ["U1"], windows: [seen] };
	const line = assembleLot(own, { specification, hash: "" }, { ...parts, stage: "line", reasons: [] });
	const { reasons } = line;
	const complete = assembleLot(own, { specification, hash: "" }, { ...parts, stage: "complete", reasons });
	expect(complete).toEqual({ ...line, stage: "complete" });
	expect(complete).toMatchObject({ verdict: "in", proposal: "hold", reasons: genealogy });
});
