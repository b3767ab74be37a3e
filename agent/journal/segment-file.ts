import { join } from "node:path";
import { CodedError, errorText } from "../../common/runtime/coded-error.ts";
import type { Disk } from "./disk.ts";
import {
	decodeGapFile,
	type SegmentHeader,
	type SegmentScan,
	scanSegment,
	segmentNamePattern,
	unfinishedSuffix,
} from "./segment-format.ts";

/** A file of the journal: a segment, complete or still being written, or the gap record of a dropped range. */
export interface Segment {
	readonly path: string;
	readonly header: SegmentHeader;
	/** The offset after the last record in it, or after the dropped range. */
	next: number;
	bytes: number;
	readonly isGap: boolean;
	/** When it was made and written to last, in milliseconds of the wall clock. */
	readonly madeMs: number;
	changedMs: number;
}

/** A header frame is never longer; a longer file without a header has lost it. */
const headerBytesMax = 64;

/** What opening found and did, for the log and the counters. */
export interface OpenReport {
	/** In order of chain and offset; they do not overlap, but an offset can be missing where a file was damaged. */
	readonly segments: Segment[];
	readonly tornBytes: number;
	/** Files that are not segments, or whose header cannot be read; set aside under another name. */
	readonly setAside: string[];
	/** Files were set aside, now or at an earlier opening. */
	readonly isDamaged: boolean;
}

/** What a file that cannot be read is called from then on. */
const damagedSuffix = ".damaged";

interface Found {
	readonly name: string;
	readonly path: string;
	readonly fileBytes: number;
	readonly times: { readonly madeMs: number; readonly changedMs: number };
	readonly scan: SegmentScan;
}

/**
 * Reads the files of a journal folder in order, cuts torn tails, and finishes what a crash interrupted: a gap file
 * without its name goes, and so does a segment that a gap file has taken the place of. What is found afterwards is
 * on disk to stay, also when it was written by a process that died before its fsync.
 * @throws CodedError DATA_FORMAT_NEWER for a file of a newer version; nothing is changed then.
 * @throws what the disk throws; the next opening goes on where this one stopped.
 */
export async function openSegments(disk: Disk, folder: string): Promise<OpenReport> {
	const names = await disk.names(folder);
	const all: Found[] = [];
	for (const name of names.filter((found) => segmentNamePattern.test(found)).sort()) {
		const path = join(folder, name);
		const bytes = await disk.readWhole(path);
		const times = await disk.times(path);
		all.push({ name, path, fileBytes: bytes.length, times, scan: scan(bytes, path) });
	}
	// Names that a killed process gave are seen before they are on disk; what is removed below relies on them.
	if (all.length > 0) await disk.syncFolder(folder);
	// Only now, when every file is known to be of our version, is anything changed.
	for (const name of names) {
		const isUnfinished =
			name.endsWith(unfinishedSuffix) && segmentNamePattern.test(name.slice(0, -unfinishedSuffix.length));
		if (isUnfinished) await disk.remove(join(folder, name));
	}
	const segments: Segment[] = [];
	const setAside: string[] = [];
	let tornBytes = 0;
	for (const { name, path, fileBytes, times, scan: found } of all) {
		const { header, next, validBytes } = found;
		const isGap = name.endsWith("gap");
		if (header === undefined) {
			// A crash between creating the file and its header: it holds nothing.
			if (fileBytes <= headerBytesMax && !isGap) await disk.remove(path);
			else {
				await disk.rename(path, `${path}${damagedSuffix}`);
				setAside.push(name);
			}
			continue;
		}
		const before = segments.at(-1);
		const isReplaced = before?.isGap && before.header.chain === header.chain && header.first < before.next;
		// A gap record that reaches further is the newer one: the one before had been forgotten, and came back.
		if (isReplaced && !(isGap && next > before.next)) {
			await disk.remove(path);
			continue;
		}
		if (validBytes < fileBytes && !isGap) {
			tornBytes += fileBytes - validBytes;
			await disk.truncate(path, validBytes);
		}
		segments.push({ path, header, next, bytes: validBytes, isGap, ...times });
	}
	tornBytes += await cutOverlaps(disk, segments);
	await syncNewest(disk, segments);
	const isDamaged = setAside.length > 0 || names.some((name) => name.endsWith(damagedSuffix));
	return { segments, tornBytes, setAside, isDamaged };
}

/**
 * A segment that follows begins where the one before was durable. What that one holds beyond is cut off and counted:
 * it is either in the one that follows, too, or was never told to anybody and must not turn up one day.
 */
async function cutOverlaps(disk: Disk, segments: readonly Segment[]): Promise<number> {
	let cutBytes = 0;
	for (const [index, segment] of segments.entries()) {
		const following = segments[index + 1];
		const limit = following?.header.chain === segment.header.chain ? following.header.first : segment.next;
		if (segment.next <= limit) continue;
		if (segment.isGap) {
			segment.next = limit;
			continue;
		}
		const { next, validBytes } = scanSegment(await disk.readWhole(segment.path), limit);
		await disk.truncate(segment.path, validBytes);
		await syncFile(disk, segment.path);
		cutBytes += segment.bytes - validBytes;
		segment.next = next;
		segment.bytes = validBytes;
	}
	return cutBytes;
}

/**
 * A process that was killed leaves bytes that only the system's memory has. They are about to be read and told, so
 * they must outlast a power cut. Only the newest files can hold such bytes: a full one is synced before the next.
 */
async function syncNewest(disk: Disk, segments: readonly Segment[]): Promise<void> {
	for (const { path, isGap } of segments.slice(-2)) {
		if (!isGap) await syncFile(disk, path);
	}
}

async function syncFile(disk: Disk, path: string): Promise<void> {
	const file = await disk.open(path);
	try {
		await file.sync();
	} finally {
		await file.close();
	}
}

function scan(bytes: Buffer, path: string): SegmentScan {
	try {
		if (!path.endsWith("gap")) return scanSegment(bytes);
		const gap = decodeGapFile(bytes);
		return { header: gap?.header, next: (gap?.last ?? 0) + 1, validBytes: bytes.length };
	} catch (error) {
		throw new CodedError("DATA_FORMAT_NEWER", `${path}: ${errorText(error)}`, { cause: error });
	}
}
