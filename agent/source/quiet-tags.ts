import { AttributeIds, type ClientSession, type DataValue } from "node-opcua";
import type { Datatype } from "../../common/contract/datatype.ts";
import { SampleColumns } from "../../common/contract/samples.ts";
import { severity } from "../../common/contract/status.ts";
import type { CycleBuilder } from "./cycle-builder.ts";
import { DataChangeReader } from "./data-change-reader.ts";
import { notificationBody } from "./history-read.ts";
import { readAttributes } from "./service.ts";

const atOnce = 100;
/** Tags that wait to be called Good, with servers that repeat nothing: more requests of a hundred, one after the other. */
const untoldAtOnce = 20_000;
/** What is on its way comes within this time, whatever the publishing interval. */
const onItsWayMs = 10_000;
const suspectsMax = 10_000;

/** Where a tag is read, and what its values are. */
interface ReadNode {
	readonly nodeId: string;
	readonly datatype: Datatype;
}

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
	readonly #reader = new DataChangeReader();
	/** Read with a newer time than the last sample has: their values may be on their way. */
	readonly #suspects = new Map<number, { readonly builder: CycleBuilder; readonly atMs: number }>();

	constructor(options: { readonly afterMs: number }) {
		this.#afterMs = options.afterMs;
	}

	/**
	 * Reads those that are due and tells which are lost. `nodeOf`: undefined for a tag that is not read.
	 * @throws Error when the service fails
	 */
	async look(
		session: ClientSession,
		builders: Iterable<CycleBuilder>,
		nodeOf: (tagId: number) => ReadNode | undefined,
		{ nowMs, wallMs }: { readonly nowMs: number; readonly wallMs: number },
	): Promise<LostTag[]> {
		const lost = this.#lostSuspects(nowMs);
		let left = atOnce;
		for (const builder of builders) {
			const untold = builder.takeUntold(nowMs).slice(0, untoldAtOnce);
			const quiet = left <= 0 ? [] : builder.takeQuiet(nowMs - this.#afterMs, nowMs, left);
			left -= quiet.length;
			for (const tagId of untold) if (nodeOf(tagId) === undefined) lost.push({ tagId, status: undefined });
			const isUntold = new Set(untold);
			const ids = [...new Set([...untold, ...quiet])].filter((id) => nodeOf(id) !== undefined);
			for (let from = 0; from < ids.length; from += atOnce) {
				const some = ids.slice(from, from + atOnce);
				const nodeIds = some.map((id) => (nodeOf(id) as ReadNode).nodeId);
				const values = await readAttributes(session, nodeIds, AttributeIds.Value);
				for (const [index, tagId] of some.entries()) {
					const value = values[index];
					const status = value?.statusCode.value ?? 0;
					// One that was merely silent is asked for its time alone.
					const datatype = isUntold.has(tagId) ? nodeOf(tagId)?.datatype : undefined;
					if (isNoNode(status)) lost.push({ tagId, status });
					else if (value !== undefined && !this.#isKnown(builder, { tagId, value, datatype }, nowMs, wallMs))
						this.#suspect(builder, tagId, nowMs);
				}
			}
		}
		return lost;
	}

	/** Whether the server has nothing newer of a tag than its last sample; of a Bad value without a time that is not asked. */
	#isKnown(
		builder: CycleBuilder,
		{ tagId, value, datatype }: { tagId: number; value: DataValue; datatype: Datatype | undefined },
		nowMs: number,
		wallMs: number,
	): boolean {
		const sourceMs = value.sourceTimestamp?.getTime();
		if (sourceMs === undefined) return true;
		if (!builder.isLast(tagId, sourceMs)) return severity(value.statusCode.value) === "bad";
		if (datatype === undefined) return true;
		const samples = new SampleColumns(1);
		this.#reader.read(notificationBody([value]), [undefined, { samples, tagId, datatype }], wallMs);
		return samples.count === 1 && builder.stands(samples, 0, nowMs);
	}

	#suspect(builder: CycleBuilder, tagId: number, nowMs: number): void {
		if (!this.#suspects.has(tagId) && this.#suspects.size < suspectsMax)
			this.#suspects.set(tagId, { builder, atMs: nowMs });
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
