import { type Direction, listening, TcpProxy } from "./tcp-proxy.ts";

/** A PUBLISH that is about to pass the proxy. */
export interface PassingMessage {
	readonly direction: Direction;
	readonly topic: string;
	readonly qos: number;
	/** NBIRTH, DDATA, NCMD and so on; empty when the topic is none of Sparkplug's. */
	readonly type: string;
}

/** Whether a message is to be lost. */
export type Loss = (message: PassingMessage) => boolean;

const packetBytesMax = 16 * 1024 * 1024;
const publishType = 3;

/** A network that understands MQTT 3.1.1 and loses the messages that a test picks. Bytes it passes are unchanged. */
export class MqttProxy extends TcpProxy {
	/** Decides about every QoS 0 PUBLISH; what has a higher QoS always passes. */
	loss: Loss | undefined;
	/** Messages lost so far, by `direction/type`. */
	readonly lost = new Map<string, number>();

	static override async to(targetPort: number): Promise<MqttProxy> {
		const proxy: MqttProxy = new MqttProxy(await listening(), targetPort, (direction) =>
			packetFilter((packet) => proxy.#passes(packet, direction)),
		);
		return proxy;
	}

	/** Messages lost so far of a kind. */
	lostOf(direction: Direction, type: string): number {
		return this.lost.get(`${direction}/${type}`) ?? 0;
	}

	/** Says a QoS 0 PUBLISH to every party of a direction. */
	publish(direction: Direction, topic: string, payload: Uint8Array): void {
		const name = Buffer.from(topic);
		const length = 2 + name.length + payload.length;
		const head = Buffer.from([
			publishType << 4,
			...remainingLength(length),
			name.length >> 8,
			name.length & 0xff,
		]);
		this.inject(direction, Buffer.concat([head, name, payload]));
	}

	#passes(packet: Buffer, direction: Direction): boolean {
		if (this.loss === undefined) return true;
		const message = passing(packet, direction);
		if (message === undefined || message.qos > 0 || !this.loss(message)) return true;
		const key = `${direction}/${message.type}`;
		this.lost.set(key, (this.lost.get(key) ?? 0) + 1);
		return false;
	}
}

/** Loses every n-th message of a type in one direction. */
export function everyNth(n: number, direction: Direction, type: string): Loss {
	let seen = 0;
	return (message) => message.direction === direction && message.type === type && ++seen % n === 0;
}

/** Loses a share of the messages of a type in one direction. `random` gives numbers from 0 to 1. */
export function shareOf(share: number, random: () => number, direction: Direction, type: string): Loss {
	return (message) => message.direction === direction && message.type === type && random() < share;
}

/** Loses the next message of a type in one direction, and no other. */
export function nextOf(direction: Direction, type: string): Loss {
	let done = false;
	return (message) => {
		if (done || message.direction !== direction || message.type !== type) return false;
		done = true;
		return true;
	};
}

/** Loses what any of these loses; each is asked about every message. */
export function anyOf(...losses: readonly Loss[]): Loss {
	return (message) => losses.map((loses) => loses(message)).includes(true);
}

/** Cuts a stream into MQTT packets and joins those that `keeps` wants. */
function packetFilter(keeps: (packet: Buffer) => boolean): (chunk: Buffer) => Buffer {
	let rest: Buffer = Buffer.alloc(0);
	return (chunk) => {
		rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
		const kept: Buffer[] = [];
		for (;;) {
			const length = packetLength(rest);
			if (length === undefined || rest.length < length) break;
			const packet = rest.subarray(0, length);
			if (keeps(packet)) kept.push(packet);
			rest = rest.subarray(length);
		}
		return Buffer.concat(kept);
	};
}

/** The whole length of the packet that begins here, or undefined while that cannot be told. */
function packetLength(bytes: Buffer): number | undefined {
	let length = 0;
	for (let index = 1; index < 5; index++) {
		const digit = bytes[index];
		if (digit === undefined) return undefined;
		length += (digit & 0x7f) * 128 ** (index - 1);
		if (digit >= 0x80) continue;
		if (length > packetBytesMax)
			throw new Error(`expected at most ${packetBytesMax} bytes, found a packet of ${length}`);
		return index + 1 + length;
	}
	throw new Error("expected an MQTT packet, found a length of more than four bytes");
}

function remainingLength(length: number): number[] {
	const digits: number[] = [];
	for (let left = length; ; left >>= 7) {
		if (left < 0x80) return [...digits, left];
		digits.push((left & 0x7f) | 0x80);
	}
}

function passing(packet: Buffer, direction: Direction): PassingMessage | undefined {
	const first = packet[0] as number;
	if (first >> 4 !== publishType) return undefined;
	let at = 1;
	while ((packet[at] as number) >= 0x80) at++;
	const topicBytes = packet.readUInt16BE(at + 1);
	const topic = packet.toString("utf8", at + 3, at + 3 + topicBytes);
	const [space, , type = ""] = topic.split("/");
	return { direction, topic, qos: (first >> 1) & 3, type: space === "spBv1.0" ? type : "" };
}
