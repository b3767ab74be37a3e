import { once } from "node:events";
import { connect, type Server, type Socket } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { listening, TcpProxy } from "./tcp-proxy.ts";

interface Party {
	readonly socket: Socket;
	heard: string;
	ended: boolean;
	closed: boolean;
	error: string | undefined;
}

function party(socket: Socket): Party {
	const it: Party = { socket, heard: "", ended: false, closed: false, error: undefined };
	socket.setEncoding("utf8");
	socket.on("data", (text: string) => {
		it.heard += text;
	});
	socket.on("end", () => {
		it.ended = true;
	});
	socket.on("close", () => {
		it.closed = true;
	});
	socket.on("error", (error: NodeJS.ErrnoException) => {
		it.error = error.code;
	});
	onTestFinished(() => {
		socket.destroy();
	});
	return it;
}

async function network(): Promise<{ proxy: TcpProxy; server: Server; join(): Promise<[Party, Party]> }> {
	const server = await listening();
	const proxy = await TcpProxy.to((server.address() as { port: number }).port);
	onTestFinished(async () => {
		await proxy.close();
		server.close();
	});
	const join = async (): Promise<[Party, Party]> => {
		const accepted = once(server, "connection");
		const client = party(connect({ port: proxy.port, host: "127.0.0.1", allowHalfOpen: true }));
		const [far] = (await accepted) as [Socket];
		return [client, party(far)];
	};
	return { proxy, server, join };
}

const soon = (check: () => void) => vi.waitFor(check, { timeout: 5_000, interval: 5 });

test("passes bytes both ways, and each end", async () => {
	const { proxy, join } = await network();
	const [client, server] = await join();
	client.socket.write("to server");
	server.socket.write("to client");
	await soon(() => expect([server.heard, client.heard]).toEqual(["to server", "to client"]));
	client.socket.end();
	await soon(() => expect(server.ended).toBe(true));
	expect(client.ended).toBe(false);
	server.socket.end("last words");
	await soon(() => expect([client.heard, client.closed]).toEqual(["to clientlast words", true]));
	await soon(() => expect(proxy.connections).toBe(0));
});

test("passes many bytes unchanged, however slowly they are read", async () => {
	const { proxy, join } = await network();
	const [client, server] = await join();
	proxy.latency("toServer", 20);
	const blocks = 400;
	const block = "0123456789abcdef".repeat(4_096);
	server.socket.pause();
	for (let n = 0; n < blocks; n++) client.socket.write(block);
	client.socket.end();
	// Proxy and kernel hold some; the rest waits where it comes from.
	const before = server.socket.bytesRead;
	await soon(() => expect(client.socket.bytesWritten).toBe(blocks * block.length));
	expect(client.socket.writableLength).toBeGreaterThan(0);
	expect(server.socket.bytesRead).toBe(before);
	server.socket.resume();
	await soon(() => expect(server.ended).toBe(true));
	expect(server.heard.length).toBe(blocks * block.length);
	expect(server.heard === block.repeat(blocks)).toBe(true);
});

test("delays one direction, in order", async () => {
	const { proxy, join } = await network();
	const [client, server] = await join();
	proxy.latency("toServer", 150);
	const startedMs = performance.now();
	client.socket.write("a");
	server.socket.write("b");
	await soon(() => expect(client.heard).toBe("b"));
	expect(server.heard).toBe("");
	await soon(() => expect(server.heard).toBe("a"));
	expect(performance.now() - startedMs).toBeGreaterThan(140);
	client.socket.write("c");
	proxy.latency("toServer", 0);
	client.socket.write("d");
	await soon(() => expect(server.heard).toBe("acd"));
});

test("stalls with the sockets open, and goes on with what came meanwhile", async () => {
	const { proxy, join } = await network();
	const [client, server] = await join();
	proxy.stall(["toServer"]);
	client.socket.write("held");
	server.socket.write("free");
	await soon(() => expect(client.heard).toBe("free"));
	expect([server.heard, server.closed, client.closed]).toEqual(["", false, false]);
	proxy.resume();
	await soon(() => expect(server.heard).toBe("held"));
});

test("half-open: neither bytes nor the end of a side reach the other, and new connections are whole", async () => {
	const { proxy, join } = await network();
	const [client, server] = await join();
	proxy.halfOpen();
	client.socket.write("lost");
	client.socket.destroy();
	const [again, other] = await join();
	again.socket.write("new");
	await soon(() => expect(other.heard).toBe("new"));
	expect([server.heard, server.ended, server.closed]).toEqual(["", false, false]);
});

test("half-open in one direction lets the other one pass", async () => {
	const { proxy, join } = await network();
	const [client, server] = await join();
	proxy.halfOpen(["toClient"]);
	server.socket.write("lost");
	client.socket.write("heard");
	await soon(() => expect(server.heard).toBe("heard"));
	expect(client.heard).toBe("");
});

test("reset breaks both sides with RST", async () => {
	const { proxy, join } = await network();
	const [client, server] = await join();
	proxy.reset();
	await soon(() => expect([client.error, server.error]).toEqual(["ECONNRESET", "ECONNRESET"]));
	await soon(() => expect(proxy.connections).toBe(0));
});

test("cuts after so many bytes, once", async () => {
	const { proxy, join } = await network();
	const [client, server] = await join();
	proxy.truncateAfter("toServer", 6);
	client.socket.write("four");
	await soon(() => expect(server.heard).toBe("four"));
	client.socket.write("more");
	await soon(() => expect(client.error).toBe("ECONNRESET"));
	await soon(() => expect(server.closed).toBe(true));
	expect("fourmo".startsWith(server.heard)).toBe(true);
	const [again, other] = await join();
	again.socket.write("everything again");
	await soon(() => expect(other.heard).toBe("everything again"));
});

test("refuses while told to, and passes a server's absence on", async () => {
	const { proxy, server, join } = await network();
	proxy.refuse = true;
	const refused = party(connect(proxy.port, "127.0.0.1"));
	await soon(() => expect(refused.closed).toBe(true));
	proxy.refuse = false;
	await join();
	server.close();
	const alone = party(connect(proxy.port, "127.0.0.1"));
	await soon(() => expect(alone.closed).toBe(true));
});
