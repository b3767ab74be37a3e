import { type Datatype, datatypes } from "../../common/contract/datatype.ts";
import { deliveryMetrics } from "../../common/contract/delivery.ts";
import type { EdgeNodeId, GroupId, HostId } from "../../common/contract/ids.ts";
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
import { CodedError, errorText } from "../../common/runtime/coded-error.ts";
import type { Part } from "../../common/runtime/lifecycle.ts";
import { type BrokerConnection, MqttLink, payloadBytesMax } from "../../common/runtime/mqtt-link.ts";
import type { CommandPort, EdgeNodeRow, IntakePort } from "../pipeline.ts";
import type { CollectorTelemetry } from "../telemetry.ts";
import { EdgeNodeState, type RebirthReason } from "./edge-node.ts";
import { EdgeNodeMessages, type KnownEdgeNode, type SeriesPort } from "./edge-node-messages.ts";
import { InstanceWatch } from "./instance-watch.ts";

/** Gives ids to edge nodes; the store keeps them. */
export interface DirectoryPort extends SeriesPort {
	edgeNode(group: string, edgeNode: string): EdgeNodeRow;
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
	/** Another collector owns the host id; nothing has been said in its place, and nothing will be. */
	readonly onTaken: (error: CodedError) => void;
}

/** The owner of a host id says so again this often, so that a second collector notices a living one. */
const stateEveryMs = 10_000;
const listenEveryMs = 250;
const edgeNodesMax = 10_000;

/** The Sparkplug host application: follows edge nodes, hands records to the intake, sends commands. */
export class Host implements Part, CommandPort {
	readonly name = "Sparkplug host";
	readonly #options: HostOptions;
	readonly #link: MqttLink;
	readonly #messages: EdgeNodeMessages;
	readonly #writer = new PayloadWriter();
	readonly #byTopic = new Map<string, KnownEdgeNode>();
	readonly #byId = new Map<number, KnownEdgeNode>();
	/** One timestamp per MQTT session, in will, birth and repetition alike [tck-id-operational-behavior-host-application-connect-birth-payload]. */
	#sessionMs = 0;
	readonly #instances: InstanceWatch;
	/** `listening`: whether the host id is free; nothing is published, and there is no will. */
	#stage: "listening" | "serving" | "taken" | "stopped" = "listening";
	#stopRepeating = () => {};
	#stopListening = () => {};

	constructor(options: HostOptions) {
		this.#options = options;
		this.#link = new MqttLink({
			...options.broker,
			clock: options.clock,
			will: () => this.#will(),
			onOpen: () => this.#opened(),
			onClose: (reason) => this.#closed(reason),
			onTooLong: (topic, bytes) =>
				options.telemetry.messageRefused("length", {
					topic: topic.slice(0, 200),
					detail: `expected at most ${payloadBytesMax} bytes, found ${bytes}`,
				}),
			onMessage: (topic, payload, retained) => this.#received(topic, payload, retained),
		});
		this.#instances = new InstanceWatch(options.instance);
		this.#messages = new EdgeNodeMessages({
			...options,
			askRebirth: (node, reason, nowMs) => this.#askRebirth(node, reason, nowMs),
		});
	}

	get connected(): boolean {
		return this.#stage === "serving" && this.#sessionMs > 0 && this.#link.connected;
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
		const { clock } = this.#options;
		this.#stopRepeating = every(clock, stateEveryMs, () => this.#publishState(true, this.#sessionMs));
		this.#stopListening = every(clock, listenEveryMs, () => this.#decide());
		this.#link.start();
	}

	/** Goes on from listening to serving, or gives way. */
	#decide(): void {
		const decision = this.#instances.decision(this.#options.clock.monotonicMs());
		if (decision === "taken" && this.#stage !== "taken") {
			this.#stage = "taken";
			this.#stopListening();
			const { host, instance, onTaken } = this.#options;
			onTaken(
				new CodedError(
					"HOST_ID_TAKEN",
					`expected to be the only collector with the host id ${host}, found another one online; this one is instance ${instance}. ` +
						"Give each collector a host id of its own, or stop the other one",
				),
			);
		} else if (decision === "go" && this.#stage === "listening") {
			this.#stage = "serving";
			this.#link.drop("the host id is free");
		}
	}

	/** The death carries the present time and goes out before DISCONNECT [tck-id-operational-behavior-host-application-disconnect-intentional]. */
	async stop(): Promise<void> {
		this.#stopRepeating();
		this.#stopListening();
		this.#publishState(false, this.#options.clock.wallMs());
		// The broker sends us our own death; it must not be answered as a late will.
		if (this.#stage === "serving") this.#stage = "stopped";
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
		if (this.#stage !== "serving") return undefined;
		this.#sessionMs = this.#options.clock.wallMs();
		const payload = encodeHostState({ online: false, timestampMs: this.#sessionMs });
		return { topic: stateTopic(this.#options.host), payload, qos: 1 as const, retain: true };
	}

	/** Subscribe first, then say online [tck-id-host-topic-phid-birth-message]. */
	async #opened(): Promise<void> {
		const { groups, host, telemetry, broker } = this.#options;
		if (this.#stage !== "serving") {
			await this.#link.subscribe([stateTopic(host)]);
			this.#instances.subscribed(this.#options.clock.monotonicMs());
			return;
		}
		telemetry.brokerConnected({ broker: broker.url });
		await this.#link.subscribe([...groups.map(groupFilter), stateTopic(host)]);
		this.#publishState(true, this.#sessionMs);
	}

	#closed(reason: string): void {
		// Only serving has had a session that could be lost.
		if (this.#sessionMs === 0 && this.#stage === "serving") return;
		for (const { state } of this.#byId.values()) state.online = false;
		this.#options.telemetry.brokerLost({ broker: this.#options.broker.url, reason });
	}

	#publishState(online: boolean, timestampMs: number): void {
		if (this.#stage !== "serving" || this.#sessionMs === 0) return;
		const { host, instance } = this.#options;
		this.#link.send({
			topic: stateTopic(host),
			payload: encodeHostState({ online, timestampMs, instance }),
			qos: 1,
			retain: true,
		});
	}

	#received(topic: string, payload: Buffer, retained: boolean): Promise<void> | undefined {
		const parsed = parseTopic(topic);
		if (parsed === undefined) {
			this.#options.telemetry.messageRefused("topic", {
				topic: topic.slice(0, 200),
				detail: "expected a Sparkplug B topic",
			});
			return undefined;
		}
		if (parsed.kind === "state") {
			this.#ownState(parsed.host, payload, retained);
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
	#ownState(host: HostId, payload: Buffer, retained: boolean): void {
		const state = decodeHostState(payload);
		if (host !== this.#options.host || state === undefined) return;
		if (this.#stage === "listening") {
			this.#instances.state(state, retained, this.#options.clock.monotonicMs());
			this.#decide();
			return;
		}
		if (!retained) this.#instances.stateWhileOnline(state, this.#sessionMs);
		this.#decide();
		if (!state.online && this.connected) this.#publishState(true, this.#sessionMs);
	}

	#nodeMessage(topic: NodeTopic, payload: Buffer): Promise<void> | undefined {
		if (topic.type === "NCMD" || topic.type === "DCMD") return undefined;
		this.#options.telemetry.messageTaken(topic.type);
		const node = this.#known(topic);
		return node === undefined ? undefined : this.#messages.take(node, topic, payload);
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
