import { readFile } from "node:fs/promises";
import { ByteReader } from "../../common/contract/bytes.ts";
import { recordSamplesMax, SampleColumns } from "../../common/contract/samples.ts";
import type { LastSample, Recovered } from "../pipeline.ts";
import { decodeRecord } from "../record-codec.ts";
import type { Segment } from "./segment-file.ts";
import { frameHeadBytes, readFrame, splitRecord } from "./segment-format.ts";

/** Older segments say nothing about what came last that these would not. */
const segmentsRead = 2;

/**
 * What the newest segments say about where reading stopped: each device's Through, and the last sample of every tag in
 * them. With it an agent that starts again knows which first values it already has, and where its hole begins.
 */
export async function recoverLast(segments: readonly Segment[]): Promise<Recovered> {
	const throughMs = new Map<string, number>();
	const samples = new Map<number, LastSample>();
	const columns = new SampleColumns(recordSamplesMax);
	for (const { path, bytes } of segments.slice(-segmentsRead)) {
		const file = (await readFile(path)).subarray(0, bytes);
		let position = frameHeadBytes + (readFrame(file, 0)?.length ?? 0);
		for (
			let payload = readFrame(file, position);
			payload !== undefined;
			payload = readFrame(file, position)
		) {
			position += frameHeadBytes + payload.length;
			const head = decodeRecord(new ByteReader(splitRecord(payload).body), columns);
			if (head.throughMs !== undefined) throughMs.set(head.device, head.throughMs);
			for (let index = 0; index < head.count; index++) {
				samples.set(columns.tagId[index] as number, {
					sourceMs: columns.sourceMs[index] as number,
					sourceRestTicks: columns.sourceRestTicks[index] as number,
					status: columns.status[index] as number,
					value: columns.value(index),
				});
			}
		}
	}
	return { throughMs, samples };
}
