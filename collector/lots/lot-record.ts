import { canonicalHash } from "../../common/runtime/canonical-json.ts";
import type { LotGenealogy } from "../genealogy-port.ts";
import type { EvidenceGap, VerdictRecord } from "../judgement-port.ts";
import type { LabResult } from "../laboratory-port.ts";
import type { Excursion, LotDecision, LotRecord, StandingVerdict } from "../lot-port.ts";
import type { CommentEntry } from "../people-port.ts";
import type { Occurrence, UnitVisit } from "../pipeline.ts";
import type { SamplesPort } from "../samples-port.ts";
import type { Specification } from "../specification.ts";
import { countingVerdict, type LotFacts, standingOf } from "./lot-states.ts";

/** What is stored of one lot. */
export interface StoredLotRecord {
	readonly openedMs: number;
	readonly closedMs: number | undefined;
	readonly visits: readonly UnitVisit[];
	readonly occurrences: readonly Occurrence[];
	readonly gaps: readonly EvidenceGap[];
	readonly results: readonly LabResult[];
	readonly decisions: readonly LotDecision[];
	readonly comments: readonly CommentEntry[];
}

export interface LotRecordSources {
	/** Undefined when the store has no such lot. */
	storedRecord(lot: string): Promise<StoredLotRecord | undefined>;
	/** Every verdict, by stage, the newest revision first. */
	verdicts(lot: string): Promise<readonly VerdictRecord[]>;
	readonly samples: Pick<SamplesPort, "pieces" | "buckets">;
	/** The version in force when the lot's material was made. */
	readonly specificationAt: (sourceMs: number) => { readonly specification: Specification } | undefined;
	/** The tag by which units tell their phase. */
	readonly phaseTag: string;
	readonly simulated: boolean;
	/** What a lot with these batches was made of; undefined when nobody reads genealogy. */
	readonly genealogy?: ((lot: string, batches: readonly string[]) => Promise<LotGenealogy>) | undefined;
}

/** Excursions that get a chart; more are listed without one. */
const chartsMost = 40;
const bucketsOfChart = 80;

/** The newest verdict of each stage. */
function newestOf(verdicts: readonly VerdictRecord[]): StandingVerdict[] {
	return verdicts
		.filter((one, index) => verdicts.findIndex(({ stage }) => stage === one.stage) === index)
		.map(({ id, stage, proposal, judgedMs, judgement }) => ({
			...{ id, stage, proposal, judgedMs, verdict: judgement.verdict },
		}));
}

/** What a lot's state follows from; undefined when nobody knows the lot. */
export async function lotFacts(
	lot: string,
	sources: Pick<LotRecordSources, "storedRecord" | "verdicts" | "specificationAt">,
): Promise<LotFacts | undefined> {
	const stored = await sources.storedRecord(lot);
	return stored === undefined ? undefined : factsOf(stored, await sources.verdicts(lot), sources);
}

function factsOf(
	{ closedMs, decisions, openedMs }: StoredLotRecord,
	verdicts: readonly VerdictRecord[],
	{ specificationAt }: Pick<LotRecordSources, "specificationAt">,
): LotFacts {
	const laboratory = specificationAt(openedMs)?.specification.laboratory ?? [];
	return { closedMs, decisions, verdicts: newestOf(verdicts), asksLaboratory: laboratory.length > 0 };
}

/** Everything that is known of a lot as one document; undefined when nobody knows it. */
export async function lotRecord(lot: string, sources: LotRecordSources): Promise<LotRecord | undefined> {
	const stored = await sources.storedRecord(lot);
	if (stored === undefined) return undefined;
	const verdicts = await sources.verdicts(lot);
	const specification = sources.specificationAt(stored.openedMs)?.specification;
	const facts = factsOf(stored, verdicts, sources);
	const counting = verdicts.find(({ id }) => id === countingVerdict(facts)?.id);
	const excursions: Excursion[] = [];
	for (const occurrence of stored.occurrences)
		excursions.push(await excursionOf(occurrence, excursions.length, sources));
	const record = {
		lot,
		product: {
			code: specification?.product.code ?? counting?.judgement.product ?? "",
			formula: specification?.product.formula ?? "",
		},
		simulated: sources.simulated,
		standing: standingOf(facts),
		openedMs: stored.openedMs,
		closedMs: stored.closedMs,
		visits: stored.visits,
		judgement: counting?.judgement,
		verdictId: counting?.id,
		revisions: verdicts.length,
		windows: counting?.judgement.windows ?? [],
		excursions,
		gaps: stored.gaps,
		results: stored.results,
		decisions: stored.decisions,
		comments: stored.comments,
		genealogy: await sources.genealogy?.(lot, [...new Set(stored.visits.map(({ batch }) => batch))]),
	};
	return { ...record, hash: canonicalHash(record) };
}

async function excursionOf(
	occurrence: Occurrence,
	index: number,
	{ samples, phaseTag }: LotRecordSources,
): Promise<Excursion> {
	const endMs = occurrence.clearedMs ?? occurrence.raisedMs;
	const aroundMs = Math.max(60_000, (endMs - occurrence.startedMs) / 2);
	const widthMs = Math.ceil((endMs - occurrence.startedMs + 2 * aroundMs) / bucketsOfChart);
	const fromMs = Math.floor((occurrence.startedMs - aroundMs) / widthMs) * widthMs;
	const toMs = fromMs + bucketsOfChart * widthMs - 1;
	const empty = { ...occurrence, eu: "", chart: { fromMs, toMs, min: [], max: [] } };
	if (index >= chartsMost) return empty;
	const { unit, tag } = occurrence;
	const [piece] = (await samples.pieces({ unit, tags: [tag], phaseTag, fromMs, toMs })) ?? [];
	if (piece === undefined) return empty;
	const { min, max } = await samples.buckets(piece, widthMs);
	return { ...occurrence, eu: piece.eu ?? "", chart: { fromMs, toMs, min, max } };
}
