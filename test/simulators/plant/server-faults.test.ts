import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OPCUACertificateManager } from "node-opcua";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PlantServer } from "../../../simulators/plant/plant-server.ts";
import { ServerFaultPlan } from "../../../simulators/plant/server-faults.ts";
import { eventually } from "./eventually.ts";
import { PlantClient } from "./plant-client.ts";
import { plantVariables, publishedUnits, variableOf } from "./small-line.ts";

const startMs = Date.UTC(2026, 0, 5, 6);
const folder = mkdtempSync(join(tmpdir(), "pilotline-server-faults-"));
const variable = variableOf("U500", "F500.TT01");
let server: PlantServer;
const clients: PlantClient[] = [];

beforeAll(async () => {
	const certificates = new OPCUACertificateManager({
		rootFolder: join(folder, "server"),
		disableFileWatchers: true,
	});
	await certificates.initialize();
	server = new PlantServer({
		server: "dry-and-fire",
		port: 0,
		certificates,
		units: publishedUnits.filter((unit) => unit.server === "dry-and-fire"),
		variables: plantVariables.filter((candidate) => candidate.server === "dry-and-fire"),
	});
	await server.prepare();
	for (const [index, one] of plantVariables
		.filter((candidate) => candidate.server === "dry-and-fire")
		.entries()) {
		if (one.dataType === "Double") server.write({ variable: one, value: index, timeMs: startMs });
	}
	await server.start();
});

afterAll(async () => {
	for (const client of clients) await client.close().catch(() => {});
	await server?.stop();
	rmSync(folder, { recursive: true, force: true });
});

async function watching(nodeId: string, queueSize = 20_000): Promise<PlantClient> {
	const client = new PlantClient(join(folder, "client"));
	clients.push(client);
	await client.connect(server.endpoint);
	await client.subscribe([nodeId], { queueSize });
	await eventually(() => client.received.length === 1);
	return client;
}

test("each fault begins once, and a clock-skew ends", () => {
	const fault = { server: "dry-and-fire", fromMs: 100, untilMs: 200, size: 5 } as const;
	const plan = new ServerFaultPlan([
		{ ...fault, kind: "clock-skew" },
		{ ...fault, kind: "restart", fromMs: 150 },
	]);
	const told = (at: number) => plan.take(at).map(({ fault: { kind }, begins }) => `${kind} ${begins}`);
	expect(told(99)).toEqual([]);
	expect(told(160)).toEqual(["clock-skew true", "restart true"]);
	expect(told(160)).toEqual([]);
	expect(told(1000)).toEqual(["clock-skew false"]);
});

test("a server whose clock is ahead stamps its values so, and rightly afterwards", async () => {
	const client = await watching("F500.TT01");
	server.skewMs = 30_000;
	server.write({ variable, value: 401, timeMs: startMs + 1000 });
	server.skewMs = 0;
	server.write({ variable, value: 402, timeMs: startMs + 2000 });
	await eventually(() => client.received.length === 3);
	const times = client.received.slice(1).map(({ dataValue }) => dataValue.sourceTimestamp?.getTime());
	expect(times).toEqual([startMs + 31_000, startMs + 2000]);
});

test("a burst beyond the queue shows the overflow bit", async () => {
	const client = await watching("D400.TT01");
	server.overflow(6000, startMs + 10_000);
	await eventually(
		() => client.received.some(({ dataValue }) => (dataValue.statusCode.value & 0x480) === 0x480),
		10_000,
	);
	expect(client.received.length).toBeLessThan(6001);
});

test("after a cut a client carries on where it was, and after a restart the server is found at its address with its values", async () => {
	const client = await watching("F500.TT02");
	server.cut();
	const second = variableOf("U500", "F500.TT02");
	server.write({ variable: second, value: 403, timeMs: startMs + 3000 });
	await eventually(() => client.received.some(({ dataValue }) => dataValue.value.value === 403), 15_000);

	const before = server.endpoint;
	await server.restart();
	expect(server.endpoint).toBe(before);
	const again = await watching("F500.TT02");
	expect(again.received[0]?.dataValue.value.value).toBe(403);
	expect(again.received[0]?.dataValue.sourceTimestamp?.getTime()).toBe(startMs + 3000);
});
