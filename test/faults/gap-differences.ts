// What may differ between two verdicts over the same line when values of one of them are missing, and the ledger says which.

import type {
	EvidenceGap,
	Judged,
	LotJudgement,
	Reason,
	WindowVerdict,
} from "../../collector/judgement-port.ts";

/** A window as far as its verdicts' differences depend on it. */
export interface JudgedBy {
	readonly unit: string;
	readonly tag: string;
	readonly goodPercentMin: number;
}

interface Period {
	readonly fromMs: number;
	readonly toMs: number;
}

export interface KnownOfGaps {
	/** Gaps that nothing has filled. */
	readonly gaps: readonly EvidenceGap[];
	readonly windows: ReadonlyMap<string, JudgedBy>;
	/**
	 * The time in which a tag's value is not known because of a gap: from the value before it to the value behind it, because
	 * nothing holds into or across a gap.
	 */
	readonly unknown: (gap: EvidenceGap, tag: string) => Period;
	/** Whose values laboratory results are made of. */
	readonly laboratoryUnit: string;
}

/** Reasons that missing values can give a window, and those that they can take away. */
const given = new Set(["gap", "coverage", "no_value", "not_whole", "stale"]);
const taken = new Set([
	"violation",
	"alert_limit",
	"action_limit",
	"outside",
	"guard_band",
	"suspect_frozen",
]);
const lotGiven = new Set(["gap", "unit_unseen", "never_judged", "not_whole"]);
const fixed = ["characteristic", "kind", "class", "unit", "eu", "low", "high"] as const;
/** What a window has seen; less was seen, or as much. */
const measured = ["goodSamples", "uncertainSamples", "badSamples", "depth", "timeOutsideMs"] as const;
const rounding = 1e-9;

const touches = (gap: Period, { fromMs, toMs }: Period) => gap.fromMs <= toMs && gap.toMs >= fromMs;
const key = ({ window, batch }: WindowVerdict) => `${window} of batch ${batch}`;
const said = (reasons: readonly Reason[]) => new Set(reasons.map(({ code, text }) => `${code} ${text}`));

/**
 * Compares a lot's verdict with what it would be had nothing been missing. Gives a sentence for each difference that the gaps
 * do not explain; none means that they differ by coverage alone. Strict: missing values may make something not evaluable or
 * hide it; they may make nothing pass, add nothing, and change nothing outside of the time that they are missing from. Pure.
 */
export function unexplainedDifferences(
	whole: LotJudgement,
	gapped: LotJudgement,
	known: KnownOfGaps,
): string[] {
	const found: string[] = [];
	for (const name of ["lot", "stage", "product", "specVersion", "specHash"] as const)
		if (whole[name] !== gapped[name]) found.push(`${name}: ${whole[name]} became ${gapped[name]}`);
	for (const name of ["fromMs", "toMs"] as const)
		if (!isMovedWithin(whole[name], gapped[name], known.gaps))
			found.push(`${name} of the lot moved outside of any gap: ${whole[name]} became ${gapped[name]}`);
	const before = new Map(whole.windows.map((one) => [key(one), one]));
	const after = new Map(gapped.windows.map((one) => [key(one), one]));
	for (const [name, one] of before) {
		const other = after.get(name);
		if (other !== undefined) found.push(...ofWindow(one, other, known).map((text) => `${name}: ${text}`));
		else if (!isHidden(one, known)) found.push(`${name}: is missing, and no gap covers its time`);
	}
	for (const [name, one] of after)
		if (!before.has(name) && !(one.verdict === "not_evaluable" && isHidden(one, known)))
			found.push(`${name}: was not there, and is ${one.verdict} outside of any gap`);
	found.push(...ofReasons(whole, gapped, known));
	const isLess = found.length > 0 || !isSame(whole, gapped);
	if (whole.verdict !== gapped.verdict && !(isLess && gapped.verdict === "not_evaluable"))
		found.push(`the lot was ${whole.verdict} and became ${gapped.verdict}`);
	if (whole.observedWhole !== gapped.observedWhole && gapped.observedWhole)
		found.push("the lot became observed whole");
	if (whole.observedWhole !== gapped.observedWhole && !known.gaps.some((gap) => touches(gap, whole)))
		found.push("the lot is no longer observed whole, and no gap touches it");
	if (whole.proposal !== gapped.proposal) {
		const hidesOut = gapped.windows.some(
			(one) => one.verdict === "not_evaluable" && before.get(key(one))?.verdict === "out",
		);
		const isHeld = gapped.proposal === "hold" && (whole.proposal === "release" || hidesOut);
		if (!isHeld) found.push(`the proposal was ${whole.proposal} and became ${gapped.proposal}`);
	}
	return found;
}

function isSame(whole: LotJudgement, gapped: LotJudgement): boolean {
	return JSON.stringify([whole.windows, whole.reasons]) === JSON.stringify([gapped.windows, gapped.reasons]);
}

/** A change of context that was missed is heard of within the gap, or at its end. */
function isMovedWithin(beforeMs: number, afterMs: number, gaps: readonly Period[]): boolean {
	const [fromMs, toMs] = [Math.min(beforeMs, afterMs), Math.max(beforeMs, afterMs)];
	return fromMs === toMs || gaps.some((gap) => gap.fromMs <= fromMs && gap.toMs >= toMs);
}

function gapsOf({ unit, tag }: Pick<JudgedBy, "unit" | "tag">, known: KnownOfGaps): EvidenceGap[] {
	return known.gaps.filter((gap) => gap.unit === unit && (gap.tags.length === 0 || gap.tags.includes(tag)));
}

/** A unit's gaps by which what it was doing may be unknown: those of all its tags. */
function contextGaps(unit: string, { gaps }: KnownOfGaps): EvidenceGap[] {
	return gaps.filter((gap) => gap.unit === unit && gap.tags.length === 0);
}

function isHidden(one: WindowVerdict, known: KnownOfGaps): boolean {
	if (isOfLaboratory(one)) return known.gaps.some(({ unit }) => unit === known.laboratoryUnit);
	return contextGaps(one.unit, known).some((gap) => gap.fromMs <= one.fromMs && gap.toMs >= one.toMs);
}

function isOfLaboratory({ kind }: WindowVerdict): boolean {
	return kind === "laboratory" || kind === "material";
}

function ofWindow(whole: WindowVerdict, gapped: WindowVerdict, known: KnownOfGaps): string[] {
	if (JSON.stringify(whole) === JSON.stringify(gapped)) return [];
	const found: string[] = [];
	for (const name of fixed)
		if (whole[name] !== gapped[name]) found.push(`${name} was ${whole[name]} and became ${gapped[name]}`);
	if (isOfLaboratory(whole)) {
		if (!isHidden(whole, known)) found.push("another result, and the laboratory has no gap");
		if (gapped.verdict !== whole.verdict && gapped.verdict !== "not_evaluable")
			found.push(`was ${whole.verdict} and became ${gapped.verdict}`);
		return found;
	}
	const by = known.windows.get(whole.window);
	if (by === undefined) return [...found, "is no window of the specification"];
	const its = gapsOf(by, known);
	const span = { fromMs: Math.min(whole.fromMs, gapped.fromMs), toMs: Math.max(whole.toMs, gapped.toMs) };
	const near = its.map((gap) => known.unknown(gap, by.tag)).filter((period) => touches(period, span));
	if (near.length === 0) return [...found, `differs, and no gap is near: ${differing(whole, gapped)}`];
	const ofContext = contextGaps(by.unit, known);
	const isMoved = whole.fromMs !== gapped.fromMs || whole.toMs !== gapped.toMs;
	for (const name of ["fromMs", "toMs"] as const)
		if (!isMovedWithin(whole[name], gapped[name], ofContext))
			found.push(`${name} moved outside of any gap: ${whole[name]} became ${gapped[name]}`);
	found.push(...passed(whole, gapped, by));
	for (const name of measured)
		if (whole.kind === "stream" && gapped[name] > whole[name] + rounding && !isMoved)
			found.push(`${name} was ${whole[name]} and became more: ${gapped[name]}`);
	if (gapped.violations > 0 && whole.violations === 0) found.push("a violation that there was not");
	if (gapped.violations > whole.violations + near.length)
		found.push(`${whole.violations} violations became ${gapped.violations}, with ${near.length} gaps`);
	if (!isMoved && gapped.coverage > whole.coverage + rounding)
		found.push(`coverage rose from ${whole.coverage} to ${gapped.coverage}`);
	const [old, now] = [said(whole.reasons), said(gapped.reasons)];
	for (const { code, text } of gapped.reasons)
		if (!old.has(`${code} ${text}`) && !given.has(code) && !isFewer(code, whole))
			found.push(`says what there was not: ${code}, ${text}`);
	for (const { code, text } of whole.reasons)
		if (!now.has(`${code} ${text}`) && !taken.has(code) && !gapped.reasons.some((one) => one.code === code))
			found.push(`no longer says: ${code}, ${text}`);
	return found;
}

/** A count in the words of a reason that was given before, too. */
function isFewer(code: string, whole: WindowVerdict): boolean {
	return taken.has(code) && whole.reasons.some((one) => one.code === code);
}

/** Whatever misses values passes only where the specification lets so much be missing, and then as before. */
function passed(whole: WindowVerdict, gapped: WindowVerdict, { goodPercentMin }: JudgedBy): string[] {
	const found: string[] = [];
	const isLess = gapped.goodSamples < whole.goodSamples || gapped.coverage < whole.coverage - rounding;
	const isEvaluated = (verdict: Judged) => verdict === "in" || verdict === "alert";
	if (gapped.verdict === "out" && whole.verdict !== "out") found.push(`was ${whole.verdict} and became out`);
	if (!isEvaluated(gapped.verdict)) return found;
	if (gapped.verdict !== whole.verdict) found.push(`was ${whole.verdict} and became ${gapped.verdict}`);
	if (isLess && goodPercentMin === 100)
		found.push(`a gap passes: values are missing, and it is ${gapped.verdict}`);
	if (gapped.coverage * 100 < goodPercentMin)
		found.push(`a gap passes: ${gapped.coverage * 100} % covered, and it is ${gapped.verdict}`);
	return found;
}

function differing(whole: WindowVerdict, gapped: WindowVerdict): string {
	const names = Object.keys(whole) as (keyof WindowVerdict)[];
	const other = names.filter((name) => JSON.stringify(whole[name]) !== JSON.stringify(gapped[name]));
	return other
		.map((name) => `${name} ${JSON.stringify(whole[name])} to ${JSON.stringify(gapped[name])}`)
		.join(", ");
}

function ofReasons(whole: LotJudgement, gapped: LotJudgement, known: KnownOfGaps): string[] {
	const found: string[] = [];
	const [old, now] = [said(whole.reasons), said(gapped.reasons)];
	const span = { fromMs: Math.min(whole.fromMs, gapped.fromMs), toMs: Math.max(whole.toMs, gapped.toMs) };
	for (const { code, text } of gapped.reasons) {
		if (old.has(`${code} ${text}`)) continue;
		const near = known.gaps.filter(
			(gap) => touches(gap, span) && (code === "not_whole" || text.includes(gap.unit)),
		);
		const causes = near.filter(({ cause }) => code !== "gap" || text.endsWith(cause));
		if (!lotGiven.has(code)) found.push(`the lot says what it did not: ${code}, ${text}`);
		else if (causes.length === 0) found.push(`no gap explains what the lot says: ${code}, ${text}`);
	}
	for (const { code, text } of whole.reasons)
		if (!now.has(`${code} ${text}`)) found.push(`the lot no longer says: ${code}, ${text}`);
	return found;
}
