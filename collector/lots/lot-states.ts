import type {
	Concession,
	LotDecision,
	LotDecisionName,
	LotStanding,
	LotState,
	StandingVerdict,
} from "../lot-port.ts";

/** What a lot's state follows from. */
export interface LotFacts {
	readonly closedMs: number | undefined;
	/** The newest verdict of each stage. */
	readonly verdicts: readonly StandingVerdict[];
	/** The specification asks the laboratory for results of the lot. */
	readonly asksLaboratory: boolean;
	/** In the order in which they were entered. */
	readonly decisions: readonly LotDecision[];
}

const stateOf: Readonly<Record<LotDecisionName, LotState>> = {
	release: "RELEASED",
	conditional: "CONDITIONAL",
	hold: "HOLD",
	rework: "REWORK",
	reject: "REJECTED",
};

/** The verdict that counts: the complete one where there is one. */
export function countingVerdict({ verdicts }: Pick<LotFacts, "verdicts">): StandingVerdict | undefined {
	return verdicts.find(({ stage }) => stage === "complete") ?? verdicts.find(({ stage }) => stage === "line");
}

/**
 * A lot's state: RUNNING on the line, COMPLETE behind it, QC_PENDING when it is judged. The hold rules put a lot on HOLD by
 * themselves; everything else, and taking it off, is a person's decision. Pure.
 */
export function standingOf(facts: LotFacts): LotStanding {
	const { closedMs, decisions } = facts;
	const verdict = countingVerdict(facts);
	const last = decisions.at(-1);
	const possible = possibleDecisions(facts);
	if (last !== undefined) {
		const needsReview = verdict !== undefined && last.verdictId !== verdict.id;
		return { state: stateOf[last.decision], by: last.by, reason: last.reason, needsReview, possible };
	}
	const none = { by: "rules", needsReview: false, possible };
	if (closedMs === undefined) return { state: "RUNNING", reason: "on the line", ...none };
	if (verdict === undefined) return { state: "COMPLETE", reason: "not judged yet", ...none };
	if (verdict.proposal === "release") {
		const waits = facts.asksLaboratory && verdict.stage === "line";
		return { state: "QC_PENDING", reason: waits ? "waits for the laboratory" : "waits for quality", ...none };
	}
	const why = `${verdict.verdict.replace("_", " ")}: the hold rules propose ${verdict.proposal.replaceAll("_", " ")}`;
	return { state: "HOLD", reason: why, ...none };
}

function possibleDecisions(facts: LotFacts): LotDecisionName[] {
	const all: LotDecisionName[] = ["release", "conditional", "hold", "rework", "reject"];
	return all.filter((decision) => blocked(facts, decision) === undefined);
}

/** Why a decision cannot be taken now, whoever wants it; undefined when it can. */
function blocked(facts: LotFacts, decision: LotDecisionName): string | undefined {
	const { closedMs, decisions, asksLaboratory } = facts;
	const verdict = countingVerdict(facts);
	const before = decisions.at(-1)?.decision;
	if (closedMs === undefined || verdict === undefined)
		return "expected a lot that has left the line and is judged";
	if (before === "reject") return "a rejected lot stays rejected; what is made of it is another lot";
	if (before === decision && decision !== "hold") return `the lot is ${stateOf[decision]} already`;
	if (before === "release" && decision !== "hold") return "a released lot can only be held";
	if (decision !== "release" && decision !== "conditional") return undefined;
	if (asksLaboratory && verdict.stage === "line") return "results of the laboratory are still to come";
	if (decision === "release" && verdict.proposal !== "release")
		return `the hold rules propose ${verdict.proposal.replaceAll("_", " ")}: release it conditionally, with a concession`;
	return undefined;
}

/** What a person wants decided. */
export interface WantedDecision {
	readonly decision: LotDecisionName;
	readonly by: string;
	readonly reason: string;
	readonly verdictId: string;
	readonly concession?: Concession | undefined;
}

/** Why a wanted decision is refused: expected, found, what to do. Undefined when it may be entered. */
export function refusal(facts: LotFacts, wanted: WantedDecision): string | undefined {
	const verdict = countingVerdict(facts);
	const reason = blocked(facts, wanted.decision);
	if (reason !== undefined) return reason;
	if (wanted.reason.trim() === "") return "expected a reason";
	if (wanted.verdictId !== verdict?.id)
		return `expected the newest verdict, ${verdict?.id}, found ${wanted.verdictId}: it has changed since it was looked at`;
	if (wanted.decision === "conditional" && wanted.concession === undefined)
		return "expected a concession: customer, reference and who agreed to it";
	if (wanted.decision !== "conditional" && wanted.concession !== undefined)
		return `expected a concession only with conditional, found one with ${wanted.decision}`;
	if (wanted.concession?.agreedBy === wanted.by)
		return `expected two persons, found ${wanted.by} deciding and agreeing`;
	return undefined;
}
