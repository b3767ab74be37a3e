import { SampleColumns } from "../../common/contract/samples.ts";
import { CodedError } from "../../common/runtime/coded-error.ts";
import type { AdoptableFile, AdoptableRecord, AdoptPort, RecordPlace } from "../adoption-port.ts";
import type {
	ChartAnswer,
	ChartEntry,
	ChartQuery,
	ChartSignalEntry,
	LotNumber,
	LotNumbersQuery,
} from "../chart-port.ts";
import type { EventSlice, PositionReader, PositionSlice } from "../follow-port.ts";
import type { GenealogyLink, LinksQuery, TagValues } from "../genealogy-port.ts";
import type {
	EvidenceColumns,
	EvidencePort,
	LotSamplesQuery,
	StoredLot,
	StoredLotQuery,
	StoredUnitContext,
	VerdictRecord,
} from "../judgement-port.ts";
import type { LaboratoryAnswer, LabResult } from "../laboratory-port.ts";
import type { MaterialVerdict } from "../material-port.ts";
import type { AuditSlice, CommentEntry, CommentQuery, EntriesPort } from "../people-port.ts";
import type { EdgeNodeRow, Occurrence, Series } from "../pipeline.ts";
import type {
	GapEntry,
	LotEntry,
	MessageEntry,
	ReadPort,
	ReconciliationQuery,
	ReconciliationRow,
	SampleCounts,
	StoreTotals,
	TagRow,
	TrendAnswer,
	TrendQuery,
} from "../read-port.ts";
import type {
	BucketSlice,
	ParquetExport,
	SamplePiece,
	SampleSelection,
	SampleSlice,
	SamplesPort,
} from "../samples-port.ts";
import type { SpecificationRow } from "../specification-port.ts";
import type { StoredLotRows } from "./lot-record-query.ts";
import type { DuckLimits } from "./parts/duck.ts";
import { partFolder } from "./parts/part-folder.ts";
import type { DamageFound } from "./parts/reading-parts.ts";
import type { Replay } from "./replay.ts";
import { ThreadCaller, threadFile } from "./thread-call.ts";

const defaultLimits: DuckLimits = { memoryMb: 256, threads: 2, temporaryMb: 2_048 };

/**
 * The reading side of the store, on a thread of its own; questions are answered one after the other. The file need
 * not exist yet: until the writer has made it, every question fails with STORE_FAILED.
 */
export class StoreReader
	implements ReadPort, SamplesPort, PositionReader, EvidencePort, AdoptPort, EntriesPort
{
	readonly #thread = new ThreadCaller(threadFile("reader-thread"));
	readonly #whose: string;
	#opened: { path: string; folder: string; limits: DuckLimits; whose: string } | undefined;
	#started: Promise<unknown> | undefined;

	/** `whose` questions it answers names its temporary folder; two readers must not share one. */
	constructor(whose = "reader") {
		this.#whose = whose;
	}

	/** `limits` bound the DuckDB that reads parts. The thread starts with the first question. */
	async open(path: string, limits: DuckLimits = defaultLimits): Promise<void> {
		this.#opened = { path, folder: partFolder(path), limits, whose: this.#whose };
	}

	async close(): Promise<void> {
		this.#opened = undefined;
		if (this.#started === undefined) return;
		this.#started = undefined;
		await this.#thread.call("close").catch(() => undefined);
		await this.#thread.stop();
	}

	async #ask<T>(operation: string, argument?: unknown): Promise<T> {
		if (this.#opened === undefined) throw new CodedError("STORE_FAILED", "the store is not open");
		if (this.#started === undefined) {
			this.#thread.start();
			this.#started = this.#thread.call("open", this.#opened);
		}
		await this.#started;
		return await this.#thread.call<T>(operation, argument);
	}

	counts(): Promise<SampleCounts> {
		return this.#ask("counts");
	}

	tags(): Promise<TagRow[]> {
		return this.#ask("tags");
	}

	trend(query: TrendQuery): Promise<TrendAnswer | undefined> {
		return this.#ask("trend", query);
	}

	alerts(query: { limit: number }): Promise<Occurrence[]> {
		return this.#ask("alerts", query);
	}

	violations(query: { limit: number }): Promise<Occurrence[]> {
		return this.#ask("violations", query);
	}

	gaps(query: { limit: number }): Promise<GapEntry[]> {
		return this.#ask("gaps", query);
	}

	lots(query: { limit: number }): Promise<LotEntry[]> {
		return this.#ask("lots", query);
	}

	messages(query: { limit: number }): Promise<MessageEntry[]> {
		return this.#ask("messages", query);
	}

	specifications(): Promise<SpecificationRow[]> {
		return this.#ask("specifications", {});
	}

	charts(query: { limit: number }): Promise<ChartEntry[]> {
		return this.#ask("charts", query);
	}

	chart(query: ChartQuery): Promise<ChartAnswer | undefined> {
		return this.#ask("chart", query);
	}

	chartSignals(query: { limit: number; lot?: string | undefined }): Promise<ChartSignalEntry[]> {
		return this.#ask("chartSignals", query);
	}

	comments(query: CommentQuery): Promise<CommentEntry[]> {
		return this.#ask("comments", query);
	}

	audit(query: { from: number; limit: number }): Promise<AuditSlice> {
		return this.#ask("audit", query);
	}

	laboratory(query: { lot?: string | undefined; limit: number }): Promise<LaboratoryAnswer> {
		return this.#ask("laboratory", query);
	}

	/** What a lot has given in numbers, for control charts. */
	lotNumbers(query: LotNumbersQuery): Promise<LotNumber[]> {
		return this.#ask("lotNumbers", query);
	}

	storedLot(query: StoredLotQuery): Promise<StoredLot | undefined> {
		return this.#ask("storedLot", query);
	}

	contextOf(query: Parameters<EvidencePort["contextOf"]>[0]): Promise<StoredUnitContext> {
		return this.#ask("contextOf", query);
	}

	lotSamples(query: LotSamplesQuery): Promise<ReadonlyMap<string, EvidenceColumns> | undefined> {
		return this.#ask("lotSamples", query);
	}

	verdicts(lot: string): Promise<VerdictRecord[]> {
		return this.#ask("verdicts", { lot });
	}

	/** What is stored of one lot beside its verdicts. */
	lotRows(lot: string): Promise<StoredLotRows | undefined> {
		return this.#ask("lotRows", { lot });
	}

	/** A lot's laboratory results, every version, and how many lots left the line before it. */
	lotResults(lot: string): Promise<{ results: LabResult[]; place: number }> {
		return this.#ask("lotResults", { lot });
	}

	newestVerdicts(limit: number): Promise<VerdictRecord[]> {
		return this.#ask("newestVerdicts", { limit });
	}

	/** Every version of each result of these lots of raw materials. */
	materialLotResults(query: { lots: readonly string[] }): Promise<LabResult[]> {
		return this.#ask("materialLotResults", query);
	}

	materials(query: { limit: number }): Promise<MaterialVerdict[]> {
		return this.#ask("materials", query);
	}

	material(lot: string): Promise<MaterialVerdict[]> {
		return this.#ask("material", { lot });
	}

	links(query: LinksQuery): Promise<GenealogyLink[]> {
		return this.#ask("links", query);
	}

	lotLinks(query: { lot: string; batches: readonly string[] }): Promise<GenealogyLink[]> {
		return this.#ask("lotLinks", query);
	}

	/** Values of one tag of every unit, page by page. */
	tagValues(query: { tag: string; fromMs: number }): Promise<TagValues> {
		return this.#ask("tagValues", query);
	}

	totals(): Promise<StoreTotals> {
		return this.#ask("totals");
	}

	pieces(selection: SampleSelection): Promise<SamplePiece[] | undefined> {
		return this.#ask("pieces", selection);
	}

	slice(piece: SamplePiece, limit: number): Promise<SampleSlice> {
		return this.#ask("slice", { piece, limit });
	}

	buckets(piece: SamplePiece, widthMs: number): Promise<BucketSlice> {
		return this.#ask("buckets", { piece, widthMs });
	}

	bucketsOfEach(pieces: readonly SamplePiece[], widthMs: number): Promise<BucketSlice[]> {
		return this.#ask("bucketsOfEach", { pieces, widthMs });
	}

	parquet(pieces: readonly SamplePiece[]): Promise<ParquetExport> {
		return this.#ask("parquet", { pieces });
	}

	/** Stored records after `afterSeq`, at most `records` of them. */
	replay(afterSeq: number, records: number): Promise<Replay> {
		return this.#ask("replay", { afterSeq, records });
	}

	/** For each sample whether an equal one of its series is sealed. The columns are copied, not handed over. */
	sealedKnown(samples: SampleColumns): Promise<readonly boolean[]> {
		return this.#ask("sealedKnown", { samples });
	}

	/** The hash of the record in a record file that has this place. */
	hashInFiles(place: RecordPlace): Promise<Uint8Array | undefined> {
		return this.#ask("hashInFiles", place);
	}

	adoptable(): Promise<AdoptableFile[]> {
		return this.#ask("adoptable");
	}

	async adoptableRecords(file: string, afterSeq: number): Promise<AdoptableRecord[]> {
		const records = await this.#ask<AdoptableRecord[]>("adoptableRecords", { file, afterSeq });
		// A SampleColumns loses its class on the way between threads.
		for (const { samples } of records) Object.setPrototypeOf(samples, SampleColumns.prototype);
		return records;
	}

	placesKnown(places: readonly RecordPlace[]): Promise<boolean[]> {
		return this.#ask("placesKnown", { places });
	}

	adopted(files: readonly string[]): Promise<void> {
		return this.#ask("adopted", { files });
	}

	async readPositions(fromPos: number, limit: number): Promise<PositionSlice> {
		const slice = await this.#ask<PositionSlice>("positions", { fromPos, limit });
		// A SampleColumns loses its class on the way between threads.
		Object.setPrototypeOf(slice.samples, SampleColumns.prototype);
		return slice;
	}

	readEvents(afterN: number, limit: number): Promise<EventSlice> {
		return this.#ask("events", { afterN, limit });
	}

	readSeries(afterId: number, limit: number): Promise<Series[]> {
		return this.#ask("series", { afterId, limit });
	}

	readEdgeNodes(): Promise<EdgeNodeRow[]> {
		return this.#ask("edgeNodes");
	}

	/** Parts that were found damaged since this was asked last. */
	async takeDamaged(): Promise<DamageFound[]> {
		return this.#started === undefined ? [] : await this.#ask<DamageFound[]>("takeDamaged");
	}

	reconciliation(query: ReconciliationQuery): Promise<ReconciliationRow[]> {
		return this.#ask("reconciliation", query);
	}
}
