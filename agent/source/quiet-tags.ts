import { AttributeIds, type ClientSession, type DataValue } from "node-opcua";
import { severity } from "../../common/contract/status.ts";
import type { CycleBuilder } from "./cycle-builder.ts";
import { readAttributes } from "./service.ts";

const atOnce = 100;
/** Tags that wait to be called Good, with servers that repeat nothing: more requests of a hundred, one after the other. */
const untoldAtOnce = 20_000;
/** What is on its way comes within this time, whatever the publishing interval. */
const onItsWayMs = 10_000;
const suspectsMax = 10_000;

/** What is wrong with a tag of which nothing was heard: its status when its node is gone, undefined when its item is. */
export interface LostTag {
	readonly tagId: number;
	readonly status: number | undefined;
}

/**
 * Looks after tags of which nothing is heard: most of them do not change, and some have lost their node or their monitored
 * item without a word. Each is read once in a while, a hundred at once at most.
 */
export class QuietTags {
	readonly #afterMs: number;
	/** Read with a newer time than the last sample has: their values may be on their way. */
	readonly #suspects = new Map<number, { readonly builder: CycleBuilder; readonly atMs: number }>();

	constructor(options: { readonly afterMs: number }) {
		this.#afterMs = options.afterMs;
	}

	/**
	 * Reads those that are due and tells which are lost.
	 * @throws Error when the service fails
	 */
	async look(
		session: ClientSession,
		builders: Iterable<CycleBuilder>,
		nodeIdOf: (tagId: number) => string | undefined,
		nowMs: number,
	): Promise<LostTag[]> {
		const lost = this.#lostSuspects(nowMs);
		let left = atOnce;
		for (const builder of builders) {
			const untold = builder.takeUntold(nowMs).slice(0, untoldAtOnce);
			const quiet = left <= 0 ? [] : builder.takeQuiet(nowMs - this.#afterMs, nowMs, left);
			left -= quiet.length;
			for (const tagId of untold) if (nodeIdOf(tagId) === undefined) lost.push({ tagId, status: undefined });
			const ids = [...new Set([...untold, ...quiet])].filter((id) => nodeIdOf(id) !== undefined);
			for (let from = 0; from < ids.length; from += atOnce) {
				const some = ids.slice(from, from + atOnce);
				const nodeIds = some.map((id) => nodeIdOf(id) as string);
				const values = await readAttributes(session, nodeIds, AttributeIds.Value);
				for (const [index, tagId] of some.entries()) {
					const isLost = this.#isLost(builder, tagId, values[index], nowMs);
					if (isLost !== undefined) lost.push(isLost);
				}
			}
		}
		return lost;
	}

	#isLost(
		builder: CycleBuilder,
		tagId: number,
		value: DataValue | undefined,
		nowMs: number,
	): LostTag | undefined {
		const status = value?.statusCode.value ?? 0;
		const sourceMs = value?.sourceTimestamp?.getTime();
		if (isNoNode(status)) return { tagId, status };
		if (sourceMs !== undefined && builder.isLast(tagId, sourceMs)) builder.stands(tagId, nowMs);
		else if (severity(status) !== "bad" && sourceMs !== undefined)
			if (!this.#suspects.has(tagId) && this.#suspects.size < suspectsMax)
				this.#suspects.set(tagId, { builder, atMs: nowMs });
		return undefined;
	}

	/** Nothing came of them, though the server has something newer: the server does not watch them any more. */
	#lostSuspects(nowMs: number): LostTag[] {
		const lost: LostTag[] = [];
		for (const [tagId, { builder, atMs }] of this.#suspects) {
			const isHeard = builder.isHeardSince(tagId, atMs);
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
