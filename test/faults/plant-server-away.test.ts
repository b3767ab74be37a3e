import { expect, onTestFinished, test } from "vitest";
import { describeWithPeer } from "../helpers/peers.ts";
import { LoadLine } from "./load-line.ts";
import { flowing } from "./outages.ts";
import { agentIs, counter, expectWhole } from "./whole.ts";

describeWithPeer("mosquitto", "a backlog of a unit whose plant server is gone", (mosquitto) => {
	test("is stored whole when the collector comes back", async () => {
		const line = new LoadLine({ tags: 100 });
		onTestFinished(() => line.stop());
		await line.start(mosquitto, { rate: 500 });
		await flowing(line);
		await line.collector.kill();
		await agentIs(line, ({ delivery }) => delivery.unconfirmedRecords > 8, 20_000);
		const { produced } = await line.halt();
		// Every counter value and the unit's phase.
		await expect
			.poll(() => counter(line.agentUrl, "pilotline_agent_samples_total"), { timeout: 10_000 })
			.toBe(produced + 1);
		await line.load.kill();
		await agentIs(line, ({ servers }) => servers.every(({ connected }) => !connected), 15_000);
		line.collector.start();
		await expectWhole(line, 30_000);
	});
});
