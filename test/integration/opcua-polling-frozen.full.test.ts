import { expect, onTestFinished, test } from "vitest";
import { statusCodes } from "../../common/contract/status.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { wireTo } from "../helpers/wire.ts";
import { SmallOpcuaServer } from "./small-opcua-server.ts";
import { sourceConfig, sourceOf } from "./source-rig.ts";

const soon = { timeout: 40_000 };
const startMs = Date.UTC(2026, 0, 5, 6);

test.each([100, 30_000])(
	"a server that freezes while it is polled every %i ms is noticed within 15 s, and polled again when it is back",
	{ timeout: 90_000 },
	async (interval_ms) => {
		const server = new SmallOpcuaServer(temporaryFolder());
		onTestFinished(() => server.stop());
		await server.start();
		const write = (temperature: number) => {
			const atMs = startMs + temperature * 1_000;
			server.write("TT01", temperature, atMs);
			server.write("Count", [0, 1], atMs);
			server.write("Mode", "IDLE", atMs);
			server.write("Heartbeat", new Date(atMs), atMs);
		};
		write(1);
		const wire = await wireTo(server.port);
		const rig = await sourceOf(sourceConfig(wire.port, { server: { polling: { interval_ms } } }));
		rig.source.start();
		await expect.poll(() => rig.of("TT01").length, soon).toBe(1);
		wire.delayMs = 3_600_000;
		const frozenMs = Date.now();
		await expect.poll(() => rig.of("TT01").at(-1)?.status, soon).toBe(statusCodes.BadNoCommunication);
		expect(Date.now() - frozenMs).toBeLessThan(15_000);
		wire.delayMs = 0;
		wire.cut();
		write(2);
		await expect.poll(() => rig.of("TT01").at(-1), soon).toMatchObject({ status: 0, value: 2 });
		expect(rig.gaps).toMatchObject([{ cause: "server_unreachable" }]);
	},
);
