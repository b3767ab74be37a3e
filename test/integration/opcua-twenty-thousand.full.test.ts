import { DataType } from "node-opcua";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { SmallOpcuaServer } from "./small-opcua-server.ts";
import { sourceConfig, sourceOf } from "./source-rig.ts";

const count = 20_000;
const names = Array.from({ length: count }, (_, index) => `N${index}`);
const startMs = Date.UTC(2026, 0, 5, 6);

test(`${count} tags of a local server: the first value of the last one is there within 10 s`, {
	timeout: 120_000,
}, async () => {
	const server = new SmallOpcuaServer(
		temporaryFolder(),
		Object.fromEntries(names.map((name) => [name, DataType.Double])),
	);
	await server.start();
	onTestFinished(() => server.stop());
	for (const [index, name] of names.entries()) server.write(name, index, startMs);
	const config = sourceConfig(server.port, {
		tags: names.map((name) => ({ name, node: `s=${name}`, type: "Double" })),
	});
	const device = config.devices[0];
	if (device !== undefined) device.tags = device.tags.slice(4);
	const { source, taken } = await sourceOf(config);
	const startedMs = performance.now();
	source.start();
	await expect.poll(() => taken.length, { timeout: 60_000, interval: 20 }).toBe(count);
	const tookMs = performance.now() - startedMs;
	process.stderr.write(`first value of the last of ${count} tags after ${Math.round(tookMs)} ms\n`);
	expect(tookMs).toBeLessThan(10_000);
	expect(source.state()).toMatchObject({ tags: count, tagsSubscribed: count });
});
