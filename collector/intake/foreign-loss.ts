import { foreignEpoch } from "../foreign.ts";
import type { GapRow, IncomingRecord } from "../pipeline.ts";
import { gapId } from "./batch.ts";
import type { LostOffsets } from "./pending-rows.ts";

/**
 * What a failed transaction costs: records of agents come again; those of foreign edge nodes do not, so that their places
 * are written off and their samples are gaps. Pure.
 */
export function foreignLoss(
	records: readonly IncomingRecord[],
	noticedMs: number,
): { lost: LostOffsets[]; gaps: GapRow[] } {
	const foreign = records.filter(({ epoch }) => epoch === foreignEpoch);
	return {
		lost: foreign.map(({ edgeNode, epoch, offset, last }) => ({ edgeNode, epoch, first: offset, last })),
		gaps: foreign.map(({ edgeNode, epoch, offset, device, samples }) => ({
			...{ id: gapId(edgeNode, epoch, offset, 0), edgeNode, device, tags: [] },
			fromMs: samples.sourceMs.subarray(0, samples.count).reduce((low, ms) => Math.min(low, ms)),
			toMs: samples.sourceMs.subarray(0, samples.count).reduce((high, ms) => Math.max(high, ms)),
			...{ cause: "unknown", backfilled: false, noticedMs },
		})),
	};
}
