import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { Aedes } from "aedes";
import { connectAsync } from "mqtt";
import { expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../common/runtime/clock.ts";
import { MqttLink } from "../../common/runtime/mqtt-link.ts";
import { plainBroker } from "../helpers/plain-broker.ts";

/** A real broker on a fixed port that can be shut and opened again. */
async function broker(port = 0) {
	const aedes = await Aedes.createBroker();
	const sockets = new Set<Socket>();
	const server = createServer({ noDelay: true }, (socket) => {
		sockets.add(socket);
		aedes.handle(socket);
	});
	server.listen(port, "127.0.0.1");
	await once(server, "listening");
	const close = async () => {
		for (const socket of sockets) socket.destroy();
		await new Promise<void>((resolve) => server.close(() => resolve()));
		await new Promise<void>((resolve) => aedes.close(resolve));
	};
	return { port: (server.address() as { port: number }).port, aedes, sockets, close };
}

function linkTo(port: number) {
	const opened: number[] = [];
	const closed: string[] = [];
	const received: string[] = [];
	let wills = 0;
	const link = new MqttLink({
		...plainBroker(`mqtt://127.0.0.1:${port}`, { clientId: "link", connectTimeoutMs: 2_000 }),
		clock: systemClock,
		will: async () => ({ topic: "will", payload: String(++wills), qos: 1, retain: false }),
		onOpen: async () => {
			await link.subscribe(["to/link"]);
			opened.push(wills);
		},
		onClose: (reason) => {
			closed.push(reason);
		},
		onMessage: (topic, payload) => {
			received.push(`${topic} ${payload.toString()}`);
			return undefined;
		},
	});
	onTestFinished(() => link.stop());
	return { link, opened, closed, received, wills: () => wills };
}

/** Messages on a topic as another client of the broker sees them. */
async function listen(port: number, topic: string): Promise<string[]> {
	const client = await connectAsync(`mqtt://127.0.0.1:${port}`);
	onTestFinished(() => client.endAsync(true));
	const seen: string[] = [];
	client.on("message", (_, payload) => seen.push(payload.toString()));
	await client.subscribeAsync(topic, { qos: 1 });
	return seen;
}

test("a broken socket makes the broker publish the will of that very connection", async () => {
	const { port, sockets, close } = await broker();
	onTestFinished(close);
	const { link, opened } = linkTo(port);
	link.start();
	await expect.poll(() => opened).toEqual([1]);
	const [mine] = sockets;
	const wills = await listen(port, "will");
	mine?.destroy();
	await expect.poll(() => wills).toEqual(["1"]);
	await expect.poll(() => opened).toEqual([1, 2]);
});

test("attempts that never reach a broker ask for no will: one will for each CONNECT that was written", async () => {
	const first = await broker();
	const { link, opened, closed, wills } = linkTo(first.port);
	link.start();
	await expect.poll(() => opened).toEqual([1]);
	await first.close();
	await expect.poll(() => closed.length, { timeout: 10_000 }).toBeGreaterThanOrEqual(3);
	expect(wills()).toBe(1);
	const second = await broker(first.port);
	onTestFinished(second.close);
	await expect.poll(() => opened, { timeout: 10_000 }).toEqual([1, 2]);
	expect(wills()).toBe(2);
});

test("what is sent while there is no connection is gone, and never comes later out of order", async () => {
	const first = await broker();
	const { link, opened } = linkTo(first.port);
	link.start();
	await expect.poll(() => opened).toHaveLength(1);
	await first.close();
	await expect.poll(() => link.connected).toBe(false);
	link.send({ topic: "from/link", payload: "while away", qos: 0, retain: false });
	expect(link.writable).toBe(false);
	const second = await broker(first.port);
	onTestFinished(second.close);
	const seen = await listen(second.port, "from/link");
	await expect.poll(() => opened, { timeout: 10_000 }).toHaveLength(2);
	link.send({ topic: "from/link", payload: "back", qos: 0, retain: false });
	await expect.poll(() => seen).toEqual(["back"]);
});

test("subscriptions are made anew by each session, and messages reach the handler", async () => {
	const { port, aedes, close } = await broker();
	onTestFinished(close);
	const { link, opened, received } = linkTo(port);
	link.start();
	await expect.poll(() => opened).toHaveLength(1);
	link.drop("a test");
	await expect.poll(() => opened, { timeout: 10_000 }).toHaveLength(2);
	await new Promise<void>((resolve, reject) => {
		aedes.publish(
			{ cmd: "publish", topic: "to/link", payload: Buffer.from("hello"), qos: 0, retain: false, dup: false },
			(error) => (error ? reject(error) : resolve()),
		);
	});
	await expect.poll(() => received).toEqual(["to/link hello"]);
});

test("stopping is quick, twice is once, and no will is published", async () => {
	const { port, close } = await broker();
	onTestFinished(close);
	const { link, opened } = linkTo(port);
	link.start();
	await expect.poll(() => opened).toHaveLength(1);
	const wills = await listen(port, "will");
	const startedMs = performance.now();
	await Promise.all([link.stop(), link.stop()]);
	expect(performance.now() - startedMs).toBeLessThan(2_500);
	expect(wills).toEqual([]);
});

test("a broker that takes the socket and says nothing does not hold a stop", async () => {
	const silent = createServer();
	silent.listen(0, "127.0.0.1");
	await once(silent, "listening");
	onTestFinished(() => void silent.close());
	const { link } = linkTo((silent.address() as { port: number }).port);
	link.start();
	await once(silent, "connection");
	const startedMs = performance.now();
	await link.stop();
	expect(performance.now() - startedMs).toBeLessThan(2_500);
});
