import { join } from "node:path";
import { type Clock, pause } from "../../common/runtime/clock.ts";
import { errorText } from "../../common/runtime/coded-error.ts";
import { type Disk, type DiskFile, writeWhole } from "./disk.ts";
import type { RecordTail, TailRecord } from "./record-tail.ts";
import type { Segment } from "./segment-file.ts";
import { encodeHeader, type SegmentHeader, segmentName, unfinishedSuffix } from "./segment-format.ts";
import type { SegmentList } from "./segment-list.ts";

export interface LogWriterOptions {
	readonly disk: Disk;
	readonly folder: string;
	readonly segmentBytes: number;
	readonly commitIntervalMs: number;
	readonly clock: Clock;
	/** For the times of segments: milliseconds since 1970, but never set. */
	readonly nowMs: () => number;
	readonly tail: RecordTail;
	readonly segments: SegmentList;
	/** Stops every waiting and trying. */
	readonly signal: AbortSignal;
	readonly onDurable: () => void;
	/** A write or fsync failed; so many records are not durable and are written again. */
	readonly onFailed: (message: string, records: number) => void;
	/** A segment was begun. The one after it waits until this resolves; it must not reject. */
	readonly onSegment: () => Promise<void>;
}

const retryAfterMs = 1_000;
/** Conditions of a disk that pass; anything else at opening is a mistake that somebody must correct. */
const passingErrors = new Set(["ENOSPC", "EDQUOT", "EIO"]);

/**
 * Takes records from the tail to the newest segment: written at once, synced within the commit interval, on to a new
 * segment when one is full, and after any failure, because what the kernel then still has of the old file is unknown.
 */
export class LogWriter {
	#options: LogWriterOptions;
	#header!: SegmentHeader;
	#handle: DiskFile | undefined;
	/** The file given up last, until it is closed. */
	#failed: DiskFile | undefined;
	#written = 0;
	#wantsSegment = false;
	#pumping: Promise<void> | undefined;
	#syncing: Promise<void> | undefined;
	#begun: Promise<void> = Promise.resolve();
	#lastError: string | undefined;

	constructor(options: LogWriterOptions) {
		this.#options = options;
	}

	/** Why nothing becomes durable just now, or undefined when all is well. */
	get lastError(): string | undefined {
		return this.#lastError;
	}

	/** Begins the first segment of an epoch. A full or failing disk is tried again; @throws on any other error. */
	async start(header: SegmentHeader): Promise<void> {
		this.#header = header;
		try {
			await this.#startSegment(1);
		} catch (error) {
			if (!passingErrors.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
			this.#lastError = errorText(error);
			this.#options.onFailed(this.#lastError, 0);
			this.wake();
		}
	}

	/** Another size of segments and another commit interval, from the next segment and the next fsync on. */
	change(options: Pick<LogWriterOptions, "segmentBytes" | "commitIntervalMs">): void {
		this.#options = { ...this.#options, ...options };
	}

	/** The tail has records to write. */
	wake(): void {
		this.#pumping ??= this.#pump();
	}

	/** Begins a new segment soon, unless the newest has no record. */
	nextSegment(): void {
		this.#wantsSegment = true;
		this.wake();
	}

	/** Resolves when everything is durable, or when the signal is given. */
	async finish(): Promise<void> {
		await this.#pumping;
		await this.#syncing;
	}

	/** Closes the file; the signal has been given. */
	async close(): Promise<void> {
		await this.finish();
		await this.#begun;
		await this.#handle?.close();
		this.#handle = undefined;
		await this.#failed?.close().catch(() => undefined);
		this.#failed = undefined;
	}

	/** Hands everything unwritten to the operating system, again and again until nothing is left. */
	async #pump(): Promise<void> {
		const { tail, segments, signal } = this.#options;
		// One turn of the event loop gathers the records of a whole publish cycle into one write.
		await new Promise((resolve) => setImmediate(resolve));
		while ((tail.hasUnwritten || this.#wantsSegment || this.#handle === undefined) && !signal.aborted) {
			const handle = this.#handle;
			if (handle === undefined) {
				await this.#startAgain();
				continue;
			}
			try {
				const newest = segments.newest as Segment;
				if (newest.next === newest.header.first) this.#wantsSegment = false;
				if (newest.bytes >= this.#options.segmentBytes || this.#wantsSegment)
					await this.#finishSegment(handle);
				else if (tail.hasUnwritten) await this.#write(handle);
			} catch (error) {
				this.#fail(error, handle);
			}
		}
		this.#pumping = undefined;
	}

	/** Everything in a full segment is durable before the next one begins. */
	async #finishSegment(handle: DiskFile): Promise<void> {
		await this.#syncing;
		if (handle !== this.#handle) return;
		await handle.sync();
		this.#becameDurable(this.#written);
		await handle.close();
		await this.#startSegment(this.#options.tail.durable + 1);
	}

	async #write(handle: DiskFile): Promise<void> {
		const { tail, segments, segmentBytes, nowMs } = this.#options;
		const { bytes: position } = segments.newest as Segment;
		const batch = tail.unwritten(segmentBytes - position);
		const bytes = Buffer.concat(batch.map((record) => record.framed));
		await writeWhole(handle, bytes, position);
		// An fsync of what was written before has failed meanwhile, so this counts as unwritten, too.
		if (handle !== this.#handle) return;
		const next = (batch.at(-1) as TailRecord).offset + 1;
		segments.grew(bytes.length, next, nowMs());
		tail.wrote(batch.length);
		this.#written = next - 1;
		this.#syncing ??= this.#sync();
	}

	/** One fsync for everything written meanwhile, at most every commit interval. */
	async #sync(): Promise<void> {
		const { tail, clock, signal } = this.#options;
		const handle = this.#handle;
		try {
			while (this.#written > tail.durable && handle !== undefined && handle === this.#handle) {
				await pause(clock, this.#options.commitIntervalMs, signal);
				const target = this.#written;
				await handle.sync();
				this.#becameDurable(target);
			}
		} catch (error) {
			this.#fail(error, handle);
		} finally {
			this.#syncing = undefined;
		}
		if (this.#handle === undefined && !signal.aborted) this.wake();
	}

	#becameDurable(offset: number): void {
		if (this.#options.tail.becameDurable(offset)) this.#options.onDurable();
	}

	/** Gives the present file up; everything in it that is not durable is written again, to a new one. */
	#fail(error: unknown, handle: DiskFile | undefined): void {
		if (handle !== this.#handle) return;
		this.#handle = undefined;
		this.#failed = handle;
		this.#lastError = errorText(error);
		const records = this.#options.tail.unwriteUndurable();
		this.#written = this.#options.tail.durable;
		this.#options.onFailed(this.#lastError, records);
	}

	async #startAgain(): Promise<void> {
		// Only here, where no write is under way that could meet another file under the same descriptor. Closing a
		// file that failed can fail too; there is nothing left to learn from it.
		await this.#failed?.close().catch(() => undefined);
		this.#failed = undefined;
		if (!(await pause(this.#options.clock, retryAfterMs, this.#options.signal))) return;
		try {
			await this.#startSegment(this.#options.tail.durable + 1);
			this.#lastError = undefined;
		} catch (again) {
			this.#lastError = errorText(again);
		}
	}

	async #startSegment(first: number): Promise<void> {
		const { disk, folder, segments } = this.#options;
		// One that a bound drops is gone before the next begins, so that the bound holds.
		await this.#begun;
		const header: SegmentHeader = { ...this.#header, first };
		const path = join(folder, segmentName(header.chain, first));
		// A segment that failed before its first durable record has the same name. Its file is not used again, but its
		// header may be all that still knows the epochs before, so it is replaced and never missing.
		const unfinished = `${path}${unfinishedSuffix}`;
		await disk.remove(unfinished);
		const handle = await disk.create(unfinished);
		const bytes = encodeHeader(header);
		try {
			await writeWhole(handle, bytes, 0);
			await handle.sync();
			await disk.rename(unfinished, path);
			await disk.syncFolder(folder);
		} catch (error) {
			await handle.close().catch(() => undefined);
			throw error;
		}
		this.#handle = handle;
		this.#wantsSegment = false;
		const nowMs = this.#options.nowMs();
		segments.add({
			path,
			header,
			next: first,
			bytes: bytes.length,
			isGap: false,
			madeMs: nowMs,
			changedMs: nowMs,
		});
		this.#begun = this.#options.onSegment();
	}
}
