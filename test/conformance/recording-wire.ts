import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import mqttPacket, { type IConnectPacket, type IPublishPacket, type Packet } from "mqtt-packet";
import { oracleDecode } from "../common/contract/sparkplug-oracle.ts";
import type { Capture, Connection, Message, Payload } from "./capture.ts";

/** Counts over all wires of a capture, so that what passed on one stands before or after what passed on another. */
export class Recording implements Capture {
	readonly connections: Connection[] = [];
	#order = 0;

	next(): number {
		return ++this.#order;
	}
}

/**
 * A network between one party and a broker that writes down every MQTT packet, in the order in which it passed. It reads
 * with mqtt-packet and with the published schema, and with nothing of the product.
 */
export class RecordingWire {
	readonly port: number;
	readonly #server: Server;
	readonly #sockets = new Set<Socket>();

	private constructor(server: Server) {
		this.#server = server;
		this.port = (server.address() as { port: number }).port;
	}

	/** `server`: the index of the broker in the list of the party. */
	static async to(brokerPort: number, recording: Recording, server = 0): Promise<RecordingWire> {
		const listener = createServer((near) => wire.#connected(near, brokerPort, recording, server));
		listener.listen(0, "127.0.0.1");
		await once(listener, "listening");
		const wire: RecordingWire = new RecordingWire(listener);
		return wire;
	}

	get url(): string {
		return `mqtt://127.0.0.1:${this.port}`;
	}

	/** Breaks every connection without a word; new ones are possible at once. */
	cut(): void {
		for (const socket of this.#sockets) socket.resetAndDestroy();
	}

	close(): void {
		this.cut();
		this.#server.close();
	}

	#connected(near: Socket, brokerPort: number, recording: Recording, server: number): void {
		const far = connect(brokerPort, "127.0.0.1");
		let connection: Connection | undefined;
		const fromClient = mqttPacket.parser();
		let fromBroker = mqttPacket.parser();
		fromClient.on("packet", (packet: Packet) => {
			if (packet.cmd === "connect") {
				connection = opened(packet, recording, server);
				recording.connections.push(connection);
				fromBroker = mqttPacket.parser({ protocolVersion: packet.protocolVersion ?? 4 });
				fromBroker.on("packet", (answer: Packet) =>
					heard(connection as Connection, answer, recording.next()),
				);
			} else if (connection !== undefined) spoken(connection, packet, recording.next());
		});
		near.on("data", (chunk: Buffer) => {
			fromClient.parse(chunk);
			far.write(chunk);
		});
		far.on("data", (chunk: Buffer) => {
			fromBroker.parse(chunk);
			near.write(chunk);
		});
		for (const [socket, other] of [
			[near, far],
			[far, near],
		] as const) {
			this.#sockets.add(socket);
			socket.setNoDelay(true);
			socket.on("error", () => undefined);
			socket.once("end", () => other.end());
			socket.once("close", () => {
				this.#sockets.delete(socket);
				other.destroy();
				if (connection !== undefined) connection.closedOrder ??= recording.next();
			});
		}
	}
}

function opened(packet: IConnectPacket, recording: Recording, server: number): Connection {
	const order = recording.next();
	const { will, clean, protocolVersion, properties } = packet;
	return {
		...{ server, order, atMs: Date.now(), protocol: protocolVersion === 5 ? "5.0" : "3.1.1" },
		clean: clean === true,
		...(properties?.sessionExpiryInterval === undefined
			? {}
			: { sessionExpiryS: properties.sessionExpiryInterval }),
		...(will === undefined
			? {}
			: { will: read(order, will.topic, Buffer.from(will.payload), will.qos ?? 0, will.retain === true) }),
		...{ subscriptions: [], said: [], heard: [] },
	};
}

function spoken(connection: Connection, packet: Packet, order: number): void {
	if (packet.cmd === "publish") connection.said.push(published(packet, order));
	if (packet.cmd === "disconnect") connection.disconnect = { order, reason: packet.reasonCode ?? 0 };
	if (packet.cmd === "subscribe")
		for (const { topic, qos } of packet.subscriptions)
			connection.subscriptions.push({ order, filter: topic, qos });
}

function heard(connection: Connection, packet: Packet, order: number): void {
	if (packet.cmd === "connack") connection.acceptedOrder = order;
	if (packet.cmd === "publish") connection.heard.push(published(packet, order));
}

function published({ topic, payload, qos, retain }: IPublishPacket, order: number): Message {
	return read(order, topic, Buffer.from(payload), qos, retain === true);
}

function read(order: number, topic: string, bytes: Buffer, qos: number, retain: boolean): Message {
	const [namespace, group, type = "", , device = ""] = topic.split("/");
	const message: Message = { order, atMs: Date.now(), topic, type: "", device: "", qos, retain };
	if (namespace !== "spBv1.0") return message;
	try {
		if (group === "STATE") return { ...message, type: "STATE", state: JSON.parse(bytes.toString("utf8")) };
		return { ...message, type, device, payload: oracleDecode(bytes) as Payload };
	} catch {
		return { ...message, type: group === "STATE" ? "STATE" : type, device };
	}
}
