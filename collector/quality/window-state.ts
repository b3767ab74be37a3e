// What is known of one specification window at one moment, as plain data.

import type { AlertLevel, Occurrence, WindowPeriod } from "../pipeline.ts";
import type { SpecWindow } from "../specification.ts";
import type { WindowLimits } from "../window-limits.ts";

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
	/** Of the newest value that counts; of the run's beginning while there is none. */
	lastMs: number;
	/** Since when values have moved by no more than the window's tolerance, and within what; -1 before the first value. */
	flatMs: number;
	flatLow: number;
	flatHigh: number;
	/** Stale or frozen, and counted as such. */
	lost: boolean;
	/** The open occurrence, from its raising to its clearing. */
	open: Occurrence | undefined;
	/** The occurrence that was told as raised and not as cleared. */
	told: Occurrence | undefined;
	/** Raised and cleared, and not told yet, because the phase may end within the window's grace. */
	held: readonly Occurrence[];
	/** When the limits are to be told next; undefined before they apply. */
	limitsNextMs?: number | undefined;
}

/** A window whose `low` and `high` are its alert or action limits, when it has a level. */
export type LiveWindow = SpecWindow & { readonly level?: AlertLevel };

/** What a step changed, for the store. */
export interface WindowOutput {
	readonly occurrences: Occurrence[];
	readonly alerts: Occurrence[];
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
		lastMs: 0,
		flatMs: -1,
		flatLow: 0,
		flatHigh: 0,
		lost: false,
		open: undefined,
		told: undefined,
		held: [],
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
	to.lastMs = from.lastMs;
	to.flatMs = from.flatMs;
	to.flatLow = from.flatLow;
	to.flatHigh = from.flatHigh;
	to.lost = from.lost;
	to.open = from.open;
	to.told = from.told;
	to.held = from.held;
	to.limitsNextMs = from.limitsNextMs;
}

/** What a unit is doing. */
export interface UnitContext {
	readonly batch: string;
	readonly lot: string;
	readonly recipe: string;
	readonly phase: string;
}
