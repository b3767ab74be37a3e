import type { AlertLevel } from "../pipeline.ts";
import type { Specification, SpecWindow } from "../specification.ts";
import type { SpecVersion } from "../specification-port.ts";
import { characteristicOf, gradeOf, inScope, moreSpecific, type Scoped } from "../specification-scope.ts";
import { alertWindows } from "./alert-windows.ts";
import {
	copyWindow,
	idleWindow,
	type LiveWindow,
	type UnitContext,
	type WindowState,
} from "./window-state.ts";

/** A window of one version, and its live condition. */
export interface JudgedWindow {
	readonly specification: Specification;
	readonly window: LiveWindow;
	/** Windows of the same characteristic that take its place where they are in scope. */
	readonly instead: readonly SpecWindow[];
	state: WindowState;
	/** Source time of the newest value taken; an older one does not touch the live condition. */
	newestMs: number;
	/** Whether the present batch changed it, and what it was before; meaningless otherwise. Copied into, never made anew. */
	touched: boolean;
	before: WindowState;
	newestBeforeMs: number;
}

export function judgedWindows(versions: readonly SpecVersion[]): JudgedWindow[] {
	return versions.flatMap(({ specification }) => {
		const alike = Map.groupBy(specification.windows, characteristicOf);
		return specification.windows.flatMap((window) => {
			const instead = moreSpecific(window, alike.get(characteristicOf(window)) ?? []);
			return [...alertWindows(window), window].map((one) => ({
				specification,
				window: one,
				instead,
				state: idleWindow(),
				newestMs: Number.NEGATIVE_INFINITY,
				touched: false,
				before: idleWindow(),
				newestBeforeMs: Number.NEGATIVE_INFINITY,
			}));
		});
	});
}

/** Source times at which a version begins or ends, in order. */
export function boundaries(versions: readonly SpecVersion[]): number[] {
	const dates = versions.flatMap(({ specification: { effective_from: from, effective_to: to } }) => [
		from.getTime(),
		...(to === undefined ? [] : [to.getTime()]),
	]);
	return dates.toSorted((a, b) => a - b);
}

/** A window or an aggregate of a version, and what takes its place where that is in scope. */
export interface JudgedScope {
	readonly specification: Specification;
	readonly window: Scoped;
	readonly instead: readonly Scoped[];
}

/** Whether a window judges what a unit does, under the version in force for what it makes. */
export function isJudged(
	{ specification, window, instead }: JudgedScope,
	context: UnitContext,
	inForce: SpecVersion | undefined,
): boolean {
	if (inForce?.specification.version !== specification.version) return false;
	const { recipe, phase } = context;
	const at = { grade: gradeOf(specification, recipe), recipe, phase };
	return isIn(window, context, at) && !instead.some((other) => isIn(other, context, at));
}

/** Without phases, a window judges while there is a batch. */
function isIn(window: Scoped, { batch }: UnitContext, at: Parameters<typeof inScope>[1]): boolean {
	return inScope(window, at) && (window.phases !== undefined || batch !== "");
}

/** A window's id, state, newest source time (null before the first), version and level; states of before name no version. */
export type SavedWindow = readonly [string, WindowState, number | null, number?, AlertLevel?];

export function saveWindows(windows: readonly JudgedWindow[]): SavedWindow[] {
	return windows.map(({ specification, window, state, newestMs }) => [
		window.id,
		state,
		newestMs === Number.NEGATIVE_INFINITY ? null : newestMs,
		specification.version,
		...(window.level === undefined ? ([] as const) : ([window.level] as const)),
	]);
}

/** Windows that were not there when it was saved stay idle. */
export function loadWindows(
	windows: readonly JudgedWindow[],
	saved: readonly SavedWindow[],
	versionOfBefore: number,
): void {
	const key = (id: string, version: number, level?: AlertLevel) => JSON.stringify([id, version, level ?? ""]);
	const states = new Map(saved.map((one) => [key(one[0], one[3] ?? versionOfBefore, one[4]), one]));
	for (const judged of windows) {
		const found = states.get(key(judged.window.id, judged.specification.version, judged.window.level));
		if (found === undefined) continue;
		const [, state, newestMs] = found;
		// A state of before told what it had open at once, and knew nothing of silence.
		const isOfBefore = (state as Partial<WindowState>).held === undefined;
		const since = isOfBefore ? { told: state.open, lastMs: state.sinceMs } : {};
		copyWindow({ ...idleWindow(), ...state, ...since }, judged.state);
		judged.newestMs = newestMs ?? Number.NEGATIVE_INFINITY;
	}
}
