import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AttributeIds, type ClientSession, type DataValue, OPCUACertificateManager } from "node-opcua";
import { afterAll, beforeAll, expect, test } from "vitest";
import { labResultNodeset } from "../../../simulators/plant/lab-result-type.ts";
import { Plant } from "../../../simulators/plant/model/plant.ts";
import { modelSchema } from "../../../simulators/plant/parameters.ts";
import type { PlantLabEvent, PlantLabRun } from "../../../simulators/plant/pipeline.ts";
import { PlantServer } from "../../../simulators/plant/plant-server.ts";
import { PlantClient } from "./plant-client.ts";

const folder = mkdtempSync(join(tmpdir(), "pilotline-lads-"));
const startMs = Date.UTC(2026, 0, 5);
const hourMs = 3_600_000;
const events: PlantLabEvent[] = [];
let plant: Plant;
let server: PlantServer;
let client: PlantClient;
let session: ClientSession;

const lads = "http://opcfoundation.org/UA/LADS/";

/** Starts a laboratory server and lets the line run until an impedance measurement is under way. */
beforeAll(async () => {
	plant = new Plant({
		parameters: modelSchema.parse({ special_causes: 0 }),
		seed: 1,
		startMs,
		onLabEvent: (event) => {
			events.push(event);
			server.tell(event);
		},
	});
	const { published } = plant;
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
		units: published.units.filter((unit) => unit.server === "laboratory"),
		variables: published.variables.filter((variable) => variable.server === "laboratory"),
		labResultNodeset: file,
		labInstruments: plant.labInstruments,
		beganMs: startMs,
	});
	await server.prepare();
	plant.begin();
	while (running("EIS-1") === undefined && plant.nowMs < startMs + 100 * hourMs)
		plant.step(plant.nowMs + 60_000);
	await server.start();
	await connect();
});

afterAll(async () => {
	await client?.close();
	await server?.stop();
	rmSync(folder, { recursive: true, force: true });
});

async function connect(): Promise<void> {
	client = new PlantClient(join(folder, "client"));
	session = await client.connect(server.endpoint);
}

/** The newest run of an instrument that has begun and not ended. */
function running(instrument: string): PlantLabRun | undefined {
	const runs = events.flatMap((event) => (event.kind === "reported" ? [] : [event]));
	const last = runs.filter(({ run }) => run.instrument === instrument).at(-1);
	return last?.kind === "began" ? last.run : undefined;
}

/** Names of what hangs below a node, by browsing. */
async function children(nodeId: string): Promise<Map<string, string>> {
	const { references } = await session.browse(nodeId);
	return new Map((references ?? []).map((one) => [String(one.browseName.name), one.nodeId.toString()]));
}

/** Walks down by browse names from a node, as a client that knows the companion specification does. */
async function walk(from: string, ...names: string[]): Promise<string> {
	let node = from;
	for (const name of names) {
		const found = (await children(node)).get(name);
		if (found === undefined) throw new Error(`no ${name} below ${node}`);
		node = found;
	}
	return node;
}

async function read(from: string, ...names: string[]): Promise<DataValue> {
	return session.read({ nodeId: await walk(from, ...names), attributeId: AttributeIds.Value });
}

async function deviceSet(): Promise<string> {
	return walk("i=85", "DeviceSet");
}

async function unitOf(run: PlantLabRun): Promise<string> {
	const name =
		plant.labInstruments.find((one) => one.name === run.instrument)?.places === 1 ? "" : ` ${run.place}`;
	return walk(await deviceSet(), run.instrument, "FunctionalUnitSet", `Measurement${name}`);
}

async function state(node: string): Promise<string> {
	return String((await read(node, "FunctionalUnitState", "CurrentState")).value.value.text);
}

test("a client finds every instrument as a LADS device, with who made it and a unit for each place", async () => {
	const devices = await children(await deviceSet());
	const namespaces = await session.readNamespaceArray();
	for (const { name, places } of plant.labInstruments) {
		const device = devices.get(name) ?? "";
		const { references } = await session.browse({
			nodeId: device,
			referenceTypeId: "HasTypeDefinition",
			resultMask: 63,
		});
		const type = references?.[0];
		expect([namespaces[type?.browseName.namespaceIndex ?? 0], type?.browseName.name]).toEqual([
			lads,
			"LADSDeviceType",
		]);
		const units = [...(await children(await walk(device, "FunctionalUnitSet"))).keys()];
		expect(units.filter((unit) => unit.startsWith("Measurement"))).toHaveLength(places);
		expect((await read(device, "Identification", "Manufacturer")).value.value.text).toBe(
			"Pilotline (simulated)",
		);
		expect((await read(device, "DeviceState", "CurrentState")).value.value.text).toBe("Operate");
	}
	// The laboratory's own object leads there, too.
	const laboratory = await children(await walk("i=85", "PilotLine", "L900"));
	expect([...laboratory.keys()]).toEqual(
		expect.arrayContaining(plant.labInstruments.map(({ name }) => name)),
	);
});

test("a measurement under way shows as Running with its program, and the state's node is the type's", async () => {
	const run = running("EIS-1") as PlantLabRun;
	const unit = await unitOf(run);
	const current = await read(unit, "FunctionalUnitState", "CurrentState");
	expect(current.value.value.text).toBe("Running");
	expect(current.sourceTimestamp?.getTime()).toBe(run.beganMs);
	const id = (await read(unit, "FunctionalUnitState", "CurrentState", "Id")).value.value;
	const named = await session.read({ nodeId: id, attributeId: AttributeIds.BrowseName });
	expect(named.value.value.name).toBe("Running");
	const active = await walk(unit, "ProgramManager", "ActiveProgram");
	expect((await read(active, "DeviceProgramRunId")).value.value).toBe(`EIS-1 ${run.lot}`);
	expect((await read(active, "EstimatedRuntime")).value.value).toBe(run.endsMs - run.beganMs);
	const programs = await children(await walk(unit, "ProgramManager", "ProgramTemplateSet"));
	expect([...programs.keys()]).toEqual(
		expect.arrayContaining(["EIS, pellet at 370 MPa", "EIS, -20 to 60 degC"]),
	);
});

test("when it ends its result is there, with sample, times and operator, and the values as they are released", async () => {
	const run = running("EIS-1") as PlantLabRun;
	const released = () =>
		events.flatMap((event) =>
			event.kind === "reported" && event.result.lot === run.lot && event.result.instrument === "EIS-1"
				? [event]
				: [],
		);
	while (released().length < 2) plant.step(plant.nowMs + 60_000);
	const unit = await unitOf(run);
	const result = await walk(unit, "ProgramManager", "ResultSet", run.sample);
	expect((await read(result, "Started")).value.value.getTime()).toBe(run.beganMs);
	expect((await read(result, "Stopped")).value.value.getTime()).toBe(run.endsMs);
	expect((await read(result, "User")).value.value).toBe(run.operator);
	expect((await read(result, "SupervisoryJobId")).value.value).toBe(run.lot);
	const samples = (await read(result, "Samples")).value.value as { sampleId: string; containerId: string }[];
	expect(samples.map(({ sampleId, containerId }) => [sampleId, containerId])).toEqual([
		[run.sample, run.lot],
	]);
	for (const { result: one, timeMs } of released()) {
		const value = await read(result, "VariableSet", one.test);
		const newest = released().findLast(({ result: { test: id } }) => id === one.test);
		if (newest?.timeMs !== timeMs) continue;
		expect(value.value.value).toBe(one.value);
		expect(value.sourceTimestamp?.getTime()).toBe(timeMs);
	}
});

test("results are bounded, and a server that restarts has them again", async () => {
	while (plant.nowMs < startMs + 9 * 24 * hourMs) plant.step(plant.nowMs + 600_000);
	const sets = async () => {
		const all = new Map<string, string[]>();
		const set = await deviceSet();
		for (const name of ["XRD-1", "LD-1"]) {
			const results = await walk(
				set,
				name,
				"FunctionalUnitSet",
				"Measurement",
				"ProgramManager",
				"ResultSet",
			);
			const found = [...(await children(results)).keys()].filter((one) => one.startsWith("L"));
			all.set(name, found.sort());
		}
		return all;
	};
	const before = await sets();
	expect(before.get("XRD-1")).toHaveLength(10);
	const measured = events.flatMap((event) =>
		event.kind === "ended" && event.run.instrument === "XRD-1" ? [event.run.sample] : [],
	);
	expect(measured.length).toBeGreaterThan(11);
	expect(before.get("XRD-1")).toEqual(measured.slice(-10).sort());
	await client.close();
	await server.restart();
	await connect();
	expect(await sets()).toEqual(before);
	const eis = await walk(await deviceSet(), "EIS-1", "FunctionalUnitSet", "Measurement 1");
	expect(["Running", "Stopped"]).toContain(await state(eis));
});
