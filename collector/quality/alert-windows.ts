import type { SpecLimits, SpecWindow } from "../specification.ts";
import type { LiveWindow } from "./window-state.ts";

const innerLevels = ["alert", "action"] as const;

/**
 * A window's alert, action and hold limits as windows of their own, which are followed in the same way: with its delays, deadband and
 * phases. Alert and action limits never lie outside the window's, so what violates the window on a side has come to them before, or
 * comes to them at once. Hold limits (LL and HH) lie outside, and one value beyond them is enough, without delay. None for a
 * level that has no limit.
 */
export function alertWindows(window: SpecWindow): LiveWindow[] {
	const inner = innerLevels.flatMap((level): LiveWindow[] => {
		const low = window[`${level}_low`];
		const high = window[`${level}_high`];
		if (low === undefined && high === undefined) return [];
		const exclusive: SpecLimits["exclusive"] = [];
		if (isReached(window, level, "low")) exclusive.push("low");
		if (isReached(window, level, "high")) exclusive.push("high");
		// The window's deadband has room in the window, and not always between its alert limits: a value must be able to clear.
		const room = low === undefined || high === undefined ? Number.POSITIVE_INFINITY : high - low;
		const deadband = window.deadband * 2 < room ? window.deadband : room / 4;
		return [{ ...window, low, high, exclusive, deadband, level }];
	});
	const { hold_low: low, hold_high: high } = window;
	if (low === undefined && high === undefined) return inner;
	return [...inner, { ...window, low, high, exclusive: [], on_delay_s: 0, level: "hold" }];
}

/** Whether a value on the limit is beyond it: when it says so, and when a limit outside it at the same place does. */
function isReached(window: SpecWindow, level: (typeof innerLevels)[number], side: "low" | "high"): boolean {
	const limit = window[`${level}_${side}`];
	const names = [`${level}_${side}`, `action_${side}`, side] as const;
	return names.some((name) => window[name] === limit && window.exclusive.includes(name));
}
