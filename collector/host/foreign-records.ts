// Edge nodes that know nothing of confirmed delivery: what they say is taken as it comes, under positions that are given
// here, and where something is missing there is a gap row. Nothing can be asked for again, and so nothing is promised.

import type { GapCause } from "../../common/contract/gap.ts";
import { nodeDevice } from "../../common/contract/ids.ts";
import { recordSamplesMax, SampleColumns } from "../../common/contract/samples.ts";
import type { Clock } from "../../common/runtime/clock.ts";
import { foreignEpoch, foreignSpanMs, type KnownSamplesPort } from "../foreign.ts";
import type { GapRow, IntakePort } from "../pipeline.ts";
import type { CollectorTelemetry } from "../telemetry.ts";
import { ForeignSamples } from "./foreign-samples.ts";
import { gapIdOf } from "./gap-id.ts";

export interface ForeignRecordsOptions {
	readonly intake: IntakePort;
	readonly store: KnownSamplesPort;
	readonly clock: Clock;
	readonly telemetry: CollectorTelemetry;
}

/** A message of a foreign edge node, read. */
export interface ForeignMessage {
	readonly device: string;
	/** When it was sent, by the clock of the edge node; −1 when it does not say. */
	readonly sentMs: number;
	readonly samples: SampleColumns;
	readonly historical: boolean;
}

interface Hole {
	readonly fromMs: number;
	readonly cause: GapCause;
	toMs: number;
}

interface ForeignNode {
	/** The offset of its next record. */
	next: number;
	/** When it sent its last message. */
	lastMs: number | undefined;
	/** A sequence number is missing since then; it may only be late. */
	missing: Hole | undefined;
	/** It is dead, or we are blind, since then. */
	away: Hole | undefined;
	readonly devicesAway: Map<string, number>;
}

/** Beyond so many devices, of all edge nodes together, what cannot be read is the edge node's own gap. */
const unreadDevicesMax = 2_000;

const noHash = new Uint8Array(16);

export class ForeignRecords {
	readonly #options: ForeignRecordsOptions;
	readonly #nodes = new Map<number, ForeignNode>();
	readonly #known = new ForeignSamples();
	/** By edge node and device: since when there is something that no birth explains. */
	readonly #unread = new Map<number, Map<string, number>>();
	#unreadDevices = 0;

	constructor(options: ForeignRecordsOptions) {
		this.#options = options;
	}

	/** NBIRTH: what was missed until now is a gap; its values count, unless they only repeat what is known. */
	born(edgeNode: number, message: ForeignMessage): Promise<void> | undefined {
		const node = this.#node(edgeNode);
		const sentMs = this.#sentMs(message);
		const hole = node.away ?? node.missing;
		if (hole !== undefined) this.#gap(edgeNode, nodeDevice, { ...hole, toMs: sentMs });
		for (const device of this.#unread.get(edgeNode)?.keys() ?? [])
			this.#closeUnread(edgeNode, device, sentMs, hole?.fromMs);
		node.away = undefined;
		node.missing = undefined;
		node.devicesAway.clear();
		return this.data(edgeNode, message);
	}

	/** DBIRTH of a device that died in this session, or a first one. */
	deviceBorn(edgeNode: number, message: ForeignMessage): Promise<void> | undefined {
		const node = this.#node(edgeNode);
		const fromMs = node.devicesAway.get(message.device);
		node.devicesAway.delete(message.device);
		const toMs = this.#sentMs(message);
		this.#closeUnread(edgeNode, message.device, toMs, fromMs);
		if (fromMs !== undefined) {
			this.#gap(edgeNode, message.device, { fromMs, toMs, cause: "server_unreachable" });
		}
		return this.data(edgeNode, message);
	}

	/**
	 * Something said at `sentMs` (−1 when it does not say) cannot be read before the next birth: its values are a gap until
	 * then. Whether the edge node is a foreign one is only known when it is born.
	 */
	unread(edgeNode: number, device: string, sentMs: number): void {
		const since = this.#unread.get(edgeNode) ?? new Map<string, number>();
		this.#unread.set(edgeNode, since);
		const of = since.has(device) || this.#unreadDevices < unreadDevicesMax ? device : nodeDevice;
		if (since.has(of)) return;
		since.set(of, sentMs < 0 ? this.#options.clock.wallMs() : sentMs);
		if (of !== nodeDevice) this.#unreadDevices++;
	}

	/** It speaks confirmed delivery, and sends again whatever could not be read. */
	notForeign(edgeNode: number): void {
		for (const device of this.#unread.get(edgeNode)?.keys() ?? [])
			if (device !== nodeDevice) this.#unreadDevices--;
		this.#unread.delete(edgeNode);
	}

	/** Stores what is new in a message. */
	data(edgeNode: number, message: ForeignMessage): Promise<void> | undefined {
		const node = this.#node(edgeNode);
		node.lastMs = this.#sentMs(message);
		const { samples } = message;
		const fresh: number[] = [];
		const asked: number[] = [];
		for (let index = 0; index < samples.count; index++) {
			const novelty = this.#known.look(samples, index);
			if (novelty === "ask") asked.push(index);
			if (novelty !== "new") continue;
			fresh.push(index);
			this.#known.known(samples, index);
		}
		if (asked.length === 0) return this.#take(edgeNode, node, message, fresh);
		return this.#ask(edgeNode, node, message, fresh, asked);
	}

	/** A message came ahead of others. */
	ahead(edgeNode: number, sentMs: number): void {
		const node = this.#node(edgeNode);
		const toMs = sentMs < 0 ? this.#options.clock.wallMs() : sentMs;
		if (node.missing !== undefined) node.missing.toMs = toMs;
		else node.missing = { fromMs: node.lastMs ?? toMs, toMs, cause: "sequence" };
	}

	/** What was missing came after all. */
	complete(edgeNode: number): void {
		this.#node(edgeNode).missing = undefined;
	}

	/** What was missing is lost. */
	missed(edgeNode: number): void {
		const node = this.#node(edgeNode);
		if (node.missing !== undefined) this.#gap(edgeNode, nodeDevice, node.missing);
		node.missing = undefined;
	}

	/** The edge node is dead (`agent_down`), or our own connection is (`unknown`). */
	gone(edgeNode: number, cause: "agent_down" | "unknown"): void {
		const node = this.#nodes.get(edgeNode);
		if (node?.lastMs === undefined) return;
		node.away ??= { fromMs: node.missing?.fromMs ?? node.lastMs, toMs: node.lastMs, cause };
	}

	deviceGone(edgeNode: number, device: string, sentMs: number): void {
		const atMs = sentMs < 0 ? this.#options.clock.wallMs() : sentMs;
		this.#node(edgeNode).devicesAway.set(device, atMs);
	}

	/** `coveredFromMs`: there is a row already, from then on. */
	#closeUnread(
		edgeNode: number,
		device: string,
		toMs: number,
		coveredFromMs = Number.POSITIVE_INFINITY,
	): void {
		const since = this.#unread.get(edgeNode);
		const fromMs = since?.get(device);
		if (since?.delete(device) && device !== nodeDevice) this.#unreadDevices--;
		if (since?.size === 0) this.#unread.delete(edgeNode);
		if (fromMs !== undefined && fromMs < coveredFromMs)
			this.#gap(edgeNode, device, { fromMs, toMs, cause: "unknown" });
	}

	#node(edgeNode: number): ForeignNode {
		let node = this.#nodes.get(edgeNode);
		if (node === undefined) {
			const { highestOffset, completeMs } = this.#options.intake.known(edgeNode, foreignEpoch);
			node = {
				next: highestOffset + 1,
				lastMs: completeMs,
				missing: undefined,
				// While this collector did not run, nobody listened.
				away:
					completeMs === undefined ? undefined : { fromMs: completeMs, toMs: completeMs, cause: "unknown" },
				devicesAway: new Map(),
			};
			this.#nodes.set(edgeNode, node);
		}
		return node;
	}

	#sentMs({ sentMs }: ForeignMessage): number {
		return sentMs < 0 ? this.#options.clock.wallMs() : sentMs;
	}

	async #ask(
		edgeNode: number,
		node: ForeignNode,
		message: ForeignMessage,
		fresh: readonly number[],
		asked: readonly number[],
	): Promise<void> {
		const { store, telemetry } = this.#options;
		const { samples, device } = message;
		const question = picked(samples, asked);
		let stored: readonly boolean[];
		try {
			stored = await store.samplesKnown(edgeNode, device, question);
		} catch (error) {
			// Whether they are new cannot be told; to store them could double them, so they are a gap.
			telemetry.partFailed({ part: "foreign edge nodes", err: error });
			const times = question.sourceMs.subarray(0, question.count).sort();
			this.#gap(edgeNode, device, {
				...{ fromMs: times[0] as number, toMs: times.at(-1) as number, cause: "unknown" },
			});
			await this.#take(edgeNode, node, message, fresh);
			return;
		}
		const also = asked.filter((index, at) => {
			// Of two that are equal in one message, the second is a repeat now.
			const isNew = stored[at] === false && this.#known.look(samples, index) !== "repeat";
			this.#known.known(samples, index);
			return isNew;
		});
		await this.#take(edgeNode, node, message, [...fresh, ...also]);
	}

	/** Records of a bounded size and span, in order of time; the last one says how far the device is known. */
	#take(
		edgeNode: number,
		node: ForeignNode,
		{ samples, device, historical }: ForeignMessage,
		indexes: readonly number[],
	): Promise<void> | undefined {
		const { intake, clock, telemetry } = this.#options;
		telemetry.foreignSamples(indexes.length, samples.count - indexes.length);
		const inOrder = [...indexes].sort(
			(a, b) => (samples.sourceMs[a] as number) - (samples.sourceMs[b] as number),
		);
		let wait: Promise<void> | undefined;
		for (let from = 0; from < inOrder.length; ) {
			const startMs = samples.sourceMs[inOrder[from] as number] as number;
			let to = from + 1;
			while (
				to < inOrder.length &&
				to - from < recordSamplesMax &&
				(samples.sourceMs[inOrder[to] as number] as number) - startMs < foreignSpanMs
			)
				to++;
			const offset = node.next++;
			const isLast = to === inOrder.length;
			wait = intake.record({
				...{ edgeNode, device, historical, offset, last: offset, epoch: foreignEpoch, hash: noHash },
				throughMs:
					isLast && !historical ? (samples.sourceMs[inOrder[to - 1] as number] as number) : undefined,
				samples: picked(samples, inOrder.slice(from, to)),
				receivedMs: clock.wallMs(),
			});
			from = to;
		}
		return wait;
	}

	#gap(edgeNode: number, device: string, { fromMs, toMs, cause }: Hole): void {
		const noticedMs = this.#options.clock.wallMs();
		const row: GapRow = {
			...{ id: gapIdOf(edgeNode, device, fromMs, cause), edgeNode, device, tags: [] },
			...{ fromMs, toMs: Math.max(fromMs, toMs), cause, backfilled: false, noticedMs },
		};
		this.#options.intake.gap(row);
	}
}

function picked(samples: SampleColumns, indexes: readonly number[]): SampleColumns {
	const some = new SampleColumns(indexes.length);
	for (const index of indexes) some.copyFrom(samples, index);
	return some;
}
