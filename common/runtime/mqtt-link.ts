// One MQTT connection that comes back by itself, over MQTT.js with that library's own reconnect switched off.
//
// MQTT.js snapshots the will when it creates the socket and would count failed TCP attempts as sessions, so each
// attempt here first opens the socket, then asks for the will, then writes CONNECT: a Sparkplug bdSeq advances
// exactly once per CONNECT that was written. Its queues are unbounded, so nothing is queued: callers look at
// `writable` before they send in bulk, keep what has no room yet, and go on at `onDrain`.

import { connect as connectSocket, type Socket } from "node:net";
import mqtt, { type IClientOptions, type IPublishPacket, type MqttClient } from "mqtt";
import { Backoff } from "./backoff.ts";
import { type Clock, pause } from "./clock.ts";
import { CodedError, errorText } from "./coded-error.ts";
import type { Part } from "./lifecycle.ts";
import { fillLengthCache } from "./mqtt-length-cache.ts";

export interface OutgoingMessage {
	readonly topic: string;
	readonly payload: Buffer | string;
	readonly qos: 0 | 1;
	readonly retain: boolean;
}

/** Where the broker is and how to say who we are. */
export interface BrokerConnection {
	readonly url: string;
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
}

/** Sparkplug births stay below 1 MB; nothing else here is longer. */
export const payloadBytesMax = 2 * 1024 * 1024;

export class MqttLink implements Part {
	readonly name = "MQTT connection";
	readonly #options: MqttLinkOptions;
	#client: MqttClient | undefined;
	#socket: Socket | undefined;
	#stopping = new AbortController();
	#running: Promise<void> | undefined;
	#open = false;
	/** Lets the loop go on when the present connection has ended. */
	#ended: ((reason: string) => void) | undefined;

	constructor(options: MqttLinkOptions) {
		this.#options = options;
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
		const client = this.#client;
		if (client !== undefined && this.#open) {
			await new Promise<void>((resolve) => {
				const cancel = this.#options.clock.after(1_000, resolve);
				client.end(false, () => {
					cancel();
					resolve();
				});
			});
		}
		this.#ended?.("stopped");
		await this.#running;
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
			if (qos > 2)
				throw new CodedError("BROKER_UNREACHABLE", `the broker refused the subscription to ${topic}`);
		}
	}

	async #run(): Promise<void> {
		const { clock } = this.#options;
		const backoff = new Backoff({ initialMs: 200, maximumMs: 10_000, factor: 2 });
		while (!this.#stopping.signal.aborted) {
			let reason: string;
			try {
				reason = await this.#session(() => backoff.reset());
			} catch (error) {
				reason = errorText(error);
			}
			this.#close();
			this.#options.onClose(reason);
			await pause(clock, backoff.nextMs(), this.#stopping.signal);
		}
	}

	/** One connection from socket to end; resolves with the reason of its end. */
	async #session(opened: () => void): Promise<string> {
		const ended = new Promise<string>((resolve) => {
			this.#ended = resolve;
		});
		// Whoever stops while the socket opens or the will is made must not get a connection afterwards.
		const socket = await Promise.race([ended, this.#openSocket()]);
		if (typeof socket === "string") return socket;
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

	#openSocket(): Promise<Socket> {
		const url = new URL(this.#options.url);
		const port = url.port === "" ? 1883 : Number(url.port);
		return new Promise((resolve, reject) => {
			const socket = connectSocket({ host: url.hostname, port, noDelay: true });
			// Known from the start, so that an end of this session in any of its stages closes it.
			this.#socket = socket;
			// A broker may break the connection while the will is made, when nobody else listens.
			socket.on("error", () => undefined);
			const fail = (error: Error) => {
				socket.destroy();
				reject(new CodedError("BROKER_UNREACHABLE", `${url.hostname}:${port}: ${errorText(error)}`));
			};
			const cancel = this.#options.clock.after(this.#options.connectTimeoutMs, () =>
				fail(new Error("no answer")),
			);
			socket.once("error", fail);
			socket.once("close", cancel);
			socket.once("connect", () => {
				cancel();
				socket.off("error", fail);
				resolve(socket);
			});
		});
	}

	#connect(socket: Socket, will: OutgoingMessage | undefined): MqttClient {
		const { clientId, username, password, keepaliveS, connectTimeoutMs } = this.#options;
		const options: IClientOptions = {
			protocolVersion: 4,
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
		const end = (reason: string) => this.#ended?.(reason);
		client.on("error", (error) => end(errorText(error)));
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
			client.once("error", (error) => resolve(errorText(error)));
		});
	}

	#close(): void {
		this.#open = false;
		this.#ended = undefined;
		this.#client?.end(true);
		this.#socket?.destroy();
		this.#client = undefined;
		this.#socket = undefined;
	}
}
