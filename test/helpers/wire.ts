import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { Transform } from "node:stream";
import { onTestFinished } from "vitest";

export interface Wire {
	readonly port: number;
	/** Breaks every connection; new ones are possible at once unless the wire is down. */
	cut(): void;
	/** While down, new connections are broken as well. */
	down: boolean;
	/** Monotonic times at which connections were accepted, also those that were broken at once. */
	readonly connectionsMs: readonly number[];
	/** So much later comes what the port answers. */
	delayMs: number;
}

/** A network between a client and a port of this machine: passes bytes on until it is cut. Ends with the test. */
export async function wireTo(port: number): Promise<Wire> {
	const sockets = new Set<Socket>();
	const connectionsMs: number[] = [];
	const server = createServer((near) => {
		near.on("error", () => undefined);
		connectionsMs.push(performance.now());
		if (wire.down) {
			near.resetAndDestroy();
			return;
		}
		const far = connect(port, "127.0.0.1");
		far.on("error", () => undefined);
		for (const socket of [near, far]) {
			sockets.add(socket);
			socket.once("close", () => sockets.delete(socket));
		}
		const late = new Transform({
			transform: (chunk, _, done) => {
				if (wire.delayMs === 0) done(null, chunk);
				else setTimeout(() => done(null, chunk), wire.delayMs);
			},
		});
		near.pipe(far).pipe(late).pipe(near);
		near.once("close", () => far.destroy());
		far.once("close", () => near.destroy());
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	const wire = {
		port: (server.address() as { port: number }).port,
		down: false,
		delayMs: 0,
		connectionsMs,
		cut: () => {
			for (const socket of sockets) socket.resetAndDestroy();
		},
	};
	onTestFinished(() => {
		wire.cut();
		server.close();
	});
	return wire;
}
