import type { ContextStretch } from "../../judgement-port.ts";
import type { ContextChange } from "../../pipeline.ts";

/** One Good value of one of a unit's context tags. */
export interface ContextValue {
	readonly key: "batch" | "lot" | "recipe" | "phase";
	readonly atMs: number;
	readonly value: string;
}

/** What a unit's context tags said before the period that is looked at. */
export type ContextBefore = Partial<Record<ContextValue["key"], string>>;

const nothing = { batch: "", lot: "", recipe: "", phase: "" };

/**
 * A unit's context as stretches without a hole, from its tags' values in order of source time. Values of one moment count
 * together. Before the unit's first word nothing is known; `before` is what it had said until then. The last stretch
 * ends at `untilMs`, and nobody has heard of its end.
 */
export function contextStretches(
	unit: string,
	before: ContextBefore,
	values: readonly ContextValue[],
	fromMs: number,
	untilMs: number,
): ContextStretch[] {
	const stretches: ContextStretch[] = [];
	let known = before.batch !== undefined && before.lot !== undefined;
	let now = { ...nothing, ...before };
	let sinceMs = fromMs;
	// What was on the line before the period had begun before it.
	let beginningKnown = false;
	const close = (toMs: number, endObserved: boolean) => {
		if (toMs <= sinceMs || !known) return;
		stretches.push({ unit, ...now, fromMs: sinceMs, toMs, startObserved: beginningKnown, endObserved });
	};
	for (let index = 0; index < values.length; ) {
		const atMs = (values[index] as ContextValue).atMs;
		const next = { ...now };
		const said = new Set<string>();
		while (index < values.length && (values[index] as ContextValue).atMs === atMs) {
			const { key, value } = values[index++] as ContextValue;
			next[key] = value;
			said.add(key);
		}
		const same =
			next.batch === now.batch &&
			next.lot === now.lot &&
			next.recipe === now.recipe &&
			next.phase === now.phase;
		if (known && same) continue;
		const wasKnown = known;
		close(atMs, true);
		known ||= said.has("batch") || said.has("lot");
		const sameVisit = wasKnown && next.batch === now.batch && next.lot === now.lot;
		beginningKnown = sameVisit ? beginningKnown : wasKnown;
		now = next;
		sinceMs = atMs;
	}
	close(untilMs, false);
	return stretches;
}

/** The changes from stretch to stretch of several units in order of time, as the lot book takes them. */
export function contextChanges(stretches: readonly ContextStretch[]): ContextChange[] {
	const changes: ContextChange[] = [];
	const last = new Map<string, ContextStretch>();
	const inOrder = [...stretches].sort(
		(a, b) => a.fromMs - b.fromMs || (a.unit < b.unit ? -1 : a.unit > b.unit ? 1 : 0),
	);
	for (const stretch of inOrder) {
		const { unit, batch, lot, recipe, fromMs, startObserved } = stretch;
		const before = last.get(unit);
		last.set(unit, stretch);
		if (before?.batch === batch && before.lot === lot) continue;
		const known = before !== undefined || startObserved;
		changes.push({
			unit,
			atMs: fromMs,
			before: known ? { batch: before?.batch ?? "", lot: before?.lot ?? "" } : undefined,
			after: { batch, lot, recipe },
		});
	}
	return changes;
}
