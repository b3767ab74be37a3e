import type { ContextRefresh, ContextStretch, DirtyPeriod } from "../../judgement-port.ts";
import type { UnitVisit } from "../../pipeline.ts";

/**
 * The visits of a unit that touch a dirty period, by what its samples say now. Those whose beginning or end lies outside of what
 * was read are left as they are.
 */
export function refreshOf(period: DirtyPeriod, stretches: readonly ContextStretch[]): ContextRefresh {
	const visits: UnitVisit[] = [];
	let first: ContextStretch | undefined;
	let last: ContextStretch | undefined;
	const close = () => {
		const touches = first !== undefined && first.fromMs <= period.toMs && (last?.toMs ?? 0) >= period.fromMs;
		const isSaid = first !== undefined && (first.batch !== "" || first.lot !== "");
		// A stretch at the very beginning had begun before what was read.
		if (
			first !== undefined &&
			last !== undefined &&
			touches &&
			isSaid &&
			last.endObserved &&
			first !== stretches[0]
		) {
			const { unit, batch, lot, recipe, fromMs, startObserved } = first;
			visits.push({ unit, batch, lot, recipe, fromMs, toMs: last.toMs, startObserved });
		}
		first = undefined;
	};
	for (const stretch of stretches) {
		const goesOn = last !== undefined && stretch.batch === last.batch && stretch.lot === last.lot;
		if (!goesOn) close();
		first ??= stretch;
		last = stretch;
	}
	close();
	return { ...period, visits };
}
