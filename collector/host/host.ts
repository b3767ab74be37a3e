import { type Datatype, datatypes } from "../../common/contract/datatype.ts";
import { deliveryMetrics } from "../../common/contract/delivery.ts";
import { type EdgeNodeId, type GroupId, type HostId, nodeDevice } from "../../common/contract/ids.ts";
import { PayloadWriter } from "../../common/contract/payload-writer.ts";
import { decodeHostState, encodeHostState } from "../../common/contract/state.ts";
import {
	groupFilter,
	type NodeTopic,
	nodeTopic,
	parseTopic,
	stateTopic,
} from "../../common/contract/topics.ts";
import { type Clock, every } from "../../common/runtime/clock.ts";
import { errorText } from "../../common/runtime/coded-error.ts";
import type { Part } from "../../common/runtime/lifecycle.ts";
import { type BrokerConnection, MqttLink } from "../../common/runtime/mqtt-link.ts";
import type { CommandPort, EdgeNodeRow, IntakePort, Series } from "../pipeline.ts";
import type { CollectorTelemetry } from "../telemetry.ts";
import { roleOf } from "./alias-table.ts";
import { EdgeNodeState, type RebirthReason } from "./edge-node.ts";
import { readBirth, readData, readDeath } from "./message-reader.ts";

/** Gives ids to edge nodes and series; the store keeps them. */
export interface DirectoryPort {
	edgeNode(group: string, edgeNode: string): EdgeNodeRow;
	series(edgeNode: number, device: string, tag: string, datatype: number, eu: string | undefined): Series;
}

export interface HostOptions {
	readonly host: HostId;
	readonly groups: readonly GroupId[];
	readonly instance: string;
	readonly broker: BrokerConnection;
	readonly clock: Clock;
	readonly intake: IntakePort;
	readonly directory: DirectoryPort;
	readonly telemetry: CollectorTelemetry;
}

interface KnownEdgeNode extends EdgeNodeRow {
	readonly state: EdgeNodeState;
}

/** The owner of a host id says so again this often, so that a second collector notices a living one. */
const stateEveryMs = 10_000;
const edgeNodesMax = 10_000;

/** The Sparkplug host application: follows edge nodes, hands records to the intake, sends commands. */
export class Host implements Part, CommandPort {
	readonly name = "Sparkplug host";
	readonly #options: HostOptions;
	readonly #link: MqttLink;
	readonly #writer = new PayloadWriter();
	readonly #byTopic = new Map<string, KnownEdgeNode>();
	readonly #byId = new Map<number, KnownEdgeNode>();
	/** One timestamp per MQTT session, in will, birth and repetition alike [tck-id-operational-behavior-host-application-connect-birth-payload]. */
	#sessionMs = 0;
	#stopRepeating = () => {};

	constructor(options: HostOptions) {
		this.#options = options;
		this.#link = new MqttLink({
			...options.broker,
			clock: options.clock,
			will: () => this.#will(),
			onOpen: () => this.#opened(),
			onClose: (reason) => this.#closed(reason),
			onMessage: (topic, payload) => this.#received(topic, payload),
		});
	}

	get connected(): boolean {
		return this.#link.connected;
	}

	/** Edge nodes with their state, for people. */
	edgeNodes(): readonly { row: EdgeNodeRow; online: boolean; lastMessageMs: number | undefined }[] {
		return [...this.#byId.values()].map(({ state, ...row }) => ({
			row,
			online: state.online,
			lastMessageMs: state.lastMessageMs,
		}));
	}

	start(): void {
		this.#stopRepeating = every(this.#options.clock, stateEveryMs, () =>
			this.#publishState(true, this.#sessionMs),
		);
		this.#link.start();
	}

	/** The death carries the present time and goes out before DISCONNECT [tck-id-operational-behavior-host-application-disconnect-intentional]. */
	async stop(): Promise<void> {
		this.#stopRepeating();
		this.#publishState(false, this.#options.clock.wallMs());
		await this.#link.stop();
	}

	confirm(edgeNode: number, epoch: number, confirmed: number): void {
		this.#command(edgeNode, [
			[deliveryMetrics.host, datatypes.String, this.#options.host],
			[deliveryMetrics.epoch, datatypes.Int64, epoch],
			[deliveryMetrics.confirmed, datatypes.Int64, confirmed],
		]);
	}

	resend(edgeNode: number, epoch: number, from: number, to: number): void {
		this.#command(edgeNode, [
			[deliveryMetrics.host, datatypes.String, this.#options.host],
			[deliveryMetrics.epoch, datatypes.Int64, epoch],
			[deliveryMetrics.resendFrom, datatypes.Int64, from],
			[deliveryMetrics.resendTo, datatypes.Int64, to],
		]);
	}

	async #will() {
		this.#sessionMs = this.#options.clock.wallMs();
		const payload = encodeHostState({ online: false, timestampMs: this.#sessionMs });
		return { topic: stateTopic(this.#options.host), payload, qos: 1 as const, retain: true };
	}

	/** Subscribe first, then say online [tck-id-host-topic-phid-birth-message]. */
	async #opened(): Promise<void> {
		const { groups, host, telemetry, broker } = this.#options;
		telemetry.brokerConnected({ broker: broker.url });
		await this.#link.subscribe([...groups.map(groupFilter), stateTopic(host)]);
		this.#publishState(true, this.#sessionMs);
	}

	#closed(reason: string): void {
		for (const { state } of this.#byId.values()) state.online = false;
		this.#options.telemetry.brokerLost({ broker: this.#options.broker.url, reason });
	}

	#publishState(online: boolean, timestampMs: number): void {
		const { host, instance } = this.#options;
		this.#link.send({
			topic: stateTopic(host),
			payload: encodeHostState({ online, timestampMs, instance }),
			qos: 1,
			retain: true,
		});
	}

	#received(topic: string, payload: Buffer): Promise<void> | undefined {
		const parsed = parseTopic(topic);
		if (parsed === undefined) {
			this.#options.telemetry.messageRefused("topic", {
				topic: topic.slice(0, 200),
				detail: "expected a Sparkplug B topic",
			});
			return undefined;
		}
		if (parsed.kind === "state") {
			this.#ownState(parsed.host, payload);
			return undefined;
		}
		try {
			return this.#nodeMessage(parsed, payload);
		} catch (error) {
			this.#options.telemetry.messageRefused("payload", { topic, detail: errorText(error) });
			return undefined;
		}
	}

	/** Our own late will must not stand [tck-id-operational-behavior-host-application-death-topic]. */
	#ownState(host: HostId, payload: Buffer): void {
		const state = decodeHostState(payload);
		if (host === this.#options.host && state?.online === false && this.#link.connected)
			this.#publishState(true, this.#sessionMs);
	}

	#nodeMessage(topic: NodeTopic, payload: Buffer): Promise<void> | undefined {
		const { telemetry, clock } = this.#options;
		if (topic.type === "NCMD" || topic.type === "DCMD") return undefined;
		telemetry.messageTaken(topic.type);
		const node = this.#known(topic);
		if (node === undefined) return undefined;
		const nowMs = clock.monotonicMs();
		switch (topic.type) {
			case "NBIRTH":
				this.#nodeBirth(node, payload, nowMs);
				return undefined;
			case "DBIRTH":
				this.#deviceBirth(node, topic.device, payload, nowMs);
				return undefined;
			case "NDEATH":
				if (node.state.died(readDeath(payload).bdSeq)) telemetry.edgeNodeDied(node);
				return undefined;
			case "DDEATH":
				this.#deviceDeath(node, topic.device, payload, nowMs);
				return undefined;
			default:
				return this.#data(node, topic, payload, nowMs);
		}
	}

	#nodeBirth(node: KnownEdgeNode, payload: Buffer, nowMs: number): void {
		const birth = readBirth(payload);
		node.state.born(birth.bdSeq, birth.head.seq, nowMs);
		this.#define(node, nodeDevice, birth.metrics);
		if (birth.held === undefined) {
			this.#options.telemetry.messageRefused("foreign_edge_node", {
				topic: `${node.group}/${node.edgeNode}`,
				detail: "expected an edge node with confirmed delivery; its data is not stored yet",
			});
		} else this.#options.intake.held(node.id, birth.held, true);
		this.#options.telemetry.edgeNodeBorn({
			group: node.group,
			edgeNode: node.edgeNode,
			devices: 0,
			tags: node.state.aliases.size,
		});
	}

	#deviceBirth(node: KnownEdgeNode, device: string, payload: Buffer, nowMs: number): void {
		const birth = readBirth(payload);
		if (!node.state.online) {
			this.#askRebirth(node, "unknown_edge_node", nowMs);
			return;
		}
		if (!node.state.inSequence(birth.head.seq, nowMs)) this.#askRebirth(node, "sequence", nowMs);
		node.state.devices.add(device);
		this.#define(node, device, birth.metrics);
	}

	/** A device's death counts in the sequence [tck-id-payloads-ddeath-seq-inc]. */
	#deviceDeath(node: KnownEdgeNode, device: string, payload: Buffer, nowMs: number): void {
		const { head } = readDeath(payload);
		if (!node.state.online) return;
		if (!node.state.inSequence(head.seq, nowMs)) this.#askRebirth(node, "sequence", nowMs);
		node.state.devices.delete(device);
		node.state.aliases.clearDevice(device);
	}

	#define(node: KnownEdgeNode, device: string, metrics: ReturnType<typeof readBirth>["metrics"]): void {
		const { aliases } = node.state;
		aliases.clearDevice(device);
		for (const { name, alias, datatype, eu } of metrics) {
			const role = roleOf(name, datatype);
			const series =
				role === "tag" ? this.#options.directory.series(node.id, device, name, datatype, eu).id : 0;
			if (role === "unknown") {
				this.#options.telemetry.messageRefused("datatype", {
					topic: `${device}/${name}`,
					detail: `expected a storable data type, found ${datatype}`,
				});
			}
			aliases.define({ name, role, datatype: datatype as Datatype, series, device }, alias);
		}
	}

	#data(
		node: KnownEdgeNode,
		{ device }: NodeTopic,
		payload: Buffer,
		nowMs: number,
	): Promise<void> | undefined {
		const { state } = node;
		const { intake, telemetry, clock } = this.#options;
		if (!state.online) {
			this.#askRebirth(node, "unknown_edge_node", nowMs);
			return undefined;
		}
		const data = readData(payload, device, state.aliases);
		const inSequence = state.inSequence(data.head.seq, nowMs);
		if (!inSequence) this.#askRebirth(node, "sequence", nowMs);
		if (device !== nodeDevice && !state.devices.has(device)) {
			this.#askRebirth(node, "unknown_device", nowMs);
			return undefined;
		}
		if (data.held !== undefined) intake.held(node.id, data.held, false);
		if (data.unknownAliases > 0) {
			// Without its birth a record cannot be read whole, and a part of it must not be stored.
			this.#askRebirth(node, "unknown_alias", nowMs);
			return undefined;
		}
		if (inSequence) state.understood();
		if (data.mistyped > 0) {
			telemetry.messageRefused("mistyped", {
				topic: `${node.edgeNode}/${device}`,
				detail: `${data.mistyped} values of another kind than the birth says`,
			});
			return undefined;
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
			device,
			throughMs: data.throughMs,
			hash: data.hash,
			samples: data.samples,
			receivedMs: clock.wallMs(),
		});
	}

	#known({ group, edgeNode }: NodeTopic): KnownEdgeNode | undefined {
		const key = `${group}/${edgeNode}`;
		let node = this.#byTopic.get(key);
		if (node === undefined) {
			if (this.#byTopic.size >= edgeNodesMax) {
				this.#options.telemetry.messageRefused("edge_nodes", {
					topic: key,
					detail: `expected at most ${edgeNodesMax} edge nodes`,
				});
				return undefined;
			}
			node = { ...this.#options.directory.edgeNode(group, edgeNode), state: new EdgeNodeState() };
			this.#byTopic.set(key, node);
			this.#byId.set(node.id, node);
		}
		return node;
	}

	#askRebirth(node: KnownEdgeNode, reason: RebirthReason, nowMs: number): void {
		if (!node.state.wantsRebirth(nowMs)) return;
		this.#options.telemetry.rebirthAsked({ group: node.group, edgeNode: node.edgeNode, reason });
		this.#command(node.id, [["Node Control/Rebirth", datatypes.Boolean, true]]);
	}

	/** NCMD: QoS 0, not retained, no seq [tck-id-payloads-ncmd-seq]. */
	#command(
		edgeNode: number,
		metrics: readonly (readonly [string, Datatype, string | number | boolean])[],
	): void {
		const node = this.#byId.get(edgeNode);
		if (node === undefined || !this.#link.connected) return;
		const timestampMs = this.#options.clock.wallMs();
		this.#writer.begin(timestampMs);
		for (const [name, datatype, value] of metrics)
			this.#writer.metric({ name, timestampMs, datatype, withDatatype: true, value });
		const topic = nodeTopic(node.group as GroupId, "NCMD", node.edgeNode as EdgeNodeId);
		this.#link.send({ topic, payload: Buffer.from(this.#writer.finish()), qos: 0, retain: false });
	}
}
