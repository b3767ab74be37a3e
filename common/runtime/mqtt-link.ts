// One MQTT connection that comes back by itself, over MQTT.js with that library's own reconnect switched off.
//
// MQTT.js snapshots the will when it creates the socket and would count failed TCP attempts as sessions, so each
// attempt here first opens the socket, then asks for the will, then writes CONNECT: a Sparkplug bdSeq advances
// exactly once per CONNECT that was written. Its queues are unbounded, so nothing is queued: callers look at
// `writable` before they send in bulk, keep what has no room yet, and go on at `onDrain`.
//
// With several servers it is connected to one at a time and goes on to the next when a connection ends or cannot be
// made, round and round [tck-id-operational-behavior-edge-node-termination-host-offline-reconnect].

import type { Socket } from "node:net";
import mqtt, { type IClientOptions, type IPublishPacket, type MqttClient } from "mqtt";
import { Backoff } from "./backoff.ts";
import type { CertificateInUse } from "./certificate-watch.ts";
import { type Clock, pause } from "./clock.ts";
import { CodedError, errorText } from "./coded-error.ts";
import type { Part } from "./lifecycle.ts";
import { fillLengthCache } from "./mqtt-length-cache.ts";
import { connectionReason, openMqttSocket, type TlsFiles } from "./mqtt-socket.ts";

export interface OutgoingMessage {
	readonly topic: string;
	readonly payload: Buffer | string;
	readonly qos: 0 | 1;
	readonly retain: boolean;
}

/** Where the broker is and how to say who we are. */
export interface BrokerConnection {
	/** mqtt:// or mqtts://, at least one; several are the servers of one system. */
	readonly urls: readonly string[];
	readonly protocol: "3.1.1" | "5.0";
	readonly tls: TlsFiles;
	readonly clientId: string;
	readonly username: string | undefined;
	readonly password: string | undefined;
	readonly keepaliveS: number;
	readonly connectTimeoutMs: number;
}

interface MqttLinkOptions extends BrokerConnection {
	readonly clock: Clock;
	/** The will of the CONNECT that is about to be written, if it is to have one; called once for each. */
	readonly will: () => Promise<OutgoingMessage | undefined>;
	/** The connection stands and nothing has been sent on it. An error here closes it. */
	readonly onOpen: () => Promise<void>;
	/** The connection is gone, or could not be made. Called once per attempt. */
	readonly onClose: (reason: string) => void;
	/** Returning a promise holds back the broker (TCP back-pressure) until it settles. */
	readonly onMessage: (topic: string, payload: Buffer, retain: boolean) => Promise<void> | undefined;
	/** A message that is too long was left out. */
	readonly onTooLong?: (topic: string, bytes: number) => void;
	/** The socket has room again. */
	readonly onDrain?: () => void;
	/** The certificates that a new connection relies on. */
	readonly onCertificates?: (certificates: readonly CertificateInUse[]) => void;
	/**
	 * With MQTT 5, whether DISCONNECT asks the broker for our will (reason 0x04), as an edge node must
	 * [tck-id-payloads-ndeath-will-message-publisher-disconnect-mqtt50].
	 */
	readonly endsWithWill?: boolean;
}

/** Sparkplug births stay below 1 MB; nothing else here is longer. */
export const payloadBytesMax = 2 * 1024 * 1024;
/** A packet is a payload, a topic and a header. */
const packetBytesMax = payloadBytesMax + 128 * 1024;
const disconnectWithWill = 0x04;

export class MqttLink implements Part {
	readonly name = "MQTT connection";
	#options: MqttLinkOptions;
	#client: MqttClient | undefined;
	#socket: Socket | undefined;
	#stopping = new AbortController();
	#running: Promise<void> | undefined;
	#open = false;
	#url: string;
	/** Lets the loop go on when the present connection has ended. */
	#ended: ((reason: string) => void) | undefined;
	/** Cuts the pause before the next attempt short. */
	#hurry = new AbortController();
	/** Why we ourselves are ending the connection, while we do. */
	#leaving: string | undefined;

	constructor(options: MqttLinkOptions) {
		this.#options = options;
		this.#url = options.urls[0] as string;
	}

	/** Other servers or settings, from the next attempt on, which `leave` begins where there is a connection. */
	use(connection: BrokerConnection): void {
		this.#hurry.abort();
		this.#options = { ...this.#options, ...connection };
	}

	/** The server of the present connection, or of the last attempt. */
	get url(): string {
		return this.#url;
	}

	get connected(): boolean {
		return this.#open;
	}

	start(): void {
		fillLengthCache();
		this.#running ??= this.#run();
	}

	/** Ends the connection with DISCONNECT after what was sent; the caller has published its own death. */
	async stop(): Promise<void> {
		this.#stopping.abort();
		await this.#disconnect();
		this.#ended?.("stopped");
		await this.#running;
	}

	/** Ends the present connection as `stop` does, and goes on to the next server. */
	async leave(reason: string): Promise<void> {
		if (this.#ended === undefined) return;
		this.#leaving ??= reason;
		await this.#disconnect();
		this.#ended?.(reason);
	}

	/** DISCONNECT behind what was sent; nothing can be sent any more. */
	async #disconnect(): Promise<void> {
		const client = this.#client;
		if (client === undefined || !this.#open) return;
		this.#open = false;
		const { clock, protocol, endsWithWill } = this.#options;
		const options = protocol === "5.0" && endsWithWill === true ? { reasonCode: disconnectWithWill } : {};
		await new Promise<void>((resolve) => {
			const cancel = clock.after(1_000, resolve);
			client.end(false, options, () => {
				cancel();
				resolve();
			});
		});
	}

	/** Closes the present connection so that a new one is made. */
	drop(reason: string): void {
		this.#ended?.(reason);
	}

	/** Whether the socket has room for bulk data. */
	get writable(): boolean {
		return this.#open && this.#socket?.writableNeedDrain === false;
	}

	/** Hands a message to the socket; without a connection it is gone. QoS 1 is repeated by no one. */
	send(message: OutgoingMessage): void {
		const client = this.#client;
		if (client === undefined || !this.#open) return;
		client.publish(message.topic, message.payload, { qos: message.qos, retain: message.retain }, (error) => {
			if (error !== undefined && error !== null) this.#ended?.(`publish failed: ${errorText(error)}`);
		});
	}

	/** Resolves when the broker has granted every filter; otherwise the error names the filter. */
	async subscribe(filters: readonly string[]): Promise<void> {
		const client = this.#client;
		if (client === undefined) throw new CodedError("BROKER_UNREACHABLE", "the connection is gone");
		const granted = await client.subscribeAsync([...filters], { qos: 1 });
		for (const { topic, qos } of granted) {
			// 0x80 in MQTT 3.1.1, any reason from 0x80 on in 5.0.
			if (qos > 2)
				throw new CodedError("BROKER_UNREACHABLE", `the broker refused the subscription to ${topic}`);
		}
	}

	async #run(): Promise<void> {
		const { clock } = this.#options;
		const backoff = new Backoff({ initialMs: 200, maximumMs: 10_000, factor: 2 });
		for (let attempt = 0; !this.#stopping.signal.aborted; attempt++) {
			const { urls } = this.#options;
			this.#url = urls[attempt % urls.length] as string;
			let reason: string;
			try {
				reason = await this.#session(() => backoff.reset());
			} catch (error) {
				reason = errorText(error);
			}
			this.#close();
			this.#options.onClose(reason);
			this.#hurry = new AbortController();
			const over = AbortSignal.any([this.#stopping.signal, this.#hurry.signal]);
			await pause(clock, backoff.nextMs(), over);
		}
	}

	/** One connection from socket to end; resolves with the reason of its end. */
	async #session(opened: () => void): Promise<string> {
		const ended = new Promise<string>((resolve) => {
			this.#ended = resolve;
		});
		// Whoever stops while the socket opens or the will is made must not get a connection afterwards.
		const opening = await Promise.race([ended, this.#openSocket()]);
		if (typeof opening === "string") return opening;
		const { socket, certificates } = opening;
		this.#options.onCertificates?.(certificates);
		const will = await Promise.race([ended, this.#options.will()]);
		if (typeof will === "string") return will;
		// MQTT.js would wait for a CONNACK on a socket that has ended.
		if (socket.destroyed) return "the broker closed the connection";
		const client = this.#connect(socket, will);
		socket.on("drain", () => this.#options.onDrain?.());
		this.#client = client;
		const first = await Promise.race([ended, this.#connack(client)]);
		if (first !== undefined) return first;
		this.#open = true;
		await Promise.race([ended, this.#options.onOpen()]);
		opened();
		return await ended;
	}

	#openSocket() {
		const { tls, clock, connectTimeoutMs } = this.#options;
		return openMqttSocket({
			...{ url: this.#url, tls, clock, timeoutMs: connectTimeoutMs },
			// Known from the start, so that an end of this session in any of its stages closes it.
			onSocket: (socket) => {
				this.#socket = socket;
			},
		});
	}

	#connect(socket: Socket, will: OutgoingMessage | undefined): MqttClient {
		const { protocol, clientId, username, password, keepaliveS, connectTimeoutMs } = this.#options;
		const options: IClientOptions = {
			// Nothing of a session outlives its connection [tck-id-principles-persistence-clean-session-311, -50].
			...(protocol === "5.0"
				? {
						protocolVersion: 5,
						properties: { sessionExpiryInterval: 0, maximumPacketSize: packetBytesMax },
					}
				: { protocolVersion: 4 }),
			clientId,
			clean: true,
			keepalive: keepaliveS,
			connectTimeout: connectTimeoutMs,
			reconnectPeriod: 0,
			queueQoSZero: false,
			resubscribe: false,
			timerVariant: "native",
			...(will === undefined
				? {}
				: {
						will: {
							topic: will.topic,
							payload: Buffer.from(will.payload),
							qos: will.qos,
							retain: will.retain,
						},
					}),
			...(username === undefined ? {} : { username }),
			...(password === undefined ? {} : { password }),
		};
		const client = new mqtt.MqttClient(() => socket, options);
		const end = (reason: string) => this.#ended?.(this.#leaving ?? reason);
		client.on("error", (error) => end(connectionReason(error)));
		client.on("close", () => end("the broker closed the connection"));
		client.on("offline", () => end("the broker is silent"));
		client.handleMessage = (packet: IPublishPacket, done) => {
			const payload = typeof packet.payload === "string" ? Buffer.from(packet.payload) : packet.payload;
			if (payload.length > payloadBytesMax) {
				this.#options.onTooLong?.(packet.topic, payload.length);
				done();
				return;
			}
			const wait = this.#options.onMessage(packet.topic, payload, packet.retain === true);
			if (wait === undefined) done();
			else wait.then(() => done(), done);
		};
		return client;
	}

	/** Undefined when the broker accepted; the reason otherwise. */
	#connack(client: MqttClient): Promise<string | undefined> {
		return new Promise((resolve) => {
			client.once("connect", () => resolve(undefined));
			client.once("error", (error) => resolve(connectionReason(error)));
		});
	}

	#close(): void {
		this.#open = false;
		this.#leaving = undefined;
		this.#ended = undefined;
		this.#client?.end(true);
		this.#socket?.destroy();
		this.#client = undefined;
		this.#socket = undefined;
	}
}
