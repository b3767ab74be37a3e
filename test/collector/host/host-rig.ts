import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer, type Server, type Socket } from "node:net";
import { Aedes } from "aedes";
import { onTestFinished } from "vitest";
import { type NodeCommand, readCommand } from "../../../agent/publisher/command.ts";
import { CurrentValues } from "../../../agent/publisher/current-values.ts";
import { type EdgeMessage, EdgeSession } from "../../../agent/publisher/edge-session.ts";
import type { Tag } from "../../../agent/tag-book.ts";
import { Directory } from "../../../collector/directory.ts";
import { Host } from "../../../collector/host/host.ts";
import type { GapRow, IncomingRecord, Series } from "../../../collector/pipeline.ts";
import type { CollectorTelemetry } from "../../../collector/telemetry.ts";
import { datatypes, tagDatatypes } from "../../../common/contract/datatype.ts";
import type { HeldEpoch } from "../../../common/contract/delivery.ts";
import type { EdgeNodeId, GroupId, HostId } from "../../../common/contract/ids.ts";
import { SampleColumns } from "../../../common/contract/samples.ts";
import { CertificateWatch } from "../../../common/runtime/certificate-watch.ts";
import { systemClock } from "../../../common/runtime/clock.ts";
import type { BrokerConnection } from "../../../common/runtime/mqtt-link.ts";
import { plainBroker } from "../../helpers/plain-broker.ts";
import { quietTelemetry } from "../../helpers/quiet-telemetry.ts";
import { eventually } from "../../simulators/plant/eventually.ts";

const group = "pilot" as GroupId;
const edgeNode = "line-1" as EdgeNodeId;
export const hostId = "pilotline" as HostId;

/** One tag of every data type in U500, and a text of the edge node itself. */
export const tags: Tag[] = [
	...tagDatatypes.map((name, index) => ({
		id: index + 1,
		device: "U500",
		name,
		datatype: datatypes[name],
		configured: true,
		eu: "degC",
	})),
	{ id: tagDatatypes.length + 1, device: "", name: "Data/Gap", datatype: datatypes.String, configured: true },
];

/** So long the host waits for what may only be late. */
export const reorderTimeoutMs = 1_000;

export function edgeSession(of: readonly Tag[] = tags, name: string = edgeNode): EdgeSession {
	return new EdgeSession({
		group,
		edgeNode: name as EdgeNodeId,
		tags: of,
		current: new CurrentValues(new SampleColumns(100)),
	});
}

/** What a host hands on, as it is written down. */
export interface Taken {
	readonly telemetry: CollectorTelemetry;
	readonly records: IncomingRecord[];
	readonly progress: string[];
	readonly held: { held: readonly HeldEpoch[]; atBirth: boolean }[];
	readonly series: Series[];
	readonly gaps: GapRow[];
}

/** The real host; what it hands to the intake is written down. */
export function hostOver(broker: BrokerConnection, taken: Taken): Host {
	const directory = new Directory(
		{ edgeNodes: [], series: [] },
		{ addEdgeNode: () => {}, addSeries: (series) => taken.series.push(series) },
	);
	return new Host({
		onTaken: (error) => {
			throw error;
		},
		...{ host: hostId, groups: [group], instance: "instance-1", clock: systemClock, directory, broker },
		reorderTimeoutMs,
		// Nothing is stored here, so nothing is known.
		store: { samplesKnown: async (_, __, samples) => new Array(samples.count).fill(false) },
		certificates: new CertificateWatch({ clock: systemClock, telemetry: taken.telemetry }),
		telemetry: taken.telemetry,
		intake: {
			record: (record) => {
				taken.records.push(record);
				return undefined;
			},
			progress: (_, device, epoch, lastOffset, throughMs) => {
				taken.progress.push(`${device} ${epoch}/${lastOffset} → ${throughMs}`);
			},
			held: (_, held, atBirth) => {
				taken.held.push({ held, atBirth });
			},
			gap: (row) => taken.gaps.push(row),
			known: () => ({ highestOffset: 0, completeMs: undefined }),
		},
	});
}

interface RigBroker {
	readonly aedes: Aedes;
	readonly server: Server;
	readonly sockets: Set<Socket>;
	readonly url: string;
}

/** A real broker in this process and the real host; what the host hands to the intake is written down. */
export class HostRig {
	readonly telemetry = quietTelemetry();
	readonly records: IncomingRecord[] = [];
	readonly progress: string[] = [];
	readonly held: { held: readonly HeldEpoch[]; atBirth: boolean }[] = [];
	readonly series: Series[] = [];
	readonly gaps: GapRow[] = [];
	readonly commands: NodeCommand[] = [];
	readonly states: {
		topic: string;
		server: number;
		payload: { online: boolean; timestamp: number };
	}[] = [];
	/** Which server each of the commands went to. */
	readonly commandedOn: number[] = [];
	host!: Host;
	readonly #brokers: RigBroker[] = [];

	/** `servers`: brokers that the host is to be on. */
	async start(servers = 1): Promise<this> {
		for (let server = 0; server < servers; server++) this.#brokers.push(await this.#newBroker(server));
		this.host = this.#newHost("host");
		onTestFinished(async () => {
			await this.host.stop();
			for (const { aedes, server, sockets } of this.#brokers) {
				await new Promise<void>((resolve) => aedes.close(resolve));
				for (const socket of sockets) socket.destroy();
				server.close();
			}
		});
		this.host.start();
		// First it listens whether its host id is free.
		await eventually(() => this.host.connected);
		await eventually(() =>
			this.#brokers.every((_, index) =>
				this.states.some(({ server, payload }) => server === index && payload.online),
			),
		);
		return this;
	}

	async #newBroker(index: number): Promise<RigBroker> {
		const aedes = await Aedes.createBroker();
		const sockets = new Set<Socket>();
		const server = createServer((socket) => {
			sockets.add(socket);
			socket.setNoDelay(true).once("close", () => sockets.delete(socket));
			aedes.handle(socket);
		}).listen(0, "127.0.0.1");
		await once(server, "listening");
		aedes.on("publish", ({ topic, payload }) => {
			if (topic.includes("/NCMD/")) {
				this.commands.push(readCommand(Buffer.from(payload)));
				this.commandedOn.push(index);
			}
			if (topic === `spBv1.0/STATE/${hostId}`)
				this.states.push({ topic, server: index, payload: JSON.parse(payload.toString()) });
		});
		return { aedes, server, sockets, url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}` };
	}

	/** Another process of the same collector, on the same data directory. */
	async another(): Promise<Host> {
		const host = this.#newHost("host-2");
		onTestFinished(() => host.stop());
		host.start();
		await eventually(() => host.connected);
		return host;
	}

	#newHost(clientId: string): Host {
		return hostOver(
			plainBroker(
				this.#brokers.map(({ url }) => url),
				{ clientId },
			),
			this,
		);
	}

	/** Cuts every connection without DISCONNECT, as a lost network does. */
	cut(server = 0): void {
		for (const socket of this.#brokers[server]?.sockets ?? []) socket.destroy();
	}

	async publish(topic: string, payload: Uint8Array | string, retain = false, server = 0): Promise<void> {
		await new Promise<void>((resolve, reject) =>
			this.#brokers[server]?.aedes.publish(
				{ cmd: "publish", topic, payload: Buffer.from(payload), qos: 0, retain, dup: false },
				(error) => (error ? reject(error) : resolve()),
			),
		);
	}

	async send(...messages: EdgeMessage[]): Promise<void> {
		for (const { topic, payload } of messages) await this.publish(topic, payload);
	}

	async sendOn(server: number, ...messages: EdgeMessage[]): Promise<void> {
		for (const { topic, payload } of messages) await this.publish(topic, payload, false, server);
	}
}
