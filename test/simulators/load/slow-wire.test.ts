import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../../common/runtime/clock.ts";
import { SlowWire } from "../../../simulators/load/slow-wire.ts";

/** A wire in front of a server that says back what it is told. */
async function wireToEcho(delayMs = 0) {
	const server = createServer((socket) => {
		socket.on("error", () => undefined);
		socket.pipe(socket);
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	const wire = new SlowWire({
		clock: systemClock,
		serverPort: (server.address() as { port: number }).port,
		delayMs,
	});
	const port = await wire.listen(0);
	onTestFinished(async () => {
		await wire.close();
		server.close();
	});
	const client = async () => {
		const socket: Socket = connect(port, "127.0.0.1");
		let heard = "";
		socket.on("data", (bytes) => {
			heard += bytes.toString();
		});
		socket.on("error", () => undefined);
		onTestFinished(() => {
			socket.destroy();
		});
		await once(socket, "connect");
		return { socket, heard: () => heard };
	};
	return { wire, client };
}

test("answers pass, in order, however late", async () => {
	const { client } = await wireToEcho(50);
	const { socket, heard } = await client();
	const startedMs = performance.now();
	const words = Array.from({ length: 20 }, (_, index) => `word ${index}, `);
	for (const word of words) socket.write(word);
	await expect.poll(heard).toBe(words.join(""));
	expect(performance.now() - startedMs).toBeGreaterThanOrEqual(49);
});

test("a frozen wire keeps connections, old and new, and gives their answers after the thaw", async () => {
	const { wire, client } = await wireToEcho();
	const old = await client();
	old.socket.write("a");
	await expect.poll(old.heard).toBe("a");
	wire.isFrozen = true;
	const young = await client();
	const other = await wireToEcho();
	const free = await other.client();
	old.socket.write("b");
	young.socket.write("c");
	// What goes through another wire meanwhile shows that these would have had the time.
	for (let turn = 1; turn <= 20; turn++) {
		free.socket.write("x");
		await expect.poll(free.heard, { interval: 1 }).toHaveLength(turn);
	}
	expect([old.heard(), young.heard()]).toEqual(["a", ""]);
	wire.isFrozen = false;
	await expect.poll(() => [old.heard(), young.heard()]).toEqual(["ab", "c"]);
});

test("a cut breaks what is connected, and the next connection works", async () => {
	const { wire, client } = await wireToEcho();
	const { socket } = await client();
	const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
	wire.cut();
	await closed;
	const next = await client();
	next.socket.write("again");
	await expect.poll(next.heard).toBe("again");
});

test("who listens late still gets everything", async () => {
	const { client } = await wireToEcho();
	const { socket, heard } = await client();
	socket.pause();
	const megabyte = Buffer.alloc(1024 * 1024, "m");
	let sent = 0;
	while (socket.write(megabyte) && sent < 64) sent++;
	for (let more = 0; more < 40; more++) socket.write(megabyte);
	socket.resume();
	await expect.poll(() => heard().length, { timeout: 10_000 }).toBe((sent + 41) * megabyte.length);
});
