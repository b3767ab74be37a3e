import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AttributeIds, DataType, makeBrowsePath, OPCUACertificateManager, StatusCodes } from "node-opcua";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { PlantVariable } from "../../../simulators/plant/pipeline.ts";
import { monitoredItemQueueMax, PlantServer } from "../../../simulators/plant/plant-server.ts";
import { eventually } from "./eventually.ts";
import { PlantClient } from "./plant-client.ts";
import { plantVariables, publishedUnits, variableOf } from "./small-line.ts";

const startMs = Date.UTC(2026, 0, 5, 6);
const folder = mkdtempSync(join(tmpdir(), "pilotline-plant-server-"));
const variables = plantVariables.filter(({ server }) => server === "size-and-pack");
let server: PlantServer;
let clients: PlantClient[] = [];

async function connected() {
	const client = new PlantClient(join(folder, "client"));
	clients.push(client);
	return { client, session: await client.connect(server.endpoint) };
}

function firstValue({ dataType }: PlantVariable): string | boolean | number {
	if (dataType === "String") return "";
	if (dataType === "Boolean") return false;
	return dataType === "DateTime" ? startMs : 0;
}

beforeAll(async () => {
	const certificates = new OPCUACertificateManager({
		rootFolder: join(folder, "server"),
		disableFileWatchers: true,
	});
	await certificates.initialize();
	server = new PlantServer({
		server: "size-and-pack",
		port: 0,
		certificates,
		units: publishedUnits.filter((unit) => unit.server === "size-and-pack"),
		variables,
	});
	await server.prepare();
	for (const variable of variables) server.write({ variable, value: firstValue(variable), timeMs: startMs });
	await server.start();
});

afterAll(async () => {
	for (const client of clients) await client.close();
	clients = [];
	await server?.stop();
	rmSync(folder, { recursive: true, force: true });
});

test("a burst of 500 values arrives whole, in order, each with its source time", async () => {
	const { client } = await connected();
	const revised = await client.subscribe(["K700.AT03"], { queueSize: 20_000 });
	expect(revised).toEqual([monitoredItemQueueMax]);
	await eventually(() => client.received.length === 1);
	const variable = variableOf("U700", "K700.AT03");
	// Every second value repeats the one before: only its time is new.
	for (let count = 1; count <= 500; count++) {
		server.write({ variable, value: -50 + Math.floor(count / 2) / 10, timeMs: startMs + count * 10_000 });
	}
	await eventually(() => client.received.length >= 501);
	const burst = client.received.slice(1).map(({ dataValue }) => ({
		timeMs: dataValue.sourceTimestamp?.getTime(),
		value: dataValue.value.value,
		good: dataValue.statusCode === StatusCodes.Good,
	}));
	expect(burst).toEqual(
		Array.from({ length: 500 }, (_, index) => ({
			timeMs: startMs + (index + 1) * 10_000,
			value: -50 + Math.floor((index + 1) / 2) / 10,
			good: true,
		})),
	);
});

test("64-bit integers, floats, times and texts arrive as what they are", async () => {
	const { session } = await connected();
	const values: [PlantVariable, number | string | boolean, DataType, unknown][] = [
		[variableOf("U800", "Y820.JQ01"), 5_123_456_789, DataType.UInt64, [1, 828_489_493]],
		[variableOf("U600", "J600.XT01"), 3.25, DataType.Float, 3.25],
		[variableOf("U600", "J600.ST01"), 9000, DataType.UInt16, 9000],
		[variableOf("U700", "Phase"), "FILL", DataType.String, "FILL"],
		[variableOf("U700", "Busy"), true, DataType.Boolean, true],
		[variableOf("U700", "Heartbeat"), startMs + 5, DataType.DateTime, new Date(startMs + 5)],
	];
	const namespace = (await session.readNamespaceArray()).indexOf("urn:pilotline:plant");
	for (const [variable, value, dataType, expected] of values) {
		server.write({ variable, value, timeMs: startMs + 10_000_000 });
		const nodeId = `ns=${namespace};s=${variable.nodeId}`;
		const read = await session.read({ nodeId, attributeId: AttributeIds.Value });
		expect.soft(read.value.dataType).toBe(dataType);
		expect.soft([...[read.value.value].flat()]).toEqual([expected].flat());
		const interval = await session.read({ nodeId, attributeId: AttributeIds.MinimumSamplingInterval });
		expect.soft(interval.value.value).toBe(0);
	}
});

test("says that it is simulated, and what its queues hold", async () => {
	const { session } = await connected();
	const namespace = (await session.readNamespaceArray()).indexOf("urn:pilotline:plant");
	const read = async (nodeId: string, attributeId = AttributeIds.Value) =>
		(await session.read({ nodeId, attributeId })).value.value;
	expect(await read("i=2261")).toMatch(/simulated/); // Server_ServerStatus_BuildInfo_ProductName
	const root = await read(`ns=${namespace};s=PilotLine`, AttributeIds.Description);
	expect(root.text).toMatch(/Simulated/);
	expect(await read("i=2272")).toBe(0); // MinSupportedSampleRate
	expect(await read("i=31916")).toBe(monitoredItemQueueMax); // MaxMonitoredItemsQueueSize
	const path = makeBrowsePath(`ns=${namespace};s=K700.AT03`, ".EURange");
	const target = (await session.translateBrowsePath(path)).targets?.[0]?.targetId.toString() ?? "";
	expect(await read(target)).toMatchObject({ low: -100, high: 20 });
});

test("notices a client that does not keep up, before its queue is full", async () => {
	const { client } = await connected();
	await client.subscribe(["Y800.AT01"], { queueSize: 200 });
	await eventually(() => client.received.length === 1);
	const variable = variableOf("U800", "Y800.AT01");
	expect(server.congested).toBe(false);
	// Nothing can be published while this loop runs.
	for (let count = 1; count <= 150; count++) {
		server.write({ variable, value: count / 100, timeMs: startMs + count * 1000 });
	}
	expect(server.congested).toBe(true);
	await eventually(() => client.received.length === 151);
	expect(server.congested).toBe(false);
});

test("knows when everything it serves is watched", async () => {
	expect(server.everythingMonitored).toBe(false);
	const { client } = await connected();
	const revised = await client.subscribe(
		variables.map(({ nodeId }) => nodeId),
		{ queueSize: 20_000 },
	);
	expect(revised).toHaveLength(variables.length);
	await eventually(() => server.everythingMonitored);
});
