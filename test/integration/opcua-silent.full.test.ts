import { DataType } from "node-opcua";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { SmallOpcuaServer } from "./small-opcua-server.ts";
import { sourceConfig, sourceOf } from "./source-rig.ts";

const soon = { timeout: 20_000 };
const nowMs = Date.UTC(2026, 0, 5, 6);

test("when more tags are silent than are read in a second, the others are read in the next one, and that is counted", {
	timeout: 60_000,
}, async () => {
	const names = Array.from({ length: 1_200 }, (_, index) => `N${index}`);
	const many = new SmallOpcuaServer(
		temporaryFolder(),
		Object.fromEntries(names.map((name) => [name, DataType.Double])),
	);
	await many.start();
	onTestFinished(() => many.stop());
	for (const name of names) many.write(name, 1, nowMs);
	const own = { deadband: 5, longest_silence_s: 1 };
	const config = sourceConfig(many.port, { server: own });
	for (const device of config.devices)
		device.tags = names.map((name) => ({ name, node: `s=${name}`, type: "Double" as const }));
	const rig = await sourceOf(config);
	rig.source.start();
	await expect.poll(() => rig.taken.length, soon).toBe(1_200);
	for (const name of names) many.write(name, 2, nowMs + 1);
	await expect.poll(() => rig.taken.length, soon).toBe(2_400);
	expect(new Set(rig.taken.slice(1_200).map(({ tag, value }) => `${tag} ${value}`))).toEqual(
		new Set(names.map((name) => `${name} 2`)),
	);
	const waited = await rig.telemetry.registry
		.getSingleMetric("pilotline_agent_silent_tags_waited_total")
		?.get();
	expect(waited?.values[0]?.value).toBeGreaterThan(0);
});
