import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ByteReader } from "../../common/contract/bytes.ts";
import { SampleColumns } from "../../common/contract/samples.ts";
import { errorText } from "../../common/runtime/coded-error.ts";
import { decodeRecord } from "../record-codec.ts";
import { frameHeadBytes, readFrame, scanSegment, segmentNamePattern, splitRecord } from "./segment-format.ts";

/** What one segment file holds. Times are source times; `problem` is undefined for a sound file. */
export interface SegmentReport {
	readonly file: string;
	readonly bytes: number;
	readonly chain: number;
	readonly epoch: number;
	readonly firstOffset: number;
	readonly nextOffset: number;
	readonly samples: number;
	readonly firstSourceMs: number | undefined;
	readonly lastSourceMs: number | undefined;
	/** Bytes behind the last whole record: a write that was cut off, or one that is going on now. */
	readonly tornBytes: number;
	readonly problem: string | undefined;
}

/**
 * Reads every record of a journal folder without changing anything; an agent may be writing to it meanwhile.
 * Each frame's CRC, the order of offsets and each record's body are checked.
 */
export async function inspectJournal(folder: string): Promise<SegmentReport[]> {
	const names = (await readdir(folder)).filter((name) => segmentNamePattern.test(name)).sort();
	const reports: SegmentReport[] = [];
	for (const name of names) reports.push(inspectSegment(name, await readFile(join(folder, name))));
	return reports;
}

function inspectSegment(file: string, bytes: Buffer): SegmentReport {
	const nothing = {
		file,
		bytes: bytes.length,
		chain: 0,
		epoch: 0,
		firstOffset: 0,
		nextOffset: 0,
		samples: 0,
	};
	const noTimes = { firstSourceMs: undefined, lastSourceMs: undefined };
	try {
		const { header, next, validBytes } = scanSegment(bytes);
		if (header === undefined)
			return { ...nothing, ...noTimes, tornBytes: bytes.length, problem: "no segment header" };
		const { chain, epoch, first } = header;
		const tornBytes = bytes.length - validBytes;
		const about = { ...nothing, chain, epoch, firstOffset: first, nextOffset: next, tornBytes };
		return { ...about, ...readRecords(bytes.subarray(0, validBytes), first) };
	} catch (error) {
		return { ...nothing, ...noTimes, tornBytes: 0, problem: errorText(error) };
	}
}

function readRecords(bytes: Buffer, first: number) {
	const columns = new SampleColumns(512);
	let samples = 0;
	let firstSourceMs = Number.POSITIVE_INFINITY;
	let lastSourceMs = Number.NEGATIVE_INFINITY;
	let problem: string | undefined;
	let expected = first;
	let position = frameHeadBytes + (readFrame(bytes, 0)?.length ?? 0);
	for (
		let payload = readFrame(bytes, position);
		payload !== undefined;
		payload = readFrame(bytes, position)
	) {
		position += frameHeadBytes + payload.length;
		const { offset, body } = splitRecord(payload);
		if (offset !== expected) problem ??= `expected offset ${expected}, found ${offset}`;
		expected = offset + 1;
		const { count, device } = decodeRecord(new ByteReader(body), columns);
		// Records of the edge node itself carry the agent's clock, not plant time.
		if (device === "") continue;
		samples += count;
		for (let index = 0; index < count; index++) {
			firstSourceMs = Math.min(firstSourceMs, columns.sourceMs[index] as number);
			lastSourceMs = Math.max(lastSourceMs, columns.sourceMs[index] as number);
		}
	}
	return {
		samples,
		firstSourceMs: samples > 0 ? firstSourceMs : undefined,
		lastSourceMs: samples > 0 ? lastSourceMs : undefined,
		problem,
	};
}
