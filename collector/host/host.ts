import { type Datatype, datatypes } from "../../common/contract/datatype.ts";
import { deliveryMetrics } from "../../common/contract/delivery.ts";
import { type EdgeNodeId, type GroupId, type HostId, nodeDevice } from "../../common/contract/ids.ts";
import { PayloadWriter } from "../../common/contract/payload-writer.ts";
import { type NodeTopic, nodeTopic, parseTopic } from "../../common/contract/topics.ts";
import type { CertificateWatch } from "../../common/runtime/certificate-watch.ts";
import { type Clock, every } from "../../common/runtime/clock.ts";
import { CodedError, errorText } from "../../common/runtime/coded-error.ts";
import type { Part } from "../../common/runtime/lifecycle.ts";
import type { BrokerConnection } from "../../common/runtime/mqtt-link.ts";
import type { KnownSamplesPort } from "../foreign.ts";
import type { CommandPort, EdgeNodeRow, IntakePort } from "../pipeline.ts";
import type { EdgeNodeView } from "../read-port.ts";
import type { CollectorTelemetry } from "../telemetry.ts";
import { EdgeNodeState, type RebirthRequest } from "./edge-node.ts";
import { EdgeNodeMessages, type KnownEdgeNode, type SeriesPort } from "./edge-node-messages.ts";
import { ForeignRecords } from "./foreign-records.ts";
import { OwnSessions } from "./host-id-watch.ts";
import { HostSession } from "./host-session.ts";

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
	readonly store: KnownSamplesPort;
	readonly certificates: CertificateWatch;
	readonly reorderTimeoutMs: number;
	readonly telemetry: CollectorTelemetry;
	/** Another collector owns the host id; nothing has been said in its place, and nothing will be. */
	readonly onTaken: (error: CodedError) => void;
}

const rebirthMetric = "Node Control/Rebirth";
const edgeNodesMax = 10_000;
const tickEveryMs = 250;

interface FollowedEdgeNode extends KnownEdgeNode {
	/** Where it was heard last; commands go there. */
	session: HostSession | undefined;
}

/** The Sparkplug host application: follows edge nodes, hands records to the intake, sends commands. */
export class Host implements Part, CommandPort {
	readonly name = "Sparkplug host";
	readonly #options: HostOptions;
	readonly #ownSessions = new OwnSessions();
	readonly #sessions: readonly HostSession[];
	readonly #messages: EdgeNodeMessages;
	readonly #writer = new PayloadWriter();
	readonly #byTopic = new Map<string, FollowedEdgeNode>();
	readonly #byId = new Map<number, FollowedEdgeNode>();
	#isTaken = false;
	#stopTicking = () => {};

	constructor(options: HostOptions) {
		this.#options = options;
		this.#sessions = options.broker.urls.map((url) => this.#sessionWith(url));
		this.#messages = new EdgeNodeMessages({
			...options,
			foreign: new ForeignRecords(options),
			askRebirth: (node, request) => this.#askRebirth(node, request),
		});
	}

	#sessionWith(url: string): HostSession {
		const session: HostSession = new HostSession({
			...this.#options,
			url,
			ownSessions: this.#ownSessions,
			onMessage: (topic, payload) => this.#received(session, topic, payload),
			onLost: () => this.#lost(session),
			onTaken: () => this.#taken(),
		});
		return session;
	}

	/** Whether edge nodes on at least one server can be followed. */
	get connected(): boolean {
		return this.#sessions.some((session) => session.connected);
	}

	/** Edge nodes with their state, for people. */
	edgeNodes(): readonly EdgeNodeView[] {
		return [...this.#byId.values()].map(({ state, session: _, ...row }) => ({
			row,
			online: state.online,
			lastMessageMs: state.lastMessageMs,
			staleSinceMs: state.staleSinceMs,
			devices: [...state.devices].map(([device, staleSinceMs]) => ({ device, staleSinceMs })),
		}));
	}

	start(): void {
		this.#stopTicking = every(this.#options.clock, tickEveryMs, () =>
			this.#messages.tick(this.#byId.values()),
		);
		for (const session of this.#sessions) session.start();
	}

	async stop(): Promise<void> {
		this.#stopTicking();
		await Promise.all(this.#sessions.map((session) => session.stop()));
	}

	#taken(): void {
		if (this.#isTaken) return;
		this.#isTaken = true;
		const { host, instance, onTaken } = this.#options;
		onTaken(
			new CodedError(
				"HOST_ID_TAKEN",
				`expected to be the only collector with the host id ${host}, found another one online; this one is instance ${instance}. ` +
					"Give each collector a host id of its own, or stop the other one",
			),
		);
	}

	/** Without its server nothing is known of an edge node [tck-id-operational-behavior-edge-node-termination-host-action-ndeath-node-offline]. */
	#lost(session: HostSession): void {
		for (const node of this.#byId.values()) {
			if (node.session !== session) continue;
			node.session = undefined;
			this.#messages.lost(node);
		}
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

	#received(session: HostSession, topic: string, payload: Buffer): Promise<void> | undefined {
		const parsed = parseTopic(topic);
		if (parsed?.kind !== "node") {
			this.#options.telemetry.messageRefused("topic", {
				topic: topic.slice(0, 200),
				detail: "expected a Sparkplug B topic",
			});
			return undefined;
		}
		try {
			return this.#nodeMessage(session, parsed, payload);
		} catch (error) {
			this.#options.telemetry.messageRefused("payload", { topic, detail: errorText(error) });
			return undefined;
		}
	}

	#nodeMessage(session: HostSession, topic: NodeTopic, payload: Buffer): Promise<void> | undefined {
		if (topic.type === "NCMD" || topic.type === "DCMD") return undefined;
		this.#options.telemetry.messageTaken(topic.type);
		const node = this.#known(topic);
		if (node === undefined) return undefined;
		// An edge node is on one server at a time; what another one still sends is late.
		if (topic.type === "NBIRTH" || node.session === undefined) node.session = session;
		return node.session === session ? this.#messages.take(node, topic, payload) : undefined;
	}

	#known({ group, edgeNode }: NodeTopic): FollowedEdgeNode | undefined {
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
			const row = this.#options.directory.edgeNode(group, edgeNode);
			node = { ...row, state: new EdgeNodeState(), session: undefined };
			this.#byTopic.set(key, node);
			this.#byId.set(node.id, node);
		}
		return node;
	}

	#askRebirth(node: KnownEdgeNode, { reason, withDatatype }: RebirthRequest): void {
		this.#options.telemetry.rebirthAsked({ group: node.group, edgeNode: node.edgeNode, reason });
		this.#command(node.id, [[rebirthMetric, datatypes.Boolean, true]], withDatatype);
	}

	/**
	 * NCMD: QoS 0, not retained, no seq [tck-id-payloads-ncmd-seq]. A metric goes by its alias where the birth gave it one
	 * [tck-id-payloads-alias-data-cmd-requirement]; Rebirth never has one.
	 */
	#command(
		edgeNode: number,
		metrics: readonly (readonly [string, Datatype, string | number | boolean])[],
		withDatatype = false,
	): void {
		const node = this.#byId.get(edgeNode);
		if (node?.session?.connected !== true) return;
		const timestampMs = this.#options.clock.wallMs();
		this.#writer.begin(timestampMs);
		for (const [name, datatype, value] of metrics) {
			const alias = node.state.aliases.find(nodeDevice, -1, name)?.alias ?? -1;
			const named = alias < 0 ? { name } : { alias };
			this.#writer.metric({ ...named, timestampMs, datatype, withDatatype, value });
		}
		const topic = nodeTopic(node.group as GroupId, "NCMD", node.edgeNode as EdgeNodeId);
		node.session.send(topic, Buffer.from(this.#writer.finish()));
	}
}
