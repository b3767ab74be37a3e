// How long a tag's values hold, and what they cover of a period. Pure, over columns: no object per sample.

import { severity } from "../../../common/contract/status.ts";
import type { EvidenceColumns } from "../../judgement-port.ts";
import type { SpecWindow } from "../../specification.ts";

export interface Period {
	readonly fromMs: number;
	/** Exclusive: a value of the moment in which the context changes belongs to the next one. */
	readonly toMs: number;
}

export type Holding = Pick<SpecWindow, "hold" | "max_gap_s" | "treat_uncertain_as_bad">;

/** A stretch in which a value is known; `from` and `to` differ only with `hold: linear`. */
export type OnHeld = (fromMs: number, toMs: number, from: number, to: number) => void;

export function counts(
	columns: EvidenceColumns,
	index: number,
	{ treat_uncertain_as_bad: isUncertainBad }: Holding,
): boolean {
	if (!Number.isFinite(columns.value[index] as number)) return false;
	const how = severity(columns.status[index] as number);
	return how === "good" || (how === "uncertain" && !isUncertainBad);
}

/** The first index from which on nothing is before `atMs`. */
export function firstFrom(atMs: Float64Array, fromMs: number): number {
	let low = 0;
	let high = atMs.length;
	while (low < high) {
		const middle = (low + high) >>> 1;
		if ((atMs[middle] as number) < fromMs) low = middle + 1;
		else high = middle;
	}
	return low;
}

/**
 * Tells what the values cover of a period, in order of time. A value holds until the next one, for `max_gap_s` at the
 * most, and never into or across a gap: what it would hold over may have changed unseen.
 * @returns the covered time in ms.
 */
export function heldStretches(
	columns: EvidenceColumns,
	{ fromMs, toMs }: Period,
	holding: Holding,
	gaps: readonly Period[],
	onHeld: OnHeld,
): number {
	const { atMs, value } = columns;
	const mostMs = holding.max_gap_s === undefined ? Number.POSITIVE_INFINITY : holding.max_gap_s * 1_000;
	let covered = 0;
	if (holding.hold === "none") return 0;
	// The value before the period holds into it.
	let index = Math.max(0, firstFrom(atMs, fromMs) - 1);
	for (; index < atMs.length; index++) {
		const at = atMs[index] as number;
		if (at >= toMs) break;
		if (!counts(columns, index, holding)) continue;
		const nextMs = atMs[index + 1] ?? Number.POSITIVE_INFINITY;
		const isLinear = holding.hold === "linear" && index + 1 < atMs.length;
		// A straight line needs both its ends, near enough to each other.
		if (isLinear && (nextMs - at > mostMs || !counts(columns, index + 1, holding))) continue;
		let endMs = Math.min(nextMs, at + mostMs, toMs);
		for (const gap of gaps) if (gap.toMs > at && gap.fromMs < endMs) endMs = Math.max(at, gap.fromMs);
		const beginMs = Math.max(at, fromMs);
		if (endMs <= beginMs) continue;
		const from = value[index] as number;
		covered += endMs - beginMs;
		if (!isLinear) onHeld(beginMs, endMs, from, from);
		else {
			const slope = ((value[index + 1] as number) - from) / (nextMs - at);
			onHeld(beginMs, endMs, from + slope * (beginMs - at), from + slope * (endMs - at));
		}
	}
	return covered;
}

/** The period with the time since the value that holds into it. */
export function sinceValueBefore({ atMs }: EvidenceColumns, { fromMs, toMs }: Period): Period {
	const before = firstFrom(atMs, fromMs) - 1;
	return { fromMs: before < 0 ? fromMs : (atMs[before] as number), toMs };
}

/** Counts of values of a period, by what they say. */
export interface SampleTally {
	good: number;
	uncertain: number;
	bad: number;
}

/** Adds the values in a period to a tally; one without a finite number is bad. */
export function tallySamples(columns: EvidenceColumns, { fromMs, toMs }: Period, tally: SampleTally): void {
	for (let index = firstFrom(columns.atMs, fromMs); index < columns.atMs.length; index++) {
		if ((columns.atMs[index] as number) >= toMs) return;
		const isNumber = Number.isFinite(columns.value[index] as number);
		tally[isNumber ? severity(columns.status[index] as number) : "bad"]++;
	}
}
