import type { LotFacts, LotVerdict, LotVerdictName } from "../pipeline.ts";
import type { Specification } from "../specification.ts";
import { causeId } from "./cause-id.ts";

const reasonsMax = 20;

/**
 * Judges a lot whose stream windows are all closed, by the version in force when it was made. Pure. A violation makes it out; a window that was not judged for
 * each batch in its unit, saw no Good value or a Bad one, and a gap while the lot was in the unit make it not
 * evaluable; only what was seen and was inside is in.
 */
export function judgeLot(
	facts: LotFacts,
	specification: Specification | undefined,
	route: readonly string[],
	judgedMs: number,
): LotVerdict {
	const reasons: string[] = [];
	const because = (reason: string) => {
		if (reasons.length < reasonsMax) reasons.push(reason);
	};
	let violations = 0;
	const judged = new Set(facts.periods.map(({ window, batch }) => JSON.stringify([window, batch])));
	for (const { window, unit, batch, goodSamples, badSamples, violations: found } of facts.periods) {
		violations += found;
		if (found > 0) because(`${window}: ${found} violation${found === 1 ? "" : "s"} in batch ${batch}`);
		if (goodSamples === 0) because(`${window}: no good value while batch ${batch} was in ${unit}`);
		if (badSamples > 0) because(`${window}: ${badSamples} values that were not good in batch ${batch}`);
	}
	let unseen = facts.periods.some(({ goodSamples, badSamples }) => goodSamples === 0 || badSamples > 0);
	for (const { id, unit } of specification?.windows ?? []) {
		// Utilities carry no lot; their windows stand for themselves.
		if (!route.includes(unit)) continue;
		const batches = new Set(facts.visits.filter((visit) => visit.unit === unit).map(({ batch }) => batch));
		if (batches.size === 0) {
			unseen = true;
			because(`${id}: never judged, the lot was not seen in ${unit}`);
		}
		for (const batch of batches) {
			if (judged.has(JSON.stringify([id, batch]))) continue;
			unseen = true;
			because(`${id}: never judged while batch ${batch} was in ${unit}`);
		}
	}
	for (const { device, cause } of facts.gaps) {
		unseen = true;
		because(`gap in ${device}: ${cause}`);
	}
	if (specification === undefined) {
		unseen = true;
		because("no approved specification was in force when the lot was made");
	}
	if (facts.openOccurrences > 0) {
		unseen = true;
		because(`${facts.openOccurrences} violations are still open`);
	}
	if (!facts.observedWhole) {
		unseen = true;
		because("the lot was on the line before the first value was seen");
	}
	const verdict: LotVerdictName = violations > 0 ? "out" : unseen ? "not_evaluable" : "in";
	const specVersion = specification?.version ?? 0;
	return {
		id: causeId("lot", facts.lot, specVersion, verdict, violations),
		lot: facts.lot,
		specVersion,
		verdict,
		violations,
		windows: facts.periods.length,
		reasons,
		observedWhole: facts.observedWhole,
		judgedMs,
	};
}
