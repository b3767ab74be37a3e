import type { DatabaseSync } from "node:sqlite";
import { samplesPerSeq } from "../pipeline.ts";
import { readPositions } from "./positions.ts";
import type { SampleRows } from "./sample-rows.ts";

/** Stored records after a position, for rebuilding the judgement. */
export interface Replay {
	readonly lastSeq: number;
	readonly records: readonly {
		readonly seq: number;
		readonly edgeNode: number;
		readonly epoch: number;
		readonly offset: number;
		readonly last: number;
		readonly device: string;
		/** What it was committed with, and what of it is still there. */
		readonly samples: number;
		readonly count: number;
		readonly throughMs: number | undefined;
		readonly receivedMs: number;
	}[];
	readonly rows: readonly {
		series: number;
		sourceMs: number;
		restTicks: number;
		status: number;
		value: number | string | null;
	}[];
}

/**
 * The records after `afterSeq`, at most `records` of them, with their samples. A record whose samples are no longer there
 * (retired, damaged) counts none.
 */
export async function readReplay(
	db: DatabaseSync,
	samples: SampleRows,
	{ afterSeq, records }: { afterSeq: number; records: number },
): Promise<Replay> {
	const found = (await samples.records.after(afterSeq, records)).map(
		([seq, device, had, throughMs, receivedMs, edgeNode, epoch, offset, last]) => ({
			...{ seq: Number(seq), edgeNode: Number(edgeNode), epoch: Number(epoch) },
			...{ offset: Number(offset), last: Number(last), samples: Number(had) },
			device: String(device),
			throughMs: throughMs === null ? undefined : Number(throughMs),
			receivedMs: Number(receivedMs),
		}),
	);
	const lastSeq = found.at(-1)?.seq ?? afterSeq;
	const endPos = (lastSeq + 1) * samplesPerSeq;
	const rows: Replay["rows"][number][] = [];
	const counts = new Map<number, number>();
	for (let fromPos = (afterSeq + 1) * samplesPerSeq; fromPos < endPos; ) {
		const slice = await readPositions(db, samples, { fromPos, limit: endPos - fromPos, endPos });
		for (let index = 0; index < slice.samples.count; index++) {
			const value = slice.samples.value(index);
			const seq = Math.floor((slice.pos[index] as number) / samplesPerSeq);
			counts.set(seq, (counts.get(seq) ?? 0) + 1);
			rows.push({
				series: slice.samples.tagId[index] as number,
				sourceMs: slice.samples.sourceMs[index] as number,
				restTicks: slice.samples.sourceRestTicks[index] as number,
				status: slice.samples.status[index] as number,
				// A 64-bit integer goes on as the nearest double, which is what the judge makes of it when it is live.
				value: typeof value === "bigint" ? Number(value) : value instanceof Uint8Array ? null : value,
			});
		}
		fromPos = slice.nextPos;
	}
	return {
		lastSeq,
		records: found.map((record) => ({ ...record, count: counts.get(record.seq) ?? 0 })),
		rows,
	};
}
