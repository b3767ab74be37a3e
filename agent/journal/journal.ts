// The agent's memory of what is not yet known to be stored: a segmented, append-only log on disk.
//
// Limits      segments of `segmentBytes`, `maxBytes` in all, `memoryBytes` of records in memory, `maxAgeMs`.
// Promise     a record that `durable` covers survives a power cut; one that `append` took survives the process
//             as soon as its write has been handed to the operating system, which starts at once.
// Commit      writes start at once and together; fsync follows at most every `commitIntervalMs` for all of them.
// Crash       the torn tail of the last segment is cut off at the next opening, and counted; what a killed process
//             left in the system's memory alone is synced before it is told to anybody.
// Failure     after a failed write or fsync the file is never touched again: what is not durable is written to a
//             new segment, because the kernel may have dropped the dirty pages of the old one.
// Full        beyond `maxBytes` the oldest segment goes, or the newest record is refused, as `whenFull` says; beyond
//             `memoryBytes`, which fills while a disk takes nothing, the newest record is refused. All of it goes on
//             by itself when there is room.
// Old         a segment whose newest record is older than `maxAgeMs` goes, whatever `whenFull` says.
// Gone        the range of a segment that went is one record of gaps, which stays until it is confirmed like any other;
//             adjoining ranges of one epoch are one. It is on disk before the segment leaves (dropping.ts). Without
//             tag names nothing can be said of the range, and it is held no longer.
// Epoch       every opening starts one: a new random number, offsets from 1, a chain number one higher. It names the
//             one before it, and its first record is taken whatever the bounds say, or nobody could follow the chain.
// Is not      a database: no second writer (the data directory has a lock), no search, no update.

import type { Epoch } from "../../common/contract/ids.ts";
import { type Clock, every } from "../../common/runtime/clock.ts";
import { errorText } from "../../common/runtime/coded-error.ts";
import type { HeldRange, Journal, JournaledRecord, JournalStats, Position, Recovered } from "../pipeline.ts";
import { AppendRate } from "./append-rate.ts";
import { type Disk, systemDisk } from "./disk.ts";
import { dropOldest, fillHoles } from "./dropping.ts";
import type { TagNames } from "./gap-record.ts";
import { LogWriter } from "./log-writer.ts";
import { RecordTail } from "./record-tail.ts";
import { recoverLast } from "./recovery.ts";
import { type OpenReport, openSegments, type Segment } from "./segment-file.ts";
import { frameBytesMax, recordFrame, type SegmentHeader } from "./segment-format.ts";
import { type Present, SegmentList } from "./segment-list.ts";

/** What may change while the journal is in use. */
export interface JournalBounds {
	readonly segmentBytes: number;
	readonly maxBytes: number;
	readonly memoryBytes: number;
	readonly commitIntervalMs: number;
	/** What goes when `maxBytes` are reached; default `drop_oldest`. */
	readonly whenFull?: "drop_oldest" | "drop_newest";
	/** Undefined: records wait as long as it takes. */
	readonly maxAgeMs?: number | undefined;
}

export interface JournalOptions extends JournalBounds {
	readonly folder: string;
	readonly clock: Clock;
	/** A random epoch, 1 to 2^53 − 1. */
	readonly newEpoch: () => number;
	/** Names for gap records. */
	readonly tags?: TagNames;
	/** Told of a failed write or fsync, and of a segment that a bound removed. */
	readonly onTrouble: (trouble: { kind: "failed" | "dropped"; message: string; records: number }) => void;
	/** Default: the machine's. */
	readonly disk?: Disk;
}

/** Each opening leaves a file until it is confirmed; a host refuses to hear of more epochs than a thousand. */
const epochsMax = 500;
/** So often the age of segments is looked at, at least. */
const ageCheckMs = 60_000;
/** Bytes that a record needs on disk beside its body, at most. */
const besideBodyBytes = 24;

export class DiskJournal implements Journal {
	onDurable: (() => void) | undefined;
	#options: JournalOptions;
	readonly #disk: Disk;
	readonly #tail: RecordTail;
	readonly #segments: SegmentList;
	readonly #writer: LogWriter;
	readonly #rate: AppendRate;
	readonly #closed = new AbortController();
	/** The wall clock when the journal was made, less the monotonic clock. */
	readonly #wallAheadMs: number;
	#header!: SegmentHeader;
	#nextOffset = 1;
	#dropping: Promise<void> | undefined;
	#stopAging: (() => void) | undefined;
	#refused = 0;
	#dropped = { records: 0, bytes: 0 };
	/** Why the last drop did not succeed, until one does. */
	#dropError: string | undefined;

	constructor(options: JournalOptions) {
		this.#options = options;
		this.#disk = options.disk ?? systemDisk;
		this.#wallAheadMs = options.clock.wallMs() - options.clock.monotonicMs();
		this.#tail = new RecordTail(options.memoryBytes);
		this.#rate = new AppendRate(options.clock.monotonicMs());
		this.#segments = new SegmentList(this.#disk, (error) => this.#failed(errorText(error), 0));
		this.#writer = new LogWriter({
			...options,
			nowMs: () => this.#nowMs(),
			disk: this.#disk,
			tail: this.#tail,
			segments: this.#segments,
			signal: this.#closed.signal,
			onDurable: () => this.onDurable?.(),
			onFailed: (message, records) => this.#failed(message, records),
			onSegment: () => this.#holdBounds(),
		});
	}

	/** Opens the folder and starts a new epoch in it. Call once, before anything else. */
	async open(): Promise<OpenReport & { previousEpoch: number; previousLast: number; recovered: Recovered }> {
		const { folder, newEpoch } = this.#options;
		await this.#disk.makeFolder(folder);
		const report = await openSegments(this.#disk, folder);
		for (const segment of report.segments) this.#segments.add(segment);
		if (report.isDamaged) await this.#fillHoles();
		const last = report.segments.at(-1);
		this.#header = { chain: (last?.header.chain ?? 0) + 1, epoch: newEpoch(), first: 1, ...previous(last) };
		const recovered = await recoverLast(this.#disk, report.segments);
		await this.#writer.start(this.#header);
		this.#watchAge();
		const { previousEpoch, previousLast } = this.#header;
		return { ...report, recovered, previousEpoch, previousLast };
	}

	#watchAge(): void {
		const { clock, maxAgeMs } = this.#options;
		this.#stopAging?.();
		this.#stopAging = undefined;
		if (maxAgeMs !== undefined)
			this.#stopAging = every(clock, Math.min(ageCheckMs, maxAgeMs / 4), () => this.#age(maxAgeMs));
	}

	/** Other bounds from now on; what is beyond them goes as if they had just been reached. */
	bound(bounds: JournalBounds): void {
		this.#options = { ...this.#options, ...bounds };
		this.#tail.holdAtMost(bounds.memoryBytes);
		this.#writer.change(bounds);
		this.#watchAge();
		void this.#holdBounds();
	}

	/** What is missing in the middle of an epoch would be asked for in vain for ever. */
	async #fillHoles(): Promise<void> {
		const { folder, clock, tags } = this.#options;
		if (tags === undefined) return;
		const records = await fillHoles({ disk: this.#disk, folder, clock, tags, segments: this.#segments });
		if (records > 0)
			this.#options.onTrouble({
				kind: "dropped",
				message: "files in the middle of the journal are damaged or missing; a gap takes their place",
				records,
			});
	}

	get epoch(): Epoch {
		return this.#header.epoch as Epoch;
	}

	get durable(): Position {
		return { chain: this.#header.chain, offset: this.#tail.durable };
	}

	append(body: Buffer): Position | undefined {
		if (!this.#hasRoomFor(body.length) || this.#closed.signal.aborted) {
			this.#refused++;
			return undefined;
		}
		const offset = this.#nextOffset++;
		const framed = recordFrame(offset, body);
		const appendedMs = this.#options.clock.monotonicMs();
		this.#rate.appended(framed.length, appendedMs);
		// The frame holds a copy of the body; keeping only the frame halves the memory.
		this.#tail.push({ offset, framed, body: framed.subarray(framed.length - body.length), appendedMs });
		this.#writer.wake();
		return { chain: this.#header.chain, offset };
	}

	async read(from: Position, bytes: number): Promise<JournaledRecord[]> {
		return await this.#segments.read(from, bytes, this.#present);
	}

	held(): HeldRange[] {
		return this.#segments.held(this.#present);
	}

	trim(position: Position): void {
		this.#segments.trim(position);
	}

	stats(): JournalStats {
		const { bytes } = this.#segments;
		const perHour = this.#rate.bytesPerHour(this.#options.clock.monotonicMs());
		return {
			bytes,
			segments: this.#segments.all.length,
			pendingBytes: this.#tail.undurableBytes,
			refusedRecords: this.#refused,
			droppedRecords: this.#dropped.records,
			droppedBytes: this.#dropped.bytes,
			hoursLeft: perHour === 0 ? undefined : Math.max(0, this.#options.maxBytes - bytes) / perHour,
			lastError: this.#writer.lastError ?? this.#dropError,
		};
	}

	/** Makes everything appended durable if the disk allows, and closes the file. */
	async close(): Promise<void> {
		this.#stopAging?.();
		// A disk that fails now would keep the writer trying; what it holds is lost with the process either way.
		if (this.#writer.lastError !== undefined) this.#closed.abort();
		await this.#writer.finish();
		this.#closed.abort();
		await this.#writer.close();
		await this.#dropping;
		await this.#segments.settled();
	}

	/** Compares with the times of files, and a wall clock that is set makes nothing old. */
	#nowMs(): number {
		return this.#wallAheadMs + this.#options.clock.monotonicMs();
	}

	get #present(): Present {
		const { chain, epoch } = this.#header;
		return {
			chain,
			epoch,
			durable: this.#tail.durable,
			recent: (from, bytes) => this.#tail.read(from, bytes),
		};
	}

	#hasRoomFor(bytes: number): boolean {
		if (!this.#tail.hasRoomFor(bytes) || bytes + besideBodyBytes > frameBytesMax) return false;
		if (this.#nextOffset === 1) return true;
		const { maxBytes, segmentBytes, whenFull } = this.#options;
		if (whenFull === "drop_newest")
			return this.#segments.bytes + this.#tail.unwrittenBytes + bytes + besideBodyBytes <= maxBytes;
		// A segment over the bound is being dropped; more than that means that dropping fails.
		return this.#segments.bytes <= maxBytes + 2 * segmentBytes;
	}

	/** Drops what a bound wants gone, one segment after the other; what fails is tried again with the next segment. */
	#holdBounds(): Promise<void> {
		this.#dropping ??= this.#drop().finally(() => {
			this.#dropping = undefined;
		});
		return this.#dropping;
	}

	async #drop(): Promise<void> {
		const { tags, folder, clock } = this.#options;
		const segments = this.#segments;
		try {
			for (let reason = this.#reasonToDrop(); reason !== undefined; reason = this.#reasonToDrop()) {
				const [first] = segments.all as [Segment];
				const gone = segments.oldest?.segment;
				const isForgotten = gone === undefined || tags === undefined || (reason.forget && first.isGap);
				const { bytes, next, header } = isForgotten ? first : gone;
				if (isForgotten) segments.remove(first);
				else {
					const { signal } = this.#closed;
					const options = { disk: this.#disk, folder, clock, tags, segments, signal };
					if (!(await dropOldest(options))) return;
				}
				this.#dropError = undefined;
				// What a gap record stands for was counted when it became one.
				const isGap = isForgotten && first.isGap;
				const records = isGap ? 0 : next - header.first;
				if (records === 0 && !isGap) continue;
				this.#dropped.records += records;
				this.#dropped.bytes += bytes;
				const message = isGap ? `${reason.message}; a gap record goes, too` : reason.message;
				this.#options.onTrouble({ kind: "dropped", message, records });
			}
			this.#dropError = undefined;
		} catch (error) {
			this.#dropError = errorText(error);
			this.#failed(this.#dropError, 0);
		}
	}

	/** Why the oldest file has to go, if it has to. `forget`: not even a gap record may stay. */
	#reasonToDrop(): { message: string; forget: boolean } | undefined {
		const { maxBytes, maxAgeMs, whenFull } = this.#options;
		const segments = this.#segments;
		if (segments.all.length < 2 || this.#closed.signal.aborted) return undefined;
		if (segments.epochs > epochsMax)
			return { message: `the journal is full: expected at most ${epochsMax} epochs`, forget: true };
		const isFull = whenFull !== "drop_newest" && segments.bytes > maxBytes;
		// Gap records go only when they alone fill the journal; without them a loss is not written down.
		if (isFull && (segments.oldest !== undefined || segments.gapBytes > maxBytes / 2))
			return { message: `the journal is full: expected at most ${maxBytes} bytes`, forget: false };
		const changedMs = segments.oldest?.segment.changedMs;
		if (maxAgeMs !== undefined && changedMs !== undefined && this.#nowMs() - changedMs > maxAgeMs)
			return { message: `records are older than ${maxAgeMs / 1_000} s`, forget: false };
		return undefined;
	}

	/** A segment goes as a whole, so it may not gather records for longer than a part of the age bound. */
	#age(maxAgeMs: number): void {
		const { newest } = this.#segments;
		const startedMs = newest?.madeMs ?? Number.POSITIVE_INFINITY;
		if (this.#nowMs() - startedMs > maxAgeMs / 4) this.#writer.nextSegment();
		void this.#holdBounds();
	}

	#failed(message: string, records: number): void {
		this.#options.onTrouble({ kind: "failed", message, records });
	}
}

/** The epoch before a new one: the newest that ever had a record. */
function previous(last: Segment | undefined): { previousEpoch: number; previousLast: number } {
	if (last === undefined) return { previousEpoch: 0, previousLast: 0 };
	const { epoch, previousEpoch, previousLast } = last.header;
	return last.next > 1
		? { previousEpoch: epoch, previousLast: last.next - 1 }
		: { previousEpoch, previousLast };
}
