import { once } from "node:events";
import { connect } from "node:net";
import { CodedError, errorText } from "../common/runtime/coded-error.ts";

/** Where OPC UA servers are unless their address says otherwise. */
const opcuaPort = 4840;
/** A Hello without its endpoint. */
const helloBytes = 32;

/** What one address has said. */
interface Readiness {
	readonly address: string;
	readonly ready: boolean;
	/** Why it is not ready. */
	readonly reason?: string;
}

/**
 * Asks each address whether it is ready and prints a line for each. Resolves with the exit code: 1 when one is not.
 * @throws CodedError USAGE for an address that is neither http(s) nor opc.tcp
 */
export async function healthy(
	addresses: readonly string[],
	options: { readonly timeout: number; readonly json: boolean },
): Promise<number> {
	for (const address of addresses) {
		if (URL.canParse(address) && /^(?:https?|opc\.tcp):$/.test(new URL(address).protocol)) continue;
		throw new CodedError("USAGE", `expected http://HOST:PORT or opc.tcp://HOST:PORT, found ${address}`);
	}
	const withinMs = options.timeout * 1_000;
	const found = await Promise.all(addresses.map((address) => readinessOf(address, withinMs)));
	if (options.json)
		process.stdout.write(`${JSON.stringify({ ready: found.every(isReady), processes: found })}\n`);
	else
		for (const { address, ready, reason } of found)
			process.stdout.write(`${address}: ${ready ? "ready" : `not ready: ${reason}`}\n`);
	return found.every(isReady) ? 0 : 1;
}

function isReady({ ready }: Readiness): boolean {
	return ready;
}

async function readinessOf(address: string, withinMs: number): Promise<Readiness> {
	try {
		const reason = address.startsWith("opc.tcp:")
			? await opcuaTrouble(address, withinMs)
			: await processTrouble(address, withinMs);
		return { address, ready: reason === undefined, ...(reason === undefined ? {} : { reason }) };
	} catch (error) {
		// fetch says only that it failed; why stands in its cause.
		const why = error instanceof Error && error.cause instanceof Error ? error.cause : error;
		return { address, ready: false, reason: errorText(why) };
	}
}

async function processTrouble(address: string, withinMs: number): Promise<string | undefined> {
	const url = new URL("/readyz", address);
	const response = await fetch(url, { signal: AbortSignal.timeout(withinMs) });
	if (response.status !== 200 && response.status !== 503)
		return `expected the status 200 or 503 of ${url.pathname}, found ${response.status}`;
	const { ready, reason } = (await response.json()) as { ready?: unknown; reason?: unknown };
	if (response.status === 200 && ready === true) return undefined;
	return typeof reason === "string" ? reason : "it does not say why";
}

/**
 * Hello and Acknowledge, the first messages of a connection (OPC UA Part 6, 7.1.2.3 and 7.1.2.4): no certificate, no session,
 * and nothing that the server's log or limits would notice.
 */
async function opcuaTrouble(address: string, withinMs: number): Promise<string | undefined> {
	const { hostname, port } = new URL(address);
	const socket = connect({
		host: hostname.replace(/^\[|\]$/g, ""),
		port: port === "" ? opcuaPort : Number(port),
	});
	try {
		const signal = AbortSignal.timeout(withinMs);
		await once(socket, "connect", { signal });
		socket.write(hello(address));
		const [answer] = (await once(socket, "data", { signal })) as [Buffer];
		const type = answer.toString("latin1", 0, 4);
		return type === "ACKF"
			? undefined
			: `expected Acknowledge of an OPC UA server, found ${JSON.stringify(type)}`;
	} finally {
		socket.destroy();
	}
}

function hello(address: string): Buffer {
	const url = Buffer.from(address);
	const message = Buffer.alloc(helloBytes + url.length);
	message.write("HELF", "latin1");
	const [protocolVersion, bufferBytes, unlimited] = [0, 65_536, 0];
	const words = [message.length, protocolVersion, bufferBytes, bufferBytes, unlimited, unlimited, url.length];
	for (const [index, word] of words.entries()) message.writeUInt32LE(word, 4 + 4 * index);
	url.copy(message, helloBytes);
	return message;
}
