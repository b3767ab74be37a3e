import { open, readdir, readFile, rename, rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import { CodedError, errorText } from "../../common/runtime/coded-error.ts";
import {
	frameHeadBytes,
	readFrame,
	type SegmentHeader,
	type SegmentScan,
	scanSegment,
	segmentNamePattern,
	splitRecord,
} from "./segment-format.ts";

/** A segment on disk, complete or still being written. */
export interface Segment {
	readonly path: string;
	readonly header: SegmentHeader;
	/** The offset after the last record in it. */
	next: number;
	bytes: number;
}

/** A header frame is never longer; a longer file without a header has lost it. */
const headerBytesMax = 64;

/** What opening found and did, for the log and the counters. */
export interface OpenReport {
	readonly segments: Segment[];
	readonly tornBytes: number;
	/** Files that are not segments, or whose header cannot be read; set aside under another name. */
	readonly setAside: string[];
}

/**
 * Reads the segments of a journal folder in order and cuts torn tails.
 * @throws CodedError DATA_FORMAT_NEWER for a segment of a newer version; nothing is changed then.
 */
export async function openSegments(folder: string): Promise<OpenReport> {
	const names = (await readdir(folder)).filter((name) => segmentNamePattern.test(name)).sort();
	const scans: { name: string; path: string; fileBytes: number; found: SegmentScan }[] = [];
	for (const name of names) {
		const path = join(folder, name);
		const bytes = await readFile(path);
		scans.push({ name, path, fileBytes: bytes.length, found: scan(bytes, path) });
	}
	// Only now, when every file is known to be of our version, is anything changed.
	const segments: Segment[] = [];
	const setAside: string[] = [];
	let tornBytes = 0;
	for (const { name, path, fileBytes, found } of scans) {
		const { header, next, validBytes } = found;
		if (header === undefined && fileBytes > headerBytesMax) {
			await rename(path, `${path}.damaged`);
			setAside.push(name);
			continue;
		}
		if (header === undefined || (next === header.first && validBytes === fileBytes)) {
			// A crash between creating the file and its first record: it holds nothing.
			await rm(path);
			continue;
		}
		if (validBytes < fileBytes) {
			tornBytes += fileBytes - validBytes;
			await truncate(path, validBytes);
		}
		segments.push({ path, header, next, bytes: validBytes });
	}
	return { segments, tornBytes, setAside };
}

function scan(bytes: Buffer, path: string): SegmentScan {
	try {
		return scanSegment(bytes);
	} catch (error) {
		throw new CodedError("DATA_FORMAT_NEWER", `${path}: ${errorText(error)}`, { cause: error });
	}
}

/**
 * Reads records of one segment forward. A cursor remembers the byte after the last record, so reading on is
 * sequential; a jump scans the segment from its start.
 */
export class SegmentReader {
	readonly #segment: Segment;
	#position = 0;
	#next: number;

	constructor(segment: Segment) {
		this.#segment = segment;
		this.#next = segment.header.first;
	}

	get segment(): Segment {
		return this.#segment;
	}

	/** Records from `offset` on and below `limit`, about `bytesMax` in all; the bodies are copies. */
	async read(offset: number, limit: number, bytesMax: number): Promise<{ offset: number; body: Buffer }[]> {
		if (offset < this.#next) {
			this.#position = 0;
			this.#next = this.#segment.header.first;
		}
		const records: { offset: number; body: Buffer }[] = [];
		const handle = await open(this.#segment.path, "r");
		try {
			let chunkBytes = 256 * 1024;
			let taken = 0;
			while (taken < bytesMax && this.#next < limit) {
				const chunk = Buffer.allocUnsafe(chunkBytes);
				const { bytesRead } = await handle.read(chunk, 0, chunkBytes, this.#position);
				const valid = chunk.subarray(0, bytesRead);
				let at = 0;
				for (;;) {
					const payload = readFrame(valid, at);
					if (payload === undefined) break;
					at += frameHeadBytes + payload.length;
					if (this.#position === 0 && at === frameHeadBytes + payload.length) continue;
					const record = splitRecord(payload);
					if (record.offset >= limit || taken >= bytesMax) {
						at -= frameHeadBytes + payload.length;
						this.#position += at;
						return records;
					}
					this.#next = record.offset + 1;
					if (record.offset < offset) continue;
					records.push({ offset: record.offset, body: Buffer.from(record.body) });
					taken += record.body.length;
				}
				this.#position += at;
				if (at === 0) {
					// No whole frame in the chunk: either it is larger than the chunk, or the file ends here.
					if (bytesRead < chunkBytes) break;
					chunkBytes *= 4;
				}
			}
			return records;
		} finally {
			await handle.close();
		}
	}
}

/** fsync of a folder, without which a new or removed name may come back after a power cut. */
export async function syncFolder(folder: string): Promise<void> {
	const handle = await open(folder, "r");
	try {
		await handle.sync();
	} finally {
		await handle.close();
	}
}
