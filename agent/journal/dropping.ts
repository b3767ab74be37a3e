// How a segment that a bound drops becomes the gap record of its range, together with the gap record before it.
//
//   1  read the segment, in pieces        nothing is changed
//   2  write NAME.gap.new, fsync          a crash leaves a file that the next opening removes
//   3  rename to NAME.gap, fsync folder   from here on the range is the gap record; the old one, if any, is replaced
//   4  delete the segment                 a crash before it: the next opening deletes what a gap record covers

import { join } from "node:path";
import type { Clock } from "../../common/runtime/clock.ts";
import { type Disk, writeWhole } from "./disk.ts";
import { GapRecord, type TagNames } from "./gap-record.ts";
import type { Segment } from "./segment-file.ts";
import { encodeGapFile, gapName, unfinishedSuffix } from "./segment-format.ts";
import type { SegmentList } from "./segment-list.ts";
import { SegmentReader } from "./segment-reader.ts";

/** Decoding this much at once takes a few milliseconds; between two pieces the event loop runs. */
const pieceBytes = 128 * 1024;

export interface DroppingOptions {
	readonly disk: Disk;
	readonly folder: string;
	readonly clock: Clock;
	readonly tags: TagNames;
	readonly segments: SegmentList;
	/** A drop under way is given up; nothing is changed then. */
	readonly signal: AbortSignal;
}

/**
 * Makes the oldest segment a gap record. Resolves with false when there is none, or the signal was given.
 * @throws what the disk throws while the gap record is written; the segment stays as it is then.
 */
export async function dropOldest(options: DroppingOptions): Promise<boolean> {
	const { segments } = options;
	const { segment, gap } = segments.oldest ?? {};
	if (segment === undefined) return false;
	if (segment.next === segment.header.first) {
		segments.remove(segment);
		return true;
	}
	segments.pin();
	try {
		const record = await summary(options, segment, gap);
		if (record === undefined) return false;
		const range = { fromMs: gap?.changedMs ?? segment.madeMs, toMs: segment.changedMs };
		const header = gap?.header ?? segment.header;
		const body = record.body(options.clock.wallMs(), range);
		const by = await writeGap(options, encodeGapFile(header, segment.next - 1, body), header);
		segments.replace(gap === undefined ? [segment] : [gap, segment], {
			...by,
			next: segment.next,
			madeMs: gap?.madeMs ?? segment.madeMs,
			changedMs: segment.changedMs,
		});
		return true;
	} finally {
		segments.unpin();
	}
}

/**
 * Puts a gap record wherever a file in the middle of an epoch is missing, so that its range can be read, confirmed and
 * forgotten like any other: a file that could not be read was set aside. Resolves with the number of records missing.
 */
export async function fillHoles(options: Omit<DroppingOptions, "signal">): Promise<number> {
	const { segments, tags, clock } = options;
	let missing = 0;
	for (const [index, following] of [...segments.all].entries()) {
		const before = index === 0 ? undefined : segments.all[segments.all.indexOf(following) - 1];
		const { header } = following;
		if (before?.header.chain !== header.chain || before.next >= header.first) continue;
		const record = new GapRecord(tags);
		record.addUnknown(before.changedMs, Math.max(before.changedMs, following.madeMs));
		const times = { fromMs: before.changedMs, toMs: following.madeMs };
		const first = before.next;
		const body = record.body(clock.wallMs(), times);
		const gapHeader = { ...header, first };
		const by = await writeGap(options, encodeGapFile(gapHeader, header.first - 1, body), gapHeader);
		segments.insertBefore(following, {
			...by,
			next: header.first,
			madeMs: before.changedMs,
			changedMs: following.madeMs,
		});
		missing += header.first - first;
	}
	return missing;
}

async function summary(
	{ disk, tags, segments, signal }: DroppingOptions,
	segment: Segment,
	gap: Segment | undefined,
): Promise<GapRecord | undefined> {
	const record = new GapRecord(tags);
	if (gap !== undefined) {
		const before = await segments.readGap(gap).catch(() => undefined);
		if (before === undefined) record.addUnreadable();
		else record.add(before.body);
	}
	const reader = new SegmentReader(disk, segment);
	for (let offset = segment.header.first; offset < segment.next; ) {
		if (signal.aborted) return undefined;
		// What cannot be read cannot be sent either; it must not keep the bound from being held.
		const records = await reader.read(offset, segment.next, pieceBytes).catch(() => []);
		const last = records.at(-1);
		if (last === undefined) {
			record.addUnreadable();
			break;
		}
		for (const { body } of records) record.add(body);
		offset = last.offset + 1;
	}
	return signal.aborted ? undefined : record;
}

async function writeGap(
	{ disk, folder }: Pick<DroppingOptions, "disk" | "folder">,
	bytes: Buffer,
	header: Segment["header"],
): Promise<Pick<Segment, "path" | "header" | "bytes" | "isGap">> {
	const path = join(folder, gapName(header.chain, header.first));
	const unfinished = `${path}${unfinishedSuffix}`;
	try {
		await disk.remove(unfinished);
		const file = await disk.create(unfinished);
		try {
			await writeWhole(file, bytes, 0);
			await file.sync();
		} finally {
			await file.close();
		}
		await disk.rename(unfinished, path);
		await disk.syncFolder(folder);
	} catch (error) {
		await disk.remove(unfinished).catch(() => undefined);
		throw error;
	}
	return { path, header, bytes: bytes.length, isGap: true };
}
