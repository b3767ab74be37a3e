import { onTestFinished, test } from "vitest";
import { describeWithPeer } from "../helpers/peers.ts";
import { LoadLine } from "./load-line.ts";
import { flowing } from "./outages.ts";
import { agentIs, expectExplained, pause } from "./whole.ts";

describeWithPeer("mosquitto", "a plant server that stands still", (mosquitto) => {
	test("longer than every timeout: noticed within 15 s, followed again within 10 s, and nothing of it is lost", {
		timeout: 5 * 60_000,
	}, async () => {
		const line = new LoadLine({ tags: 200 });
		onTestFinished(() => line.stop());
		await line.start(mosquitto, { rate: 1_000 });
		await flowing(line);
		line.load.freeze();
		const frozenMs = performance.now();
		await agentIs(line, ({ servers }) => servers.every(({ connected }) => !connected), 15_000);
		const noticedMs = performance.now() - frozenMs;
		// Sessions time out after 60 s, idle connections too.
		await pause(90_000);
		line.load.thaw();
		const thawedMs = performance.now();
		await agentIs(line, ({ servers }) => servers.every(({ connected }) => connected), 10_000);
		process.stderr.write(
			`frozen: noticed after ${Math.round(noticedMs)} ms, back ${Math.round(performance.now() - thawedMs)} ms after the thaw\n`,
		);
		await flowing(line);
		await expectExplained(line, undefined);
	});
});
