// The way of a sample through the agent. Read this first.
//
//   source ──► journal ──► publisher ──► broker ──► collector
//   OPC UA     disk log    Sparkplug B                  │
//                 ▲                                      │
//                 └────────── confirmed ◄────────────────┘
//
// A sample is written to disk before it is published, and forgotten only when the collector says that it
// has it on disk. Stages know the ports below and never each other; agent.ts joins them.

import type { TagDatatypeName } from "../common/contract/datatype.ts";
import type { Gap } from "../common/contract/gap.ts";
import type { Epoch, Offset } from "../common/contract/ids.ts";
import type { SampleColumns, SampleValue } from "../common/contract/samples.ts";
import type { SamplingConfig } from "./config.ts";

/**
 * What a source hands over at the end of one publish cycle of one device: samples in order of source time,
 * and the time up to which the source has now given everything (undefined: nothing new is known).
 */
export interface Cycle {
	readonly device: string;
	/** `tagId` holds ids of the tag book. The columns are reused after the call returns. */
	readonly samples: SampleColumns;
	readonly throughMs: number | undefined;
}

/** Takes cycles and holes from a source. Returns at once; what cannot be taken is counted and written down. */
export interface CycleSink {
	cycle(cycle: Cycle): void;
	/** A hole the source knows of: these tags, from and to in source time, and why. */
	gap(gap: Gap): void;
}

export interface TagPart {
	/** The name that all tags of the value begin with. */
	readonly of: string;
	readonly shape: object;
	readonly leaf: number;
}

/** A tag that can be read and declared: everything that the configuration left to the server is known. */
export interface ReadableTag {
	readonly name: string;
	/** `nsu=URI;s=…`, or `s=…` in the namespace of the device. */
	readonly node: string;
	readonly type: TagDatatypeName;
	readonly eu?: string | undefined;
	readonly low?: number | undefined;
	readonly high?: number | undefined;
	/**
	 * For a tag that is one of several values in what the node holds: which one, and how the source takes them apart,
	 * which is nobody else's matter.
	 */
	readonly part?: TagPart | undefined;
	/** What is configured for the tag or its device; the rest is its server's. */
	readonly sampling?: SamplingConfig | undefined;
}

/** What a device consists of from now on, in the order that decides between equal source times. */
export interface TagSet {
	readonly device: string;
	readonly tags: readonly ReadableTag[];
	/** Names that are left out because the server does not have their nodes any more. */
	readonly gone: ReadonlySet<string>;
}

/** Reads one plant server and hands cycles to its sink until it is stopped; never gives up. */
export interface SampleSource {
	readonly name: string;
	start(): void;
	stop(): Promise<void>;
	/** Whether its values come; `state` says more and costs more. */
	readonly isConnected: boolean;
	state(): SourceState;
	/** One of its devices has other tags; the tag book has them already. What the device had otherwise goes on undisturbed. */
	tagsChanged?(set: TagSet): void;
}

export interface SourceState {
	readonly server: string;
	/** Policy and mode of the channel, `None` where the configuration asks for it; undefined before the first one. */
	readonly security: string | undefined;
	/** Which of its endpoints is in use, or tried. */
	readonly endpoint?: string;
	/** What the server says of how well it can serve, OPC UA Part 5 §6.3.1; undefined when it does not tell. */
	readonly serviceLevel?: number | undefined;
	readonly connected: boolean;
	readonly tags: number;
	/** Tags of which values come: the server watches them, or they are polled. */
	readonly tagsSubscribed: number;
	/** Configured tags of which the server has not yet said what they are. */
	readonly tagsUnresolved?: number;
	/** Tags that are read in intervals instead of being subscribed to. */
	readonly tagsPolled?: number;
	/** Items that the server samples more slowly, or with a shorter queue, than it was asked to. */
	readonly itemsRevised?: { readonly samplingInterval: number; readonly queueSize: number };
	/** Tags whose deadband the agent applies itself. */
	readonly deadbandsInAgent?: number;
	readonly lastNotificationAgeMs: number | undefined;
	/** Milliseconds that the server's clock is ahead of ours, by the headers of its responses. */
	readonly clockAheadMs?: number | undefined;
	/** Tags whose source times are ahead of the server's clock, and those whose source times stand still. */
	readonly tagsTimeWrong?: { readonly future: number; readonly frozen: number } | undefined;
	readonly lastError: string | undefined;
}

/** The last sample of a tag before the agent was started again. */
export interface LastSample {
	readonly sourceMs: number;
	readonly sourceRestTicks: number;
	readonly status: number;
	readonly value: SampleValue;
}

/** Where an earlier run of the agent stopped: Through by device, last samples by tag id. */
export interface Recovered {
	readonly throughMs: ReadonlyMap<string, number>;
	readonly samples: ReadonlyMap<number, LastSample>;
}

/** A place in the journal. Epochs are ordered by their chain number, which grows by one at each opening. */
export interface Position {
	readonly chain: number;
	readonly offset: number;
}

/** How far a device's data is complete in source time, and the record that completed it. */
export interface DeviceProgress {
	readonly throughMs: number;
	readonly position: Position;
}

/** A record as it lies on disk: `body` decodes with record-codec.ts. */
export interface JournaledRecord {
	readonly chain: number;
	readonly epoch: Epoch;
	readonly offset: Offset;
	/** Last offset this record occupies: `offset`, except for the gap record of a dropped range. */
	readonly last: Offset;
	readonly body: Buffer;
	/** Monotonic milliseconds of appending, or undefined when it was read back from disk. */
	readonly appendedMs: number | undefined;
}

/**
 * Keeps records until they are confirmed.
 *
 * `append` takes a record at once and says where it stands; it becomes durable within the commit interval and
 * `onDurable` is called. When there is no room it returns undefined and counts what was refused.
 */
export interface Journal {
	append(body: Buffer): Position | undefined;
	readonly durable: Position;
	readonly epoch: Epoch;
	onDurable: (() => void) | undefined;
	/**
	 * Records from `from` on, durable ones only, at least one and about `bytes` in all; empty at the end. A range that
	 * a bound dropped is one record: asked for any offset in it, that record comes, and after it `last + 1`.
	 */
	read(from: Position, bytes: number): Promise<JournaledRecord[]>;
	/** Every epoch still on disk, oldest first, the current one last. A dropped range is held: as its gap record. */
	held(): HeldRange[];
	/** Forgets everything before `position`, a whole segment or gap record at a time. */
	trim(position: Position): void;
	stats(): JournalStats;
}

export interface HeldRange {
	readonly chain: number;
	readonly epoch: Epoch;
	readonly first: number;
	readonly next: number;
}

export interface JournalStats {
	readonly bytes: number;
	readonly segments: number;
	readonly pendingBytes: number;
	/** Records that found no room, since the start. */
	readonly refusedRecords: number;
	/** Records and their bytes on disk that a bound dropped, since the start. */
	readonly droppedRecords: number;
	readonly droppedBytes: number;
	/** For so many hours there is room at the present rate of appending; undefined while nothing is appended. */
	readonly hoursLeft: number | undefined;
	readonly lastError: string | undefined;
}

/** Orders two positions: negative when `a` stands before `b`. */
export function comparePositions(a: Position, b: Position): number {
	return a.chain === b.chain ? a.offset - b.offset : a.chain - b.chain;
}
