// The simulator as a process of its own, spoken to as the demo does.

import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ToParent } from "../../../simulators/plant/parent-link.ts";
import { eventually } from "./eventually.ts";
import { PlantClient } from "./plant-client.ts";
import { plantVariables } from "./small-line.ts";

const root = new URL("../../../", import.meta.url);
let folder: string;
let child: ChildProcess | undefined;
let messages: ToParent[];
let exitCode: number | null | undefined;

beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), "pilotline-simulator-"));
	messages = [];
	exitCode = undefined;
});

afterEach(() => {
	child?.kill("SIGKILL");
	rmSync(folder, { recursive: true, force: true });
});

function start(options: { startsHoursAgo: number; speed: number }): void {
	const program = join(folder, "simulate.ts");
	const call = JSON.stringify({
		config: new URL("examples/pilot-line/simulator.yaml", root).pathname,
		...options,
	});
	writeFileSync(
		program,
		`import { runSimulator } from ${JSON.stringify(new URL("simulators/plant/main.ts", root).href)};
process.exitCode = await runSimulator({ ...${call}, env: process.env });
`,
	);
	child = fork(program, [], {
		silent: true,
		env: {
			...process.env,
			PILOTLINE_SIMULATOR_DATA: join(folder, "data"),
			PILOTLINE_OPCUA_CHARGE_PORT: "0",
			PILOTLINE_OPCUA_DRY_PORT: "0",
			PILOTLINE_OPCUA_SIZE_PORT: "0",
			PILOTLINE_OPCUA_LAB_PORT: "0",
		},
	});
	child.on("message", (message) => messages.push(message as ToParent));
	child.on("exit", (code) => {
		exitCode = code;
	});
}

function told<T extends ToParent["type"]>(type: T): Extract<ToParent, { type: T }> | undefined {
	return messages.find((message): message is Extract<ToParent, { type: T }> => message.type === type);
}

test("every value it counts is delivered, and it ends when told to", async () => {
	start({ startsHoursAgo: 1, speed: 3600 });
	await eventually(() => told("listening") !== undefined, 20_000);
	// Before anybody listens, the line stands still.
	await eventually(() => told("progress")?.waitingForClients === true);
	expect(told("running")).toBeUndefined();
	const clients: PlantClient[] = [];
	for (const [server, endpoint] of Object.entries(told("listening")?.endpoints ?? {})) {
		const client = new PlantClient(join(folder, "client"));
		clients.push(client);
		await client.connect(endpoint);
		const nodeIds = plantVariables.filter((variable) => variable.server === server);
		await client.subscribe(
			nodeIds.map(({ nodeId }) => nodeId),
			{ queueSize: 20_000 },
		);
	}
	await eventually(() => told("caught-up") !== undefined, 20_000);
	child?.send({ type: "halt" });
	await eventually(() => told("halted") !== undefined);
	const halted = told("halted");
	const received = () => clients.flatMap((client) => client.received);
	await eventually(() => received().length === halted?.produced);
	const counted: Record<string, number> = {};
	const keyOf = new Map(plantVariables.map(({ nodeId, key }) => [nodeId, key]));
	for (const { nodeId } of received()) {
		const key = keyOf.get(nodeId) ?? nodeId;
		counted[key] = (counted[key] ?? 0) + 1;
	}
	expect(counted).toEqual(halted?.producedByTag);
	for (const client of clients) await client.close();
	const toldMs = performance.now();
	child?.send({ type: "exit" });
	await eventually(() => exitCode !== undefined, 5000);
	expect(exitCode).toBe(0);
	expect(performance.now() - toldMs).toBeLessThan(5000);
});

test("ends within 5 s of SIGTERM, and when its parent goes away", async () => {
	for (const end of [() => child?.kill("SIGTERM"), () => child?.disconnect()]) {
		messages = [];
		exitCode = undefined;
		start({ startsHoursAgo: 1, speed: 1 });
		await eventually(() => told("listening") !== undefined, 20_000);
		end();
		await eventually(() => exitCode !== undefined, 5000);
		expect(exitCode).toBe(0);
	}
});
