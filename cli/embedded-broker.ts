import { createServer, type Server, type Socket } from "node:net";
import { Aedes } from "aedes";
import type { Part } from "../common/runtime/lifecycle.ts";

/** An MQTT 3.1.1 broker inside the demonstration, on a free port of the loopback; a plant has its own broker. */
export class EmbeddedBroker implements Part {
	readonly name = "broker";
	#aedes: Aedes | undefined;
	#server: Server | undefined;
	readonly #sockets = new Set<Socket>();

	get url(): string {
		const address = this.#server?.address();
		if (typeof address !== "object" || address === null) throw new Error("the broker is not listening");
		return `mqtt://127.0.0.1:${address.port}`;
	}

	async start(): Promise<void> {
		if (this.#aedes !== undefined) return;
		const aedes = await Aedes.createBroker();
		// Without noDelay every small message waits up to 40 ms for the acknowledgement of the one before.
		const server = createServer({ noDelay: true }, (socket) => {
			this.#sockets.add(socket);
			socket.once("close", () => this.#sockets.delete(socket));
			aedes.handle(socket);
		});
		this.#aedes = aedes;
		this.#server = server;
		await new Promise<void>((resolve, reject) => {
			server.once("error", reject);
			server.listen(0, "127.0.0.1", resolve);
		});
	}

	async stop(): Promise<void> {
		const [aedes, server] = [this.#aedes, this.#server];
		this.#aedes = undefined;
		this.#server = undefined;
		if (aedes === undefined || server === undefined) return;
		await new Promise<void>((resolve) => aedes.close(resolve));
		for (const socket of this.#sockets) socket.destroy();
		await new Promise<void>((resolve) => server.close(() => resolve()));
	}
}
