import type { DatabaseSync } from "node:sqlite";
import { samplesPerSeq } from "../pipeline.ts";
import { readPositions } from "./positions.ts";
import { all } from "./read-rows.ts";
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
	const found = all(
		db,
		'SELECT seq, edge_node, epoch, "offset", last, device, samples, through_ms, received_ms FROM record WHERE seq > ? ORDER BY seq LIMIT ?',
		afterSeq,
		records,
	);
	const lastSeq = Number(found.at(-1)?.seq ?? afterSeq);
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
		records: found.map((row) => ({
			...{ seq: Number(row.seq), edgeNode: Number(row.edge_node), epoch: Number(row.epoch) },
			...{ offset: Number(row.offset), last: Number(row.last), samples: Number(row.samples) },
			device: String(row.device),
			count: counts.get(Number(row.seq)) ?? 0,
			throughMs: row.through_ms === null ? undefined : Number(row.through_ms),
			receivedMs: Number(row.received_ms),
		})),
		rows,
	};
}
