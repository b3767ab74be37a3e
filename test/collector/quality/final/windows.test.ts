import { describe, expect, test } from "vitest";
import type { ContextStretch, EvidenceColumns, EvidenceGap } from "../../../../collector/judgement-port.ts";
import { judgeAggregate } from "../../../../collector/quality/final/aggregate.ts";
import { standing } from "../../../../collector/quality/final/limits.ts";
import { runsOf } from "../../../../collector/quality/final/runs.ts";
import { judgeStream } from "../../../../collector/quality/final/stream.ts";
import type { SpecAggregate, SpecWindow } from "../../../../collector/specification.ts";
import { specificationFrom, windowFrom } from "../../specification-of.ts";

const bad = 0x80310000;
const uncertain = 0x40000000;
const unit = "U1";

/** Values at seconds: `[s, value]`, or with a status. */
type Value = readonly [s: number, value: number, status?: number];

function columns(values: readonly Value[]): EvidenceColumns {
	return {
		atMs: Float64Array.from(values, ([s]) => s * 1_000),
		value: Float64Array.from(values, ([, value]) => value),
		status: Uint32Array.from(values, ([, , status = 0]) => status),
	};
}

/** IDLE to 100 s, SOAK from 100 s to 200 s, IDLE again. */
const soak: ContextStretch[] = [
	[0, 100, "", "IDLE"],
	[100, 200, "B1", "SOAK"],
	[200, 300, "", "IDLE"],
].map(([from, to, batch, phase]) => ({
	...{ unit, batch: String(batch), lot: batch === "" ? "" : "L1", recipe: "R", phase: String(phase) },
	...{ fromMs: Number(from) * 1_000, toMs: Number(to) * 1_000, startObserved: true, endObserved: true },
}));

const gap = (fromS: number, toS: number, tags: string[] = []): EvidenceGap => ({
	...{ unit, tags, cause: "server_unreachable", fromMs: fromS * 1_000, toMs: toS * 1_000 },
});

const applies = ({ phase }: ContextStretch) => phase === "SOAK";

const common = {
	unit,
	tag: "T1",
	phases: ["SOAK"],
	eu: "K",
	concerns: ["technical" as const],
	reaction: "look",
};

function stream(
	values: readonly Value[],
	changes: Partial<SpecWindow> = {},
	gaps: readonly EvidenceGap[] = [],
	context = soak,
) {
	const window = { ...windowFrom({ id: "w", low: 0, high: 10, ...common }), ...changes };
	return judgeStream(window, runsOf(window, context, applies), columns(values), gaps);
}

function aggregate(
	values: readonly Value[],
	changes: Partial<SpecAggregate>,
	gaps: readonly EvidenceGap[] = [],
) {
	const specification = specificationFrom({
		aggregates: [{ id: "a", basis: "mean", low: 0, high: 10, ...common }],
	});
	const one = { ...(specification.aggregates[0] as SpecAggregate), ...changes };
	return judgeAggregate(one, runsOf(one, soak, applies), columns(values), gaps);
}

const every10: Value[] = Array.from({ length: 30 }, (_, index) => [index * 10, 5]);
const withValue = (s: number, value: number, status?: number): Value[] =>
	every10.map((one) => (one[0] === s ? ([s, value, status] as Value) : one));
const codes = (verdict: { reasons: readonly { code: string }[] }) => verdict.reasons.map(({ code }) => code);

describe("a stream window over one batch", () => {
	test("covered by values inside it is in", () => {
		const verdict = stream(every10);
		expect(verdict).toMatchObject({
			verdict: "in",
			coverage: 1,
			goodSamples: 10,
			violations: 0,
			reasons: [],
		});
		expect([verdict.fromMs, verdict.toMs]).toEqual([100_000, 200_000]);
	});

	test("tells how far, how long and how much outside", () => {
		const verdict = stream(withValue(150, 14));
		expect(verdict).toMatchObject({
			verdict: "out",
			violations: 1,
			value: 14,
			depth: 4,
			timeOutsideMs: 10_000,
		});
		expect(verdict.outsideIntegral).toBeCloseTo((4 * 10) / 3_600, 12);
	});

	test("a value on a limit is inside, unless the limit is exclusive", () => {
		expect(stream(withValue(150, 10)).verdict).toBe("in");
		expect(stream(withValue(150, 10), { exclusive: ["high"] }).verdict).toBe("out");
	});

	test("shorter outside than the delay is no violation, but is told", () => {
		expect(stream(withValue(150, 14), { on_delay_s: 15 })).toMatchObject({
			verdict: "in",
			timeOutsideMs: 10_000,
		});
	});

	test("a gap stops the delay, and what it hides never passes", () => {
		const hot = every10.map(([s, value]): Value => (s >= 150 && s < 170 ? [s, 14] : [s, value]));
		expect(stream(hot, { on_delay_s: 15 }).verdict).toBe("out");
		expect(stream(hot, { on_delay_s: 15 }, [gap(151, 159)])).toMatchObject({ verdict: "not_evaluable" });
		expect(codes(stream(every10, {}, [gap(151, 159)]))).toEqual(["gap", "coverage"]);
	});

	test("a gap of another tag, and one outside of the phase, change nothing", () => {
		expect(stream(every10, {}, [gap(120, 130, ["T2"])]).verdict).toBe("in");
		expect(stream(every10, {}, [gap(220, 240)]).verdict).toBe("in");
	});

	test("a gap before the phase keeps the value before it from holding into it", () => {
		const late: Value[] = [[50, 5], ...every10.filter(([s]) => s >= 130)];
		expect(stream(late).coverage).toBe(1);
		expect(stream(late, {}, [gap(60, 80)])).toMatchObject({ verdict: "not_evaluable", coverage: 0.7 });
	});

	test("a gap without length, of values of one moment, counts", () => {
		expect(stream(every10, {}, [gap(150, 150)]).verdict).toBe("not_evaluable");
	});

	test("a Bad value is not evaluable where nothing may be missing, and counts by its time where something may", () => {
		expect(codes(stream(withValue(150, 5, bad)))).toEqual(["bad_values", "coverage"]);
		expect(stream(withValue(150, 5, bad), { good_percent_min: 90 })).toMatchObject({
			verdict: "in",
			coverage: 0.9,
		});
		expect(stream(withValue(150, 5, bad), { good_percent_min: 91 }).verdict).toBe("not_evaluable");
	});

	test("Uncertain is Bad unless the window says otherwise (OPC UA Part 13)", () => {
		expect(stream(withValue(150, 5, uncertain)).verdict).toBe("not_evaluable");
		expect(stream(withValue(150, 5, uncertain), { treat_uncertain_as_bad: false }).verdict).toBe("in");
	});

	test("a value that nothing has changed since before the phase holds and is judged", () => {
		expect(stream([[90, 5]])).toMatchObject({ verdict: "in", coverage: 1, goodSamples: 0 });
		expect(stream([[90, 14]])).toMatchObject({ verdict: "out", timeOutsideMs: 100_000 });
		expect(stream([[90, 5]], { max_gap_s: 60 })).toMatchObject({ verdict: "not_evaluable", coverage: 0.5 });
		expect(stream([])).toMatchObject({ verdict: "not_evaluable", coverage: 0 });
	});

	test("blanking and grace leave out the ends", () => {
		const ends = every10.map(([s]): Value => [s, s < 120 || s >= 180 ? 14 : 5]);
		expect(stream(ends).verdict).toBe("out");
		expect(stream(ends, { blanking_s: 20, grace_s: 20 })).toMatchObject({ verdict: "in", goodSamples: 6 });
	});

	test("an alert limit makes an alert, out stays out", () => {
		expect(stream(withValue(150, 9), { alert_high: 8 })).toMatchObject({ verdict: "alert", violations: 0 });
		expect(codes(stream(withValue(150, 9), { alert_high: 8, action_high: 8.5 }))).toEqual([
			"action_limit",
			"alert_limit",
		]);
		expect(stream(withValue(150, 14), { alert_high: 8 }).verdict).toBe("out");
	});

	test("one value beyond a hold limit is out whatever the delay is, and says so", () => {
		const limits = { high: 10, hold_high: 13, on_delay_s: 60 };
		expect(stream(withValue(150, 12.9), limits)).toMatchObject({ verdict: "in", violations: 0, reasons: [] });
		expect(stream(withValue(150, 13), limits).verdict).toBe("in");
		const held = stream(withValue(150, 13.1), limits);
		expect(held).toMatchObject({ verdict: "out", violations: 0, reasons: [{ code: "hold_limit" }] });
		expect(stream(withValue(150, -3), { low: 0, hold_low: -2, on_delay_s: 60 }).verdict).toBe("out");
		expect(stream(withValue(150, 99, bad), { ...limits, good_percent_min: 50 }).verdict).toBe("in");
		expect(stream(withValue(105, 99), { ...limits, blanking_s: 30 }).verdict).toBe("in");
	});

	test("out beats what was not seen", () => {
		expect(stream(withValue(150, 14), {}, [gap(120, 130)]).verdict).toBe("out");
	});

	test("a run whose end nobody saw is not evaluable", () => {
		const open = soak.map((one) => ({ ...one, endObserved: one.batch === "" }));
		expect(codes(stream(every10, {}, [], open))).toEqual(["not_whole"]);
	});

	test("silence and a flat line are named", () => {
		const silent = every10.filter(([s]) => s <= 120 || s >= 170);
		expect(codes(stream(silent, { stale_after_s: 40 }))).toEqual(["stale"]);
		expect(stream(silent, { stale_after_s: 60 }).verdict).toBe("in");
		const frozen = { tolerance: 0, suspect_after_s: 50, fail_after_s: 200 };
		expect(stream(every10, { frozen })).toMatchObject({ verdict: "alert" });
		expect(codes(stream(every10, { frozen: { ...frozen, fail_after_s: 80 } }))).toEqual(["frozen"]);
		const alive = every10.map(([s]): Value => [s, 5 + Math.sin(s)]);
		expect(stream(alive, { frozen }).verdict).toBe("in");
	});
});

describe("an aggregate", () => {
	const steps: Value[] = [
		[90, 2],
		[120, 4],
		[150, 9],
		[160, 1],
	];
	// Held: 2 for 20 s, 4 for 30 s, 9 for 10 s, 1 for 40 s.
	test.each<[Partial<SpecAggregate>, number]>([
		[{ basis: "mean" }, 14 / 3],
		[{ basis: "time_weighted_mean" }, (2 * 20 + 4 * 30 + 9 * 10 + 1 * 40) / 100],
		[
			{ basis: "standard_deviation" },
			Math.sqrt(((4 - 14 / 3) ** 2 + (9 - 14 / 3) ** 2 + (1 - 14 / 3) ** 2) / 2),
		],
		[{ basis: "min" }, 1],
		[{ basis: "max" }, 9],
		[{ basis: "start" }, 2],
		[{ basis: "end" }, 1],
		[{ basis: "rate", low: -1e6 }, ((1 - 4) * 3_600) / 40],
		[{ basis: "integral" }, 290 / 3_600],
		[{ basis: "integral", reference: 3 }, (1 * 30 + 6 * 10) / 3_600],
		[{ basis: "time_outside", reference: 3 }, 40 / 3_600],
		[{ basis: "time_outside", reference: 3, side: "below" }, 60 / 3_600],
	])("%o", (changes, expected) => {
		const verdict = aggregate(steps, changes);
		expect(verdict.value).toBeCloseTo(expected, 12);
		expect(verdict).toMatchObject({ verdict: "in", coverage: 1 });
	});

	test("over straight lines crosses its reference where they do", () => {
		const line: Value[] = [
			[100, 0],
			[200, 10],
		];
		expect(aggregate(line, { basis: "time_outside", reference: 7.5, hold: "linear" }).value).toBeCloseTo(
			25 / 3_600,
			12,
		);
		expect(aggregate(line, { basis: "integral", hold: "linear" }).value).toBeCloseTo(500 / 3_600, 12);
	});

	test("with a gap is not evaluable, unless no missing value could bring it back", () => {
		expect(aggregate(steps, { basis: "mean" }, [gap(130, 140)]).verdict).toBe("not_evaluable");
		expect(aggregate(steps, { basis: "mean", high: 3 }, [gap(130, 140)]).verdict).toBe("not_evaluable");
		expect(aggregate(steps, { basis: "max", high: 8 }, [gap(130, 140)]).verdict).toBe("out");
		expect(aggregate(steps, { basis: "min", high: 0.5 }, [gap(130, 140)]).verdict).toBe("not_evaluable");
	});

	test("in doubt by its uncertainty is an alert with a guarded decision only (JCGM 106)", () => {
		expect(aggregate(steps, { basis: "max", high: 9.2, uncertainty: 0.5 }).verdict).toBe("in");
		const guarded = { basis: "max", high: 9.2, uncertainty: 0.5, decision: "guarded" } as const;
		expect(aggregate(steps, guarded)).toMatchObject({ verdict: "alert", reasons: [{ code: "uncertain" }] });
		expect(aggregate(steps, { ...guarded, uncertainty: 0.1 }).verdict).toBe("in");
	});
});

test("limits stand in their order: out, action, alert, in", () => {
	const limits = {
		low: 0,
		action_low: 1,
		alert_low: 2,
		alert_high: 8,
		action_high: 9,
		high: 10,
		exclusive: [],
	};
	const of = (value: number) => standing({ target: 5, ...limits }, value);
	expect([-1, 0, 1, 1.5, 2, 5, 8.5, 9.5, 10, 11].map((value) => of(value).why ?? "in")).toEqual([
		...["outside", "action", "alert", "alert", "in", "in", "alert", "action", "action", "outside"],
	]);
	expect(of(11)).toMatchObject({ verdict: "out", depth: 1, limit: 10 });
});
