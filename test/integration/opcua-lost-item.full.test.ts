import { DataType } from "node-opcua";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { SmallOpcuaServer } from "./small-opcua-server.ts";
import { sourceConfig, sourceOf } from "./source-rig.ts";

const soon = { timeout: 25_000 };
const startMs = Date.UTC(2026, 0, 5, 6);
const names = Array.from({ length: 500 }, (_, index) => `N${index}`);
const tags = names.map((name) => ({ name, node: `s=${name}`, type: "Double" }));
const nodes = Object.fromEntries([...names, "Late"].map((name) => [name, DataType.Double]));

/** A server with 500 variables that can do so much, and a source that reads them all. */
async function line(capabilities: object, further: readonly object[] = []) {
	const server = new SmallOpcuaServer(temporaryFolder(), nodes, capabilities);
	await server.start();
	onTestFinished(() => server.stop());
	for (const [index, name] of names.entries()) server.write(name, index, startMs);
	const config = sourceConfig(server.port, {
		tags: [...tags, ...further],
		server: { verify_after_s: 2 },
	});
	const device = config.devices[0];
	if (device !== undefined) device.tags = device.tags.slice(4);
	return { server, ...(await sourceOf(config)) };
}

test("an item that the server has lost without a word is found by its silence, and watched again", async () => {
	const { server, source, taken, of } = await line({});
	source.start();
	await expect.poll(() => taken.length, soon).toBe(500);
	// Handles count from 1 in the order of the tags.
	server.loseItem(8);
	server.write("N7", 70, startMs + 1_000);
	await expect
		.poll(() => of("N7").at(-1), soon)
		.toMatchObject({ status: 0, value: 70, sourceMs: startMs + 1_000 });
	server.write("N7", 71, startMs + 2_000);
	await expect.poll(() => of("N7").at(-1)?.value, soon).toBe(71);
	expect(taken).toHaveLength(502);
});
