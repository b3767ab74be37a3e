import type { ContextStretch, EvidenceGap } from "../../judgement-port.ts";
import type { SpecWindow } from "../../specification.ts";
import type { Period } from "./held.ts";

/** One stretch in which a window applies to one batch of one lot, as long as both stay the same. */
export interface Run extends Period {
	readonly batch: string;
	readonly lot: string;
	readonly recipe: string;
	/** The phase in which it began. */
	readonly phase: string;
	/** Both its ends were seen. */
	readonly isWhole: boolean;
	/** Where values are judged: behind the blanking, before the grace. */
	readonly judged: Period;
}

/**
 * The runs of a window over a unit's stretches, which are in order of time and follow each other without a hole; `applies` says in
 * which of them it judges.
 */
export function runsOf(
	scope: Pick<SpecWindow, "unit" | "blanking_s" | "grace_s">,
	stretches: readonly ContextStretch[],
	applies: (stretch: ContextStretch) => boolean,
): Run[] {
	const runs: Run[] = [];
	let first: ContextStretch | undefined;
	let last: ContextStretch | undefined;
	const close = () => {
		if (first === undefined || last === undefined) return;
		const { fromMs, batch, lot, recipe, phase, startObserved } = first;
		const toMs = last.toMs;
		const judgedFromMs = Math.min(toMs, fromMs + scope.blanking_s * 1_000);
		const judged = { fromMs: judgedFromMs, toMs: Math.max(judgedFromMs, toMs - scope.grace_s * 1_000) };
		const isWhole = startObserved && last.endObserved;
		runs.push({ fromMs, toMs, batch, lot, recipe, phase, isWhole, judged });
		first = undefined;
	};
	for (const stretch of stretches) {
		if (stretch.unit !== scope.unit) continue;
		const goesOn =
			last !== undefined &&
			stretch.fromMs === last.toMs &&
			stretch.batch === last.batch &&
			stretch.lot === last.lot;
		const now = applies(stretch);
		if (!now || !goesOn) close();
		if (now) {
			first ??= stretch;
			last = stretch;
		}
	}
	close();
	return runs;
}

/** Gaps that touch a tag of a unit in a period, merged where they overlap, in order of time. */
export function gapsOf(
	gaps: readonly EvidenceGap[],
	unit: string,
	tag: string,
	{ fromMs, toMs }: Period,
): (Period & { readonly causes: readonly string[] })[] {
	const own = gaps
		.filter((gap) => gap.unit === unit && (gap.tags.length === 0 || gap.tags.includes(tag)))
		// One without length is a loss all the same: of values of one moment.
		.filter((gap) =>
			gap.fromMs === gap.toMs
				? gap.fromMs >= fromMs && gap.fromMs < toMs
				: gap.fromMs < toMs && gap.toMs > fromMs,
		)
		.sort((a, b) => a.fromMs - b.fromMs || a.toMs - b.toMs);
	const merged: { fromMs: number; toMs: number; causes: string[] }[] = [];
	for (const gap of own) {
		const before = merged.at(-1);
		if (before !== undefined && gap.fromMs <= before.toMs) {
			before.toMs = Math.max(before.toMs, gap.toMs);
			if (!before.causes.includes(gap.cause)) before.causes = [...before.causes, gap.cause].sort();
		} else merged.push({ fromMs: gap.fromMs, toMs: gap.toMs, causes: [gap.cause] });
	}
	return merged;
}
