import type { ClientSession } from "node-opcua";
import { SampleColumns } from "../../common/contract/samples.ts";
import { severity } from "../../common/contract/status.ts";
import type { Clock } from "../../common/runtime/clock.ts";
import type { Tag } from "../tag-book.ts";
import type { CycleBuilder } from "./cycle-builder.ts";
import type { PresentValues } from "./present-values.ts";

const atOnce = 100;
/** Tags that wait to be called Good, with servers that repeat nothing. */
const untoldAtOnce = 20_000;
/** A value that is on its way takes its sampling and publishing intervals, and this on the network. */
const networkMs = 1_500;
/** A response that was under way when the server was asked says nothing of what came later. */
const underWayMs = 500;
/** A server that publishes nothing at all meanwhile is not waited for any longer than this, or than its intervals take. */
const onItsWayMostMs = 10_000;
const suspectsMax = 10_000;
/** Tags that are read in a second because of their longest silence, at most; the others wait. */
const silentAtOnce = 1_000;

/** What is wrong with a tag of which nothing was heard: its status when its node is gone, undefined when its item is. */
export interface LostTag {
	readonly tagId: number;
	readonly status: number | undefined;
}

/** A tag as it is read. */
export interface ReadTag {
	readonly tag: Tag;
	readonly nodeId: string;
}

export interface QuietTagsOptions {
	readonly afterMs: () => number;
	readonly values: PresentValues;
	readonly clock: Clock;
	readonly publishingMs: number;
	/** The largest sampling interval of a device's tags. */
	readonly slowestMs: (device: string) => number;
	/** Monotonic time at which the server's subscription was heard of last. */
	readonly publishedMs: () => number;
	/** Present values of tags of one device. */
	readonly take: (builder: CycleBuilder, read: SampleColumns) => void;
	/** More tags are silent for too long than are read in a second. */
	readonly onMany: () => void;
}

/** A tag that was read with a newer value than is known: it may be on its way. */
interface Suspect {
	readonly builder: CycleBuilder;
	readonly atMs: number;
	readonly read: SampleColumns;
	readonly index: number;
	/** Why it was read: a message was lost, and its value may have been in it; it was called Bad; nothing was heard of it. */
	readonly why: "message_lost" | "untold" | "quiet";
}

/**
 * Looks after tags of which nothing is heard: most of them do not change, and some have lost their node or their monitored
 * item without a word. Each is read once in a while, a hundred at once at most.
 */
export class QuietTags {
	readonly #options: QuietTagsOptions;
	readonly #suspects = new Map<number, Suspect>();

	constructor(options: QuietTagsOptions) {
		this.#options = options;
	}

	/**
	 * Reads those that are due and tells which are lost.
	 * @throws Error when the service fails
	 */
	async look(
		session: ClientSession,
		builders: Iterable<CycleBuilder>,
		known: (tagId: number) => ReadTag | undefined,
		nowMs: number,
	): Promise<LostTag[]> {
		const lost = this.#lostSuspects(nowMs);
		let left = atOnce;
		for (const builder of builders) {
			const { isDoubtful } = builder.called;
			const untold = builder.takeUntold(nowMs).slice(0, untoldAtOnce);
			const quiet = left <= 0 ? [] : builder.hearing.takeQuiet(nowMs - this.#options.afterMs(), nowMs, left);
			left -= quiet.length;
			for (const tagId of untold) if (known(tagId) === undefined) lost.push({ tagId, status: undefined });
			const isUntold = new Set(untold);
			const tags = [...new Set([...untold, ...quiet])].flatMap((id) => known(id) ?? []);
			if (tags.length === 0) continue;
			const { values, clock } = this.#options;
			const read = await values.ofTags(session, tags, () => clock.wallMs());
			for (let index = 0; index < read.count; index++) {
				const tagId = read.tagId[index] as number;
				const status = read.status[index] as number;
				const isNews = builder.hearing.isNews(tagId, read, index);
				if (isNoNode(status)) lost.push({ tagId, status });
				// One that was merely silent is asked for its time alone.
				else if (
					isNews ? severity(status) !== "bad" : isUntold.has(tagId) && !builder.stands(read, index, nowMs)
				)
					if (!this.#suspects.has(tagId) && this.#suspects.size < suspectsMax)
						this.#suspects.set(tagId, {
							...{ builder, atMs: nowMs, read, index },
							why: !isUntold.has(tagId) ? "quiet" : isDoubtful ? "message_lost" : "untold",
						});
			}
		}
		return lost;
	}

	/**
	 * Hands on the present values of tags that may not be silent for so long, and tells those whose nodes are gone.
	 * @throws Error when the service fails
	 */
	async readSilent(
		session: ClientSession,
		builders: Iterable<CycleBuilder>,
		known: (tagId: number) => ReadTag | undefined,
	): Promise<LostTag[]> {
		const { values, clock, onMany, take } = this.#options;
		const lost: LostTag[] = [];
		let left = silentAtOnce;
		for (const builder of builders) {
			const tags = builder.hearing.takeSilent(clock.monotonicMs(), left).flatMap((id) => known(id) ?? []);
			if (tags.length === 0) continue;
			left -= tags.length;
			const read = await values.ofTags(session, tags, () => clock.wallMs());
			take(builder, read);
			for (let index = 0; index < read.count; index++) {
				const status = read.status[index] as number;
				if (isNoNode(status)) lost.push({ tagId: read.tagId[index] as number, status });
			}
			if (left > 0) continue;
			onMany();
			break;
		}
		return lost;
	}

	/**
	 * Nothing came of them, though the server has something newer. What a lost message said is taken as it was read; otherwise
	 * the server does not watch the tag any more. A tag that is Bad meanwhile does not wait for its new item.
	 */
	#lostSuspects(nowMs: number): LostTag[] {
		const lost: LostTag[] = [];
		const found = new Map<CycleBuilder, SampleColumns>();
		for (const [tagId, suspect] of this.#suspects) {
			const { builder, read, index, why } = suspect;
			const isHeard = builder.hearing.isHeardSince(tagId, suspect.atMs);
			if (!isHeard && this.#isOnItsWay(suspect, nowMs)) continue;
			this.#suspects.delete(tagId);
			if (isHeard) continue;
			if (why !== "message_lost") lost.push({ tagId, status: undefined });
			if (why === "quiet") continue;
			const values = found.get(builder) ?? new SampleColumns(1);
			found.set(builder, values);
			values.reserve(values.count + 1);
			values.copyFrom(read, index);
		}
		for (const [builder, values] of found) this.#options.take(builder, values);
		return lost;
	}

	/** Whether a value that the server had when it was read may still come: it is published in order, and within its time. */
	#isOnItsWay({ builder, atMs }: Suspect, nowMs: number): boolean {
		const { publishingMs, slowestMs, publishedMs } = this.#options;
		const slowest = slowestMs(builder.device);
		const dueMs = atMs + slowest + publishingMs + networkMs;
		if (nowMs < dueMs) return true;
		const isPublishing = publishedMs() > atMs + slowest + underWayMs;
		return !isPublishing && nowMs < Math.max(dueMs, atMs + onItsWayMostMs);
	}
}

/** BadNodeIdInvalid and BadNodeIdUnknown, the upper 16 bits. */
export function isNoNode(status: number): boolean {
	return status >>> 16 === 0x8033 || status >>> 16 === 0x8034;
}
