import { SampleColumns } from "../../common/contract/samples.ts";
import type { EventSlice, PositionReader, PositionSlice } from "../follow-port.ts";
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
export class StoreReader implements ReadPort, SamplesPort, PositionReader {
	readonly #thread = new ThreadCaller(threadFile("reader-thread"));

	/** `limits` bound the DuckDB that reads parts. */
	async open(path: string, limits: DuckLimits = defaultLimits): Promise<void> {
		this.#thread.start();
		await this.#thread.call("open", { path, folder: partFolder(path), limits });
	}

	async close(): Promise<void> {
		await this.#thread.call("close").catch(() => undefined);
		await this.#thread.stop();
	}

	counts(): Promise<SampleCounts> {
		return this.#thread.call("counts");
	}

	tags(): Promise<TagRow[]> {
		return this.#thread.call("tags");
	}

	trend(query: TrendQuery): Promise<TrendAnswer | undefined> {
		return this.#thread.call("trend", query);
	}

	violations(query: { limit: number }): Promise<Occurrence[]> {
		return this.#thread.call("violations", query);
	}

	gaps(query: { limit: number }): Promise<GapEntry[]> {
		return this.#thread.call("gaps", query);
	}

	lots(query: { limit: number }): Promise<LotEntry[]> {
		return this.#thread.call("lots", query);
	}

	messages(query: { limit: number }): Promise<MessageEntry[]> {
		return this.#thread.call("messages", query);
	}

	totals(): Promise<StoreTotals> {
		return this.#thread.call("totals");
	}

	pieces(selection: SampleSelection): Promise<SamplePiece[] | undefined> {
		return this.#thread.call("pieces", selection);
	}

	slice(piece: SamplePiece, limit: number): Promise<SampleSlice> {
		return this.#thread.call("slice", { piece, limit });
	}

	buckets(piece: SamplePiece, widthMs: number): Promise<BucketSlice> {
		return this.#thread.call("buckets", { piece, widthMs });
	}

	parquet(pieces: readonly SamplePiece[]): Promise<ParquetExport> {
		return this.#thread.call("parquet", { pieces });
	}

	/** Stored records after `afterSeq`, at most `records` of them. */
	replay(afterSeq: number, records: number): Promise<Replay> {
		return this.#thread.call("replay", { afterSeq, records });
	}

	/** For each sample whether an equal one of its series is sealed. The columns are copied, not handed over. */
	sealedKnown(samples: SampleColumns): Promise<readonly boolean[]> {
		return this.#thread.call("sealedKnown", { samples });
	}

	async readPositions(fromPos: number, limit: number): Promise<PositionSlice> {
		const slice = await this.#thread.call<PositionSlice>("positions", { fromPos, limit });
		// A SampleColumns loses its class on the way between threads.
		Object.setPrototypeOf(slice.samples, SampleColumns.prototype);
		return slice;
	}

	readEvents(afterN: number, limit: number): Promise<EventSlice> {
		return this.#thread.call("events", { afterN, limit });
	}

	readSeries(afterId: number, limit: number): Promise<Series[]> {
		return this.#thread.call("series", { afterId, limit });
	}

	readEdgeNodes(): Promise<EdgeNodeRow[]> {
		return this.#thread.call("edgeNodes");
	}

	/** Parts that were found damaged since this was asked last. */
	takeDamaged(): Promise<DamageFound[]> {
		return this.#thread.call("takeDamaged");
	}

	reconciliation(query: ReconciliationQuery): Promise<ReconciliationRow[]> {
		return this.#thread.call("reconciliation", query);
	}
}
