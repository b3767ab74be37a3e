import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ReadRequest, type RegisterNodesRequest, StatusCodes } from "node-opcua";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { statusCodes } from "../../common/contract/status.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { wireTo } from "../helpers/wire.ts";
import { SmallOpcuaServer } from "./small-opcua-server.ts";
import { sourceConfig, sourceOf } from "./source-rig.ts";

const soon = { timeout: 20_000 };
const startMs = Date.UTC(2026, 0, 5, 6);
const polling = { interval_ms: 50 };
type Options = Parameters<typeof sourceConfig>[1];

const folder = mkdtempSync(join(tmpdir(), "pilotline-test-"));
/** For tests that change nothing in it. */
const shared = new SmallOpcuaServer(folder);
beforeAll(() => shared.start());
beforeEach(() => writeAll(shared, startMs));
afterAll(async () => {
	await shared.stop();
	rmSync(folder, { recursive: true, force: true });
});

async function running(capabilities: object = {}): Promise<SmallOpcuaServer> {
	const server = new SmallOpcuaServer(temporaryFolder(), undefined, capabilities);
	onTestFinished(() => server.stop());
	await server.start();
	writeAll(server, startMs);
	return server;
}

function writeAll(server: SmallOpcuaServer, atMs: number): void {
	server.write("TT01", 20, atMs);
	server.write("Count", [0, 1], atMs);
	server.write("Mode", "IDLE", atMs);
	server.write("Heartbeat", new Date(atMs), atMs);
}

/** A source at a server, or at a port in front of it, once every tag has given its first value. */
async function reading(server: SmallOpcuaServer, options: Options = {}, port = server.port) {
	const lines: string[] = [];
	const rig = await sourceOf(sourceConfig(port, options), { lines });
	rig.source.start();
	await expect.poll(() => rig.taken.length, soon).toBe(4);
	return { ...rig, lines };
}

test("tags that are polled come once for each change, by registered node ids in parts that the server takes", async () => {
	const limits = { maxNodesPerRead: 3, maxNodesPerRegisterNodes: 2 };
	const server = await running({ operationLimits: limits });
	let subscriptions = 0;
	let reads = 0;
	const [registered, read] = [[] as number[], new Set<number>()];
	server.onRequest("CreateSubscription", () => subscriptions++);
	server.onRequest<RegisterNodesRequest>("RegisterNodes", ({ nodesToRegister }) =>
		registered.push(nodesToRegister?.length ?? 0),
	);
	server.onRequest<ReadRequest>("Read", ({ nodesToRead }) => {
		reads++;
		read.add(nodesToRead?.length ?? 0);
	});
	const { source, of, taken, throughs, gaps } = await reading(server, { server: { polling } });
	expect(source.state()).toMatchObject({ connected: true, tags: 4, tagsPolled: 4, tagsSubscribed: 4 });
	const readsBefore = reads;
	await expect.poll(() => reads, soon).toBeGreaterThan(readsBefore + 10);
	expect(taken).toHaveLength(4);
	server.write("TT01", 21, startMs + 1_000);
	await expect.poll(() => of("TT01").length, soon).toBe(2);
	server.write("TT01", 21, startMs + 2_000, StatusCodes.UncertainSensorNotAccurate);
	await expect.poll(() => of("TT01").length, soon).toBe(3);
	expect(of("TT01").map(({ value, sourceMs }) => [value, sourceMs - startMs])).toEqual([
		[20, 0],
		[21, 1_000],
		[21, 2_000],
	]);
	expect([subscriptions, registered]).toEqual([0, [2, 2]]);
	expect(Math.max(...read)).toBe(3);
	// Complete up to where the last round began, less the lateness of a second.
	const through = throughs.at(-1) as number;
	expect(Date.now() - through).toBeGreaterThanOrEqual(1_000);
	expect(Date.now() - through).toBeLessThan(3_000);
	expect(gaps).toEqual([]);
});

test("a server that is wrong about what it takes, and registers no nodes, is polled all the same", async () => {
	const server = await running({ operationLimits: { maxNodesPerRead: 1 } });
	server.claim("i=11705", 1_000);
	server.refuseService("RegisterNodes");
	const { of } = await reading(server, { server: { polling } });
	server.write("TT01", 21, startMs + 1_000);
	await expect.poll(() => of("TT01").length, soon).toBe(2);
});

test("a server without subscriptions is polled at the publishing interval, and that is said", async () => {
	const server = await running();
	server.refuseService("CreateSubscription");
	const { source, of, lines } = await reading(server);
	server.write("TT01", 21, startMs + 1_000);
	await expect.poll(() => of("TT01").length, soon).toBe(2);
	expect(source.state()).toMatchObject({ connected: true, tagsPolled: 4 });
	expect(lines.filter((line) => line.includes("has no subscriptions"))).toHaveLength(1);
});

test("one tag is polled and the others are subscribed to: complete is what both are", async () => {
	const server = shared;
	const options = { tags: [{ name: "Twin", node: "s=TT01", type: "Double", polling: { interval_ms: 700 } }] };
	const config = sourceConfig(server.port, { ...options, server: { lateness_ms: 0 } });
	const { source, of, throughs } = await sourceOf(config);
	source.start();
	await expect.poll(() => of("Twin").length + of("TT01").length, soon).toBe(2);
	expect(source.state()).toMatchObject({ tags: 5, tagsPolled: 1 });
	server.write("TT01", 21, startMs + 1_000);
	server.write("TT01", 22, startMs + 2_000);
	await expect.poll(() => of("TT01").length, soon).toBe(3);
	await expect.poll(() => of("Twin").at(-1)?.value, soon).toBe(22);
	// Between two rounds nothing is known: that is no gap, and 21 was never there.
	expect(of("Twin").map(({ value }) => value)).toEqual([20, 22]);
	await expect.poll(() => throughs.length, soon).toBeGreaterThan(0);
});

test("the tag that is written last is read first, so that it never says too much", async () => {
	const server = await running();
	const order: string[] = [];
	server.onRequest<ReadRequest>("Read", ({ nodesToRead }) => {
		for (const { nodeId } of nodesToRead ?? []) order.push(nodeId.toString());
	});
	server.refuseService("RegisterNodes");
	const { throughs } = await reading(server, { server: { polling }, timeBase: { tag: "Heartbeat" } });
	expect(throughs).toEqual([startMs]);
	const round = order.slice(order.findIndex((node) => node.includes(";s=")));
	expect(round.slice(0, 2).map((node) => node.split(";s=")[1])).toEqual(["Heartbeat", "TT01"]);
});

test("a lost connection makes polled tags Bad; afterwards nodes are registered anew, and the hole is written down", async () => {
	const server = shared;
	const wire = await wireTo(server.port);
	let registrations = 0;
	server.onRequest("RegisterNodes", () => registrations++);
	const { of, gaps, source } = await reading(server, { server: { polling } }, wire.port);
	server.write("TT01", 21, startMs + 1_000);
	await expect.poll(() => of("TT01").length, soon).toBe(2);
	wire.down = true;
	wire.cut();
	await expect.poll(() => of("TT01").at(-1)?.status, soon).toBe(statusCodes.BadNoCommunication);
	server.write("TT01", 22, startMs + 9_000);
	server.write("TT01", 23, startMs + 10_000);
	wire.down = false;
	await expect.poll(() => of("TT01").at(-1), soon).toMatchObject({ status: 0, value: 23 });
	// What has not changed is Good again with its old value.
	await expect.poll(() => of("Mode").at(-1)?.value, soon).toBe("IDLE");
	expect(gaps).toMatchObject([
		{ cause: "server_unreachable", fromMs: startMs + 1_000, toMs: startMs + 10_000, backfilled: false },
	]);
	expect(registrations).toBe(2);
	expect(source.state()).toMatchObject({ connected: true, tagsPolled: 4 });
});

test("a node that is missing is that tag's trouble, and is there with the next round when it comes", async () => {
	const server = shared;
	server.remove("TT01");
	const { of, taken } = await reading(server, { server: { polling } });
	expect(of("TT01")).toMatchObject([{ status: StatusCodes.BadNodeIdUnknown.value, value: null }]);
	server.write("Mode", "RUN", startMs + 500);
	await expect.poll(() => taken.length, soon).toBe(5);
	expect(of("TT01")).toHaveLength(1);
	server.add("TT01");
	server.write("TT01", 20, startMs + 1_000);
	await expect.poll(() => of("TT01").at(-1), soon).toMatchObject({ status: 0, value: 20 });
});

test("a round that takes longer than its interval is not overtaken, and the rounds left out are counted", async () => {
	const server = shared;
	const wire = await wireTo(server.port);
	wire.delayMs = 80;
	const { telemetry } = await reading(server, { server: { polling } }, wire.port);
	const left = async () => {
		const counter = telemetry.registry.getSingleMetric("pilotline_agent_poll_rounds_left_out_total");
		return (await counter?.get())?.values[0]?.value ?? 0;
	};
	await expect.poll(left, soon).toBeGreaterThan(2);
});
