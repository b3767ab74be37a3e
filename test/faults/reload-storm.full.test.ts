import { expect, onTestFinished, test } from "vitest";
import { Seeded } from "../delivery/seeded.ts";
import { describeWithPeer } from "../helpers/peers.ts";
import { type AgentFile, LoadLine } from "./load-line.ts";
import { flowing } from "./outages.ts";
import { counter, expectExplained, pause } from "./whole.ts";

describeWithPeer("mosquitto", "configurations that change again and again", (mosquitto) => {
	test("sixty reloads in a minute and a half, the broker and the plant away in between: each value once, or in a gap", async () => {
		const seed = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000);
		process.stdout.write(`seed ${seed}: TEST_SEED repeats it\n`);
		const random = new Seeded(seed);
		const line = new LoadLine({ tags: 300 });
		onTestFinished(() => line.stop());
		await line.start(mosquitto, { rate: 3_000 });
		await flowing(line);
		const changes: ((file: AgentFile & Record<string, unknown>) => void)[] = [
			(file) => Object.assign(file.servers[0] ?? {}, { publishing_interval_ms: random.from(50, 300) }),
			(file) => Object.assign(file.servers[0] ?? {}, { lateness_ms: random.from(500, 1_500) }),
			(file) => {
				for (const tag of file.devices[0]?.tags ?? []) Object.assign(tag, { eu: `u${random.from(1, 9)}` });
			},
			(file) => Object.assign(file.devices[0] ?? {}, { flatten: { elements_max: random.from(1, 99) } }),
			(file) => Object.assign(file.delivery, { resend_after_ms: random.from(5_000, 20_000) }),
			(file) => Object.assign(file.broker, { keepalive_s: random.from(10, 20) }),
			(file) => void file.devices[0]?.tags.reverse(),
			(file) => Object.assign(file, { nonsense: 1 }),
			(file) => void delete file.nonsense,
		];
		for (let turn = 0; turn < 60; turn++) {
			line.changeAgent((file) => {
				const all = file as AgentFile & Record<string, unknown>;
				changes[random.from(0, changes.length - 1)]?.(all);
			});
			line.agent.hangUp();
			if (turn % 20 === 7) {
				await line.broker.kill();
				await pause(1_500);
				line.broker.start();
			}
			if (turn % 20 === 13) {
				line.load.freeze();
				await pause(1_500);
				line.load.thaw();
			}
			await pause(random.from(300, 2_500));
		}
		line.changeAgent((file) => void delete (file as unknown as Record<string, unknown>).nonsense);
		line.agent.hangUp();
		await flowing(line);
		const applied = await counter(line.agentUrl, "pilotline_agent_reloads_total", { result: "applied" });
		expect(applied).toBeGreaterThan(15);
		expect(await counter(line.agentUrl, "pilotline_agent_reloads_total", { result: "failed" })).toBe(0);
		await expectExplained(line, undefined);
		const causes = new Set(line.store.gaps().map(({ cause }) => cause));
		expect([...causes].filter((cause) => !["reconfigured", "server_unreachable"].includes(cause))).toEqual(
			[],
		);
		expect(causes.has("reconfigured")).toBe(true);
	});
});
