import { onTestFinished, test } from "vitest";
import { describeWithPeer } from "../helpers/peers.ts";
import { LoadLine } from "./load-line.ts";
import { collectorReconnectsAfter, frozen, reconnectsAfter, without } from "./outages.ts";
import { expectWhole } from "./whole.ts";

const minuteMs = 60_000;

describeWithPeer("mosquitto", "long outages", (mosquitto) => {
	const lineOf = async (rate: number): Promise<LoadLine> => {
		const line = new LoadLine({ tags: 100 });
		onTestFinished(() => line.stop());
		await line.start(mosquitto, { rate });
		return line;
	};

	for (const part of ["broker", "collector"] as const) {
		test(`ten minutes without a ${part}`, { timeout: 15 * minuteMs }, async () => {
			const line = await lineOf(1_000);
			await without(line, part, 10 * minuteMs, 2 * minuteMs);
			await expectWhole(line);
		});
	}

	test("agent, collector and broker stand still for twenty seconds each", {
		timeout: 5 * minuteMs,
	}, async () => {
		const line = await lineOf(500);
		await frozen(line, "collector", 20_000);
		await frozen(line, "broker", 20_000);
		await frozen(line, "agent", 20_000);
		await expectWhole(line);
	});

	test("a half-open connection is noticed by the keep-alive that plants have", {
		timeout: 5 * minuteMs,
	}, async () => {
		const line = await lineOf(500);
		const noticedWithinMs = 1.5 * 15_000 + 12_000;
		await reconnectsAfter(line, () => line.agentWire.halfOpen(), noticedWithinMs);
		await reconnectsAfter(line, () => line.agentWire.halfOpen(["toServer"]), noticedWithinMs);
		await reconnectsAfter(line, () => line.agentWire.halfOpen(["toClient"]), noticedWithinMs);
		await collectorReconnectsAfter(line, () => line.collectorWire.halfOpen(), noticedWithinMs);
		await collectorReconnectsAfter(line, () => line.collectorWire.halfOpen(["toServer"]), noticedWithinMs);
		await collectorReconnectsAfter(line, () => line.collectorWire.halfOpen(["toClient"]), noticedWithinMs);
		await expectWhole(line);
	});
});
