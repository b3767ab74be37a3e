// Telling whoever draws a window when its limits applied. Pure.

import { causeId } from "./cause-id.ts";
import { limitTimes, nextLimitsMs } from "./limit-times.ts";
import type { LiveWindow, WindowOutput, WindowState } from "./window-state.ts";

/** The same run of a window always has the same id. */
export function runId(state: WindowState, window: LiveWindow, specVersion: number): string {
	return causeId("period", window.id, specVersion, window.unit, state.batch, state.runFromMs);
}

/** Says that the limits apply: once when they begin to, then at the times at which whoever reads expects it. */
export function tellLimits(
	state: WindowState,
	window: LiveWindow,
	specVersion: number,
	toMs: number,
	out: WindowOutput,
): void {
	if (state.phase === "idle" || state.phase === "blanked") return;
	if (window.level !== undefined) {
		// Whoever draws a window draws its specification's limits.
		state.limitsNextMs = Number.MAX_SAFE_INTEGER;
		return;
	}
	const { fromMs, ...limits } = limitsOf(state, window, specVersion);
	if (state.limitsNextMs === undefined) out.limits.push({ ...limits, fromMs, toMs: undefined, atMs: fromMs });
	for (const atMs of limitTimes(state.limitsNextMs ?? nextLimitsMs(fromMs), toMs))
		out.limits.push({ ...limits, fromMs, toMs: undefined, atMs });
	state.limitsNextMs = nextLimitsMs(Math.max(fromMs, toMs));
}

/** Says that the limits no longer apply: the run has ended, or its grace has begun. */
export function endLimits(
	state: WindowState,
	window: LiveWindow,
	specVersion: number,
	endMs: number,
	out: WindowOutput,
): void {
	if (state.limitsNextMs === undefined || window.level !== undefined) return;
	const limits = limitsOf(state, window, specVersion);
	const toMs = Math.max(limits.fromMs, endMs);
	out.limits.push({ ...limits, toMs, atMs: undefined });
	// What was told of a time behind the end, because word of the end came late, is told again.
	const toldMs = Math.max(limits.fromMs, nextLimitsMs(state.limitsNextMs, -1));
	if (toldMs >= toMs) out.limits.push({ ...limits, toMs, atMs: toldMs });
}

function limitsOf(state: WindowState, window: LiveWindow, specVersion: number) {
	return {
		id: runId(state, window, specVersion),
		...{ window: window.id, specVersion, unit: window.unit, tag: window.tag },
		...{ batch: state.batch, lot: state.lot, low: window.low, high: window.high },
		fromMs: state.runFromMs + window.blanking_s * 1_000,
	};
}
