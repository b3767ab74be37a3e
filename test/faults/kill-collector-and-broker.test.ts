import { expect, onTestFinished, test } from "vitest";
import { describeWithPeer } from "../helpers/peers.ts";
import { FaultLine } from "./fault-line.ts";
import { seeded } from "./until.ts";

describeWithPeer("mosquitto", "kill -9 under load", (mosquitto) => {
	test("collector and broker killed in random turns: every value of every tag is stored exactly once", async () => {
		const seed = 20_261_123;
		const random = seeded(seed);
		const line = new FaultLine();
		onTestFinished(() => line.stop());
		await line.start(mosquitto, { speed: 2_000, startsHoursAgo: 48 });
		for (let kill = 0; kill < 8; kill++) {
			const before = line.produced;
			await line.until("/healthz", () => true, 20_000);
			await new Promise((resolve) => setTimeout(resolve, 500 + random() * 1_500));
			const victim = random() < 0.5 ? line.collector : line.broker;
			await victim.kill();
			// Now and then nobody is there for a while, and the journal holds what arrives.
			if (random() < 0.4) await new Promise((resolve) => setTimeout(resolve, 1_500));
			victim.start();
			expect(line.produced, `seed ${seed}, kill ${kill}`).toBeGreaterThan(before);
		}
		const { produced, producedByTag } = await line.halt();
		const stored = await line.until<{ total: number; tags: Record<string, number> }>(
			"/api/v1/counts",
			({ total }) => total >= produced,
			60_000,
		);
		expect(stored.tags, `seed ${seed}`).toEqual(producedByTag);
		const { gaps } = await line.until<{ gaps: unknown[] }>("/api/v1/gaps", () => true, 5_000);
		expect(gaps).toEqual([]);
	});
});
