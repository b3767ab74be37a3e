import { once } from "node:events";
import { createServer } from "node:net";

// Below the range from which a kernel takes ports for outgoing connections (32,768 and up where nobody changed it), so
// that no client of this or another test sits on the port before the process that was meant to listen on it.
const lowest = 12_000;
const highest = 31_999;
/** Test files that run beside each other draw from different places, and none draws the same port twice in a row. */
let next = lowest + ((process.pid * 389) % (highest - lowest));

async function isFree(port: number): Promise<boolean> {
	const server = createServer();
	server.listen(port);
	try {
		await once(server, "listening");
	} catch {
		return false;
	}
	server.close();
	await once(server, "close");
	return true;
}

/** A TCP port on which nothing listens, for a process that cannot choose one by itself. */
export async function freePort(): Promise<number> {
	for (;;) {
		const port = next;
		next = next >= highest ? lowest : next + 1;
		if (await isFree(port)) return port;
	}
}

/** TCP ports on which nothing listens, all different. */
export async function freePorts(count: number): Promise<number[]> {
	const ports: number[] = [];
	while (ports.length < count) ports.push(await freePort());
	return ports;
}
