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
import { ThreadCaller, threadFile } from "./thread-call.ts";

/**
 * The reading side of the store, on a thread of its own; questions are answered one after the other. The file need
 * not exist yet: until the writer has made it, every question fails with STORE_FAILED.
 */
export class StoreReader implements ReadPort, PositionReader {
	readonly #thread = new ThreadCaller(threadFile("reader-thread"));

	async open(path: string): Promise<void> {
		this.#thread.start();
		await this.#thread.call("open", { path });
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

	reconciliation(query: ReconciliationQuery): Promise<ReconciliationRow[]> {
		return this.#thread.call("reconciliation", query);
	}

	async readPositions(fromPos: number, limit: number): Promise<PositionSlice> {
		const slice = await this.#thread.call<PositionSlice>("readPositions", { fromPos, limit });
		// A SampleColumns loses its class on the way between threads.
		Object.setPrototypeOf(slice.samples, SampleColumns.prototype);
		return slice;
	}

	readEvents(afterN: number, limit: number): Promise<EventSlice> {
		return this.#thread.call("readEvents", { afterN, limit });
	}

	readSeries(afterId: number, limit: number): Promise<Series[]> {
		return this.#thread.call("readSeries", { afterId, limit });
	}

	readEdgeNodes(): Promise<EdgeNodeRow[]> {
		return this.#thread.call("readEdgeNodes");
	}
}
