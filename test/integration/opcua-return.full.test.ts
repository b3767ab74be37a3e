import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { SmallOpcuaServer } from "./small-opcua-server.ts";
import { sourceConfig, sourceOf } from "./source-rig.ts";

const soon = { timeout: 120_000 };
const startMs = Date.UTC(2026, 0, 5, 6);

test("the preferred server is taken again when it has been healthy for long enough", {
	timeout: 180_000,
}, async () => {
	const servers = [new SmallOpcuaServer(temporaryFolder()), new SmallOpcuaServer(temporaryFolder())] as const;
	const [first, second] = servers;
	for (const server of servers) {
		await server.start();
		onTestFinished(() => server.stop());
	}
	const write = (temperature: number) => {
		for (const server of servers) server.write("TT01", temperature, startMs + temperature * 1_000);
	};
	write(1);
	const [preferred, other] = servers.map(({ port }) => `opc.tcp://127.0.0.1:${port}`) as [string, string];
	const rig = await sourceOf(
		sourceConfig(first.port, { server: { further_endpoints: [other], return_after_s: 20 } }),
	);
	rig.source.start();
	await expect.poll(() => rig.of("TT01").length, soon).toBe(1);
	await first.stop();
	await expect.poll(() => rig.source.state(), soon).toMatchObject({ endpoint: other, connected: true });
	await first.start();
	const backMs = Date.now();
	await expect.poll(() => rig.source.state(), soon).toMatchObject({ endpoint: preferred, connected: true });
	expect(Date.now() - backMs).toBeGreaterThan(20_000);
	write(2);
	await expect.poll(() => rig.of("TT01").at(-1), soon).toMatchObject({ status: 0, value: 2 });
	expect(second.clientHandles()).toEqual([]);
});
