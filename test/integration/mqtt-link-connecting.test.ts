import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { Aedes } from "aedes";
import { expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../common/runtime/clock.ts";
import { MqttLink, type OutgoingMessage } from "../../common/runtime/mqtt-link.ts";
import { plainBroker } from "../helpers/plain-broker.ts";

async function listening(server: Server): Promise<number> {
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	onTestFinished(() => void server.close());
	return (server.address() as { port: number }).port;
}

function linkTo(port: number, will: () => Promise<OutgoingMessage>) {
	const closed: string[] = [];
	let opened = 0;
	const link = new MqttLink({
		...plainBroker(`mqtt://127.0.0.1:${port}`, { clientId: "connecting", connectTimeoutMs: 30_000 }),
		clock: systemClock,
		will,
		onOpen: async () => {
			opened++;
		},
		onClose: (reason) => {
			closed.push(reason);
		},
		onMessage: () => undefined,
	});
	onTestFinished(() => link.stop());
	return { link, closed, opened: () => opened };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

const anyWill: OutgoingMessage = { topic: "will", payload: "gone", qos: 1, retain: false };

async function stopsSoon(link: MqttLink): Promise<void> {
	const late = new Promise<string>((resolve) => setTimeout(() => resolve("late"), 3_000).unref());
	expect(await Promise.race([link.stop().then(() => "stopped"), late])).toBe("stopped");
}

test("stopped before the socket is open, it opens nothing and ends", async () => {
	const aedes = await Aedes.createBroker();
	onTestFinished(() => new Promise((resolve) => aedes.close(resolve)));
	const port = await listening(createServer((socket) => aedes.handle(socket)));
	const { link, opened } = linkTo(port, async () => anyWill);
	link.start();
	await stopsSoon(link);
	expect(opened()).toBe(0);
	expect(link.connected).toBe(false);
});

test("stopped while its will is being made, it sends no CONNECT", async () => {
	let received = 0;
	const server = createServer((socket) => socket.on("data", (bytes) => (received += bytes.length)));
	const port = await listening(server);
	let asked = () => {};
	const isAsked = new Promise<void>((resolve) => {
		asked = resolve;
	});
	let give = (_: OutgoingMessage) => {};
	const { link } = linkTo(port, () => {
		asked();
		return new Promise((resolve) => {
			give = resolve;
		});
	});
	link.start();
	await isAsked;
	const stopped = stopsSoon(link);
	give(anyWill);
	await stopped;
	expect(received).toBe(0);
});

test("a broker that breaks the connection while the will is being made is tried again, and nothing dies of it", async () => {
	const sockets: Socket[] = [];
	const port = await listening(createServer((socket) => sockets.push(socket.on("error", () => undefined))));
	let wills = 0;
	const { link, closed } = linkTo(port, async () => {
		wills++;
		while (sockets.length < wills) await turn();
		sockets.at(-1)?.resetAndDestroy();
		// Turns of the event loop in which the reset arrives; an agent waits for an fsync here.
		for (let turns = 0; turns < 200; turns++) await turn();
		return anyWill;
	});
	link.start();
	await expect.poll(() => wills, { timeout: 5_000 }).toBeGreaterThanOrEqual(3);
	expect(closed.length).toBeGreaterThanOrEqual(2);
	await stopsSoon(link);
});
