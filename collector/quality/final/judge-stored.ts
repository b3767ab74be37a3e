// A lot's verdict from what is stored of it: read, then judged whole. The collector does so when a verdict is due, and a replay with
// another version of the specification.

import type {
	ContextStretch,
	EvidencePort,
	LotEvidence,
	LotJudgement,
	Reason,
	StoredLotQuery,
	StoredUnitContext,
} from "../../judgement-port.ts";
import type { ContextChange, LotRow } from "../../pipeline.ts";
import { type Route, unitsOf } from "../../route.ts";
import type { SpecVersion } from "../../specification-port.ts";
import { contextChanges, contextStretches } from "./context.ts";
import { assembleLot, judgeUnit, withoutSpecification } from "./lot-judgement.ts";
import { unitWindows } from "./unit-windows.ts";

export interface JudgedLots {
	readonly evidence: EvidencePort;
	readonly route: Route;
	readonly contextTags: StoredLotQuery["contextTags"];
	/** What the lot book makes of these changes of one lot. */
	readonly bookedLot: (
		changes: readonly ContextChange[],
		lot: string,
		closedMs: number | undefined,
	) => LotRow | undefined;
	/** What genealogy says of a lot, of which these batches were seen; without it nobody asks. */
	readonly genealogy?: GenealogyJudge | undefined;
}

export type GenealogyJudge = (lot: string, batches: readonly string[]) => Promise<readonly Reason[]>;

export function stretchesOf(read: StoredUnitContext): ContextStretch[] {
	return contextStretches(read.unit, read.before, read.values, read.fromMs, read.untilMs);
}

/** What a lot's verdict is made from; undefined when nobody knows the lot, or it has not left the line. */
export async function readEvidence(lot: string, lots: JudgedLots): Promise<LotEvidence | undefined> {
	const { evidence, route, contextTags, bookedLot } = lots;
	const stored = await evidence.storedLot({ lot, route, contextTags });
	if (stored === undefined) return undefined;
	const context = stored.units.flatMap((read) => stretchesOf(read));
	const booked = bookedLot(contextChanges(context), lot, stored.closedMs);
	const closedMs = booked?.closedMs ?? stored.closedMs;
	if (closedMs === undefined) return undefined;
	const openedMs = booked?.openedMs ?? stored.openedMs;
	const observedWhole = booked?.observedWhole === true;
	const batches = context.filter((one) => one.lot === lot).map(({ batch }) => batch);
	const genealogy = (await lots.genealogy?.(lot, [...new Set(batches)])) ?? [];
	return { lot, context, gaps: stored.gaps, openedMs, closedMs, observedWhole, genealogy };
}

/** The verdict by everything that the line told; not evaluable when no approved version was in force. */
export async function judgeLine(
	evidence: LotEvidence,
	inForce: SpecVersion | undefined,
	{ route, evidence: port }: JudgedLots,
): Promise<LotJudgement> {
	if (inForce === undefined) return withoutSpecification(evidence);
	const { specification } = inForce;
	const windows: LotJudgement["windows"][number][] = [];
	const reasons: LotJudgement["reasons"][number][] = [];
	for (const unit of unitsOf(route)) {
		const own = evidence.context.filter((one) => one.unit === unit && one.lot === evidence.lot);
		const { tags } = unitWindows(specification, unit);
		if (own.length === 0 || tags.length === 0) continue;
		const fromMs = Math.min(...own.map((one) => one.fromMs));
		const toMs = Math.max(...own.map((one) => one.toMs));
		const columns = await port.lotSamples({ unit, tags, fromMs, toMs });
		if (columns === undefined) {
			reasons.push({ code: "too_many", text: `more samples in ${unit} than one lot may read` });
			continue;
		}
		const judged = judgeUnit(inForce, unit, evidence, (tag) => columns.get(tag));
		windows.push(...judged.verdicts);
		reasons.push(...judged.reasons);
		// A lot of a week is seconds of work: messages and probes go in between.
		await new Promise((resolve) => setImmediate(resolve));
	}
	return assembleLot(evidence, inForce, { stage: "line", route, windows, reasons });
}
