import { expect, onTestFinished, test } from "vitest";
import { describeWithPeer } from "../helpers/peers.ts";
import { LineStore } from "./line-store.ts";
import { type CollectorFile, LoadLine } from "./load-line.ts";
import { flowing } from "./outages.ts";
import { agentIs, expectWhole, pause } from "./whole.ts";

describeWithPeer("mosquitto", "two collectors", (mosquitto) => {
	test("with different ids: both get everything, also the one that was away for a while", async () => {
		const line = new LoadLine({ tags: 50 });
		onTestFinished(() => line.stop());
		await line.start(mosquitto, {
			rate: 500,
			agentFile: (file) => {
				file.hosts = [{ id: "bench" }, { id: "second" }];
			},
		});
		const second = await line.anotherCollector("second", (file: CollectorFile) => {
			file.host = "second";
		});
		const store = new LineStore(second.directory);
		onTestFinished(() => store.close());
		second.process.start();
		await agentIs(
			line,
			({ broker, delivery }) => broker.hostsOnline.length === 2 && delivery.unconfirmedRecords < 10,
			20_000,
		);
		await flowing(line);
		await second.process.kill();
		await pause(4_000);
		// The first one is served while the second one's backlog is kept.
		const stored = line.store.samples();
		await expect.poll(() => line.store.samples(), { timeout: 5_000 }).toBeGreaterThan(stored);
		const { delivery } = await agentIs(line, () => true, 5_000);
		expect(delivery.unconfirmedRecords).toBeGreaterThan(10);
		second.process.start();
		await agentIs(line, ({ delivery }) => delivery.unconfirmedRecords < 10, 20_000);
		await line.collector.kill();
		await pause(2_000);
		line.collector.start();
		await expectWhole(line);
		await expectWhole(line, 10_000, store);
	});

	test("with one id: the second one ends with a coded error within a minute, the first one is not disturbed", async () => {
		const line = new LoadLine({ tags: 50 });
		onTestFinished(() => line.stop());
		await line.start(mosquitto, { rate: 500 });
		await flowing(line);
		const rival = await line.anotherCollector("rival", () => undefined);
		rival.process.start();
		const connections = () => line.collector.log.split('"msg":"broker connected"').length;
		const before = connections();
		const { code } = await rival.process.ended(60_000);
		expect(code, rival.process.log).toBe(1);
		expect(rival.process.log).toContain("HOST_ID_TAKEN");
		// It said nothing in the other one's name and took nothing from it.
		expect(connections()).toBe(before);
		const { broker } = await agentIs(line, () => true, 5_000);
		expect(broker.hostsOnline).toEqual(["bench"]);
		expect(line.agent.log.split('"host":"bench","online":false')).toHaveLength(1);
		await expectWhole(line);
	});

	test("a collector that was killed starts again at once, although its own last words say that it is online", async () => {
		const line = new LoadLine({ tags: 50 });
		onTestFinished(() => line.stop());
		await line.start(mosquitto, { rate: 500 });
		await flowing(line);
		await line.collector.kill();
		line.collector.start();
		await agentIs(
			line,
			({ broker, delivery }) => broker.hostsOnline.includes("bench") && delivery.unconfirmedRecords < 10,
			8_000,
		);
		await expectWhole(line);
	});
});
