import { gapMetric } from "../../common/contract/delivery.ts";
import { decodeGap } from "../../common/contract/gap.ts";
import { nodeDevice } from "../../common/contract/ids.ts";
import { decodeOpened, openedMetric } from "../../common/contract/opened.ts";
import type { GapRow, RecordRow } from "../pipeline.ts";
import { type Batch, gapId } from "./batch.ts";

/** An epoch began, and the edge node said which one came before. */
export interface Opening {
	readonly edgeNode: number;
	readonly epoch: number;
	readonly previousEpoch: number;
	readonly previousLast: number;
}

/** Openings and gaps are samples of the edge node itself; this reads them out of a batch. */
export function readNodeRecords(
	batch: Batch,
	tagOf: (series: number) => string | undefined,
): { openings: Opening[]; gaps: GapRow[] } {
	const openings: Opening[] = [];
	const gaps: GapRow[] = [];
	for (const [at, { device, from, count }] of batch.judged.entries()) {
		if (device !== nodeDevice) continue;
		const { edgeNode, epoch, offset, receivedMs } = batch.rows[at] as RecordRow;
		for (let index = from; index < from + count; index++) {
			const tag = tagOf(batch.samples.tagId[index] as number);
			const text = batch.samples.value(index);
			if (typeof text !== "string") continue;
			if (tag === openedMetric) {
				const opened = decodeOpened(text);
				if (opened !== undefined)
					openings.push({
						edgeNode,
						epoch,
						previousEpoch: opened.previousEpoch,
						previousLast: opened.previousLast,
					});
			} else if (tag === gapMetric) {
				const gap = decodeGap(text);
				if (gap !== undefined)
					gaps.push({
						...gap,
						id: gapId(edgeNode, epoch, offset, index - from),
						edgeNode,
						noticedMs: receivedMs,
					});
			}
		}
	}
	return { openings, gaps };
}
