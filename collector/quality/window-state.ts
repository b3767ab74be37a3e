// One specification window as a state machine over source time. Pure: samples, phases and Through come in, changes of
// an occurrence and the summary of a finished run come out.
//
//   idle ──phase of the window──► blanked ──blanking over──► inside ──value outside──► suspect ──on delay──► violated
//     ▲                                                        ▲ ◄────value inside────────┘                     │  ▲
//     │                                                        └──off delay── recovering ◄──inside by deadband──┘  │
//     └──────────────── phase left (closes what is open) ◄──────────────────────────│──── not inside by deadband ──┘
//
// A delay counts observed time only: it runs while the device's Through says that nothing is missing, and a value that
// is not Good stops it. Such a value neither raises nor clears; it is counted, and the verdict says "not evaluable".

import { createHash } from "node:crypto";
import type { Occurrence, WindowPeriod } from "../pipeline.ts";
import type { SpecWindow } from "../specification.ts";
import type { WindowLimits } from "../window-limits.ts";
import { limitTimes, nextLimitsMs } from "./limit-times.ts";

export type WindowPhase = "idle" | "blanked" | "inside" | "suspect" | "violated" | "recovering";

/** Everything that is known of a window at one moment; plain data, so that it can be saved and copied. */
export interface WindowState {
	phase: WindowPhase;
	/** Source time at which the present phase of the machine began. */
	sinceMs: number;
	runFromMs: number;
	batch: string;
	lot: string;
	unitPhase: string;
	goodSamples: number;
	badSamples: number;
	violations: number;
	side: "low" | "high";
	extreme: number;
	/** The open occurrence, from its raising to its clearing. */
	open: Occurrence | undefined;
	/** When the limits are to be told next; undefined before they apply. */
	limitsNextMs?: number | undefined;
}

/** What a step changed, for the store. */
export interface WindowOutput {
	readonly occurrences: Occurrence[];
	readonly periods: WindowPeriod[];
	readonly limits: WindowLimits[];
}

export function idleWindow(): WindowState {
	return {
		phase: "idle",
		sinceMs: 0,
		runFromMs: 0,
		batch: "",
		lot: "",
		unitPhase: "",
		goodSamples: 0,
		badSamples: 0,
		violations: 0,
		side: "high",
		extreme: 0,
		open: undefined,
		limitsNextMs: undefined,
	};
}

/** Makes `to` what `from` is, in place: one object for each sample would outlive the young generation. */
export function copyWindow(from: Readonly<WindowState>, to: WindowState): void {
	to.phase = from.phase;
	to.sinceMs = from.sinceMs;
	to.runFromMs = from.runFromMs;
	to.batch = from.batch;
	to.lot = from.lot;
	to.unitPhase = from.unitPhase;
	to.goodSamples = from.goodSamples;
	to.badSamples = from.badSamples;
	to.violations = from.violations;
	to.side = from.side;
	to.extreme = from.extreme;
	to.open = from.open;
	to.limitsNextMs = from.limitsNextMs;
}

/** What a unit is doing. */
export interface UnitContext {
	readonly batch: string;
	readonly lot: string;
	readonly recipe: string;
	readonly phase: string;
}

/** Whether a window is judged in this context. */
function applies(window: SpecWindow, context: UnitContext): boolean {
	return window.phases === undefined ? context.batch !== "" : window.phases.includes(context.phase);
}

/** The unit's context changed at `atMs`. A run lasts while the window applies and the batch stays the same. */
export function enterContext(
	state: WindowState,
	window: SpecWindow,
	specVersion: number,
	context: UnitContext,
	atMs: number,
	out: WindowOutput,
): void {
	advance(state, window, specVersion, atMs, out);
	const now = applies(window, context);
	if (state.phase !== "idle" && (!now || context.batch !== state.batch || context.lot !== state.lot)) {
		closeRun(state, window, specVersion, atMs, out);
	}
	state.unitPhase = context.phase;
	if (!now || state.phase !== "idle") return;
	state.phase = "blanked";
	state.sinceMs = atMs;
	state.runFromMs = atMs;
	state.batch = context.batch;
	state.lot = context.lot;
	state.goodSamples = 0;
	state.badSamples = 0;
	state.violations = 0;
	state.limitsNextMs = undefined;
}

/** Whether the passing of observed time up to `toMs` alone can change it. */
export function awaits({ phase, limitsNextMs }: WindowState, toMs: number): boolean {
	if (phase === "blanked" || phase === "suspect" || phase === "recovering") return true;
	return phase !== "idle" && (limitsNextMs === undefined || toMs >= limitsNextMs);
}

/** Observed time has come to `toMs`: what was waiting for a delay may happen. */
export function advance(
	state: WindowState,
	window: SpecWindow,
	specVersion: number,
	toMs: number,
	out: WindowOutput,
): void {
	if (state.phase === "blanked" && toMs - state.sinceMs >= window.blanking_s * 1_000) {
		state.phase = "inside";
		state.sinceMs += window.blanking_s * 1_000;
	}
	if (state.limitsNextMs === undefined || toMs >= state.limitsNextMs)
		tellLimits(state, window, specVersion, toMs, out);
	if (state.phase === "suspect" && toMs - state.sinceMs >= window.on_delay_s * 1_000)
		raise(state, window, specVersion, out);
	if (state.phase === "recovering" && toMs - state.sinceMs >= window.off_delay_s * 1_000) {
		clear(state, state.sinceMs + window.off_delay_s * 1_000, "returned", out);
	}
}

/** A value of the window's tag at `atMs`; `value` is undefined when it is not Good or not a number. */
export function takeValue(
	state: WindowState,
	window: SpecWindow,
	specVersion: number,
	value: number | undefined,
	atMs: number,
	out: WindowOutput,
): void {
	advance(state, window, specVersion, atMs, out);
	if (state.phase === "idle" || state.phase === "blanked") return;
	if (value === undefined) {
		state.badSamples++;
		// What is not observed does not count towards a delay.
		if (state.phase === "suspect") state.phase = "inside";
		if (state.phase === "recovering") state.phase = "violated";
		return;
	}
	state.goodSamples++;
	const side = outside(window, value);
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
			if (window.off_delay_s === 0) clear(state, atMs, "returned", out);
		}
	} else state.phase = "violated";
}

/** Which limit a value is beyond; on the limit is inside. NaN is beyond neither, and callers do not send it. */
function outside(window: SpecWindow, value: number): "low" | "high" | undefined {
	if (window.low !== undefined && value < window.low) return "low";
	return window.high !== undefined && value > window.high ? "high" : undefined;
}

function insideByDeadband(window: SpecWindow, value: number): boolean {
	const { low, high, deadband } = window;
	return (low === undefined || value >= low + deadband) && (high === undefined || value <= high - deadband);
}

function farther(side: "low" | "high", a: number, b: number): number {
	return side === "low" ? Math.min(a, b) : Math.max(a, b);
}

function raise(state: WindowState, window: SpecWindow, specVersion: number, out: WindowOutput): void {
	const startedMs = state.sinceMs;
	state.phase = "violated";
	state.violations++;
	state.open = {
		id: causeId("occurrence", window.id, specVersion, window.unit, state.batch, state.runFromMs, startedMs),
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
	};
	out.occurrences.push(state.open);
}

function clear(state: WindowState, atMs: number, by: "returned" | "phase_end", out: WindowOutput): void {
	if (state.open !== undefined) {
		out.occurrences.push({ ...state.open, clearedMs: atMs, clearedBy: by, extreme: state.extreme });
	}
	state.open = undefined;
	state.phase = "inside";
	state.sinceMs = atMs;
}

function closeRun(
	state: WindowState,
	window: SpecWindow,
	specVersion: number,
	atMs: number,
	out: WindowOutput,
): void {
	if (state.open !== undefined) clear(state, atMs, "phase_end", out);
	endLimits(state, window, specVersion, atMs, out);
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
	state.phase = "idle";
}

function runId(state: WindowState, window: SpecWindow, specVersion: number): string {
	return causeId("period", window.id, specVersion, window.unit, state.batch, state.runFromMs);
}

/** Says that the limits apply: once when they begin to, then at the times at which whoever reads expects it. */
function tellLimits(
	state: WindowState,
	window: SpecWindow,
	specVersion: number,
	toMs: number,
	out: WindowOutput,
): void {
	if (state.phase === "idle" || state.phase === "blanked") return;
	const { fromMs, ...limits } = limitsOf(state, window, specVersion);
	if (state.limitsNextMs === undefined) out.limits.push({ ...limits, fromMs, toMs: undefined, atMs: fromMs });
	for (const atMs of limitTimes(state.limitsNextMs ?? nextLimitsMs(fromMs), toMs))
		out.limits.push({ ...limits, fromMs, toMs: undefined, atMs });
	state.limitsNextMs = nextLimitsMs(Math.max(fromMs, toMs));
}

function endLimits(
	state: WindowState,
	window: SpecWindow,
	specVersion: number,
	toMs: number,
	out: WindowOutput,
): void {
	if (state.limitsNextMs === undefined) return;
	const limits = limitsOf(state, window, specVersion);
	out.limits.push({ ...limits, toMs, atMs: undefined });
	// What was told of a time behind the end, because word of the end came late, is told again.
	const toldMs = Math.max(limits.fromMs, nextLimitsMs(state.limitsNextMs, -1));
	if (toldMs >= toMs) out.limits.push({ ...limits, toMs, atMs: toldMs });
}

function limitsOf(state: WindowState, window: SpecWindow, specVersion: number) {
	return {
		id: runId(state, window, specVersion),
		...{ window: window.id, specVersion, unit: window.unit, tag: window.tag },
		...{ batch: state.batch, lot: state.lot, low: window.low, high: window.high },
		fromMs: state.runFromMs + window.blanking_s * 1_000,
	};
}

/** An id that the same cause always gets again, so that recomputing and restoring never make a second one. */
export function causeId(...cause: (string | number)[]): string {
	return createHash("sha256").update(JSON.stringify(cause)).digest("hex").slice(0, 32);
}
