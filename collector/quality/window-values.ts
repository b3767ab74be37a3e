// What one value, or its absence, says to a window. Pure.

import { type SampleColumns, valueKind } from "../../common/contract/samples.ts";
import { severity } from "../../common/contract/status.ts";
import type { SpecWindow } from "../specification.ts";
import type { WindowState } from "./window-state.ts";

/** A sample's number; undefined when its status does not count or it is no number. */
export function countingValue(
	samples: SampleColumns,
	index: number,
	{ treat_uncertain_as_bad: isUncertainBad }: SpecWindow,
): number | undefined {
	const how = severity(samples.status[index] as number);
	if (how === "bad" || (how === "uncertain" && isUncertainBad)) return undefined;
	const value =
		samples.kind[index] === valueKind.number
			? (samples.number[index] as number)
			: Number(samples.value(index) || Number.NaN);
	return Number.isFinite(value) ? value : undefined;
}

/** Which limit a value is beyond, or on when it must not be reached. NaN is beyond neither, and callers do not send it. */
export function outside(window: SpecWindow, value: number): "low" | "high" | undefined {
	const { low, high, exclusive } = window;
	if (low !== undefined && (value < low || (value === low && exclusive.includes("low")))) return "low";
	return high !== undefined && (value > high || (value === high && exclusive.includes("high")))
		? "high"
		: undefined;
}

export function insideByDeadband(window: SpecWindow, value: number): boolean {
	const { low, high, deadband } = window;
	if (low !== undefined && value < low + deadband) return false;
	return (high === undefined || value <= high - deadband) && outside(window, value) === undefined;
}

export function farther(side: "low" | "high", a: number, b: number): number {
	return side === "low" ? Math.min(a, b) : Math.max(a, b);
}

/** Up to when the value at `lastMs` says what is, while no other has come. */
export function observedMs(lastMs: number, { hold, max_gap_s: gapS }: SpecWindow, toMs: number): number {
	if (hold !== "step") return lastMs;
	return gapS === undefined ? toMs : Math.min(toMs, lastMs + gapS * 1_000);
}

/** Whether a tag has said nothing, or nothing else, for so long that nobody knows whether it still measures. */
export function isSilent(
	{ phase, lastMs, flatMs }: WindowState,
	{ stale_after_s: staleS, frozen }: SpecWindow,
	toMs: number,
): boolean {
	if (phase === "blanked") return false;
	if (staleS !== undefined && toMs - lastMs >= staleS * 1_000) return true;
	return frozen !== undefined && flatMs >= 0 && toMs - flatMs >= frozen.fail_after_s * 1_000;
}

/** Takes the value into the flat stretch or begins another; tells whether the stretch is too long by now (QARTOD test 9). */
export function isFlat(state: WindowState, { frozen }: SpecWindow, value: number, atMs: number): boolean {
	if (frozen === undefined) return false;
	const low = Math.min(state.flatLow, value);
	const high = Math.max(state.flatHigh, value);
	if (state.flatMs < 0 || high - low > frozen.tolerance) {
		state.flatMs = atMs;
		state.flatLow = value;
		state.flatHigh = value;
		return false;
	}
	state.flatLow = low;
	state.flatHigh = high;
	return atMs - state.flatMs >= frozen.fail_after_s * 1_000;
}
