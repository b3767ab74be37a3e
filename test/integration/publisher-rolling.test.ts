import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { Mosquitto } from "../helpers/mosquitto.ts";
import { describeWithPeer } from "../helpers/peers.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { publishingAgent } from "./publisher-rig.ts";
import { ScriptedHost } from "./scripted-host.ts";

const soon = { timeout: 15_000 };

async function line(program: string) {
	const broker = await Mosquitto.start(program);
	const host = await ScriptedHost.connect(broker.url);
	await host.say(true);
	const agent = await publishingAgent({ folder: temporaryFolder(), brokerUrl: broker.url, rolling: true });
	return { broker, host, agent };
}

describeWithPeer("mosquitto", "the publisher, with a host that confirms nothing", (program) => {
	test("leaves it half a second to read births before data comes", async () => {
		const { host, agent } = await line(program);
		agent.cycle(1);
		await agent.publisher.start();
		await expect.poll(() => host.records, soon).toContain("1001:2");
		const born = host.ofType("DBIRTH")[0]?.atMs ?? Number.NaN;
		const data = host.seen.find(({ offset }) => offset !== undefined)?.atMs ?? Number.NaN;
		expect(data - born).toBeGreaterThan(400);
	});

	test("goes on sending however often births are asked for", async () => {
		const { host, agent } = await line(program);
		await agent.publisher.start();
		await expect.poll(() => host.types, soon).toContain("DBIRTH");
		for (let n = 0; n < 40; n++) {
			agent.cycle(n);
			await host.command({ name: "Node Control/Rebirth", datatype: 11, boolean_value: true });
			await pause(50);
		}
		const among = host.records.length;
		expect(among).toBeGreaterThan(1);
		await expect.poll(() => host.records.at(-1), soon).toBe("1001:41");
		expect(new Set(host.records).size).toBe(41);
	});
});
