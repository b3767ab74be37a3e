import { onTestFinished, test } from "vitest";
import { describeWithPeer } from "../helpers/peers.ts";
import { LoadLine } from "./load-line.ts";
import { collectorReconnectsAfter, flowing, reconnectsAfter } from "./outages.ts";
import { expectWhole, pause } from "./whole.ts";

const keepAliveS = 2;
/** One and a half times the keep-alive, the first attempt to connect, and what two shared cores add. */
const noticedWithinMs = 9_000;

describeWithPeer("mosquitto", "connections to the broker that break in every way", (mosquitto) => {
	test("half-open ones are noticed by keep-alive, all are made again, and every value is stored once", async () => {
		const line = new LoadLine({ tags: 100 });
		onTestFinished(() => line.stop());
		await line.start(mosquitto, {
			rate: 500,
			agentFile: ({ broker }) => {
				broker.keepalive_s = keepAliveS;
			},
			collectorFile: ({ broker }) => {
				broker.keepalive_s = keepAliveS;
			},
		});
		const { agentWire, collectorWire } = line;
		await reconnectsAfter(line, () => agentWire.halfOpen(), noticedWithinMs);
		await collectorReconnectsAfter(line, () => collectorWire.halfOpen(), noticedWithinMs);
		// The middle of a packet is the last that the broker hears.
		await reconnectsAfter(line, () => agentWire.truncateAfter("toServer", 100), noticedWithinMs);
		await collectorReconnectsAfter(line, () => collectorWire.reset(), noticedWithinMs);
		await flowing(line);
		agentWire.stall(["toServer"]);
		await pause(1_000);
		agentWire.resume();
		await expectWhole(line);
	});
});
