// What a window tells: at once, or when its grace is over and it is known not to lie in the end of a phase. Pure.

import type { Occurrence } from "../pipeline.ts";
import type { LiveWindow, WindowOutput, WindowState } from "./window-state.ts";

/** Excursions that come and go within one grace are told as one from here on. */
const heldMax = 32;

/** Tells what happened, at once or when it is known not to lie in the grace. */
export function hold(state: WindowState, window: LiveWindow, event: Occurrence, out: WindowOutput): void {
	if (window.grace_s === 0) {
		tell(state, event, out);
		return;
	}
	const last = state.held.at(-1);
	if (state.held.length >= heldMax && event.clearedMs === undefined && last?.clearedMs !== undefined) {
		// The excursion before goes on, as if it had never cleared.
		state.held = state.held.slice(0, -1);
		state.open = { ...last, clearedMs: undefined, clearedBy: undefined };
	} else state.held = [...state.held, event];
}

/** Tells what happened up to `toMs`. */
export function release(state: WindowState, toMs: number, out: WindowOutput): void {
	let told = 0;
	for (const event of state.held) {
		if ((event.clearedMs ?? event.raisedMs) > toMs) break;
		tell(state, event, out);
		told++;
	}
	if (told > 0) state.held = state.held.slice(told);
}

/** From then on it is stored. */
export function tell(state: WindowState, event: Occurrence, out: WindowOutput): void {
	if (event.clearedMs === undefined) {
		state.told = event;
		state.violations++;
	} else state.told = undefined;
	(event.level === undefined ? out.occurrences : out.alerts).push(event);
}
