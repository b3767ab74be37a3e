import type { LiveUnit, TrendAnswer } from "../read-port.ts";
import type { SpecWindow } from "../specification.ts";

/** A window's limits over a stretch of time in which it applied. */
export interface WindowBand {
	readonly window: string;
	readonly low: number | undefined;
	readonly high: number | undefined;
	readonly fromMs: number;
	readonly toMs: number;
}

/**
 * Where the tag's windows applied in the period: their finished runs, and the run that goes on now. A run judged by
 * another version of the specification had other limits and is left out.
 */
export function windowBands(
	trend: TrendAnswer,
	windows: readonly SpecWindow[],
	specVersion: number,
	unit: LiveUnit | undefined,
): WindowBand[] {
	const bands: WindowBand[] = [];
	for (const window of windows) {
		if (window.unit !== trend.unit || window.tag !== trend.tag) continue;
		const add = (fromMs: number, toMs: number) => {
			const from = Math.max(fromMs, trend.fromMs);
			const to = Math.min(toMs, trend.toMs);
			if (from < to)
				bands.push({ window: window.id, low: window.low, high: window.high, fromMs: from, toMs: to });
		};
		let endedMs = Number.NEGATIVE_INFINITY;
		for (const run of trend.runs) {
			if (run.window !== window.id) continue;
			endedMs = Math.max(endedMs, run.toMs);
			if (run.specVersion === specVersion) add(run.fromMs, run.toMs);
		}
		if (unit === undefined || !applies(window, unit)) continue;
		const throughMs = unit.throughMs ?? trend.toMs;
		add(Math.max(endedMs, openRunMs(trend, window, throughMs)), throughMs);
	}
	return bands.sort((a, b) => a.fromMs - b.fromMs);
}

/** The rule of the judgement: a window with phases applies in them, one without in every phase of a batch. */
function applies(window: SpecWindow, unit: LiveUnit): boolean {
	return window.phases === undefined ? unit.batch !== "" : window.phases.includes(unit.phase);
}

/** When the run that goes on began, as far as the period shows: with a phase of the window, not before the batch. */
function openRunMs(trend: TrendAnswer, window: SpecWindow, throughMs: number): number {
	const visit = trend.visits.find(({ toMs }) => toMs === undefined);
	const known = window.phases === undefined ? visit !== undefined : trend.phases.length > 0;
	// A period of the past that does not say what the unit did is not judged by what it does now.
	if (!known && trend.toMs < throughMs) return Number.POSITIVE_INFINITY;
	let beganMs = trend.fromMs;
	if (window.phases !== undefined && trend.phases.length > 0) {
		const left = trend.phases.findLastIndex(({ value }) => !window.phases?.includes(String(value)));
		beganMs = trend.phases[left + 1]?.atMs ?? Number.POSITIVE_INFINITY;
	}
	return Math.max(beganMs, visit?.fromMs ?? Number.NEGATIVE_INFINITY);
}
