import { expect, test } from "vitest";
import { Mosquitto } from "../helpers/mosquitto.ts";
import { describeWithPeer } from "../helpers/peers.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { publishingAgent } from "./publisher-rig.ts";
import { ScriptedHost } from "./scripted-host.ts";

const soon = { timeout: 20_000 };

async function twoServers(program: string) {
	const brokers = [await Mosquitto.start(program), await Mosquitto.start(program)] as const;
	const hosts = [
		await ScriptedHost.connect(brokers[0].url),
		await ScriptedHost.connect(brokers[1].url),
	] as const;
	return { brokers, hosts, urls: brokers.map(({ url }) => url) };
}

describeWithPeer("mosquitto", "the publisher and its primary host", (program) => {
	test("nothing is published before the primary host is online [tck-id-message-flow-edge-node-birth-publish-phid-wait, tck-id-message-flow-edge-node-birth-publish-phid-wait-online]", async () => {
		const broker = await Mosquitto.start(program);
		const host = await ScriptedHost.connect(broker.url);
		const agent = await publishingAgent({
			folder: temporaryFolder(),
			brokerUrl: broker.url,
			primary: true,
		});
		await agent.publisher.start();
		await expect.poll(() => agent.counted("broker_connections_total"), soon).toBe(1);
		// Another host's word, a rebirth that somebody asks for, and an offline do not count.
		await host.say(true, Date.now(), "someone-else");
		await host.command({ name: "Node Control/Rebirth", datatype: 11, boolean_value: true });
		await host.say(false, 5_000);
		await host.say(true, 4_999);
		await new Promise((resolve) => setTimeout(resolve, 1_500));
		expect(host.seen).toEqual([]);
		await host.say(true, 5_000);
		await expect.poll(() => host.types.slice(0, 2), soon).toEqual(["NBIRTH", "DBIRTH"]);
	});

	test("when it goes offline: NDEATH with the bdSeq of the birth, DISCONNECT, and births again when it returns [tck-id-operational-behavior-edge-node-termination-host-offline]", async () => {
		const broker = await Mosquitto.start(program);
		const host = await ScriptedHost.connect(broker.url);
		await host.say(true, 1_000);
		const agent = await publishingAgent({
			folder: temporaryFolder(),
			brokerUrl: broker.url,
			primary: true,
		});
		await agent.publisher.start();
		await expect.poll(() => host.types, soon).toContain("DBIRTH");
		// A late will of an earlier session.
		await host.say(false, 999);
		agent.cycle(1);
		await expect.poll(() => host.records, soon).toContain("1001:2");
		await host.say(false, 1_000);
		await expect.poll(() => host.ofType("NDEATH"), soon).toEqual([expect.objectContaining({ bdSeq: 0 })]);
		await expect.poll(() => agent.counted("broker_connections_total"), soon).toBe(2);
		expect(host.types.at(-1)).toBe("NDEATH");
		await host.say(true, 1_001);
		await expect.poll(() => host.ofType("NBIRTH").map(({ bdSeq }) => bdSeq), soon).toEqual([0, 1]);
		expect(host.ofType("NDEATH")).toHaveLength(1);
	});

	test("with several servers it goes on to the one where the primary host is, and is on one at a time [tck-id-operational-behavior-edge-node-termination-host-offline-reconnect]", async () => {
		const { urls, hosts } = await twoServers(program);
		await hosts[0].say(true, 1_000);
		const agent = await publishingAgent({
			folder: temporaryFolder(),
			...{ brokerUrl: urls[0] ?? "", brokerUrls: urls, primary: true },
		});
		await agent.publisher.start();
		await expect.poll(() => hosts[0].types, soon).toContain("DBIRTH");
		await hosts[1].say(true, 500);
		await hosts[0].say(false, 1_001);
		await expect.poll(() => hosts[1].types, soon).toContain("DBIRTH");
		expect(hosts[0].types.at(-1)).toBe("NDEATH");
		expect(agent.publisher.url).toBe(urls[1]);
		agent.cycle(7);
		await expect.poll(() => hosts[1].records, soon).toContain("1001:2");
		expect(hosts[1].types.slice(0, 2)).toEqual(["NBIRTH", "DBIRTH"]);
		expect(hosts[1].ofType("NBIRTH").map(({ bdSeq }) => bdSeq)).toEqual([1]);
	});

	test("a server that dies is left for the next, and that one for the first again", async () => {
		const { brokers, urls, hosts } = await twoServers(program);
		for (const host of hosts) await host.say(true);
		const agent = await publishingAgent({
			folder: temporaryFolder(),
			...{ brokerUrl: urls[0] ?? "", brokerUrls: urls },
		});
		await agent.publisher.start();
		await expect.poll(() => hosts[0].types, soon).toContain("DBIRTH");
		await brokers[0].kill();
		await expect.poll(() => hosts[1].types, soon).toContain("DBIRTH");
		await brokers[0].start();
		const back = await ScriptedHost.connect(brokers[0].url);
		await brokers[1].kill();
		await expect.poll(() => back.types, soon).toContain("DBIRTH");
		expect(back.ofType("NBIRTH").map(({ bdSeq }) => bdSeq)).toEqual([2]);
	});

	test.each([
		["3.1.1", 1],
		["5.0", 2],
	] as const)(
		"MQTT %s: a clean end says NDEATH, and under 5.0 DISCONNECT asks for the will besides [tck-id-operational-behavior-edge-node-intentional-disconnect-ndeath, tck-id-payloads-ndeath-will-message-publisher-disconnect-mqtt311, tck-id-payloads-ndeath-will-message-publisher-disconnect-mqtt50]",
		async (protocol, deaths) => {
			const broker = await Mosquitto.start(program);
			const host = await ScriptedHost.connect(broker.url);
			const agent = await publishingAgent({ folder: temporaryFolder(), brokerUrl: broker.url, protocol });
			await agent.publisher.start();
			await expect.poll(() => host.types, soon).toContain("DBIRTH");
			await agent.publisher.stop();
			await expect.poll(() => host.ofType("NDEATH").length, soon).toBe(deaths);
			// What is published behind it arrives behind it: no further death.
			await host.say(true, 77);
			await new Promise((resolve) => setTimeout(resolve, 200));
			expect(host.ofType("NDEATH").map(({ bdSeq }) => bdSeq)).toEqual(Array(deaths).fill(0));
		},
	);
});
