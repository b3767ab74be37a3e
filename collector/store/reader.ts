import type {
	ChartAnswer,
	ChartEntry,
	ChartQuery,
	ChartSignalEntry,
	LotNumber,
	LotNumbersQuery,
} from "../chart-port.ts";
import type { Occurrence } from "../pipeline.ts";
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
export class StoreReader implements ReadPort {
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

	charts(query: { limit: number }): Promise<ChartEntry[]> {
		return this.#thread.call("charts", query);
	}

	chart(query: ChartQuery): Promise<ChartAnswer | undefined> {
		return this.#thread.call("chart", query);
	}

	chartSignals(query: { limit: number; lot?: string | undefined }): Promise<ChartSignalEntry[]> {
		return this.#thread.call("chartSignals", query);
	}

	/** What a lot has given in numbers, for control charts. */
	lotNumbers(query: LotNumbersQuery): Promise<LotNumber[]> {
		return this.#thread.call("lotNumbers", query);
	}

	totals(): Promise<StoreTotals> {
		return this.#thread.call("totals");
	}

	reconciliation(query: ReconciliationQuery): Promise<ReconciliationRow[]> {
		return this.#thread.call("reconciliation", query);
	}
}
