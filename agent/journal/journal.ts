// The agent's memory of what is not yet known to be stored: a segmented, append-only log on disk.
//
// Limits      segments of `segmentBytes`, `maxBytes` in all, `memoryBytes` of records in memory.
// Promise     a record that `durable` covers survives a power cut; one that `append` took survives the process
//             as soon as its write has been handed to the operating system, which starts at once.
// Commit      writes start at once and together; fsync follows at most every `commitIntervalMs` for all of them.
// Crash       the torn tail of the last segment is cut off at the next opening, and counted.
// Failure     after a failed write or fsync the file is never touched again: what is not durable is written to a
//             new segment, because the kernel may have dropped the dirty pages of the old one.
// Full        beyond `maxBytes` the oldest segment goes; beyond `memoryBytes` the newest record is refused.
// Epoch       every opening starts one: a new random number, offsets from 1, a chain number one higher.
// Is not      a database: no second writer (the data directory has a lock), no search, no update.

import { type FileHandle, mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Epoch, Offset } from "../../common/contract/ids.ts";
import { type Clock, pause } from "../../common/runtime/clock.ts";
import { errorText } from "../../common/runtime/coded-error.ts";
import type { HeldRange, Journal, JournaledRecord, JournalStats, Position, Recovered } from "../pipeline.ts";
import { RecordTail, type TailRecord } from "./record-tail.ts";
import { recoverLast } from "./recovery.ts";
import { type OpenReport, openSegments, type Segment, SegmentReader, syncFolder } from "./segment-file.ts";
import { encodeHeader, recordFrame, type SegmentHeader, segmentName } from "./segment-format.ts";

export interface JournalOptions {
	readonly folder: string;
	readonly segmentBytes: number;
	readonly maxBytes: number;
	readonly memoryBytes: number;
	readonly commitIntervalMs: number;
	readonly clock: Clock;
	/** A random epoch, 1 to 2^53 − 1. */
	readonly newEpoch: () => number;
	/** Told of a failed write or fsync, and of a segment that the size bound removed. */
	readonly onTrouble: (trouble: { kind: "failed" | "dropped"; message: string; records: number }) => void;
}

const retryAfterMs = 1_000;

export class DiskJournal implements Journal {
	onDurable: (() => void) | undefined;
	readonly #options: JournalOptions;
	#segments: Segment[] = [];
	#header!: SegmentHeader;
	#handle: FileHandle | undefined;
	/** The file given up last, until it is closed. */
	#failed: FileHandle | undefined;
	#nextOffset = 1;
	readonly #tail: RecordTail;
	#written = 0;
	#pumping: Promise<void> | undefined;
	#syncing: Promise<void> | undefined;
	#refused = 0;
	#lastError: string | undefined;
	#closed = new AbortController();
	#reader: SegmentReader | undefined;

	constructor(options: JournalOptions) {
		this.#options = options;
		this.#tail = new RecordTail(options.memoryBytes);
	}

	/** Opens the folder and starts a new epoch in it. Call once, before anything else. */
	async open(): Promise<OpenReport & { previousEpoch: number; previousLast: number; recovered: Recovered }> {
		await mkdir(this.#options.folder, { recursive: true });
		const report = await openSegments(this.#options.folder);
		this.#segments = report.segments;
		const last = report.segments.at(-1);
		this.#header = {
			chain: (last?.header.chain ?? 0) + 1,
			epoch: this.#options.newEpoch(),
			first: 1,
			previousEpoch: last?.header.epoch ?? 0,
			previousLast: (last?.next ?? 1) - 1,
		};
		const recovered = await recoverLast(report.segments);
		await this.#startSegment(1);
		return {
			...report,
			recovered,
			previousEpoch: this.#header.previousEpoch,
			previousLast: this.#header.previousLast,
		};
	}

	get epoch(): Epoch {
		return this.#header.epoch as Epoch;
	}

	get durable(): Position {
		return { chain: this.#header.chain, offset: this.#tail.durable };
	}

	append(body: Buffer): Position | undefined {
		if (!this.#tail.hasRoomFor(body.length) || this.#closed.signal.aborted) {
			this.#refused++;
			return undefined;
		}
		const offset = this.#nextOffset++;
		const framed = recordFrame(offset, body);
		const appendedMs = this.#options.clock.monotonicMs();
		// The frame holds a copy of the body; keeping only the frame halves the memory.
		this.#tail.push({ offset, framed, body: framed.subarray(framed.length - body.length), appendedMs });
		this.#pumping ??= this.#pump();
		return { chain: this.#header.chain, offset };
	}

	async read(from: Position, bytes: number): Promise<JournaledRecord[]> {
		const recent = from.chain === this.#header.chain ? this.#recent(from.offset, bytes) : undefined;
		if (recent !== undefined) return recent;
		const index = this.#segments.findLastIndex(
			(segment) =>
				segment.header.chain < from.chain ||
				(segment.header.chain === from.chain && segment.header.first <= from.offset),
		);
		for (let at = Math.max(index, 0); at < this.#segments.length; at++) {
			const segment = this.#segments[at] as Segment;
			const { chain, epoch } = segment.header;
			const current = chain === this.#header.chain;
			const following = this.#segments[at + 1];
			const limit = Math.min(
				current ? this.#tail.durable + 1 : segment.next,
				following !== undefined && following.header.chain === chain
					? following.header.first
					: Number.POSITIVE_INFINITY,
			);
			const offset = chain === from.chain ? from.offset : segment.header.first;
			if (offset >= limit) continue;
			// Reading came here from an earlier epoch; what memory has is newer than a disk would say.
			const inMemory = current ? this.#recent(offset, bytes) : undefined;
			if (inMemory !== undefined) return inMemory;
			if (this.#reader?.segment !== segment) this.#reader = new SegmentReader(segment);
			const records = await this.#reader.read(offset, limit, bytes).catch((error: unknown) => {
				// Trimmed, or dropped by the size bound, between the choice of it and its opening.
				if (!this.#segments.includes(segment)) return undefined;
				throw error;
			});
			if (records === undefined) return await this.read(from, bytes);
			if (records.length === 0) continue;
			return records.map((record) => ({
				chain,
				epoch: epoch as Epoch,
				offset: record.offset as Offset,
				last: record.offset as Offset,
				body: record.body,
				appendedMs: undefined,
			}));
		}
		return [];
	}

	/** Records of the present epoch from memory, or undefined when only the disk has them. */
	#recent(from: number, bytes: number): JournaledRecord[] | undefined {
		const { chain } = this.#header;
		const { epoch } = this;
		return this.#tail
			.read(from, bytes)
			?.map(({ offset, body, appendedMs }) => ({ chain, epoch, offset: offset as Offset, last: offset as Offset, body, appendedMs }));
	}

	held(): HeldRange[] {
		const ranges: HeldRange[] = [];
		for (const { header, next } of this.#segments) {
			const last = ranges.at(-1);
			const known = header.chain === this.#header.chain ? this.#tail.durable + 1 : next;
			if (last !== undefined && last.chain === header.chain)
				ranges[ranges.length - 1] = { ...last, next: known };
			else
				ranges.push({ chain: header.chain, epoch: header.epoch as Epoch, first: header.first, next: known });
		}
		return ranges;
	}

	trim(position: Position): void {
		for (;;) {
			const segment = this.#segments[0];
			if (segment === undefined || this.#segments.length === 1) return;
			const { chain } = segment.header;
			const whole = chain < position.chain || (chain === position.chain && segment.next <= position.offset);
			if (!whole) return;
			this.#removeOldest();
		}
	}

	stats(): JournalStats {
		return {
			bytes: this.#segments.reduce((sum, segment) => sum + segment.bytes, 0),
			segments: this.#segments.length,
			pendingBytes: this.#tail.undurableBytes,
			refusedRecords: this.#refused,
			lastError: this.#lastError,
		};
	}

	/** Makes everything appended durable if the disk allows, and closes the file. */
	async close(): Promise<void> {
		// A disk that fails now would keep the pump trying; what it holds is lost with the process either way.
		if (this.#lastError !== undefined) this.#closed.abort();
		await this.#pumping;
		await this.#syncing;
		this.#closed.abort();
		await this.#pumping;
		await this.#handle?.close();
		this.#handle = undefined;
		await this.#failed?.close().catch(() => undefined);
		this.#failed = undefined;
	}

	/** Hands everything unwritten to the operating system, again and again until nothing is left. */
	async #pump(): Promise<void> {
		// One turn of the event loop gathers the records of a whole publish cycle into one write.
		await new Promise((resolve) => setImmediate(resolve));
		while (this.#tail.hasUnwritten && !this.#closed.signal.aborted) {
			const handle = this.#handle;
			if (handle === undefined) {
				await this.#startAgain();
				continue;
			}
			try {
				if (this.#segment.bytes >= this.#options.segmentBytes) await this.#finishSegment(handle);
				else await this.#write(handle);
			} catch (error) {
				await this.#syncing;
				this.#fail(error, handle);
			}
		}
		this.#pumping = undefined;
	}

	get #segment(): Segment {
		return this.#segments.at(-1) as Segment;
	}

	/** Everything in a full segment is durable before the next one begins. */
	async #finishSegment(handle: FileHandle): Promise<void> {
		await this.#syncing;
		if (handle !== this.#handle) return;
		await handle.datasync();
		this.#becameDurable(this.#written);
		await handle.close();
		await this.#startSegment(this.#tail.durable + 1);
	}

	async #write(handle: FileHandle): Promise<void> {
		const segment = this.#segment;
		const batch = this.#tail.unwritten(this.#options.segmentBytes - segment.bytes);
		const bytes = Buffer.concat(batch.map((record) => record.framed));
		for (let done = 0; done < bytes.length; ) {
			const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, segment.bytes + done);
			done += bytesWritten;
		}
		// An fsync of what was written before has failed meanwhile, so this counts as unwritten, too.
		if (handle !== this.#handle) return;
		segment.bytes += bytes.length;
		segment.next = (batch.at(-1) as TailRecord).offset + 1;
		this.#tail.wrote(batch.length);
		this.#written = segment.next - 1;
		this.#syncing ??= this.#sync();
	}

	/** One fsync for everything written meanwhile, at most every commit interval. */
	async #sync(): Promise<void> {
		const handle = this.#handle;
		try {
			while (this.#written > this.#tail.durable && handle !== undefined && handle === this.#handle) {
				await pause(this.#options.clock, this.#options.commitIntervalMs, this.#closed.signal);
				const target = this.#written;
				await handle.datasync();
				this.#becameDurable(target);
			}
		} catch (error) {
			this.#fail(error, handle);
		} finally {
			this.#syncing = undefined;
		}
		if (this.#handle === undefined && !this.#closed.signal.aborted) this.#pumping ??= this.#pump();
	}

	#becameDurable(offset: number): void {
		if (this.#tail.becameDurable(offset)) this.onDurable?.();
	}

	/** Gives the present file up; everything in it that is not durable is written again, to a new one. */
	#fail(error: unknown, handle: FileHandle | undefined): void {
		if (handle !== this.#handle) return;
		this.#handle = undefined;
		this.#failed = handle;
		this.#lastError = errorText(error);
		const records = this.#tail.unwriteUndurable();
		this.#written = this.#tail.durable;
		this.#options.onTrouble({ kind: "failed", message: this.#lastError, records });
	}

	async #startAgain(): Promise<void> {
		// Only here, where no write is under way that could meet another file under the same descriptor. Closing a
		// file that failed can fail too; there is nothing left to learn from it.
		await this.#failed?.close().catch(() => undefined);
		this.#failed = undefined;
		if (!(await pause(this.#options.clock, retryAfterMs, this.#closed.signal))) return;
		try {
			await this.#startSegment(this.#tail.durable + 1);
			this.#lastError = undefined;
		} catch (again) {
			this.#lastError = errorText(again);
		}
	}

	async #startSegment(first: number): Promise<void> {
		const header: SegmentHeader = { ...this.#header, first };
		const path = join(this.#options.folder, segmentName(header.chain, first));
		// A segment that failed before its first durable record has the same name; the file itself is not used again.
		await rm(path, { force: true });
		const handle = await open(path, "wx", 0o640);
		const bytes = encodeHeader(header);
		try {
			await handle.write(bytes, 0, bytes.length, 0);
			await handle.datasync();
			await syncFolder(this.#options.folder);
		} catch (error) {
			await handle.close().catch(() => undefined);
			throw error;
		}
		this.#handle = handle;
		if (this.#segments.at(-1)?.path === path) this.#segments.pop();
		this.#segments.push({ path, header, next: first, bytes: bytes.length });
		while (this.#segments.length > 1 && this.stats().bytes > this.#options.maxBytes) {
			const { next, header: dropped } = this.#segments[0] as Segment;
			this.#options.onTrouble({
				kind: "dropped",
				message: `the journal is full: expected at most ${this.#options.maxBytes} bytes`,
				records: next - dropped.first,
			});
			this.#removeOldest();
		}
	}

	#removeOldest(): void {
		const segment = this.#segments.shift() as Segment;
		// A name that stays behind is trimmed again after the next opening.
		rm(segment.path, { force: true }).catch((error: unknown) => {
			this.#lastError = errorText(error);
		});
	}
}
