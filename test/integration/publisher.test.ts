import { connectAsync } from "mqtt";
import { expect, onTestFinished, test } from "vitest";
import { Mosquitto } from "../helpers/mosquitto.ts";
import { describeWithPeer } from "../helpers/peers.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { wireTo } from "../helpers/wire.ts";
import { publishingAgent } from "./publisher-rig.ts";
import { ScriptedHost } from "./scripted-host.ts";

const soon = { timeout: 15_000 };

async function line(program: string) {
	const broker = await Mosquitto.start(program);
	const host = await ScriptedHost.connect(broker.url);
	return { broker, host, folder: temporaryFolder() };
}

describeWithPeer("mosquitto", "the publisher, with a host that does what a test says", (program) => {
	test("is born with sequence 0, and sends data only while the host says that it is online [tck-id-message-flow-edge-node-birth-publish-phid-wait]", async () => {
		const { broker, host, folder } = await line(program);
		const agent = await publishingAgent({ folder, brokerUrl: broker.url });
		await agent.publisher.start();
		agent.cycle(1, 2, 3);
		// Two messages about what is held prove that a second has passed in which data could have come.
		await expect.poll(() => host.ofType("NDATA").length, soon).toBeGreaterThanOrEqual(2);
		expect(host.types.slice(0, 2)).toEqual(["NBIRTH", "DBIRTH"]);
		expect(host.records).toEqual([]);
		expect(host.seen.map(({ seq }) => seq)).toEqual(host.seen.map((_, index) => index));
		expect(host.ofType("NDATA").at(-1)?.held).toEqual([{ epoch: 1_001, first: 1, next: 3 }]);

		await host.say(true);
		await expect.poll(() => host.records, soon).toEqual(["1001:1", "1001:2"]);
		expect(host.ofType("DDATA").find(({ offset }) => offset === 2)).toMatchObject({
			device: "F500",
			values: [1, 2, 3],
		});

		await host.say(false);
		await expect.poll(() => agent.delivery.hostsOnline, soon).toEqual([]);
		agent.cycle(4);
		const before = host.ofType("NDATA").length;
		await expect.poll(() => host.ofType("NDATA").length, soon).toBeGreaterThanOrEqual(before + 2);
		expect(host.records).toEqual(["1001:1", "1001:2"]);
	});

	test("a late will of an earlier session of the host does not silence it [tck-id-operational-behavior-edge-node-termination-host-offline-timestamp]", async () => {
		const { broker, host, folder } = await line(program);
		const agent = await publishingAgent({ folder, brokerUrl: broker.url });
		await host.say(true, 2_000_000);
		await agent.publisher.start();
		await expect.poll(() => host.records, soon).toEqual(["1001:1"]);
		await host.say(false, 1_999_999);
		agent.cycle(1);
		await expect.poll(() => host.records, soon).toContain("1001:2");
		expect(agent.delivery.hostsOnline).toEqual(["collector"]);
	});

	test("a host whose clock went back is served all the same", async () => {
		const { broker, host, folder } = await line(program);
		const agent = await publishingAgent({ folder, brokerUrl: broker.url });
		await host.say(true, 2_000_000);
		await agent.publisher.start();
		await expect.poll(() => host.records, soon).toEqual(["1001:1"]);
		await host.say(false, 2_000_001);
		await expect.poll(() => agent.delivery.hostsOnline, soon).toEqual([]);
		await host.say(true, 1_000_000);
		await expect.poll(() => agent.delivery.hostsOnline, soon).toEqual(["collector"]);
	});

	test("what nobody confirms is sent again, what is confirmed is not, and whole segments are forgotten", async () => {
		const { broker, host, folder } = await line(program);
		const agent = await publishingAgent({ folder, brokerUrl: broker.url, resendAfterMs: 1_000 });
		await host.say(true);
		await agent.publisher.start();
		await expect.poll(() => host.records, soon).toContain("1001:1");
		await host.confirm(1_001, 1);
		// About 5 kB each: some twenty records, two segments.
		for (let record = 0; record < 20; record++)
			agent.cycle(...Array.from({ length: 500 }, (_, index) => index / 3));
		await expect
			.poll(() => host.records.filter((record) => record === "1001:21").length, soon)
			.toBeGreaterThanOrEqual(2);
		expect(await agent.counted("records_resent_total")).toBeGreaterThanOrEqual(20);
		expect(agent.journal.stats().segments).toBeGreaterThan(1);
		expect(agent.journal.held()[0]?.first).toBe(1);

		await host.confirm(1_001, 21);
		await expect.poll(() => agent.delivery.outstandingBytes, soon).toBe(0);
		expect(agent.journal.stats().segments).toBe(1);
		expect(agent.journal.held()[0]?.first).toBeGreaterThan(1);
		const sent = host.records.length;
		const held = host.ofType("NDATA").length;
		await expect.poll(() => host.ofType("NDATA").length, soon).toBeGreaterThanOrEqual(held + 3);
		expect(host.records).toHaveLength(sent);
		expect(host.ofType("NDATA").at(-1)?.held).toEqual(
			agent.journal.held().map(({ epoch, first, next }) => ({ epoch, first, next })),
		);
	});

	test("keeps to its window, to one message more at most, until the host confirms", async () => {
		const { broker, host, folder } = await line(program);
		const agent = await publishingAgent({ folder, brokerUrl: broker.url, windowBytes: 30_000 });
		for (let record = 0; record < 30; record++)
			agent.cycle(...Array.from({ length: 300 }, (_, index) => index / 3));
		await expect.poll(() => agent.journal.durable.offset, soon).toBe(31);
		await host.say(true);
		await agent.publisher.start();
		await expect.poll(() => agent.delivery.outstandingBytes, soon).toBeGreaterThanOrEqual(30_000);
		await expect.poll(() => host.ofType("NDATA").length, soon).toBeGreaterThanOrEqual(2);
		expect(agent.delivery.outstandingBytes).toBeLessThan(40_000);
		for (let offset = 1; offset <= 31; offset++) {
			await expect.poll(() => host.records, soon).toContain(`1001:${offset}`);
			await host.confirm(1_001, offset);
		}
		expect(host.records).toHaveLength(31);
	});

	test("sends again from a record that the host asks for; a stranger gets nothing, and is counted", async () => {
		const { broker, host, folder } = await line(program);
		const agent = await publishingAgent({ folder, brokerUrl: broker.url });
		await host.say(true);
		await agent.publisher.start();
		for (let record = 2; record <= 5; record++) agent.cycle(record);
		await expect.poll(() => host.records, soon).toHaveLength(5);
		await host.resend(1_001, 4);
		await expect.poll(() => host.records.slice(5), soon).toEqual(["1001:4", "1001:5"]);
		await host.resend(1_001, 1, "stranger");
		await host.confirm(1_001, 5, "stranger");
		await host.confirm(1_001, 2 ** 53 - 1);
		await host.confirm(77, 1);
		await host.command({ name: "F500/Setpoint", double_value: 1 });
		await expect.poll(() => agent.counted("commands_refused_total"), soon).toBe(5);
		expect(host.records).toHaveLength(7);
		expect(agent.delivery.lowWater(agent.journal.held())).toEqual({ chain: 1, offset: 1 });
	});

	test("a rebirth comes when it is asked for, with the same bdSeq and sequence 0; what the host has missed it asks for [tck-id-operational-behavior-data-commands-rebirth-action-1]", async () => {
		const { broker, host, folder } = await line(program);
		const agent = await publishingAgent({ folder, brokerUrl: broker.url });
		await host.say(true);
		await agent.publisher.start();
		agent.cycle(1);
		await expect.poll(() => host.records.toSorted(), soon).toEqual(["1001:1", "1001:2"]);
		await host.confirm(1_001, 1);
		await expect.poll(() => agent.delivery.lowWater(agent.journal.held()).offset, soon).toBe(2);
		await host.command({ name: "Node Control/Rebirth", boolean_value: true });
		await expect.poll(() => host.ofType("NBIRTH"), soon).toHaveLength(2);
		await host.resend(1_001, 2);
		await expect.poll(() => host.records.slice(2), soon).toEqual(["1001:2"]);
		const [first, second] = host.ofType("NBIRTH");
		expect(second).toMatchObject({ seq: 0, bdSeq: first?.bdSeq });
		const after = host.seen.slice(host.seen.lastIndexOf(second as never));
		expect(after.map(({ seq }) => seq)).toEqual(after.map((_, index) => index));
	});

	test("a broken network: the will has the bdSeq of its birth, the next birth has one more, and nothing is left out [tck-id-topics-nbirth-bdseq-increment]", async () => {
		const { broker, host, folder } = await line(program);
		const wire = await wireTo(broker.port);
		const agent = await publishingAgent({ folder, brokerUrl: `mqtt://127.0.0.1:${wire.port}` });
		await host.say(true);
		await agent.publisher.start();
		await expect.poll(() => host.records, soon).toEqual(["1001:1"]);
		wire.down = true;
		wire.cut();
		await expect.poll(() => host.ofType("NDEATH"), soon).toHaveLength(1);
		for (let record = 2; record <= 6; record++) agent.cycle(record);
		wire.down = false;
		await expect.poll(() => new Set(host.records).size, soon).toBe(6);
		const [first, second] = host.ofType("NBIRTH");
		expect(host.ofType("NDEATH")[0]).toMatchObject({ bdSeq: first?.bdSeq, seq: undefined });
		expect(second?.bdSeq).toBe((first?.bdSeq as number) + 1);
	});

	test("after a restart the records of the earlier epoch come as history, in order, under a birth that knows their tags", async () => {
		const { broker, host, folder } = await line(program);
		const first = await publishingAgent({ folder, brokerUrl: broker.url });
		await first.publisher.start();
		first.cycle(10);
		first.cycle(11);
		await expect.poll(() => first.journal.durable.offset, soon).toBe(3);
		await first.stop();
		await expect.poll(() => host.ofType("NDEATH"), soon).toHaveLength(1);

		const tags = [{ name: "TT01", type: "Int32" }];
		const second = await publishingAgent({ folder, brokerUrl: broker.url, epoch: 2_002, tags });
		await host.say(true);
		await second.publisher.start();
		await expect.poll(() => host.types.at(-1), soon).not.toBe("NDEATH");
		second.cycle(12);
		await expect
			.poll(() => host.records.toSorted(), soon)
			.toEqual(["1001:1", "1001:2", "1001:3", "2002:1", "2002:2"]);
		const data = host.ofType("DDATA").filter(({ offset }) => offset !== undefined);
		expect(data.filter(({ historical }) => historical).map(({ values }) => values)).toEqual([[10], [11]]);
		expect(data.filter(({ historical }) => !historical).map(({ values }) => values)).toEqual([[12]]);
		expect(host.ofType("DBIRTH").at(-1)?.names).toEqual(
			expect.arrayContaining(["TT01", expect.stringMatching(/^TT01@\d+$/)]),
		);
		const [before, after] = host.ofType("NBIRTH");
		expect(after?.bdSeq).toBe((before?.bdSeq as number) + 1);
		expect(after?.held?.map(({ epoch }) => epoch)).toEqual([1_001, 2_002]);
		await host.confirm(1_001, 3);
		await expect.poll(() => second.journal.held().map(({ epoch }) => epoch), soon).toEqual([2_002]);
	});

	test("its messages are QoS 0 and not retained [tck-id-payloads-nbirth-qos, tck-id-payloads-nbirth-retain]", async () => {
		const { broker, host, folder } = await line(program);
		const agent = await publishingAgent({ folder, brokerUrl: broker.url });
		await host.say(true);
		await agent.publisher.start();
		await expect.poll(() => host.records, soon).toEqual(["1001:1"]);
		const late = await connectAsync(broker.url);
		onTestFinished(() => late.endAsync(true));
		const flags: string[] = [];
		late.on("message", (topic, _, { retain, qos }) => flags.push(`${topic.split("/")[2]} ${retain} ${qos}`));
		await late.subscribeAsync("spBv1.0/site/#", { qos: 1 });
		await expect.poll(() => flags.length, soon).toBeGreaterThanOrEqual(2);
		expect(new Set(flags)).toEqual(new Set(["NDATA false 0"]));
	});
});
