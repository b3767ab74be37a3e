import type { EvidenceColumns, EvidenceGap, Reason, WindowVerdict } from "../../judgement-port.ts";
import { type AlertLevel, alertLevels, type WindowPeriod } from "../../pipeline.ts";
import type { SpecWindow } from "../../specification.ts";
import { alertWindows } from "../alert-windows.ts";
import { enterContext, takeValue } from "../window-machine.ts";
import { idleWindow } from "../window-state.ts";
import { counts, firstFrom, heldStretches, type Period, sinceValueBefore, tallySamples } from "./held.ts";
import { isAbove, isBelow } from "./limits.ts";
import { gapsOf, type Run } from "./runs.ts";

const hourMs = 3_600_000;

/** Of a reason that holds a lot whatever the window's class is. */
export const holdCode = "hold_limit";

/** A stream window's violations in one run, by the same state machine that watches it live. */
function violationsOf(
	window: SpecWindow,
	run: Run,
	columns: EvidenceColumns,
	gaps: readonly Period[],
): number {
	const out = { occurrences: [], alerts: [], periods: [] as WindowPeriod[], limits: [] };
	const state = idleWindow();
	const context = { batch: run.batch, lot: run.lot, recipe: run.recipe, phase: run.phase };
	enterContext(state, window, 0, context, true, run.fromMs, out);
	let gap = 0;
	// Where nothing is known, no delay runs.
	const unseenUntil = (atMs: number) => {
		for (; gap < gaps.length && (gaps[gap] as Period).fromMs < atMs; gap++)
			takeValue(state, window, 0, undefined, Math.max(run.judged.fromMs, (gaps[gap] as Period).fromMs), out);
	};
	const take = (index: number, atMs: number) => {
		const value = counts(columns, index, window) ? (columns.value[index] as number) : undefined;
		takeValue(state, window, 0, value, atMs, out);
	};
	let index = firstFrom(columns.atMs, run.judged.fromMs);
	// A value that nothing has changed since it came holds: it is judged when the judging begins.
	const nextMs = columns.atMs[index] ?? Number.POSITIVE_INFINITY;
	if (nextMs >= run.judged.toMs && index > 0 && gaps.length === 0 && window.hold !== "none")
		take(index - 1, run.judged.fromMs);
	for (; index < columns.atMs.length; index++) {
		const atMs = columns.atMs[index] as number;
		if (atMs >= run.judged.toMs) break;
		unseenUntil(atMs);
		take(index, atMs);
	}
	unseenUntil(run.judged.toMs);
	enterContext(state, window, 0, { batch: "", lot: "", recipe: "", phase: "" }, false, run.toMs, out);
	return out.periods.reduce((sum, { violations }) => sum + violations, 0);
}

/** The same window with other limits; undefined when it has none of the kind. */
function withLimits(window: SpecWindow, which: AlertLevel): SpecWindow | undefined {
	const found = alertWindows(window).find(({ level }) => level === which);
	if (found === undefined) return undefined;
	// Its period is what is counted here.
	const { level: _level, ...own } = found;
	return own;
}

/** Longest time without a change of more than the tolerance, while values came; QARTOD's flat line test by time. */
function longestFlatMs(window: SpecWindow, run: Run, { atMs, value }: EvidenceColumns): number {
	const tolerance = window.frozen?.tolerance ?? 0;
	let longest = 0;
	let [low, high, sinceMs] = [Number.NaN, Number.NaN, 0];
	for (let index = firstFrom(atMs, run.judged.fromMs); index < atMs.length; index++) {
		const at = atMs[index] as number;
		if (at >= run.judged.toMs) break;
		const own = value[index] as number;
		if (!Number.isFinite(own)) continue;
		const nextLow = Math.min(low, own);
		const nextHigh = Math.max(high, own);
		if (!(nextHigh - nextLow <= tolerance)) [low, high, sinceMs] = [own, own, at];
		else [low, high] = [nextLow, nextHigh];
		longest = Math.max(longest, at - sinceMs);
	}
	return longest;
}

function longestSilenceMs(run: Run, { atMs }: EvidenceColumns): number {
	let [lastMs, longest] = [run.judged.fromMs, 0];
	for (let index = firstFrom(atMs, run.judged.fromMs); index < atMs.length; index++) {
		const at = atMs[index] as number;
		if (at >= run.judged.toMs) break;
		longest = Math.max(longest, at - lastMs);
		lastMs = at;
	}
	return Math.max(longest, run.judged.toMs - lastMs);
}

/** What a stream window says of one batch: over all runs that the batch had in the unit. */
export function judgeStream(
	window: SpecWindow,
	runs: readonly Run[],
	columns: EvidenceColumns,
	gaps: readonly EvidenceGap[],
): WindowVerdict {
	const first = runs[0] as Run;
	const tally = { good: 0, uncertain: 0, bad: 0 };
	let [judgedMs, coveredMs, violations, alerts, actions, holds] = [0, 0, 0, 0, 0, 0];
	let [depth, timeOutsideMs, outsideIntegral] = [0, 0, 0];
	let worst: number | undefined;
	let nearest = Number.POSITIVE_INFINITY;
	let notWhole = false;
	let uncounted = 0;
	const causes = new Set<string>();
	const reasons: Reason[] = [];
	const [alertWindow, actionWindow, holdWindow] = alertLevels.map((level) => withLimits(window, level));
	for (const run of runs) {
		notWhole ||= !run.isWhole;
		const holes = gapsOf(gaps, window.unit, window.tag, run.judged);
		for (const { causes: own } of holes) for (const cause of own) causes.add(cause);
		const held = gapsOf(gaps, window.unit, window.tag, sinceValueBefore(columns, run.judged));
		judgedMs += run.judged.toMs - run.judged.fromMs;
		const before = { ...tally };
		tallySamples(columns, run.judged, tally);
		uncounted += tally.bad - before.bad;
		if (window.treat_uncertain_as_bad) uncounted += tally.uncertain - before.uncertain;
		violations += violationsOf(window, run, columns, holes);
		if (alertWindow !== undefined) alerts += violationsOf(alertWindow, run, columns, holes);
		if (holdWindow !== undefined) holds += violationsOf(holdWindow, run, columns, holes);
		if (actionWindow !== undefined) actions += violationsOf(actionWindow, run, columns, holes);
		const note = (value: number) => {
			const room = Math.min(
				window.low === undefined ? Number.POSITIVE_INFINITY : value - window.low,
				window.high === undefined ? Number.POSITIVE_INFINITY : window.high - value,
			);
			if (room < nearest) [nearest, worst] = [room, value];
		};
		coveredMs += heldStretches(columns, run.judged, window, held, (fromMs, toMs, from, to) => {
			note(from);
			if (to !== from) note(to);
			const middle = (from + to) / 2;
			const below = isBelow(window, "low", middle);
			if (!below && !isAbove(window, "high", middle)) return;
			timeOutsideMs += toMs - fromMs;
			const by = below ? (window.low as number) - middle : middle - (window.high as number);
			outsideIntegral += (by * (toMs - fromMs)) / hourMs;
		});
		if (window.stale_after_s !== undefined && longestSilenceMs(run, columns) > window.stale_after_s * 1_000)
			reasons.push({ code: "stale", text: `no new value for more than ${window.stale_after_s} s` });
		if (window.frozen !== undefined) {
			const flatMs = longestFlatMs(window, run, columns);
			const { suspect_after_s: suspectS, fail_after_s: failS } = window.frozen;
			if (flatMs >= failS * 1_000)
				reasons.push({ code: "frozen", text: `the same value for ${failS} s or longer` });
			else if (flatMs >= suspectS * 1_000)
				reasons.push({ code: "suspect_frozen", text: `the same value for ${suspectS} s or longer` });
		}
	}
	if (nearest < 0) depth = -nearest;
	const usable = tally.good + (window.treat_uncertain_as_bad ? 0 : tally.uncertain);
	const all = tally.good + tally.uncertain + tally.bad;
	const coverage =
		window.hold === "none" || judgedMs === 0 ? (all === 0 ? 0 : usable / all) : coveredMs / judgedMs;
	const unseen: Reason[] = [];
	// A run that blanking and grace leave nothing of has nothing to judge.
	const isJudged = judgedMs > 0;
	if (isJudged && usable === 0 && coveredMs === 0)
		unseen.push({ code: "no_value", text: "no value that counts" });
	else if (isJudged && uncounted > 0 && window.good_percent_min === 100)
		unseen.push({ code: "bad_values", text: `${uncounted} values that do not count` });
	if (causes.size > 0 && window.good_percent_min === 100)
		unseen.push({ code: "gap", text: `gap: ${[...causes].sort().join(", ")}` });
	if (isJudged && coverage * 100 < window.good_percent_min)
		unseen.push({
			code: "coverage",
			text: `${percent(coverage)} of the time covered, expected ${window.good_percent_min} %`,
		});
	if (notWhole) unseen.push({ code: "not_whole", text: "its beginning or its end was not seen" });
	unseen.push(...reasons.filter(({ code }) => code === "stale" || code === "frozen"));
	const said: Reason[] = [];
	if (violations > 0)
		said.push({ code: "violation", text: `${violations} violation${violations === 1 ? "" : "s"}` });
	if (holds > 0) said.push({ code: holdCode, text: "beyond a hold limit" });
	if (actions > 0) said.push({ code: "action_limit", text: "beyond an action limit" });
	if (alerts > 0) said.push({ code: "alert_limit", text: "beyond an alert limit" });
	const suspect = reasons.filter(({ code }) => code === "suspect_frozen");
	const isAlert = actions > 0 || alerts > 0 || suspect.length > 0;
	return {
		window: window.id,
		characteristic: window.characteristic ?? window.id,
		kind: "stream",
		class: window.class,
		unit: window.unit,
		batch: first.batch,
		verdict: violations + holds > 0 ? "out" : unseen.length > 0 ? "not_evaluable" : isAlert ? "alert" : "in",
		value: worst,
		eu: window.eu,
		low: window.low,
		high: window.high,
		fromMs: first.fromMs,
		toMs: (runs.at(-1) as Run).toMs,
		depth,
		timeOutsideMs,
		outsideIntegral,
		violations,
		coverage,
		goodSamples: tally.good,
		uncertainSamples: tally.uncertain,
		badSamples: tally.bad,
		reasons: unique([...said, ...unseen, ...suspect]),
	};
}

/** Rounded down: what is not whole never reads as 100 %. */
export function percent(share: number): string {
	return `${(Math.floor(share * 10_000) / 100).toFixed(2)} %`;
}

export function unique(reasons: readonly Reason[]): Reason[] {
	const known = new Set<string>();
	return reasons.filter(({ code, text }) => {
		const one = `${code} ${text}`;
		return !known.has(one) && known.add(one) !== undefined;
	});
}
