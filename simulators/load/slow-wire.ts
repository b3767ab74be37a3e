import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Clock } from "../../common/runtime/clock.ts";

/** Answers that may wait in here for each connection; beyond it the server itself has to wait. */
const waitingBytesMax = 16 * 1024 * 1024;

/**
 * Stands between clients and an OPC UA server on this machine, and can be a bad network: late, silent, or broken.
 * What goes to the server passes at once; trouble meets the answers.
 */
export class SlowWire {
	readonly #clock: Clock;
	readonly #serverPort: number;
	readonly #server: Server;
	readonly #lanes = new Set<Lane>();
	readonly #delayMs: number;
	#isFrozen = false;

	/** `delayMs`: by how much every answer is late. */
	constructor(options: { clock: Clock; serverPort: number; delayMs: number }) {
		this.#clock = options.clock;
		this.#serverPort = options.serverPort;
		this.#delayMs = options.delayMs;
		this.#server = createServer((near) => this.#accept(near));
	}

	/** Listens on the loopback; port 0 takes a free one. Resolves with the port. */
	async listen(port: number): Promise<number> {
		this.#server.listen(port, "127.0.0.1");
		await once(this.#server, "listening");
		return (this.#server.address() as { port: number }).port;
	}

	async close(): Promise<void> {
		this.cut();
		const closed = once(this.#server, "close");
		this.#server.close();
		await closed;
	}

	/** Breaks every connection; new ones are possible at once. */
	cut(): void {
		for (const lane of this.#lanes) lane.break();
	}

	/** While frozen nothing is answered, and connections stay as they are. */
	set isFrozen(isFrozen: boolean) {
		this.#isFrozen = isFrozen;
		for (const lane of this.#lanes) lane.flow(isFrozen);
	}

	#accept(near: Socket): void {
		const far = connect(this.#serverPort, "127.0.0.1");
		const lane: Lane = new Lane(near, far, this.#clock, this.#delayMs);
		this.#lanes.add(lane);
		near.once("close", () => this.#lanes.delete(lane));
		lane.flow(this.#isFrozen);
	}
}

/** One connection of a client through the wire. */
class Lane {
	readonly #near: Socket;
	readonly #far: Socket;
	readonly #clock: Clock;
	readonly #delayMs: number;
	#waitingBytes = 0;
	#isFrozen = false;

	constructor(near: Socket, far: Socket, clock: Clock, delayMs: number) {
		this.#near = near;
		this.#far = far;
		this.#clock = clock;
		this.#delayMs = delayMs;
		for (const socket of [near, far]) {
			socket.setNoDelay(true);
			// A broken connection closes, which is all that matters here.
			socket.on("error", () => undefined);
		}
		near.pipe(far);
		far.on("data", (bytes) => this.#answer(bytes));
		near.on("drain", () => this.#adjust());
		near.once("close", () => far.destroy());
		far.once("close", () => near.destroy());
	}

	break(): void {
		this.#near.resetAndDestroy();
		this.#far.resetAndDestroy();
	}

	flow(isFrozen: boolean): void {
		this.#isFrozen = isFrozen;
		this.#adjust();
	}

	#answer(bytes: Buffer): void {
		if (this.#delayMs > 0) {
			this.#waitingBytes += bytes.length;
			// Timers of one length fire in the order in which they were set.
			this.#clock.after(this.#delayMs, () => {
				this.#waitingBytes -= bytes.length;
				if (!this.#near.destroyed) this.#near.write(bytes);
				this.#adjust();
			});
		} else this.#near.write(bytes);
		this.#adjust();
	}

	#adjust(): void {
		const isFull = this.#waitingBytes > waitingBytesMax || this.#near.writableNeedDrain;
		if (this.#isFrozen || isFull) this.#far.pause();
		else this.#far.resume();
	}
}
