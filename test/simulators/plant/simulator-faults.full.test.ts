import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { systemClock } from "../../../common/runtime/clock.ts";
import { simulatorSchema } from "../../../simulators/plant/config.ts";
import type { ServerName } from "../../../simulators/plant/pipeline.ts";
import { Simulator } from "../../../simulators/plant/simulator.ts";
import { eventually } from "./eventually.ts";
import { PlantClient } from "./plant-client.ts";

const folder = mkdtempSync(join(tmpdir(), "pilotline-simulator-faults-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const hourMs = 3_600_000;
const stepMs = 60_000;
const free = { port: 0 };

function configured(name: string, more: Record<string, unknown>, line: Record<string, unknown>) {
	return simulatorSchema.parse({
		kind: "simulator",
		schema: 1,
		data_dir: join(folder, name),
		servers: { charge_and_mill: free, dry_and_fire: free, size_and_pack: free, laboratory: free },
		line: { speed: 3600, step_s: stepMs / 1000, wait_for_subscribers: false, ...line },
		...more,
	});
}

test("a configured skew and a dead instrument show from their plant time on, and end with it", async () => {
	const config = configured(
		"skew",
		{
			faults: [{ kind: "dead", tag: "Y800.AT01", from_hours: 1, for_hours: 0.5 }],
			server_faults: [
				{ kind: "clock-skew", server: "size-and-pack", from_hours: 2, for_hours: 0.5, size: 600 },
			],
		},
		{ starts_hours_ago: 3 },
	);
	const simulator = new Simulator({ config, clock: systemClock });
	await simulator.start();
	const beganMs = simulator.line.plantTimeMs;
	const client = new PlantClient(join(folder, "client"));
	await client.connect(simulator.endpoints["size-and-pack"] ?? "");
	await client.subscribe(["Y800.AT01"], { queueSize: 5000 });
	await eventually(() => simulator.line.caughtUp, 20_000);
	await simulator.line.halt();
	const seen = client.received.map(({ dataValue }) => ({
		hour: ((dataValue.sourceTimestamp?.getTime() ?? 0) - beganMs) / hourMs,
		dead: dataValue.statusCode.value === 0x808c0000,
	}));
	await client.close();
	await simulator.stop();
	const dead = seen.filter((one) => one.dead).map(({ hour }) => hour);
	expect(dead.length).toBeGreaterThan(20);
	expect(Math.min(...dead)).toBeGreaterThan(0.95);
	expect(Math.max(...dead)).toBeLessThan(1.55);
	// Ten minutes ahead: the source times jump there, and back.
	const jumps = seen.slice(1).map(({ hour }, index) => hour - (seen[index]?.hour ?? 0));
	expect(Math.max(...jumps)).toBeCloseTo(11 / 60, 2);
	expect(Math.min(...jumps)).toBeCloseTo(-9 / 60, 2);
});

test("a cut, a restart and an overflow hit the server that they name, at their plant time, and the line goes on", async () => {
	const config = configured(
		"cuts",
		{
			server_faults: [
				{ kind: "lost-connection", server: "charge-and-mill", from_hours: 1 },
				{ kind: "restart", server: "dry-and-fire", from_hours: 1 },
				{ kind: "overflow", server: "size-and-pack", from_hours: 1, size: 6000 },
			],
		},
		{ starts_hours_ago: 3, speed: 2700 },
	);
	const failed: unknown[] = [];
	const simulator = new Simulator({
		config,
		clock: systemClock,
		events: { onFailed: (error) => failed.push(error) },
	});
	await simulator.start();
	const beganMs = simulator.line.plantTimeMs;
	const { endpoints } = simulator;
	const watch = async (server: ServerName, nodeId: string) => {
		const client = new PlantClient(join(folder, "client"));
		await client.connect(endpoints[server] ?? "");
		await client.subscribe([nodeId], { queueSize: 5000 });
		return client;
	};
	const cut = await watch("charge-and-mill", "U200.Heartbeat");
	const restarted = await watch("dry-and-fire", "U500.Heartbeat");
	const flooded = await watch("size-and-pack", "J600.PT01");
	const untouched = await watch("laboratory", "L900.Heartbeat");
	await eventually(() => simulator.line.caughtUp, 20_000);
	await simulator.line.halt();
	const lastMs = simulator.line.plantTimeMs;
	const timesOf = (client: PlantClient) =>
		client.received.map(({ dataValue }) => dataValue.sourceTimestamp?.getTime() ?? Number.NaN);
	const arrived = (client: PlantClient) => timesOf(client).at(-1) === lastMs;
	await eventually(() => arrived(cut) && arrived(restarted) && arrived(untouched), 15_000);

	// A cut loses nothing: the session lives on, and its queues with it.
	const steps = (client: PlantClient) =>
		timesOf(client)
			.slice(1)
			.map((time, index) => time - (timesOf(client)[index] ?? 0));
	expect(cut.lost).toBe(1);
	expect(new Set(steps(cut))).toEqual(new Set([stepMs]));

	// A restart does: sessions are gone, and what was written meanwhile. It was counted all the same.
	expect(failed).toEqual([]);
	expect(restarted.lost).toBeGreaterThan(0);
	const hole = steps(restarted).findIndex((step) => step > stepMs);
	const holeHour = ((timesOf(restarted)[hole] ?? 0) - beganMs) / hourMs;
	expect(holeHour).toBeGreaterThan(0.9);
	expect(holeHour).toBeLessThan(1.2);
	const counted = simulator.line.producedByTag()["U500/Heartbeat"] ?? 0;
	expect(counted).toBe((lastMs - beganMs) / stepMs + 1);
	expect(new Set(timesOf(restarted)).size).toBeLessThan(counted);

	// Twelve hundred values too many for any queue, and the client is told so.
	const flags = flooded.received.map(({ dataValue }) => (dataValue.statusCode.value & 0x480) === 0x480);
	expect(flags.filter(Boolean).length).toBeGreaterThan(0);
	expect(flooded.received.length).toBeGreaterThan(4000);
	expect(flooded.received.length).toBeLessThan(6000);

	// The others saw nothing of it.
	expect(untouched.lost).toBe(0);
	expect(new Set(steps(untouched))).toEqual(new Set([stepMs]));
	for (const client of [cut, restarted, flooded, untouched]) await client.close().catch(() => {});
	await simulator.stop();
}, 45_000);
