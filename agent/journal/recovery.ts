import { ByteReader, BytesError } from "../../common/contract/bytes.ts";
import { recordSamplesMax, SampleColumns } from "../../common/contract/samples.ts";
import type { LastSample, Recovered } from "../pipeline.ts";
import { decodeRecord, type RecordHead } from "../record-codec.ts";
import type { Disk } from "./disk.ts";
import type { Segment } from "./segment-file.ts";
import { frameHeadBytes, readFrame, splitRecord } from "./segment-format.ts";

/** Older segments say nothing about what came last that these would not. */
const segmentsRead = 2;

/**
 * What the newest segments say about where reading stopped: each device's Through, and the last sample of every tag in
 * them. With it an agent that starts again knows which first values it already has, and where its hole begins.
 */
export async function recoverLast(disk: Disk, segments: readonly Segment[]): Promise<Recovered> {
	const throughMs = new Map<string, number>();
	const samples = new Map<number, LastSample>();
	const columns = new SampleColumns(recordSamplesMax);
	const withRecords = segments.filter(({ isGap, next, header }) => !isGap && next > header.first);
	for (const { path, bytes, next } of withRecords.slice(-segmentsRead)) {
		const file = (await disk.readWhole(path)).subarray(0, bytes);
		let position = frameHeadBytes + (readFrame(file, 0)?.length ?? 0);
		for (
			let payload = readFrame(file, position);
			payload !== undefined;
			payload = readFrame(file, position)
		) {
			position += frameHeadBytes + payload.length;
			const { offset, body } = splitRecord(payload);
			if (offset >= next) break;
			const head = readableRecord(body, columns);
			if (head === undefined) continue;
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

/** A record with a sound CRC that cannot be read was written wrongly; it must not keep the agent from starting. */
function readableRecord(body: Buffer, columns: SampleColumns): RecordHead | undefined {
	try {
		return decodeRecord(new ByteReader(body), columns);
	} catch (error) {
		if (error instanceof BytesError) return undefined;
		throw error;
	}
}
