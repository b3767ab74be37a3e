import { createHash } from "node:crypto";
import { SampleColumns } from "../../common/contract/samples.ts";
import type { IncomingRecord, JudgedRecord, RecordRow } from "../pipeline.ts";
import type { OffsetRanges } from "./offset-ranges.ts";
import type { Rows } from "./pending-rows.ts";

/** What is stored of an epoch already. */
export type StoredRanges = (edgeNode: number, epoch: number) => OffsetRanges;

/** Records of one transaction, as columns and rows, with what committing them will change. */
export interface Batch {
	readonly rows: RecordRow[];
	readonly samples: SampleColumns;
	/** Where each record's samples stand, in the order of `rows`. */
	readonly judged: JudgedRecord[];
	/** Whether each record of `rows` came late, as part of a backlog. */
	readonly historical: boolean[];
	readonly marks: { edgeNode: number; device: string; epoch: number; offset: number; throughMs: number }[];
	readonly ranges: Map<string, { edgeNode: number; epoch: number; ranges: OffsetRanges }>;
	/** Records whose offset was taken already. */
	readonly repeated: readonly IncomingRecord[];
}

/** Lays records out for judging and storing; what is stored already, or stands twice in the batch, is left out. */
export function buildBatch(records: readonly IncomingRecord[], nextSeq: number, stored: StoredRanges): Batch {
	const samples = new SampleColumns(records.reduce((sum, record) => sum + record.samples.count, 0));
	const batch: Batch = {
		rows: [],
		samples,
		judged: [],
		historical: [],
		marks: [],
		ranges: new Map(),
		repeated: [],
	};
	const repeated: IncomingRecord[] = [];
	for (const record of records) {
		const { edgeNode, epoch, last, device, throughMs, hash, receivedMs } = record;
		const key = `${edgeNode} ${epoch}`;
		const before = batch.ranges.get(key)?.ranges ?? stored(edgeNode, epoch);
		// Of a dropped range some records may be here: it stands for the others, and its place is the first of them.
		const missing = before.firstMissing(record.offset);
		const isWrittenOff = record.adopted === true && missing > last;
		const offset = isWrittenOff ? record.offset : missing;
		const ranges = isWrittenOff ? before : missing > last ? undefined : before.with(missing, last);
		if (ranges === undefined) {
			repeated.push(record);
			continue;
		}
		batch.ranges.set(key, { edgeNode, epoch, ranges });
		const from = samples.count;
		let sourceMinMs = Number.POSITIVE_INFINITY;
		let sourceMaxMs = Number.NEGATIVE_INFINITY;
		for (let index = 0; index < record.samples.count; index++) {
			const sourceMs = record.samples.sourceMs[index] as number;
			if (sourceMs < sourceMinMs) sourceMinMs = sourceMs;
			if (sourceMs > sourceMaxMs) sourceMaxMs = sourceMs;
			samples.copyFrom(record.samples, index);
		}
		const count = samples.count - from;
		batch.historical.push(record.historical);
		batch.judged.push({ device, throughMs, from, count, receivedMs });
		const seq = nextSeq + batch.rows.length;
		batch.rows.push({
			seq,
			edgeNode,
			epoch,
			offset,
			last,
			device,
			samples: count,
			sourceMinMs,
			sourceMaxMs,
			throughMs,
			hash,
			receivedMs,
		});
		if (throughMs !== undefined) batch.marks.push({ edgeNode, device, epoch, offset: last, throughMs });
	}
	return { ...batch, repeated };
}

/** What the ledger learns beside records: ranges that an agent no longer has, and epochs that are followed by another. */
export function addToLedger(
	{ ranges: changed }: Batch,
	{ lost, chained }: Pick<Rows, "lost" | "chained">,
	stored: StoredRanges,
): void {
	const before = (edgeNode: number, epoch: number) =>
		changed.get(`${edgeNode} ${epoch}`)?.ranges ?? stored(edgeNode, epoch);
	for (const { edgeNode, epoch, first, last } of lost) {
		const ranges = before(edgeNode, epoch);
		changed.set(`${edgeNode} ${epoch}`, { edgeNode, epoch, ranges: ranges.with(first, last) ?? ranges });
	}
	for (const { edgeNode, epoch } of chained)
		changed.set(`${edgeNode} ${epoch}`, { edgeNode, epoch, ranges: before(edgeNode, epoch) });
}

/** A gap's id follows from where it was told, so that telling it again makes no second row. */
export function gapId(edgeNode: number, epoch: number, offset: number, index: number): string {
	return createHash("sha256")
		.update(`gap ${edgeNode} ${epoch} ${offset} ${index}`)
		.digest("hex")
		.slice(0, 32);
}
