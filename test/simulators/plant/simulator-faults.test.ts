import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { systemClock } from "../../../common/runtime/clock.ts";
import { simulatorSchema } from "../../../simulators/plant/config.ts";
import { Simulator } from "../../../simulators/plant/simulator.ts";
import { eventually } from "./eventually.ts";
import { PlantClient } from "./plant-client.ts";

const folder = mkdtempSync(join(tmpdir(), "pilotline-simulator-faults-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const hourMs = 3_600_000;

test("a configured skew and a dead instrument show from their plant time on, and end with it", async () => {
	const free = { port: 0 };
	const config = simulatorSchema.parse({
		kind: "simulator",
		schema: 1,
		data_dir: join(folder, "data"),
		servers: { charge_and_mill: free, dry_and_fire: free, size_and_pack: free, laboratory: free },
		line: { starts_hours_ago: 3, speed: 3600, step_s: 60, wait_for_subscribers: false },
		faults: [{ kind: "dead", tag: "Y800.AT01", from_hours: 1, for_hours: 0.5 }],
		server_faults: [
			{ kind: "clock-skew", server: "size-and-pack", from_hours: 2, for_hours: 0.5, size: 600 },
		],
	});
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
