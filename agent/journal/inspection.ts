import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ByteReader } from "../../common/contract/bytes.ts";
import { decodeGap, type Gap } from "../../common/contract/gap.ts";
import { recordSamplesMax, SampleColumns } from "../../common/contract/samples.ts";
import { errorText } from "../../common/runtime/coded-error.ts";
import { decodeRecord } from "../record-codec.ts";
import {
	decodeGapFile,
	frameHeadBytes,
	readFrame,
	scanSegment,
	segmentNamePattern,
	splitRecord,
} from "./segment-format.ts";

/**
 * What one file holds: a segment, or the gap record of a dropped range. Times are source times, of a gap record those
 * of its gaps; `problem` is undefined for a sound file.
 */
export interface SegmentReport {
	readonly file: string;
	readonly kind: "segment" | "gap";
	readonly bytes: number;
	readonly chain: number;
	readonly epoch: number;
	readonly firstOffset: number;
	readonly nextOffset: number;
	/** Values of the plant; 0 for a gap record. */
	readonly samples: number;
	/** Gaps in a gap record; 0 for a segment. */
	readonly gaps: number;
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
	for (const name of names) reports.push(inspectFile(name, await readFile(join(folder, name))));
	return reports;
}

function inspectFile(file: string, bytes: Buffer): SegmentReport {
	const kind: SegmentReport["kind"] = file.endsWith("gap") ? "gap" : "segment";
	const about = {
		...{
			file,
			kind,
			bytes: bytes.length,
			chain: 0,
			epoch: 0,
			firstOffset: 0,
			nextOffset: 0,
			samples: 0,
			gaps: 0,
		},
		...{ firstSourceMs: undefined, lastSourceMs: undefined, tornBytes: 0, problem: undefined },
	};
	try {
		return { ...about, ...(kind === "gap" ? inspectGap(bytes) : inspectSegment(bytes)) };
	} catch (error) {
		return { ...about, problem: errorText(error) };
	}
}

function inspectSegment(bytes: Buffer): Partial<SegmentReport> {
	const { header, next, validBytes } = scanSegment(bytes);
	if (header === undefined) return { tornBytes: bytes.length, problem: "no segment header" };
	const { chain, epoch, first } = header;
	const about = { chain, epoch, firstOffset: first, nextOffset: next, tornBytes: bytes.length - validBytes };
	return { ...about, ...readRecords(bytes.subarray(0, validBytes), first) };
}

function inspectGap(bytes: Buffer): Partial<SegmentReport> {
	const found = decodeGapFile(bytes);
	if (found === undefined) return { problem: "not a whole gap record" };
	const { chain, epoch, first } = found.header;
	const columns = new SampleColumns(recordSamplesMax);
	const { count } = decodeRecord(new ByteReader(found.body), columns);
	const gaps: Gap[] = [];
	for (let index = 0; index < count; index++) {
		const text = columns.value(index);
		const gap = typeof text === "string" ? decodeGap(text) : undefined;
		if (gap !== undefined) gaps.push(gap);
	}
	return {
		...{ chain, epoch, firstOffset: first, nextOffset: found.last + 1, gaps: gaps.length },
		firstSourceMs: gaps.length > 0 ? Math.min(...gaps.map(({ fromMs }) => fromMs)) : undefined,
		lastSourceMs: gaps.length > 0 ? Math.max(...gaps.map(({ toMs }) => toMs)) : undefined,
	};
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
