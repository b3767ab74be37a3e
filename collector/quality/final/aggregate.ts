import type { EvidenceColumns, EvidenceGap, Reason, WindowVerdict } from "../../judgement-port.ts";
import type { SpecAggregate } from "../../specification.ts";
import { counts, firstFrom, heldStretches, sinceValueBefore, tallySamples } from "./held.ts";
import { standing } from "./limits.ts";
import { gapsOf, type Run } from "./runs.ts";
import { percent, unique } from "./stream.ts";

const hourMs = 3_600_000;

/** The running figures of a batch's runs, from which every basis is made. */
interface Figures {
	coveredMs: number;
	/** Of value over time, in value times ms. */
	integral: number;
	/** Of what is beyond the reference, and for how long. */
	beyond: number;
	beyondMs: number;
	sum: number;
	/** Of the squares of what is off the running mean (Welford 1962). */
	squares: number;
	samples: number;
	min: number;
	max: number;
	first: { atMs: number; value: number } | undefined;
	last: { atMs: number; value: number } | undefined;
}

function gather(
	aggregate: SpecAggregate,
	run: Run,
	columns: EvidenceColumns,
	gaps: readonly EvidenceGap[],
	to: Figures,
): number {
	const holes = gapsOf(gaps, aggregate.unit, aggregate.tag, run.judged);
	const held = gapsOf(gaps, aggregate.unit, aggregate.tag, sinceValueBefore(columns, run.judged));
	for (let index = firstFrom(columns.atMs, run.judged.fromMs); index < columns.atMs.length; index++) {
		const atMs = columns.atMs[index] as number;
		if (atMs >= run.judged.toMs) break;
		if (!counts(columns, index, aggregate)) continue;
		const value = columns.value[index] as number;
		to.samples++;
		// The running mean stays exact where a sum of large numbers would not.
		const off = value - to.sum;
		to.sum += off / to.samples;
		to.squares += off * (value - to.sum);
		to.min = Math.min(to.min, value);
		to.max = Math.max(to.max, value);
		to.first ??= { atMs, value };
		to.last = { atMs, value };
	}
	const reference = aggregate.reference ?? 0;
	const sign = aggregate.side === "above" ? 1 : -1;
	to.coveredMs += heldStretches(columns, run.judged, aggregate, held, (fromMs, toMs, from, end) => {
		const ms = toMs - fromMs;
		to.integral += ((from + end) / 2) * ms;
		to.min = Math.min(to.min, from, end);
		to.max = Math.max(to.max, from, end);
		const [a, b] = [sign * (from - reference), sign * (end - reference)];
		if (a <= 0 && b <= 0) return;
		// A line that crosses the reference is beyond it for a part of its time.
		const share = a > 0 && b > 0 ? 1 : Math.max(a, b) / Math.abs(a - b);
		to.beyondMs += ms * share;
		to.beyond += ((Math.max(a, 0) + Math.max(b, 0)) / 2) * ms * share;
	});
	return holes.length;
}

/** The value at the begin of the judged time: what held then counts, else the first that came. */
function startOf(
	aggregate: SpecAggregate,
	run: Run,
	columns: EvidenceColumns,
	figures: Figures,
): number | undefined {
	const before = firstFrom(columns.atMs, run.judged.fromMs) - 1;
	const holds =
		before >= 0 &&
		aggregate.hold === "step" &&
		counts(columns, before, aggregate) &&
		(aggregate.max_gap_s === undefined ||
			run.judged.fromMs - (columns.atMs[before] as number) <= aggregate.max_gap_s * 1_000);
	return holds ? (columns.value[before] as number) : figures.first?.value;
}

function numberOf(
	aggregate: SpecAggregate,
	runs: readonly Run[],
	columns: EvidenceColumns,
	figures: Figures,
): number | undefined {
	const { samples, coveredMs, min, max, last } = figures;
	const first = runs[0] as Run;
	switch (aggregate.basis) {
		case "mean":
			return samples === 0 ? undefined : figures.sum;
		case "time_weighted_mean":
			return coveredMs > 0 ? figures.integral / coveredMs : samples === 0 ? undefined : figures.sum;
		case "standard_deviation":
			return samples < 2 ? undefined : Math.sqrt(figures.squares / (samples - 1));
		case "min":
			return Number.isFinite(min) ? min : undefined;
		case "max":
			return Number.isFinite(max) ? max : undefined;
		case "start":
			return startOf(aggregate, first, columns, figures);
		case "end":
			return last?.value ?? startOf(aggregate, first, columns, figures);
		case "rate": {
			if (figures.first === undefined || last === undefined || last.atMs === figures.first.atMs)
				return undefined;
			return ((last.value - figures.first.value) * hourMs) / (last.atMs - figures.first.atMs);
		}
		case "integral":
			if (coveredMs === 0) return undefined;
			return (aggregate.reference === undefined ? figures.integral : figures.beyond) / hourMs;
		case "time_outside":
			return coveredMs === 0 ? undefined : figures.beyondMs / hourMs;
	}
}

/** What an aggregate says of one batch: one number over all its runs, held against the limits. */
export function judgeAggregate(
	aggregate: SpecAggregate,
	runs: readonly Run[],
	columns: EvidenceColumns,
	gaps: readonly EvidenceGap[],
): WindowVerdict {
	const figures: Figures = {
		...{ coveredMs: 0, integral: 0, beyond: 0, beyondMs: 0, sum: 0, squares: 0, samples: 0 },
		...{ min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY, first: undefined, last: undefined },
	};
	const tally = { good: 0, uncertain: 0, bad: 0 };
	let [judgedMs, holes, notWhole] = [0, 0, false];
	for (const run of runs) {
		judgedMs += run.judged.toMs - run.judged.fromMs;
		holes += gather(aggregate, run, columns, gaps, figures);
		tallySamples(columns, run.judged, tally);
		notWhole ||= !run.isWhole;
	}
	const found = numberOf(aggregate, runs, columns, figures);
	const value = found !== undefined && Number.isFinite(found) ? found : undefined;
	const usable = tally.good + (aggregate.treat_uncertain_as_bad ? 0 : tally.uncertain);
	const all = tally.good + tally.uncertain + tally.bad;
	const isCounted = aggregate.hold === "none" || judgedMs === 0;
	const coverage = isCounted ? (all === 0 ? 0 : usable / all) : figures.coveredMs / judgedMs;
	const unseen: Reason[] = [];
	if (value === undefined) unseen.push({ code: "no_value", text: "no value that counts" });
	if (holes > 0 && aggregate.good_percent_min === 100) unseen.push({ code: "gap", text: "gap in its time" });
	if (coverage * 100 < aggregate.good_percent_min)
		unseen.push({
			code: "coverage",
			text: `${percent(coverage)} of the time covered, expected ${aggregate.good_percent_min} %`,
		});
	if (notWhole) unseen.push({ code: "not_whole", text: "its beginning or its end was not seen" });
	const guard = aggregate.decision === "guarded" && value !== undefined ? uncertaintyOf(aggregate, value) : 0;
	const held = value === undefined ? undefined : standing(aggregate, value, guard);
	const said: Reason[] =
		held?.why === undefined ? [] : [{ code: held.why, text: `${held.why}: limit ${held.limit}` }];
	// What was seen out of its limits is out, however much else was not seen, unless more of it could bring it back.
	const isCertain = held?.verdict === "out" && isLasting(aggregate, held.side);
	const verdict = unseen.length > 0 && !isCertain ? "not_evaluable" : (held?.verdict ?? "not_evaluable");
	const first = runs[0] as Run;
	return {
		window: aggregate.id,
		characteristic: aggregate.characteristic ?? aggregate.id,
		kind: "aggregate",
		class: aggregate.class,
		unit: aggregate.unit,
		batch: first.batch,
		verdict,
		value,
		eu: aggregate.eu,
		low: aggregate.low,
		high: aggregate.high,
		fromMs: first.fromMs,
		toMs: (runs.at(-1) as Run).toMs,
		depth: held?.depth ?? 0,
		timeOutsideMs: 0,
		outsideIntegral: 0,
		violations: verdict === "out" ? 1 : 0,
		coverage,
		goodSamples: tally.good,
		uncertainSamples: tally.uncertain,
		badSamples: tally.bad,
		reasons: unique([...said, ...unseen]),
	};
}

/** Whether a number that is out on this side stays out, whatever the missing values were. */
function isLasting({ basis, reference }: SpecAggregate, side: "low" | "high" | undefined): boolean {
	if (basis === "min") return side === "low";
	if (basis === "max") return side === "high";
	return side === "high" && (basis === "time_outside" || (basis === "integral" && reference !== undefined));
}

function uncertaintyOf({ uncertainty, uncertainty_percent }: SpecAggregate, value: number): number {
	return Math.max(uncertainty ?? 0, (Math.abs(value) * (uncertainty_percent ?? 0)) / 100);
}
