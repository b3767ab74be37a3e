import {
	type ContextStretch,
	type EvidenceColumns,
	type Judged,
	type LotEvidence,
	type LotJudgement,
	materialCode,
	type Reason,
	type VerdictStage,
	type WindowVerdict,
} from "../../judgement-port.ts";
import { placesOf, type Route, unitsOf } from "../../route.ts";
import type { Proposal, Specification } from "../../specification.ts";
import type { SpecVersion } from "../../specification-port.ts";
import { gradeOf, inScope } from "../../specification-scope.ts";
import { isJudged, type JudgedScope } from "../judged-window.ts";
import { judgeAggregate } from "./aggregate.ts";
import { runsOf } from "./runs.ts";
import { holdCode, judgeStream, percent, unique } from "./stream.ts";
import { unitWindows } from "./unit-windows.ts";

const none: EvidenceColumns = {
	atMs: new Float64Array(0),
	value: new Float64Array(0),
	status: new Uint32Array(0),
};

/**
 * What the windows and aggregates of one unit say of a lot, once for each of its batches. Pure. A window that no batch of the lot
 * ran through, though one was in the unit, was never judged.
 */
export function judgeUnit(
	inForce: SpecVersion,
	unit: string,
	evidence: Pick<LotEvidence, "lot" | "context" | "gaps">,
	columnsOf: (tag: string) => EvidenceColumns | undefined,
): { verdicts: WindowVerdict[]; reasons: Reason[] } {
	const verdicts: WindowVerdict[] = [];
	const reasons: Reason[] = [];
	const own = evidence.context.filter((stretch) => stretch.unit === unit);
	const batches = new Set(own.filter(({ lot }) => lot === evidence.lot).map(({ batch }) => batch));
	for (const { window, aggregate, scope } of unitWindows(inForce.specification, unit).all) {
		const one = window ?? aggregate;
		const runs = runsOf(one, own, (stretch) => isJudged(scope, stretch, inForce)).filter(
			({ lot }) => lot === evidence.lot,
		);
		for (const batch of batches) {
			const its = runs.filter((run) => run.batch === batch);
			if (its.length === 0) {
				if (isMeantFor(scope, own, evidence.lot, batch))
					reasons.push({
						code: "never_judged",
						text: `${one.id}: never judged while batch ${batch} was in ${unit}`,
					});
				continue;
			}
			const columns = columnsOf(one.tag) ?? none;
			verdicts.push(
				window === undefined
					? judgeAggregate(aggregate, its, columns, evidence.gaps)
					: judgeStream(window, its, columns, evidence.gaps),
			);
		}
	}
	return { verdicts, reasons };
}

/** Whether the window asks for what the batch is, in whatever phase. */
function isMeantFor(
	{ specification, window, instead }: JudgedScope,
	own: readonly ContextStretch[],
	lot: string,
	batch: string,
): boolean {
	return own.some((one) => {
		if (one.lot !== lot || one.batch !== batch) return false;
		const at = { grade: gradeOf(specification, one.recipe), recipe: one.recipe };
		return inScope(window, at) && !instead.some((other) => inScope(other, at));
	});
}

const worstFirst: readonly Judged[] = ["out", "not_evaluable", "alert", "in"];
const proposalOrder: readonly Proposal[] = ["rework_or_reject", "hold", "release"];

function worseOf(a: Proposal, b: Proposal | undefined): Proposal {
	return b !== undefined && proposalOrder.indexOf(b) < proposalOrder.indexOf(a) ? b : a;
}

/** What the hold rules make of the windows' verdicts (quality people decide; this proposes). */
function proposalOf(
	{ hold_rules: rules }: Specification,
	windows: readonly WindowVerdict[],
	isWhole: boolean,
): Proposal {
	let proposal: Proposal = isWhole ? "release" : "hold";
	for (const { class: its, verdict, coverage, reasons } of windows) {
		const codes = new Set(reasons.map(({ code }) => code));
		if (codes.has(holdCode)) proposal = worseOf(proposal, "hold");
		if (codes.has("calibration_expired")) proposal = worseOf(proposal, rules.calibration_expired);
		// What is only watched holds nothing unless the rules say so; everything else holds unless they say otherwise.
		const unsaid = its === "M" || its === "UTL" ? "release" : "hold";
		if (verdict === "out") proposal = worseOf(proposal, rules.out[its] ?? unsaid);
		if (verdict === "not_evaluable") proposal = worseOf(proposal, rules.not_evaluable[its] ?? unsaid);
		if (its === "CPP" && (1 - coverage) * 100 > rules.missing_percent_max)
			proposal = worseOf(proposal, "hold");
	}
	return proposal;
}

export interface JudgedParts {
	readonly stage: VerdictStage;
	readonly route: Route;
	readonly windows: readonly WindowVerdict[];
	readonly reasons: readonly Reason[];
}

/**
 * Puts a lot's verdict together. Out beats not evaluable, which beats alert: what was seen outside is outside, whatever else was
 * not seen, and what was not seen is never taken for good.
 */
export function assembleLot(
	evidence: LotEvidence,
	{ specification, hash }: SpecVersion,
	{ stage, route, windows, reasons: found }: JudgedParts,
): LotJudgement {
	const own = evidence.context.filter(({ lot }) => lot === evidence.lot);
	const reasons: Reason[] = [];
	for (const units of placesOf(route)) {
		const isJudgedThere = units.some((unit) => unitWindows(specification, unit).tags.length > 0);
		if (isJudgedThere && !own.some(({ unit }) => units.includes(unit)))
			reasons.push({ code: "unit_unseen", text: `the lot was not seen in ${units.join(" or ")}` });
	}
	for (const unit of unitsOf(route)) {
		const wanted = new Set(unitWindows(specification, unit).tags);
		const visits = own.filter((stretch) => stretch.unit === unit);
		for (const gap of evidence.gaps) {
			const touches = visits.some(({ fromMs, toMs }) => gap.fromMs < toMs && gap.toMs >= fromMs);
			const isOfAll = gap.tags.length === 0;
			if (gap.unit !== unit || !touches || !(isOfAll || gap.tags.some((tag) => wanted.has(tag)))) continue;
			reasons.push({ code: "gap", text: `gap in ${unit}: ${gap.cause}` });
		}
	}
	// The complete verdict takes over the line's reasons; those of its making are added below.
	reasons.push(...found.filter(({ text }) => !evidence.genealogy.some((one) => one.text === text)));
	if (!evidence.observedWhole)
		reasons.push({ code: "not_whole", text: "the lot was on the line before the first value was seen" });
	const unseen = unique(reasons).sort(byText);
	const inOrder = [...windows].sort(
		(a, b) => compare(a.kind, b.kind) || compare(a.window, b.window) || compare(a.batch, b.batch),
	);
	const verdicts = new Set(inOrder.map(({ verdict }) => verdict));
	if (unseen.length > 0 || inOrder.length === 0) verdicts.add("not_evaluable");
	return {
		lot: evidence.lot,
		stage,
		product: specification.product.code,
		specVersion: specification.version,
		specHash: hash,
		verdict: worstFirst.find((verdict) => verdicts.has(verdict)) ?? "not_evaluable",
		proposal: evidence.genealogy.reduce<Proposal>(
			(worst, { code }) =>
				worseOf(worst, code === materialCode ? "hold" : specification.hold_rules.genealogy_gap),
			proposalOf(specification, inOrder, unseen.length === 0),
		),
		observedWhole: evidence.observedWhole,
		fromMs: evidence.openedMs,
		toMs: evidence.closedMs,
		windows: inOrder,
		// That nobody told what it was made of says nothing of its quality; it holds the lot.
		reasons: [...unseen, ...evidence.genealogy].sort(byText),
	};
}

/** What can be said of a lot when no approved version of the specification was in force: nothing. */
export function withoutSpecification(evidence: LotEvidence): LotJudgement {
	const { lot, observedWhole, openedMs, closedMs } = evidence;
	const text = "no approved specification was in force when the lot was made";
	return {
		...{ lot, stage: "line", product: "", specVersion: 0, specHash: "", verdict: "not_evaluable" },
		...{ proposal: "hold", observedWhole, fromMs: openedMs, toMs: closedMs, windows: [] },
		reasons: [{ code: "no_specification", text }],
	};
}

/** The reasons of a verdict in sentences, the gravest first, at most `most` of them. */
export function verdictSentences({ windows, reasons }: LotJudgement, most: number): string[] {
	const of = (verdict: Judged) =>
		windows
			.filter((one) => one.verdict === verdict)
			.map(({ window, batch, coverage, reasons: why }) => {
				const place = batch === "" ? "" : ` in batch ${batch}`;
				const because = why.map(({ text }) => text).join("; ");
				return `${window}: ${because === "" ? `${percent(coverage)} covered` : because}${place}`;
			});
	const all = [...of("out"), ...of("not_evaluable"), ...reasons.map(({ text }) => text), ...of("alert")];
	return all.slice(0, most);
}

function compare(a: string, b: string): number {
	return a < b ? -1 : a > b ? 1 : 0;
}

function byText(a: Reason, b: Reason): number {
	return compare(a.code, b.code) || compare(a.text, b.text);
}
