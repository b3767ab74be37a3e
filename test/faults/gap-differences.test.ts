import { describe, expect, test } from "vitest";
import type { EvidenceGap, LotJudgement, WindowVerdict } from "../../collector/judgement-port.ts";
import { type KnownOfGaps, unexplainedDifferences } from "./gap-differences.ts";

const window: WindowVerdict = {
	...{ window: "soak", characteristic: "soak", kind: "stream", class: "CPP", unit: "U1", batch: "B1" },
	...{ verdict: "in", value: 510, eu: "degC", low: 500, high: 520, fromMs: 1_000, toMs: 2_000 },
	...{ depth: 0, timeOutsideMs: 0, outsideIntegral: 0, violations: 0, coverage: 1 },
	...{ goodSamples: 100, uncertainSamples: 0, badSamples: 0, reasons: [] },
};
const out: WindowVerdict = {
	...window,
	...{ verdict: "out", value: 530, depth: 10, timeOutsideMs: 100, outsideIntegral: 0.1, violations: 1 },
	reasons: [{ code: "violation", text: "1 violation" }],
};
const whole: LotJudgement = {
	...{ lot: "L1", stage: "line", product: "P", specVersion: 1, specHash: "h", verdict: "in" },
	...{ proposal: "release", observedWhole: true, fromMs: 0, toMs: 5_000, windows: [window], reasons: [] },
};
const gap: EvidenceGap = { unit: "U1", tags: [], cause: "agent_down", fromMs: 1_400, toMs: 1_500 };
const notEvaluable: WindowVerdict = {
	...window,
	...{ verdict: "not_evaluable", coverage: 0.9, goodSamples: 90 },
	reasons: [
		{ code: "gap", text: "gap: agent_down" },
		{ code: "coverage", text: "90.00 % of the time covered, expected 100 %" },
	],
};
const gapped: LotJudgement = {
	...whole,
	...{ verdict: "not_evaluable", proposal: "hold", windows: [notEvaluable] },
	reasons: [{ code: "gap", text: "gap in U1: agent_down" }],
};

function known(gaps: readonly EvidenceGap[] = [gap], goodPercentMin = 100): KnownOfGaps {
	return {
		gaps,
		windows: new Map([["soak", { unit: "U1", tag: "T1", goodPercentMin }]]),
		unknown: ({ fromMs, toMs }) => ({ fromMs: fromMs - 10, toMs: toMs + 10 }),
		laboratoryUnit: "LAB",
	};
}

const withWindow = (to: LotJudgement, changed: Partial<WindowVerdict>): LotJudgement => ({
	...to,
	windows: [{ ...(to.windows[0] as WindowVerdict), ...changed }],
});

describe("gaps explain", () => {
	test("nothing when nothing differs", () => {
		expect(unexplainedDifferences(whole, whole, known([]))).toEqual([]);
	});

	test("a window that is not evaluable, and a lot that is held for it", () => {
		expect(unexplainedDifferences(whole, gapped, known())).toEqual([]);
	});

	test("a violation that nobody saw", () => {
		const seen: LotJudgement = { ...whole, verdict: "out", proposal: "rework_or_reject", windows: [out] };
		expect(unexplainedDifferences(seen, gapped, known())).toEqual([]);
	});

	test("a run that begins when its phase was heard of again", () => {
		expect(unexplainedDifferences(withWindow(whole, { fromMs: 1_420 }), gapped, known())).not.toEqual([]);
		const late = withWindow(gapped, { fromMs: 1_480 });
		expect(unexplainedDifferences(withWindow(whole, { fromMs: 1_420 }), late, known())).toEqual([]);
	});

	test("a run that lies in a gap as a whole", () => {
		const short = withWindow(whole, { fromMs: 1_420, toMs: 1_480 });
		expect(unexplainedDifferences(short, { ...gapped, windows: [] }, known())).toEqual([]);
	});

	test("less of a window that lets values be missing, when it passes as before", () => {
		const less = { ...whole, windows: [{ ...window, coverage: 0.9, goodSamples: 90 }] };
		expect(unexplainedDifferences(whole, less, known([gap], 85))).toEqual([]);
	});

	test("another result of the laboratory when its own values are missing", () => {
		const result: WindowVerdict = { ...window, kind: "laboratory", unit: "", window: "lab" };
		const other: WindowVerdict = { ...result, verdict: "not_evaluable", value: undefined };
		const lab: EvidenceGap = { ...gap, unit: "LAB" };
		const [one, two] = [
			{ ...whole, windows: [result] },
			{ ...whole, verdict: "not_evaluable" as const, windows: [other] },
		];
		expect(unexplainedDifferences(one, two, known([lab]))).toEqual([]);
		expect(unexplainedDifferences(one, two, known())).not.toEqual([]);
	});
});

describe("no gap explains", () => {
	const gaps = known();
	test.each<[string, LotJudgement, LotJudgement, KnownOfGaps]>([
		["anything without a gap", whole, gapped, known([])],
		["a gap of another unit", whole, gapped, known([{ ...gap, unit: "U2" }])],
		["a gap of another tag", whole, gapped, known([{ ...gap, tags: ["T2"] }])],
		["a gap at another time", whole, gapped, known([{ ...gap, fromMs: 3_000, toMs: 3_500 }])],
		["a gap of another cause", whole, gapped, known([{ ...gap, cause: "sequence" }])],
		["a gap that passes", whole, withWindow(whole, { goodSamples: 90 }), gaps],
		["a window that passes with too little", whole, withWindow(whole, { coverage: 0.9 }), known([gap], 95)],
		["a violation that became in", { ...whole, windows: [out] }, whole, gaps],
		[
			"a violation that became in, with less",
			{ ...whole, windows: [out] },
			withWindow(whole, { coverage: 0.9 }),
			known([gap], 85),
		],
		["a violation that there was not", whole, { ...gapped, windows: [{ ...out, coverage: 0.9 }] }, gaps],
		["an alert that there was not", whole, withWindow(gapped, { verdict: "alert" }), gaps],
		["more values", whole, withWindow(gapped, { goodSamples: 101 }), gaps],
		["a value that turned bad", whole, withWindow(gapped, { badSamples: 1 }), gaps],
		["more depth", whole, withWindow(gapped, { depth: 1 }), gaps],
		["more time outside", whole, withWindow(gapped, { timeOutsideMs: 1 }), gaps],
		["more coverage", withWindow(whole, { coverage: 0.8 }), gapped, gaps],
		["a run that ends outside of the gap", whole, withWindow(gapped, { toMs: 1_900 }), gaps],
		["other limits", whole, withWindow(gapped, { high: 530 }), gaps],
		[
			"a flat line that nobody saw",
			whole,
			withWindow(gapped, {
				reasons: [...notEvaluable.reasons, { code: "frozen", text: "the same value for 60 s or longer" }],
			}),
			gaps,
		],
		[
			"bad values",
			whole,
			withWindow(gapped, { reasons: [{ code: "bad_values", text: "1 values that do not count" }] }),
			gaps,
		],
		["a window that is gone", whole, { ...gapped, windows: [] }, gaps],
		["a window that was not there", { ...whole, windows: [] }, gapped, gaps],
		["a lot that became out", whole, { ...gapped, verdict: "out" }, gaps],
		["a lot that became in", { ...gapped, windows: [window] }, { ...whole, reasons: gapped.reasons }, gaps],
		["a lot's reason that is gone", gapped, { ...gapped, reasons: [] }, gaps],
		[
			"a lot's other reason",
			whole,
			{ ...gapped, reasons: [...gapped.reasons, { code: "too_many", text: "more samples in U1" }] },
			gaps,
		],
		["a lot that moved", whole, { ...gapped, toMs: 5_100 }, gaps],
		["a lot seen whole after all", { ...whole, observedWhole: false }, whole, gaps],
		["a better proposal", { ...whole, proposal: "hold" }, whole, gaps],
		["another specification", whole, { ...gapped, specHash: "i" }, gaps],
		[
			"a result of the laboratory",
			withWindow(whole, { kind: "laboratory" }),
			withWindow(whole, { kind: "laboratory", value: 1 }),
			gaps,
		],
	])("%s", (_, one, other, facts) => {
		expect(unexplainedDifferences(one, other, facts)).not.toEqual([]);
	});
});
