import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { MessageSecurityMode, SecurityPolicy } from "node-opcua";
import { expect, onTestFinished, test } from "vitest";
import { selfSigned } from "../helpers/opcua-certificates.ts";
import { AgentFolder, everyPolicy, securedServer, securedSource, soon } from "./secured-line.ts";
import type { SecuredServer } from "./secured-server.ts";

/** A server with these endpoints, and an agent that trusts its certificate. */
async function approved(offers: Partial<SecuredServer>) {
	const agent = new AgentFolder();
	const certificate = await selfSigned();
	const folder = join(agent.pki, "trusted", "certs");
	mkdirSync(folder, { recursive: true });
	writeFileSync(join(folder, "approved.pem"), readFileSync(certificate.certificateFile));
	return { agent, server: await securedServer({ ...certificate, ...offers }) };
}

const { None, Basic256Sha256, Aes128_Sha256_RsaOaep } = SecurityPolicy;
const { None: plain, Sign, SignAndEncrypt } = MessageSecurityMode;

test.each([
	[
		"the best of all",
		[None, ...everyPolicy],
		[plain, Sign, SignAndEncrypt],
		"Aes256_Sha256_RsaPss, SignAndEncrypt",
		{},
	],
	[
		"the best of two",
		[Basic256Sha256, Aes128_Sha256_RsaOaep],
		[SignAndEncrypt],
		"Aes128_Sha256_RsaOaep, SignAndEncrypt",
		{},
	],
	["signing where nothing encrypts", [Basic256Sha256], [Sign], "Basic256Sha256, Sign", {}],
	[
		"what the configuration asks for",
		everyPolicy,
		[Sign, SignAndEncrypt],
		"Basic256Sha256, Sign",
		{ policy: "Basic256Sha256", mode: "Sign" },
	],
] as const)("of several endpoints %s is taken", async (_, policies, modes, expected, security) => {
	const { agent, server } = await approved({ policies: [...policies], modes: [...modes] });
	const line = await securedSource(server.port, { agent, server: { security } });
	await expect.poll(line.isConnected, soon).toBe(true);
	expect(line.source.state().security).toBe(expected);
});

test("a server that offers nothing but None is refused with what it offers", async () => {
	const { agent, server } = await approved({ policies: [None], modes: [plain] });
	const line = await securedSource(server.port, { agent });
	await expect
		.poll(line.lastError, soon)
		.toMatch(
			/^OPCUA_SECURITY_NOT_OFFERED: .*: expected an endpoint with Aes256_Sha256_RsaPss or Aes128_Sha256_RsaOaep or Basic256Sha256, SignAndEncrypt or Sign, found None, None; /,
		);
	expect(line.of("TT01")).toEqual([]);
});

test("a server that offers less than is asked for is refused with what it offers", async () => {
	const { agent, server } = await approved({ policies: [Basic256Sha256], modes: [Sign] });
	const line = await securedSource(server.port, { agent, server: { security: { mode: "SignAndEncrypt" } } });
	await expect
		.poll(line.lastError, soon)
		.toMatch(/^OPCUA_SECURITY_NOT_OFFERED: .*, SignAndEncrypt, found Basic256Sha256, Sign; /);
});

/** Somebody between agent and server who changes what the server says where it can be read. */
async function changing(port: number, change: (text: string) => string): Promise<number> {
	const between = createServer((client) => {
		const server = connect(port, "127.0.0.1");
		client.on("data", (bytes) => server.write(bytes));
		server.on("data", (bytes) => client.write(Buffer.from(change(bytes.toString("latin1")), "latin1")));
		for (const [one, other] of [
			[client, server],
			[server, client],
		] as const) {
			one.on("close", () => other.destroy());
			one.on("error", () => other.destroy());
		}
	});
	between.listen(0, "127.0.0.1");
	await once(between, "listening");
	onTestFinished(() => void between.close());
	return (between.address() as AddressInfo).port;
}

test("whoever takes the better endpoints out of the offer is noticed before the password is sent", async () => {
	let asked = 0;
	const { agent, server } = await approved({
		policies: [Basic256Sha256, Aes128_Sha256_RsaOaep],
		anonymous: false,
		users: { isValidUser: () => ++asked > 0 },
	});
	writeFileSync(join(agent.pki, "password"), "Sesame-4711-open");
	const port = await changing(server.port, (text) =>
		text.replaceAll("Aes128_Sha256_RsaOaep", "Aes128_Sha256_Nothing"),
	);
	const identity = { username: "line", password_file: "password" };
	const line = await securedSource(port, { agent, server: { identity } });
	await expect
		.poll(line.lastError, soon)
		.toMatch(
			/^OPCUA_ENDPOINTS_DIFFER: .*found Basic256Sha256, SignAndEncrypt before and Aes128_Sha256_RsaOaep, SignAndEncrypt behind it/,
		);
	expect({ asked, connected: line.isConnected() }).toEqual({ asked: 0, connected: false });
});

test("a channel that shows another certificate than the endpoint is not used", async () => {
	const { agent, server } = await approved({});
	const port = await changing(server.port, (text) =>
		text.startsWith("OPN") ? text.replace("server", "Server") : text,
	);
	const line = await securedSource(port, { agent });
	await expect
		.poll(line.lastError, soon)
		.toMatch(
			/^OPCUA_ENDPOINTS_DIFFER: .*expected the secure channel to show the certificate of the endpoint/,
		);
	expect(line.isConnected()).toBe(false);
});

test("a server that takes the connection and says nothing is told as such, and tried again", async () => {
	const server = createServer();
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	onTestFinished(() => void server.close());
	const sockets = new Set<Socket>();
	server.on("connection", (socket) => sockets.add(socket));
	onTestFinished(() => {
		for (const socket of sockets) socket.destroy();
	});
	const { port } = server.address() as AddressInfo;
	const line = await securedSource(port, { server: { connect_timeout_ms: 500 } });
	await expect.poll(line.lastError, soon).toMatch(/^OPCUA_UNREACHABLE: opc\.tcp:/);
	await expect.poll(() => sockets.size, soon).toBeGreaterThan(1);
});
