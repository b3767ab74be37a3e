import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

/** `toServer`: what the party that connected says; `toClient`: what it hears. */
export type Direction = "toServer" | "toClient";

const directions: readonly Direction[] = ["toServer", "toClient"];

/** Gives the bytes that go on instead of `chunk`; one for each direction of each connection. */
export type Filter = (chunk: Buffer) => Buffer;

/** Bytes that one direction of a connection keeps because of latency, before its sender is held back. */
const waitingBytesMax = 1024 * 1024;
const connectionsMax = 100;

interface Conditions {
	latencyMs: number;
	stalled: boolean;
	/** Bytes that still pass, over all connections, before the connection that says more is broken. */
	passBytes: number;
}

/**
 * A network between a client and a port of this machine, whose faults are switched while it runs. Everything that a
 * network can do to TCP is here but reordering, which TCP hides.
 */
export class TcpProxy {
	/** While true, whoever connects is reset at once. */
	refuse = false;
	/** Connections that came beyond `connectionsMax` and were reset. */
	refusedConnections = 0;
	readonly #conditions: Record<Direction, Conditions> = { toServer: calm(), toClient: calm() };
	readonly #pairs = new Set<Pair>();
	readonly #filter: (direction: Direction) => Filter | undefined;
	readonly #server: Server;
	readonly #port: number;

	protected constructor(
		server: Server,
		targetPort: number,
		filter: (direction: Direction) => Filter | undefined,
	) {
		this.#server = server;
		this.#port = (server.address() as { port: number }).port;
		this.#filter = filter;
		server.on("connection", (near) => this.#connected(near, targetPort));
	}

	static async to(targetPort: number): Promise<TcpProxy> {
		return new TcpProxy(await listening(), targetPort, () => undefined);
	}

	/** The port of the loopback that clients use. */
	get port(): number {
		return this.#port;
	}

	/** Connections of which at least one side still stands. */
	get connections(): number {
		return this.#pairs.size;
	}

	/** Delays every byte of a direction by so much; 0 ends it. */
	latency(direction: Direction, ms: number): void {
		this.#conditions[direction].latencyMs = ms;
		this.#regulate();
	}

	/** Nothing of these directions moves until `resume`; sockets stay, and so does what senders pushed into them. */
	stall(which: readonly Direction[] = directions): void {
		for (const direction of which) this.#conditions[direction].stalled = true;
		this.#regulate();
	}

	resume(): void {
		for (const direction of directions) this.#conditions[direction].stalled = false;
		this.#regulate();
	}

	/**
	 * From now on nothing of these directions, not even its end, comes out of the connections that stand now. They never
	 * recover, as after a router that lost its table; new connections are not touched.
	 */
	halfOpen(which: readonly Direction[] = directions): void {
		for (const pair of this.#pairs) for (const direction of which) pair.flows[direction].lost = true;
	}

	/** Breaks every connection on both sides with RST. */
	reset(): void {
		for (const pair of this.#pairs) pair.reset();
	}

	/** Lets `bytes` more pass in a direction, then breaks the connection that wants to say more, once. */
	truncateAfter(direction: Direction, bytes: number): void {
		this.#conditions[direction].passBytes = bytes;
	}

	/** Breaks everything and listens no longer. */
	async close(): Promise<void> {
		this.reset();
		if (!this.#server.listening) return;
		this.#server.close();
		await once(this.#server, "close");
	}

	/** Says `bytes` to one party of every connection, between what the other one says. */
	protected inject(direction: Direction, bytes: Buffer): void {
		for (const pair of this.#pairs) pair.flows[direction].inject(bytes);
	}

	#connected(near: Socket, targetPort: number): void {
		near.on("error", () => undefined);
		if (this.refuse || this.#pairs.size >= connectionsMax) {
			if (!this.refuse) this.refusedConnections++;
			near.resetAndDestroy();
			return;
		}
		const far = connect({ port: targetPort, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
		near.setNoDelay(true);
		far.on("error", () => undefined);
		const pair = new Pair(near, far, this.#conditions, this.#filter);
		this.#pairs.add(pair);
		let open = 2;
		for (const socket of [near, far]) {
			socket.once("close", () => {
				if (--open === 0) this.#pairs.delete(pair);
			});
		}
	}

	#regulate(): void {
		for (const pair of this.#pairs) for (const direction of directions) pair.flows[direction].regulate();
	}
}

/** A server on a free port of the loopback; connections may stay open in one direction. */
export async function listening(): Promise<Server> {
	const server = createServer({ allowHalfOpen: true });
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	return server;
}

function calm(): Conditions {
	return { latencyMs: 0, stalled: false, passBytes: Number.POSITIVE_INFINITY };
}

/** The two sockets of one connection. */
class Pair {
	readonly flows: Readonly<Record<Direction, Flow>>;
	readonly #near: Socket;
	readonly #far: Socket;

	constructor(
		near: Socket,
		far: Socket,
		conditions: Readonly<Record<Direction, Conditions>>,
		filter: (direction: Direction) => Filter | undefined,
	) {
		this.#near = near;
		this.#far = far;
		const cut = () => this.reset();
		this.flows = {
			toServer: new Flow(near, far, conditions.toServer, filter("toServer"), cut),
			toClient: new Flow(far, near, conditions.toClient, filter("toClient"), cut),
		};
	}

	reset(): void {
		for (const flow of Object.values(this.flows)) flow.stop();
		for (const socket of [this.#near, this.#far]) socket.resetAndDestroy();
	}
}

/** One direction of one connection. */
class Flow {
	lost = false;
	readonly #from: Socket;
	readonly #to: Socket;
	readonly #conditions: Conditions;
	readonly #filter: Filter | undefined;
	readonly #cut: () => void;
	#waiting: { readonly atMs: number; readonly bytes: Buffer }[] = [];
	#waitingBytes = 0;
	#timer: NodeJS.Timeout | undefined;
	#ended = false;

	constructor(from: Socket, to: Socket, conditions: Conditions, filter: Filter | undefined, cut: () => void) {
		this.#from = from;
		this.#to = to;
		this.#conditions = conditions;
		this.#filter = filter;
		this.#cut = cut;
		from.on("data", (chunk: Buffer) => this.#take(chunk));
		from.on("end", () => {
			this.#ended = true;
			this.#pump();
		});
		from.on("close", (broken) => {
			if (broken && !this.lost) to.resetAndDestroy();
			else if (!this.#ended && !this.lost) to.destroy();
		});
		to.on("drain", () => this.#pump());
		this.regulate();
	}

	/** Reads while there is somewhere to put it, and sends what is due. */
	regulate(): void {
		if (this.#from.destroyed) return;
		if (this.#conditions.stalled || this.#waitingBytes >= waitingBytesMax) this.#from.pause();
		else this.#from.resume();
		this.#pump();
	}

	inject(bytes: Buffer): void {
		if (!this.lost && !this.#to.destroyed) this.#to.write(bytes);
	}

	stop(): void {
		clearTimeout(this.#timer);
		this.#waiting = [];
		this.#waitingBytes = 0;
	}

	#take(chunk: Buffer): void {
		if (this.lost) return;
		const bytes = this.#filter === undefined ? chunk : this.#filter(chunk);
		if (bytes.length === 0) return;
		const before = this.#waiting.at(-1)?.atMs ?? 0;
		this.#waiting.push({ atMs: Math.max(before, performance.now() + this.#conditions.latencyMs), bytes });
		this.#waitingBytes += bytes.length;
		this.regulate();
	}

	#pump(): void {
		clearTimeout(this.#timer);
		if (this.lost || this.#to.destroyed) {
			this.stop();
			return;
		}
		while (!this.#conditions.stalled && !this.#to.writableNeedDrain) {
			const next = this.#waiting[0];
			if (next === undefined) break;
			const waitMs = next.atMs - performance.now();
			if (waitMs > 0) {
				this.#timer = setTimeout(() => this.regulate(), waitMs);
				return;
			}
			this.#waiting.shift();
			this.#waitingBytes -= next.bytes.length;
			if (!this.#write(next.bytes)) return;
		}
		if (this.#ended && this.#waiting.length === 0 && !this.#to.writableEnded) this.#to.end();
		if (!this.#conditions.stalled && this.#waitingBytes < waitingBytesMax && this.#from.isPaused())
			this.#from.resume();
	}

	/** False when the connection was cut instead. */
	#write(bytes: Buffer): boolean {
		const conditions = this.#conditions;
		if (bytes.length <= conditions.passBytes) {
			conditions.passBytes -= bytes.length;
			this.#to.write(bytes);
			return true;
		}
		const rest = bytes.subarray(0, conditions.passBytes);
		conditions.passBytes = Number.POSITIVE_INFINITY;
		// The end of the connection must come after the last byte that passes.
		this.#to.write(rest, () => this.#cut());
		this.stop();
		this.lost = true;
		return false;
	}
}
