import { expect, onTestFinished, test } from "vitest";
import type { LaboratoryAnswer } from "../../collector/laboratory-port.ts";
import { lotTests } from "../../simulators/plant/model/laboratory-tests.ts";
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
		// Whole laboratory results stand beside what the line counts, as a device of their own.
		const counted = (tags: Record<string, number>) =>
			Object.fromEntries(Object.entries(tags).filter(([tag]) => !tag.startsWith("L900-results/")));
		const sum = (tags: Record<string, number>) => Object.values(tags).reduce((all, count) => all + count, 0);
		const stored = await line.until<{ tags: Record<string, number> }>(
			"/api/v1/counts",
			({ tags }) => sum(counted(tags)) >= produced,
			60_000,
		);
		expect(counted(stored.tags), `seed ${seed}`).toEqual(producedByTag);
		// Each value of a test but the one that a server begins with is a result.
		const values = lotTests.map(({ id }) => (producedByTag[`L900/${id}`] ?? 0) - 1);
		const reported = values.reduce((all, count) => all + count, 0);
		const laboratory = await line.until<LaboratoryAnswer>(
			"/api/v1/laboratory?limit=5000",
			({ results }) => results.length >= reported,
			20_000,
		);
		expect(reported).toBeGreaterThan(10);
		expect([laboratory.results.length, laboratory.refused], `seed ${seed}`).toEqual([reported, []]);
		const { gaps } = await line.until<{ gaps: unknown[] }>("/api/v1/gaps", () => true, 5_000);
		expect(gaps).toEqual([]);
	});
});
