import type { ClientSession } from "node-opcua";
import type { SampleColumns } from "../../common/contract/samples.ts";
import { severity } from "../../common/contract/status.ts";
import type { Clock } from "../../common/runtime/clock.ts";
import type { Tag } from "../tag-book.ts";
import type { CycleBuilder } from "./cycle-builder.ts";
import type { PresentValues } from "./present-values.ts";

const atOnce = 100;
/** Tags that wait to be called Good, with servers that repeat nothing. */
const untoldAtOnce = 20_000;
/** What is on its way comes within this time, whatever the publishing interval. */
const onItsWayMs = 10_000;
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
	readonly afterMs: number;
	readonly values: PresentValues;
	readonly clock: Clock;
	/** More tags are silent for too long than are read in a second. */
	readonly onMany: () => void;
}

/**
 * Looks after tags of which nothing is heard: most of them do not change, and some have lost their node or their monitored
 * item without a word. Each is read once in a while, a hundred at once at most.
 */
export class QuietTags {
	readonly #options: QuietTagsOptions;
	/** Read with a newer time than the last sample has: their values may be on their way. */
	readonly #suspects = new Map<number, { readonly builder: CycleBuilder; readonly atMs: number }>();

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
			const untold = builder.takeUntold(nowMs).slice(0, untoldAtOnce);
			const quiet = left <= 0 ? [] : builder.hearing.takeQuiet(nowMs - this.#options.afterMs, nowMs, left);
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
						this.#suspects.set(tagId, { builder, atMs: nowMs });
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
		take: (builder: CycleBuilder, read: SampleColumns) => void,
	): Promise<LostTag[]> {
		const { values, clock, onMany } = this.#options;
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

	/** Nothing came of them, though the server has something newer: the server does not watch them any more. */
	#lostSuspects(nowMs: number): LostTag[] {
		const lost: LostTag[] = [];
		for (const [tagId, { builder, atMs }] of this.#suspects) {
			const isHeard = builder.hearing.isHeardSince(tagId, atMs);
			if (!isHeard && nowMs - atMs < onItsWayMs) continue;
			this.#suspects.delete(tagId);
			if (!isHeard) lost.push({ tagId, status: undefined });
		}
		return lost;
	}
}

/** BadNodeIdInvalid and BadNodeIdUnknown, the upper 16 bits. */
export function isNoNode(status: number): boolean {
	return status >>> 16 === 0x8033 || status >>> 16 === 0x8034;
}
