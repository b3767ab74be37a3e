import type { Datatype } from "../../common/contract/datatype.ts";
import { nodeDevice } from "../../common/contract/ids.ts";
import type { PayloadHead } from "../../common/contract/payload-reader.ts";
import { recordSamplesMax } from "../../common/contract/samples.ts";
import type { NodeTopic } from "../../common/contract/topics.ts";
import type { Clock } from "../../common/runtime/clock.ts";
import type { EdgeNodeRow, IntakePort, Series } from "../pipeline.ts";
import type { CollectorTelemetry } from "../telemetry.ts";
import { roleOf } from "./alias-table.ts";
import type { EdgeNodeState, RebirthReason, RebirthRequest } from "./edge-node.ts";
import type { ForeignMessage, ForeignRecords } from "./foreign-records.ts";
import { readBirth, readData, readDeath } from "./message-reader.ts";

const devicesMax = 10_000;
/** A foreign edge node may say everything in one message; payloads are bounded in bytes. */
const foreignSamplesMax = 100_000;

/** Gives ids to series; the store keeps them. */
export interface SeriesPort {
	/** Undefined when there are too many. */
	series(
		edgeNode: number,
		device: string,
		tag: string,
		datatype: number,
		eu: string | undefined,
	): Series | undefined;
}

export interface KnownEdgeNode extends EdgeNodeRow {
	readonly state: EdgeNodeState;
}

export interface EdgeNodeMessagesOptions {
	readonly intake: IntakePort;
	readonly directory: SeriesPort;
	readonly telemetry: CollectorTelemetry;
	readonly clock: Clock;
	/** So long a message may be late before births are asked for. */
	readonly reorderTimeoutMs: number;
	/** Takes what edge nodes without confirmed delivery say. */
	readonly foreign: ForeignRecords;
	readonly askRebirth: (node: KnownEdgeNode, request: RebirthRequest) => void;
}

/** Births, deaths and data of edge nodes: what they say goes to the intake, what they lack is asked for. */
export class EdgeNodeMessages {
	readonly #options: EdgeNodeMessagesOptions;

	constructor(options: EdgeNodeMessagesOptions) {
		this.#options = options;
	}

	/**
	 * Takes one message; a promise asks to wait before the next one.
	 * @throws BytesError when the payload is not Sparkplug B.
	 */
	take(node: KnownEdgeNode, topic: NodeTopic, payload: Buffer): Promise<void> | undefined {
		const { telemetry, clock } = this.#options;
		const nowMs = clock.monotonicMs();
		switch (topic.type) {
			case "NBIRTH":
				return this.#nodeBirth(node, payload, nowMs);
			case "DBIRTH":
				return this.#deviceBirth(node, topic.device, payload, nowMs);
			case "NDEATH":
				if (node.state.died(readDeath(payload).bdSeq, clock.wallMs())) {
					telemetry.edgeNodeDied({ group: node.group, edgeNode: node.edgeNode });
					if (node.state.isForeign) this.#options.foreign.gone(node.id, "agent_down");
				}
				return undefined;
			case "DDEATH":
				this.#deviceDeath(node, topic.device, payload, nowMs);
				return undefined;
			default:
				return this.#data(node, topic, payload, nowMs);
		}
	}

	/** Our own connection is lost, and with it what the edge node says meanwhile. */
	lost(node: KnownEdgeNode): void {
		node.state.lost(this.#options.clock.wallMs());
		if (node.state.isForeign) this.#options.foreign.gone(node.id, "unknown");
	}

	#nodeBirth(node: KnownEdgeNode, payload: Buffer, nowMs: number): Promise<void> | undefined {
		const birth = readBirth(payload);
		node.state.born(birth.bdSeq, birth.head.seq, nowMs);
		node.state.isForeign = birth.held === undefined;
		this.#define(node, nodeDevice, birth.metrics);
		if (birth.held !== undefined) {
			this.#options.intake.held(node.id, birth.held, true);
			this.#options.foreign.notForeign(node.id);
		}
		this.#options.telemetry.edgeNodeBorn({
			group: node.group,
			edgeNode: node.edgeNode,
			devices: 0,
			tags: node.state.aliases.size,
			confirmedDelivery: birth.held !== undefined,
		});
		return node.state.isForeign
			? this.#options.foreign.born(node.id, this.#foreignMessage(node, nodeDevice, payload))
			: undefined;
	}

	#deviceBirth(
		node: KnownEdgeNode,
		device: string,
		payload: Buffer,
		nowMs: number,
	): Promise<void> | undefined {
		const birth = readBirth(payload);
		if (!node.state.online) {
			this.#askRebirth(node, "unknown_edge_node", nowMs);
			return undefined;
		}
		this.#inSequence(node, birth.head, nowMs);
		if (!node.state.devices.has(device) && node.state.devices.size >= devicesMax) {
			this.#options.telemetry.messageRefused("devices", {
				topic: `${node.group}/${node.edgeNode}/${device}`,
				detail: `expected at most ${devicesMax} devices of one edge node`,
			});
			return undefined;
		}
		node.state.deviceBorn(device);
		this.#define(node, device, birth.metrics);
		return node.state.isForeign
			? this.#options.foreign.deviceBorn(node.id, this.#foreignMessage(node, device, payload))
			: undefined;
	}

	/** Values of a birth and of data alike; what cannot be read is counted, and the rest is taken. */
	#foreignMessage(node: KnownEdgeNode, device: string, payload: Buffer): ForeignMessage {
		const data = readData(payload, device, node.state.aliases, foreignSamplesMax);
		if (data.mistyped > 0) this.#refuseMistyped(node, device, data.mistyped);
		return { device, sentMs: data.head.timestampMs, samples: data.samples, historical: data.historical };
	}

	/** An agent sends it again; what another edge node said is gone. */
	#refuseUnborn(node: KnownEdgeNode, device: string, sentMs: number): void {
		this.#options.foreign.unread(node.id, device, sentMs);
		this.#options.telemetry.messageRefused("before_birth", {
			topic: `${node.edgeNode}/${device}`,
			detail: "data before a birth, or after a death",
		});
	}

	#refuseMistyped(node: KnownEdgeNode, device: string, values: number): void {
		this.#options.telemetry.messageRefused("mistyped", {
			topic: `${node.edgeNode}/${device}`,
			detail: `${values} values of another kind than the birth says`,
		});
	}

	/** A device's death counts in the sequence [tck-id-payloads-ddeath-seq-inc]. */
	#deviceDeath(node: KnownEdgeNode, device: string, payload: Buffer, nowMs: number): void {
		const { head } = readDeath(payload);
		if (!node.state.online) return;
		this.#inSequence(node, head, nowMs);
		// Only of devices that were born, so that nobody can name any number of them.
		if (node.state.isForeign && node.state.isAlive(device))
			this.#options.foreign.deviceGone(node.id, device, head.timestampMs);
		node.state.deviceDied(device, head.timestampMs);
	}

	/** What is missing may only be late: `tick` asks for births when it does not come. */
	#inSequence(node: KnownEdgeNode, { seq, timestampMs }: PayloadHead, nowMs: number): boolean {
		const { state } = node;
		state.lastMessageMs = nowMs;
		const step = state.sequence.take(seq, nowMs);
		if (state.isForeign && step === "ahead") this.#options.foreign.ahead(node.id, timestampMs);
		if (state.isForeign && step === "late" && !state.sequence.isWaiting)
			this.#options.foreign.complete(node.id);
		return step !== "ahead";
	}

	/** Something of the birth is not known here; while messages are late, it may be in one of them. */
	#notUnderstood(node: KnownEdgeNode, reason: RebirthReason, nowMs: number): void {
		if (!node.state.sequence.isWaiting) this.#askRebirth(node, reason, nowMs);
	}

	/** Returns whether births are asked for; too soon after the last time they are not. */
	#askRebirth(node: KnownEdgeNode, reason: RebirthReason, nowMs: number): boolean {
		const request = node.state.rebirthRequest(nowMs, reason);
		if (request !== undefined) this.#options.askRebirth(node, request);
		return request !== undefined;
	}

	/** To be called a few times a second. */
	tick(nodes: Iterable<KnownEdgeNode>): void {
		const { clock, reorderTimeoutMs, askRebirth } = this.#options;
		const nowMs = clock.monotonicMs();
		for (const node of nodes) {
			const again = node.state.repeatedRequest(nowMs);
			if (again !== undefined) askRebirth(node, again);
			const { online, sequence, isForeign } = node.state;
			if (!online || !sequence.isOverdue(nowMs, reorderTimeoutMs)) continue;
			if (!this.#askRebirth(node, "sequence", nowMs)) continue;
			sequence.giveUp();
			if (isForeign) this.#options.foreign.missed(node.id);
		}
	}

	#define(node: KnownEdgeNode, device: string, metrics: ReturnType<typeof readBirth>["metrics"]): void {
		const { aliases } = node.state;
		aliases.clearDevice(device);
		for (const { name, alias, datatype, eu, tag } of metrics) {
			const role = roleOf(name, datatype);
			const series =
				role === "tag"
					? this.#options.directory.series(node.id, device, tag ?? name, datatype, eu)
					: undefined;
			if (role === "tag" && series === undefined) {
				this.#options.telemetry.messageRefused("series", {
					topic: `${device}/${name}`,
					detail: "found too many series; this tag is not stored",
				});
			}
			if (role === "unknown") {
				this.#options.telemetry.messageRefused("datatype", {
					topic: `${device}/${name}`,
					detail: `expected a storable data type, found ${datatype}`,
				});
			}
			aliases.define({
				name,
				role: role === "tag" && series === undefined ? "unknown" : role,
				datatype: datatype as Datatype,
				series: series?.id ?? 0,
				device,
				alias,
			});
		}
	}

	#data(
		node: KnownEdgeNode,
		{ device }: NodeTopic,
		payload: Buffer,
		nowMs: number,
	): Promise<void> | undefined {
		const { state } = node;
		const { intake, clock } = this.#options;
		if (!state.online) {
			this.#refuseUnborn(node, device, readDeath(payload).head.timestampMs);
			this.#askRebirth(node, "unknown_edge_node", nowMs);
			return undefined;
		}
		const data = readData(
			payload,
			device,
			state.aliases,
			state.isForeign ? foreignSamplesMax : recordSamplesMax,
		);
		const inSequence = this.#inSequence(node, data.head, nowMs);
		if (device !== nodeDevice && !state.isAlive(device)) {
			this.#refuseUnborn(node, device, data.head.timestampMs);
			this.#notUnderstood(node, "unknown_device", nowMs);
			return undefined;
		}
		if (data.held !== undefined) intake.held(node.id, data.held, false);
		if (data.unknownAliases > 0) {
			this.#options.telemetry.messageRefused("unknown_alias", {
				topic: `${node.edgeNode}/${device}`,
				detail: `${data.unknownAliases} metrics that no birth declared`,
			});
			// Without its birth a record cannot be read whole, and a part of it must not be stored.
			this.#notUnderstood(node, "unknown_alias", nowMs);
			if (!state.isForeign) return undefined;
			this.#options.foreign.unread(node.id, device, data.head.timestampMs);
		}
		if (inSequence) state.understood();
		if (data.mistyped > 0) {
			this.#refuseMistyped(node, device, data.mistyped);
			if (!state.isForeign) return undefined;
		}
		if (state.isForeign) {
			const { head, samples, historical } = data;
			return this.#options.foreign.data(node.id, { device, sentMs: head.timestampMs, samples, historical });
		}
		if (data.foreign || data.epoch === undefined) return undefined;
		if (data.offset === undefined) {
			if (data.throughMs !== undefined && data.lastOffset !== undefined) {
				intake.progress(node.id, device, data.epoch, data.lastOffset, data.throughMs);
			}
			return undefined;
		}
		return intake.record({
			edgeNode: node.id,
			epoch: data.epoch,
			offset: data.offset,
			last: Math.max(data.offset, data.lastOffset ?? 0),
			device,
			throughMs: data.throughMs,
			hash: data.hash,
			samples: data.samples,
			historical: data.historical,
			receivedMs: clock.wallMs(),
		});
	}
}
