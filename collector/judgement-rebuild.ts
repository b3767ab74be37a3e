import type { SampleValue } from "../common/contract/samples.ts";
import { SampleColumns } from "../common/contract/samples.ts";
import type { JudgedRecord, JudgePort } from "./pipeline.ts";

/** Stored records with their samples, in the order in which they were committed. */
interface Replayed {
	readonly lastSeq: number;
	readonly records: readonly Pick<JudgedRecord, "device" | "count" | "throughMs" | "receivedMs">[];
	readonly rows: readonly { series: number; sourceMs: number; status: number; value: SampleValue }[];
}

interface RebuildOptions {
	readonly reader: { replay(afterSeq: number, records: number): Promise<Replayed> };
	readonly judge: Pick<JudgePort, "judge" | "keep"> & { load(state: string): void };
	readonly opened: {
		readonly cache: { readonly seq: number; readonly state: string } | undefined;
		readonly nextSeq: number;
	};
	readonly telemetry: { judgementRebuilt(fields: { fromSeq: number; toSeq: number }): void };
}

const recordsAtOnce = 500;

/** Brings the judgement from its saved state up to the last committed record; what it gives was committed then. */
export async function rebuildJudgement({ reader, judge, opened, telemetry }: RebuildOptions): Promise<void> {
	const fromSeq = opened.cache?.seq ?? 0;
	if (opened.cache !== undefined) judge.load(opened.cache.state);
	let seq = fromSeq;
	while (seq < opened.nextSeq - 1) {
		const replay = await reader.replay(seq, recordsAtOnce);
		if (replay.lastSeq === seq) break;
		const samples = new SampleColumns(replay.rows.length);
		for (const [index, { series, sourceMs, status, value }] of replay.rows.entries()) {
			samples.tagId[index] = series;
			samples.sourceMs[index] = sourceMs;
			samples.status[index] = status;
			samples.setValue(index, value);
		}
		samples.count = replay.rows.length;
		let from = 0;
		const records = replay.records.map((record) => {
			const judged = { ...record, from };
			from += record.count;
			return judged;
		});
		judge.judge({ records, samples });
		judge.keep();
		seq = replay.lastSeq;
	}
	if (seq > fromSeq) telemetry.judgementRebuilt({ fromSeq, toSeq: seq });
}
