import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ChartCommit } from "../../../collector/chart-port.ts";
import type { CommitBatch, Occurrence } from "../../../collector/pipeline.ts";
import { StoreFile } from "../../../collector/store/store-file.ts";
import { type DatatypeName, datatypes } from "../../../common/contract/datatype.ts";
import { SampleColumns, type SampleValue } from "../../../common/contract/samples.ts";

export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
/** The beginning of the known data, in source time. */
export const beganMs = Date.UTC(2026, 10, 20, 6);

export interface KnownSample {
	readonly tag: string;
	readonly atMs: number;
	readonly value: SampleValue;
	readonly status?: number;
}

export const emptyBatch: CommitBatch = {
	edgeNodes: [],
	series: [],
	records: [],
	samples: new SampleColumns(0),
	epochs: [],
	gaps: [],
	throughs: [],
	conflicts: [],
	dirty: [],
	occurrences: [],
	alerts: [],
	periods: [],
	limits: [],
	visits: [],
	lots: [],
	due: [],
	outbox: [],
	cache: undefined,
};

export const noCharts: ChartCommit = { points: [], signals: [], baselines: [] };

export const knownOccurrence: Occurrence = {
	id: "occurrence-1",
	window: "F500.TT01-soak",
	specVersion: 1,
	unit: "U500",
	tag: "F500.TT01",
	batch: "B1",
	lot: "L1",
	phase: "SOAK",
	side: "high",
	limit: 505,
	startedMs: beganMs + hourMs,
	raisedMs: beganMs + hourMs + minuteMs,
	clearedMs: undefined,
	clearedBy: undefined,
	extreme: 512.5,
};

/** A real store in a folder of its own, filled through the same commit as in the collector. */
export class KnownStore {
	readonly directory = mkdtempSync(join(tmpdir(), "pilotline-store-"));
	readonly path = join(this.directory, "store.db");
	readonly #series = new Map<string, number>();
	#file: StoreFile | undefined;
	#seq = 1;
	#nextSeries = 1;

	get file(): StoreFile {
		if (this.#file === undefined) {
			this.#file = new StoreFile(this.path);
			this.#file.commit({ ...emptyBatch, edgeNodes: [{ id: 1, group: "site", edgeNode: "agent-1" }] });
		}
		return this.#file;
	}

	commit(batch: Partial<CommitBatch>): void {
		this.file.commit({ ...emptyBatch, ...batch });
	}

	/** Later records of the tag are of the series that was added last. */
	series(unit: string, tag: string, datatype: DatatypeName, eu?: string, edgeNode = 1): void {
		const id = this.#nextSeries++;
		this.#series.set(`${unit}/${tag}`, id);
		this.commit({ series: [{ id, edgeNode, device: unit, tag, datatype: datatypes[datatype], eu }] });
	}

	/** One record of the unit, at most 500 samples. */
	record(unit: string, samples: readonly KnownSample[], edgeNode = 1): void {
		const columns = new SampleColumns(samples.length);
		columns.count = samples.length;
		for (const [index, { tag, atMs, value, status = 0 }] of samples.entries()) {
			columns.tagId[index] = this.#series.get(`${unit}/${tag}`) as number;
			columns.sourceMs[index] = atMs;
			columns.serverLagTicks[index] = Number.NaN;
			columns.status[index] = status;
			columns.setValue(index, value);
		}
		const times = samples.map(({ atMs }) => atMs);
		const seq = this.#seq++;
		const record = {
			seq,
			edgeNode,
			epoch: 7,
			offset: seq,
			last: seq,
			device: unit,
			samples: samples.length,
			throughMs: undefined,
			sourceMinMs: Math.min(...times),
			sourceMaxMs: Math.max(...times),
			hash: new Uint8Array(16),
			receivedMs: Math.max(...times),
		};
		this.commit({ records: [record], samples: columns });
	}

	/** Many samples of a unit, in records of `perRecord`. */
	records(unit: string, samples: readonly KnownSample[], perRecord = 100): void {
		for (let at = 0; at < samples.length; at += perRecord)
			this.record(unit, samples.slice(at, at + perRecord));
	}

	remove(): void {
		this.#file?.close();
		rmSync(this.directory, { recursive: true, force: true });
	}
}
