import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
	AttributeIds,
	type ClientSession,
	DataType,
	type DataValue,
	OPCUACertificateManager,
	promoteOpaqueStructure,
} from "node-opcua";
import { afterAll, beforeAll, expect, test } from "vitest";
import { labResultNodeset } from "../../../simulators/plant/lab-result-type.ts";
import type { PlantWrite } from "../../../simulators/plant/pipeline.ts";
import { PlantServer } from "../../../simulators/plant/plant-server.ts";
import { eventually } from "./eventually.ts";
import { PlantClient } from "./plant-client.ts";
import { plantVariables, publishedUnits, smallPlant } from "./small-line.ts";

const folder = mkdtempSync(join(tmpdir(), "pilotline-lab-"));
const variables = plantVariables.filter(({ server }) => server === "laboratory");
const reported: PlantWrite[] = [];
let server: PlantServer;
let client: PlantClient;
let session: ClientSession;

beforeAll(async () => {
	const plant = smallPlant({ seed: 1, startMs: Date.UTC(2026, 0, 5) });
	const first = plant.begin().filter(({ variable }) => variable.server === "laboratory");
	while (reported.length < 30) {
		for (const write of plant.step(plant.nowMs + 60_000))
			if (write.result !== undefined) reported.push(write);
	}
	const file = join(folder, "lab-result-type.xml");
	writeFileSync(file, labResultNodeset);
	const certificates = new OPCUACertificateManager({
		rootFolder: join(folder, "pki"),
		disableFileWatchers: true,
	});
	await certificates.initialize();
	server = new PlantServer({
		server: "laboratory",
		port: 0,
		certificates,
		units: publishedUnits.filter((unit) => unit.server === "laboratory"),
		variables,
		labResultNodeset: file,
	});
	await server.prepare();
	for (const write of first) server.write(write);
	await server.start();
	client = new PlantClient(join(folder, "client"));
});

afterAll(async () => {
	await client?.close();
	await server?.stop();
	rmSync(folder, { recursive: true, force: true });
});

test("each result arrives as one structured value, whole, with its plant time, and nobody needs to watch it", async () => {
	session = await client.connect(server.endpoint);
	await client.subscribe(
		variables.map(({ nodeId }) => nodeId),
		{ queueSize: 1000 },
	);
	await eventually(() => server.everythingMonitored);
	const watched = new PlantClient(join(folder, "client"));
	await watched.connect(server.endpoint);
	await watched.subscribe(["L900.Result"], { queueSize: 1000 });
	await eventually(() => watched.received.length === 1);
	for (const write of reported) server.write(write);
	await eventually(() => watched.received.length === 1 + reported.length);
	const structures = watched.received.slice(1).map(({ dataValue }) => dataValue);
	await promoteOpaqueStructure(session, structures);
	for (const [index, { result, timeMs, value }] of reported.entries()) {
		const structure = structures[index];
		expect(structure?.sourceTimestamp?.getTime()).toBe(timeMs);
		expect(structure?.value.dataType).toBe(DataType.ExtensionObject);
		const { repeats, measuredTime, detectionLimit, ...rest } = (structure as DataValue).value.value as Record<
			string,
			unknown
		>;
		expect(rest).toMatchObject({
			lot: result?.lot,
			test: result?.test,
			value,
			operator: result?.operator,
			instrument: result?.instrument,
			method: result?.method,
			version: result?.version,
		});
		expect([...(repeats as Iterable<number>)]).toEqual([...(result?.repeats ?? [])]);
		expect((measuredTime as Date).getTime()).toBe(result?.measuredMs);
		if (result?.detectionLimit !== undefined) expect(detectionLimit).toBe(result.detectionLimit);
		else expect(detectionLimit).toBeNaN();
	}
	await watched.close();
});

test("the type is there to be read: a client learns its fields from the server", async () => {
	const namespaces = await session.readNamespaceArray();
	const nodeId = `ns=${namespaces.indexOf("urn:pilotline:plant")};s=L900.Result`;
	const type = await session.read({ nodeId, attributeId: AttributeIds.DataType });
	const definition = await session.read({
		nodeId: type.value.value,
		attributeId: AttributeIds.DataTypeDefinition,
	});
	const names = (definition.value.value as { fields: { name: string }[] }).fields.map(({ name }) => name);
	expect(names).toEqual([
		"Lot",
		"Sample",
		"Test",
		"Value",
		"EngineeringUnit",
		"BelowDetectionLimit",
		"Repeats",
		"Operator",
		"Instrument",
		"Method",
		"DetectionLimit",
		"SampleTemperature",
		"MeasuredTime",
		"Version",
		"Reason",
	]);
});

test("a server that restarts shows the newest result again, and not the one of its last variable", async () => {
	await client.close();
	await server.restart();
	client = new PlantClient(join(folder, "client"));
	session = await client.connect(server.endpoint);
	const namespace = (await session.readNamespaceArray()).indexOf("urn:pilotline:plant");
	const read = await session.read({
		nodeId: `ns=${namespace};s=L900.Result`,
		attributeId: AttributeIds.Value,
	});
	expect(read.sourceTimestamp?.getTime()).toBe(reported.at(-1)?.timeMs);
});
