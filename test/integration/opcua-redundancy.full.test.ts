import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { statusCodes } from "../../common/contract/status.ts";
import { selfSigned } from "../helpers/opcua-certificates.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { AgentFolder, securedServer, securedSource } from "./secured-line.ts";
import { SmallOpcuaServer } from "./small-opcua-server.ts";
import { sourceConfig, sourceOf } from "./source-rig.ts";

const soon = { timeout: 25_000 };
const startMs = Date.UTC(2026, 0, 5, 6);
type Server = SmallOpcuaServer;

async function running(): Promise<Server> {
	const server = new SmallOpcuaServer(temporaryFolder());
	onTestFinished(() => server.stop());
	await server.start();
	return server;
}

/** The plant writes into both servers of a pair, with one source time. */
function write(servers: readonly Server[], afterMs: number, temperature: number): void {
	for (const server of servers) {
		const atMs = startMs + afterMs;
		server.write("TT01", temperature, atMs);
		server.write("Count", [0, 1], startMs);
		server.write("Mode", "IDLE", startMs);
		server.write("Heartbeat", new Date(atMs), atMs);
	}
}

/** Two servers of one plant, and a source that prefers the first. */
async function pair(server: object = {}) {
	const [first, second] = [await running(), await running()];
	write([first, second], 0, 20);
	const endpointOf = ({ port }: Server) => `opc.tcp://127.0.0.1:${port}`;
	const lines: string[] = [];
	const rig = await sourceOf(
		sourceConfig(first.port, { server: { further_endpoints: [endpointOf(second)], ...server } }),
		{ lines },
	);
	rig.source.start();
	await expect.poll(() => rig.taken.length, soon).toBe(4);
	expect(rig.source.state()).toMatchObject({ connected: true, endpoint: endpointOf(first) });
	const changes = async () => {
		const name = "pilotline_agent_server_endpoint_changes_total";
		const metric = await rig.telemetry.registry.getSingleMetric(name)?.get();
		return (metric?.values ?? []).map(({ labels, value }) => [labels.why, value]);
	};
	return { ...rig, first, second, endpointOf, changes };
}

test("a server that stops is replaced by the next one: nothing twice, and what nobody gave meanwhile is a gap", async () => {
	const { source, first, second, of, gaps, changes, endpointOf } = await pair();
	write([first, second], 1_000, 21);
	await expect.poll(() => of("TT01").length, soon).toBe(2);
	await first.stop();
	await expect.poll(() => of("TT01").at(-1)?.status, soon).toBe(statusCodes.BadNoCommunication);
	write([second], 2_000, 22);
	write([second], 3_000, 23);
	await expect.poll(() => of("TT01").at(-1), soon).toMatchObject({ status: 0, value: 23 });
	expect(source.state()).toMatchObject({ connected: true, endpoint: endpointOf(second), tagsSubscribed: 4 });
	expect(gaps).toMatchObject([
		{ cause: "server_unreachable", fromMs: startMs + 1_000, toMs: startMs + 3_000 },
	]);
	// The second server has what had not changed with the same source time.
	expect(of("Mode").filter(({ status }) => status === 0)).toHaveLength(1);
	expect(await changes()).toEqual([["failed", 1]]);
});

test("a server that says it is degraded is left for a healthy one, and keeps no session", async () => {
	const { source, first, second, of, gaps, changes, endpointOf } = await pair();
	expect(first.clientHandles()).toHaveLength(4);
	await expect.poll(() => source.state().serviceLevel, soon).toBe(255);
	first.setServiceLevel(150);
	await expect.poll(() => source.state().endpoint, soon).toBe(endpointOf(second));
	await expect.poll(() => source.state().connected, soon).toBe(true);
	await expect.poll(() => first.clientHandles(), soon).toEqual([]);
	write([first, second], 1_000, 21);
	await expect.poll(() => of("TT01").at(-1), soon).toMatchObject({ status: 0, value: 21 });
	expect(gaps.every(({ fromMs, toMs }) => fromMs === startMs && toMs === startMs + 1_000)).toBe(true);
	expect(await changes()).toEqual([["service_level", 1]]);
	// Where the other one is no better, there is nothing to go to.
	second.setServiceLevel(100);
	await expect.poll(() => source.state().serviceLevel, soon).toBe(100);
	write([second], 2_000, 22);
	await expect.poll(() => of("TT01").at(-1), soon).toMatchObject({ status: 0, value: 22 });
	expect(source.state().endpoint).toBe(endpointOf(second));
});

/** A server that takes connections and says nothing, as one does that is frozen. */
async function frozen(): Promise<number> {
	const sockets = new Set<Socket>();
	const server = createServer((socket) => {
		sockets.add(socket.on("error", () => undefined));
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	onTestFinished(() => {
		for (const socket of sockets) socket.destroy();
		server.close();
	});
	return (server.address() as AddressInfo).port;
}

test("a frozen first server is passed over", async () => {
	const [port, second] = [await frozen(), await running()];
	write([second], 0, 20);
	const further_endpoints = [`opc.tcp://127.0.0.1:${second.port}`];
	const rig = await sourceOf(sourceConfig(port, { server: { further_endpoints, connect_timeout_ms: 500 } }));
	rig.source.start();
	await expect.poll(() => rig.taken.length, soon).toBe(4);
});

test("one server that is frozen and one that refuses do not touch a third one", async () => {
	const healthy = await running();
	write([healthy], 0, 20);
	const quick = { server: { connect_timeout_ms: 500 } };
	const stuck = await sourceOf(sourceConfig(await frozen(), quick));
	const refused = await sourceOf(sourceConfig(1, quick));
	const rig = await sourceOf(sourceConfig(healthy.port));
	for (const { source } of [stuck, refused, rig]) source.start();
	await expect.poll(() => rig.taken.length, soon).toBe(4);
	for (let turn = 1; turn <= 50; turn++) {
		write([healthy], turn * 1_000, 20 + turn);
		await expect.poll(() => rig.of("TT01").at(-1)?.value, soon).toBe(20 + turn);
	}
	expect(rig.of("TT01").map(({ value }) => value)).toEqual(
		Array.from({ length: 51 }, (_, turn) => 20 + turn),
	);
	expect(rig.gaps).toEqual([]);
	for (const { source, taken } of [stuck, refused]) {
		expect(source.state()).toMatchObject({ connected: false, lastError: expect.stringContaining("") });
		expect(taken).toEqual([]);
	}
});

test("each server has its own certificate: one that is not approved is passed over, and what it is stays with it", async () => {
	const agent = new AgentFolder();
	const certificate = await selfSigned();
	const folder = join(agent.pki, "trusted", "certs");
	mkdirSync(folder, { recursive: true });
	writeFileSync(join(folder, "approved.pem"), readFileSync(certificate.certificateFile));
	const [stranger, known] = [await securedServer(), await securedServer(certificate)];
	const further = `opc.tcp://127.0.0.1:${known.port}`;
	const line = await securedSource(stranger.port, { agent, server: { further_endpoints: [further] } });
	await expect.poll(line.isConnected, soon).toBe(true);
	expect(line.source.state()).toMatchObject({
		endpoint: further,
		security: "Aes256_Sha256_RsaPss, SignAndEncrypt",
	});
	expect(line.lines.some((text) => /OPCUA_CERTIFICATE_REFUSED.*not_trusted/.test(text))).toBe(true);
	// A server is connected a publishing interval before its first values come.
	await expect.poll(() => line.of("TT01"), soon).toMatchObject([{ value: 20 }]);
});
