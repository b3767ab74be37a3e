import type { IncomingRecord } from "../../../collector/pipeline.ts";
import { SampleColumns, type SampleValue } from "../../../common/contract/samples.ts";

export interface IncomingSample {
	readonly series: number;
	readonly atMs: number;
	readonly value: SampleValue;
	readonly status?: number;
}

/** A record as the host hands it over. */
export function incoming(
	offset: number,
	samples: readonly IncomingSample[],
	changes: Partial<Omit<IncomingRecord, "samples" | "offset">> = {},
): IncomingRecord {
	const columns = new SampleColumns(samples.length);
	columns.count = samples.length;
	for (const [index, { series, atMs, value, status = 0 }] of samples.entries()) {
		columns.tagId[index] = series;
		columns.sourceMs[index] = atMs;
		columns.serverLagTicks[index] = Number.NaN;
		columns.status[index] = status;
		columns.setValue(index, value);
	}
	return {
		edgeNode: 1,
		epoch: 7,
		offset,
		last: offset,
		device: "U500",
		throughMs: undefined,
		hash: new Uint8Array(16).fill(offset),
		historical: false,
		receivedMs: 1_000,
		...changes,
		samples: columns,
	};
}
