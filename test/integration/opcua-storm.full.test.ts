import { expect, test } from "vitest";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { SmallOpcuaServer } from "./small-opcua-server.ts";
import { sourceConfig, sourceOf } from "./source-rig.ts";

const minutes = 10;

test(`a server that drops each session at once sees at most six of them in any of ${minutes} minutes, and is read within 20 s when it stops`, {
	timeout: (minutes + 2) * 60_000,
}, async () => {
	const server = new SmallOpcuaServer(temporaryFolder());
	await server.start();
	const madeMs: number[] = [];
	let isDropping = true;
	server.onSession(() => {
		madeMs.push(performance.now());
		if (isDropping) setTimeout(() => server.loseSessions(), 10);
	});
	const { source, taken } = await sourceOf(sourceConfig(server.port));
	source.start();
	await new Promise((resolve) => setTimeout(resolve, minutes * 60_000));
	const inMinuteFrom = (fromMs: number) => madeMs.filter((ms) => ms >= fromMs && ms < fromMs + 60_000).length;
	process.stderr.write(`storm: ${madeMs.length} sessions in ${minutes} minutes\n`);
	expect(madeMs.length).toBeGreaterThan(3 * minutes);
	for (const fromMs of madeMs) expect(inMinuteFrom(fromMs)).toBeLessThanOrEqual(6);
	isDropping = false;
	await expect.poll(() => source.state().connected && taken.length >= 4, { timeout: 20_000 }).toBe(true);
});
