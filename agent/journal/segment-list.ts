import type { Epoch, Offset } from "../../common/contract/ids.ts";
import type { HeldRange, JournaledRecord, Position } from "../pipeline.ts";
import type { Disk } from "./disk.ts";
import type { TailRecord } from "./record-tail.ts";
import type { Segment } from "./segment-file.ts";
import { decodeGapFile } from "./segment-format.ts";
import { SegmentReader } from "./segment-reader.ts";

/** What the list must know of the epoch that is being written. */
export interface Present {
	readonly chain: number;
	readonly epoch: number;
	readonly durable: number;
	/** Durable records from an offset on, from memory; undefined when only the disk has them. */
	recent(from: number, bytes: number): TailRecord[] | undefined;
}

/** The files of a journal, oldest first: gap records of dropped ranges, segments, and last the one being written. */
export class SegmentList {
	readonly #disk: Disk;
	readonly #onProblem: (error: unknown) => void;
	#segments: Segment[] = [];
	#bytes = 0;
	#reader: SegmentReader | undefined;
	/** While files are being replaced: resolves when that is over. */
	#pinned: PromiseWithResolvers<void> | undefined;
	#trimTo: Position | undefined;
	#removing: Promise<unknown> = Promise.resolve();

	/** `onProblem` is told of a file that could not be deleted; the next opening tries again. */
	constructor(disk: Disk, onProblem: (error: unknown) => void) {
		this.#disk = disk;
		this.#onProblem = onProblem;
	}

	get all(): readonly Segment[] {
		return this.#segments;
	}

	get newest(): Segment | undefined {
		return this.#segments.at(-1);
	}

	get bytes(): number {
		return this.#bytes;
	}

	/** Bytes of gap records. */
	get gapBytes(): number {
		return this.#segments.reduce((sum, { isGap, bytes }) => sum + (isGap ? bytes : 0), 0);
	}

	/** How many epochs have a file. */
	get epochs(): number {
		return this.#segments.filter(
			({ header }, index) => header.chain !== this.#segments[index - 1]?.header.chain,
		).length;
	}

	/**
	 * The oldest segment that is not being written, and the gap record whose range ends right before it. Others do not
	 * count: what is missing between them was confirmed, and a power cut brought the gap record back, or was damaged.
	 */
	get oldest(): { segment: Segment; gap: Segment | undefined } | undefined {
		const index = this.#segments.findIndex(({ isGap }) => !isGap);
		const segment = this.#segments[index];
		if (segment === undefined || index === this.#segments.length - 1) return undefined;
		const before = this.#segments[index - 1];
		const isAdjoining = before?.header.chain === segment.header.chain && before.next === segment.header.first;
		return { segment, gap: isAdjoining ? before : undefined };
	}

	add(segment: Segment): void {
		const before = this.newest;
		if (before?.path === segment.path) {
			this.#segments.pop();
			this.#bytes -= before.bytes;
		} else if (before?.header.chain === segment.header.chain) {
			// What the one before holds beyond was not durable and is written again, to this one.
			before.next = Math.min(before.next, segment.header.first);
		}
		this.#segments.push(segment);
		this.#bytes += segment.bytes;
	}

	/** The newest segment has grown: up to the offset before `next`, by so many bytes. */
	grew(bytes: number, next: number, nowMs: number): void {
		const segment = this.newest as Segment;
		segment.bytes += bytes;
		segment.next = next;
		segment.changedMs = nowMs;
		this.#bytes += bytes;
	}

	/** While pinned nothing is trimmed: files are being replaced. */
	pin(): void {
		this.#pinned ??= Promise.withResolvers();
	}

	unpin(): void {
		this.#pinned?.resolve();
		this.#pinned = undefined;
		if (this.#trimTo !== undefined) this.trim(this.#trimTo);
	}

	/** Puts a gap record, whose file is there, in the place of others of its chain and deletes their files. */
	replace(gone: readonly Segment[], by: Segment): void {
		const at = this.#segments.indexOf(gone[0] as Segment);
		this.#segments.splice(at, gone.length, by);
		this.#bytes += by.bytes;
		for (const segment of gone) {
			this.#bytes -= segment.bytes;
			if (segment.path !== by.path) this.#delete(segment);
		}
	}

	/** A gap record, whose file is there, for what is missing before a segment. */
	insertBefore(following: Segment, gap: Segment): void {
		this.#segments.splice(this.#segments.indexOf(following), 0, gap);
		this.#bytes += gap.bytes;
	}

	/** Forgets a file and deletes it. */
	remove(segment: Segment): void {
		const at = this.#segments.indexOf(segment);
		if (at < 0) return;
		this.#segments.splice(at, 1);
		this.#bytes -= segment.bytes;
		this.#delete(segment);
	}

	/** Forgets everything before `position`, whole files only and never the newest. */
	trim(position: Position): void {
		this.#trimTo = position;
		while (this.#pinned === undefined && this.#segments.length > 1) {
			const segment = this.#segments[0] as Segment;
			const { chain } = segment.header;
			const isWhole = chain < position.chain || (chain === position.chain && segment.next <= position.offset);
			if (!isWhole) return;
			this.remove(segment);
		}
	}

	/** Every epoch with records on disk, oldest first, the present one last. */
	held(present: Present): HeldRange[] {
		const ranges: HeldRange[] = [];
		for (const segment of this.#segments) {
			const { chain, epoch, first } = segment.header;
			const next = this.#limit(segment, present);
			const last = ranges.at(-1);
			if (last?.chain === chain) ranges[ranges.length - 1] = { ...last, next };
			else ranges.push({ chain, epoch: epoch as Epoch, first, next });
		}
		const { chain, epoch, durable } = present;
		if (ranges.at(-1)?.chain !== chain)
			ranges.push({ chain, epoch: epoch as Epoch, first: durable + 1, next: durable + 1 });
		return ranges.filter((range) => range.chain === chain || range.next > range.first);
	}

	/** Durable records from `from` on, about `bytes` of them and at least one if there is one; see `Journal.read`. */
	async read(from: Position, bytes: number, present: Present): Promise<JournaledRecord[]> {
		// From the end, because most reading is done there.
		const start = this.#segments.findLastIndex(
			({ header: { chain, first } }) => chain < from.chain || (chain === from.chain && first <= from.offset),
		);
		for (const segment of this.#segments.slice(Math.max(start, 0))) {
			const { chain, epoch, first } = segment.header;
			if (chain < from.chain) continue;
			const offset = chain === from.chain ? Math.max(from.offset, first) : first;
			if (offset >= this.#limit(segment, present)) continue;
			const records = await this.#readFile(segment, offset, bytes, present).catch((error: unknown) => {
				// Trimmed or dropped between the choice of it and its opening.
				if (!this.#segments.includes(segment)) return undefined;
				throw error;
			});
			if (records === undefined) return await this.read(from, bytes, present);
			if (records.length === 0) continue;
			return records.map((record) => ({
				chain,
				epoch: epoch as Epoch,
				offset: record.offset as Offset,
				last: (record.last ?? record.offset) as Offset,
				body: record.body,
				appendedMs: record.appendedMs,
			}));
		}
		return [];
	}

	/** Resolves when every file that was forgotten so far is deleted. */
	async settled(): Promise<void> {
		await this.#removing;
	}

	async #readFile(
		segment: Segment,
		offset: number,
		bytes: number,
		present: Present,
	): Promise<{ offset: number; last?: number; body: Buffer; appendedMs?: number }[] | undefined> {
		if (segment.isGap) {
			return await this.#readGapAlone(segment);
		}
		const recent = segment.header.chain === present.chain ? present.recent(offset, bytes) : undefined;
		if (recent !== undefined) return recent;
		// Who reads has the reader to itself; a second one at the same time gets another.
		const reader = this.#reader?.segment === segment ? this.#reader : new SegmentReader(this.#disk, segment);
		this.#reader = undefined;
		const records = await reader.read(offset, this.#limit(segment, present), bytes);
		this.#reader = reader;
		return records;
	}

	/** A gap file that has its new contents already, while the list has the old: what it says is true once both agree. */
	async #readGapAlone(segment: Segment) {
		const gap = await this.readGap(segment);
		if (gap === undefined) return [];
		if (gap.reachesFurther) {
			await this.#pinned?.promise;
			if (!this.#segments.includes(segment)) return undefined;
		}
		return [gap];
	}

	/** The record of a gap file, or undefined when it has become unreadable. */
	async readGap(
		segment: Segment,
	): Promise<{ offset: number; last: number; body: Buffer; reachesFurther: boolean } | undefined> {
		const found = decodeGapFile(await this.#disk.readWhole(segment.path));
		if (found === undefined) return undefined;
		const last = segment.next - 1;
		// It can reach further than is known here: it is being replaced, or that failed after the renaming.
		return {
			offset: found.header.first,
			last: Math.min(found.last, last),
			body: found.body,
			reachesFurther: found.last > last,
		};
	}

	/** The offset after the last one that may be read. */
	#limit(segment: Segment, present: Present): number {
		return segment === this.newest && segment.header.chain === present.chain
			? present.durable + 1
			: segment.next;
	}

	#delete(segment: Segment): void {
		const removed = this.#disk.remove(segment.path).catch(this.#onProblem);
		this.#removing = Promise.all([this.#removing, removed]);
	}
}
