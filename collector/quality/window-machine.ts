// One specification window as a state machine over source time. Pure: samples, phases and Through come in, changes of
// an occurrence and the summary of a finished run come out.
//
//   idle ──phase of the window──► blanked ──blanking over──► inside ──value outside──► suspect ──on delay──► violated
//     ▲                                                        ▲ ◄────value inside────────┘                     │  ▲
//     │                                                        └──off delay── recovering ◄──inside by deadband──┘  │
//     └──────────────── phase left (closes what is open) ◄──────────────────────────│──── not inside by deadband ──┘
//
// A delay counts observed time only: it runs while the device's Through says that nothing is missing and the newest value still
// holds (`hold`, `max_gap_s`), and a value that does not count stops it: one that is not Good, one that has not moved for too long
// (`frozen`), none for too long (`stale_after_s`). Such a value neither raises nor clears; it is counted, and the verdict says
// "not evaluable". What happens is told `grace_s` later, because only then is it known not to lie in the end of the phase.

import { causeId } from "./cause-id.ts";
import { endLimits, runId, tellLimits } from "./limit-telling.ts";
import type { LiveWindow, UnitContext, WindowOutput, WindowState } from "./window-state.ts";
import { hold, release, tell } from "./window-telling.ts";
import { farther, insideByDeadband, isFlat, isSilent, observedMs, outside } from "./window-values.ts";

/**
 * The unit's context changed at `atMs`, and the window judges in it or not. A run lasts while it does and the batch stays the
 * same.
 */
export function enterContext(
	state: WindowState,
	window: LiveWindow,
	specVersion: number,
	context: UnitContext,
	isJudged: boolean,
	atMs: number,
	out: WindowOutput,
): void {
	advance(state, window, specVersion, atMs, out);
	if (state.phase !== "idle" && (!isJudged || context.batch !== state.batch || context.lot !== state.lot)) {
		closeRun(state, window, specVersion, atMs, out);
	}
	state.unitPhase = context.phase;
	if (!isJudged || state.phase !== "idle") return;
	state.phase = "blanked";
	state.sinceMs = atMs;
	state.runFromMs = atMs;
	state.batch = context.batch;
	state.lot = context.lot;
	state.goodSamples = 0;
	state.badSamples = 0;
	state.violations = 0;
	state.lastMs = atMs + window.blanking_s * 1_000;
	state.flatMs = -1;
	state.lost = false;
	state.limitsNextMs = undefined;
}

/** Whether the passing of observed time up to `toMs` alone can change it. */
export function awaits(
	{ phase, held, lost, limitsNextMs }: WindowState,
	window: LiveWindow,
	toMs: number,
): boolean {
	if (phase !== "idle" && (limitsNextMs === undefined || toMs >= limitsNextMs)) return true;
	if (phase === "blanked" || phase === "suspect" || phase === "recovering" || held.length > 0) return true;
	return !lost && phase !== "idle" && (window.stale_after_s !== undefined || window.frozen !== undefined);
}

/** Observed time has come to `toMs`: what was waiting for a delay may happen. */
export function advance(
	state: WindowState,
	window: LiveWindow,
	specVersion: number,
	toMs: number,
	out: WindowOutput,
): void {
	if (state.phase === "idle") return;
	pass(state, window, specVersion, toMs, observedMs(state.lastMs, window, toMs), out);
	if (state.limitsNextMs === undefined || toMs >= state.limitsNextMs)
		tellLimits(state, window, specVersion, toMs, out);
	// On a straight line, only the next value says what was between.
	if (window.hold === "step" && observedMs(state.lastMs, window, toMs) < toMs) interrupt(state);
	if (!state.lost && isSilent(state, window, toMs)) lose(state);
	if (state.held.length > 0) release(state, toMs - window.grace_s * 1_000, out);
}

/** Time passes, of which the part up to `observedToMs` counts towards delays. */
function pass(
	state: WindowState,
	window: LiveWindow,
	specVersion: number,
	toMs: number,
	observedToMs: number,
	out: WindowOutput,
): void {
	if (state.phase === "blanked" && toMs - state.sinceMs >= window.blanking_s * 1_000) {
		state.phase = "inside";
		state.sinceMs += window.blanking_s * 1_000;
	}
	if (state.phase === "suspect" && observedToMs - state.sinceMs >= window.on_delay_s * 1_000)
		raise(state, window, specVersion, out);
	if (state.phase === "recovering" && observedToMs - state.sinceMs >= window.off_delay_s * 1_000)
		clear(state, window, state.sinceMs + window.off_delay_s * 1_000, out);
}

/** A value of the window's tag at `atMs`; `value` is undefined when its status does not count or it is not a number. */
export function takeValue(
	state: WindowState,
	window: LiveWindow,
	specVersion: number,
	value: number | undefined,
	atMs: number,
	out: WindowOutput,
): void {
	if (state.phase === "idle") return;
	const side = value === undefined ? undefined : outside(window, value);
	if (window.hold === "linear" && state.phase !== "blanked") {
		// A stretch between two values counts when both are on the side that the delay is about.
		const isGoingOn =
			value !== undefined &&
			(state.phase === "recovering" ? insideByDeadband(window, value) : side === state.side);
		const { lastMs } = state;
		const isBridged = isGoingOn && atMs - lastMs <= (window.max_gap_s ?? Number.POSITIVE_INFINITY) * 1_000;
		pass(state, window, specVersion, atMs, isBridged ? atMs : lastMs, out);
		if (!isBridged) interrupt(state);
	}
	advance(state, window, specVersion, atMs, out);
	if (state.phase === "blanked") return;
	if (value === undefined || isFlat(state, window, value, atMs)) {
		state.badSamples++;
		interrupt(state);
		if (value !== undefined) state.lost = true;
		return;
	}
	state.goodSamples++;
	state.lastMs = atMs;
	state.lost = false;
	if (state.phase === "inside" || state.phase === "suspect") {
		if (side === undefined) state.phase = "inside";
		else if (state.phase === "inside" || side !== state.side) {
			state.phase = "suspect";
			state.sinceMs = atMs;
			state.side = side;
			state.extreme = value;
			if (window.on_delay_s === 0) raise(state, window, specVersion, out);
		} else state.extreme = farther(state.side, state.extreme, value);
		return;
	}
	if (side === state.side) state.extreme = farther(state.side, state.extreme, value);
	if (insideByDeadband(window, value)) {
		if (state.phase === "violated") {
			state.phase = "recovering";
			state.sinceMs = atMs;
			if (window.off_delay_s === 0) clear(state, window, atMs, out);
		}
	} else state.phase = "violated";
}

/** What is not observed does not count towards a delay. */
function interrupt(state: WindowState): void {
	if (state.phase === "suspect") state.phase = "inside";
	if (state.phase === "recovering") state.phase = "violated";
}

function lose(state: WindowState): void {
	state.lost = true;
	state.badSamples++;
	interrupt(state);
}

function raise(state: WindowState, window: LiveWindow, specVersion: number, out: WindowOutput): void {
	const startedMs = state.sinceMs;
	state.phase = "violated";
	state.open = {
		id: causeId(
			window.level ?? "occurrence",
			...[window.id, specVersion, window.unit, state.batch, state.runFromMs, startedMs],
		),
		window: window.id,
		specVersion,
		unit: window.unit,
		tag: window.tag,
		batch: state.batch,
		lot: state.lot,
		phase: state.unitPhase,
		side: state.side,
		limit: (state.side === "low" ? window.low : window.high) as number,
		startedMs,
		raisedMs: startedMs + window.on_delay_s * 1_000,
		clearedMs: undefined,
		clearedBy: undefined,
		extreme: state.extreme,
		...(window.level === undefined ? {} : { level: window.level }),
	};
	hold(state, window, state.open, out);
}

function clear(state: WindowState, window: LiveWindow, atMs: number, out: WindowOutput): void {
	if (state.open !== undefined) {
		const cleared = {
			...state.open,
			clearedMs: atMs,
			clearedBy: "returned",
			extreme: state.extreme,
		} as const;
		hold(state, window, cleared, out);
	}
	state.open = undefined;
	state.phase = "inside";
	state.sinceMs = atMs;
}

function closeRun(
	state: WindowState,
	window: LiveWindow,
	specVersion: number,
	atMs: number,
	out: WindowOutput,
): void {
	const judgedToMs = atMs - window.grace_s * 1_000;
	release(state, judgedToMs, out);
	if (state.told !== undefined) {
		const { told } = state;
		const extreme = state.held.find(({ id }) => id === told.id)?.extreme ?? state.extreme;
		tell(
			state,
			{ ...told, clearedMs: Math.max(judgedToMs, told.raisedMs), clearedBy: "phase_end", extreme },
			out,
		);
	}
	endLimits(state, window, specVersion, judgedToMs, out);
	if (window.level === undefined)
		out.periods.push({
			id: runId(state, window, specVersion),
			window: window.id,
			specVersion,
			unit: window.unit,
			batch: state.batch,
			lot: state.lot,
			fromMs: state.runFromMs,
			toMs: atMs,
			goodSamples: state.goodSamples,
			badSamples: state.badSamples,
			violations: state.violations,
		});
	state.held = [];
	state.open = undefined;
	state.phase = "idle";
}
