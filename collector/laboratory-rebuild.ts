import { SampleColumns, type SampleValue } from "../common/contract/samples.ts";
import type { Assembled, AssemblePort } from "./laboratory-port.ts";
import type { RecordRow } from "./pipeline.ts";

/** Stored records with their samples, in the order in which they were committed. */
interface Replayed {
	readonly lastSeq: number;
	readonly records: readonly (Pick<
		RecordRow,
		"seq" | "edgeNode" | "epoch" | "offset" | "last" | "device" | "samples" | "receivedMs"
	> & { readonly count: number })[];
	readonly rows: readonly {
		series: number;
		sourceMs: number;
		restTicks: number;
		status: number;
		value: SampleValue;
	}[];
}

interface RebuildOptions {
	readonly reader: { replay(afterSeq: number, records: number): Promise<Replayed> };
	readonly store: { commitLaboratory(assembled: Assembled): Promise<void> };
	readonly assembler: AssemblePort & { readonly isNewLayout: boolean };
	/** The first position that the store gives next. */
	readonly nextSeq: number;
	readonly telemetry: {
		readonly laboratory: { rebuilt(fields: { records: number; results: number }): void };
	};
}

const recordsAtOnce = 500;

/**
 * Puts together again what is stored, when the configuration names other servers or fields than before: their values may have
 * been stored for long. The same results have the same ids, so nothing is written twice.
 */
export async function rebuildLaboratory({
	reader,
	store,
	assembler,
	nextSeq,
	telemetry,
}: RebuildOptions): Promise<void> {
	if (!assembler.isNewLayout) return;
	const found = { records: 0, results: 0 };
	for (let seq = 0; seq < nextSeq - 1; ) {
		const replay = await reader.replay(seq, recordsAtOnce);
		if (replay.lastSeq === seq) break;
		seq = replay.lastSeq;
		found.records += replay.records.length;
		const assembled = assembler.take(batchOf(replay));
		if (assembled === undefined) continue;
		found.results += assembled.results.length;
		await store.commitLaboratory(assembled);
		assembler.keep();
	}
	await store.commitLaboratory(assembler.settled());
	if (found.records > 0) telemetry.laboratory.rebuilt(found);
}

function batchOf({ records, rows }: Replayed) {
	const samples = new SampleColumns(rows.length);
	const whole: RecordRow[] = [];
	let at = 0;
	for (const { count, ...record } of records) {
		// Of what is no longer there in full nobody knows where it stood.
		if (count === record.samples) {
			for (const row of rows.slice(at, at + count)) {
				const index = samples.count++;
				samples.tagId[index] = row.series;
				samples.sourceMs[index] = row.sourceMs;
				samples.sourceRestTicks[index] = row.restTicks;
				samples.status[index] = row.status;
				samples.setValue(index, row.value);
			}
			whole.push({ ...record, sourceMinMs: 0, sourceMaxMs: 0, throughMs: undefined, hash: new Uint8Array() });
		}
		at += count;
	}
	return { records: whole, samples, throughs: [] };
}
