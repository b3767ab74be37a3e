import { expect, onTestFinished, test } from "vitest";
import { describeWithPeer } from "../helpers/peers.ts";
import { LoadLine } from "./load-line.ts";
import { caughtUp, flowing } from "./outages.ts";
import { counter, expectExplained, pause } from "./whole.ts";

describeWithPeer("mosquitto", "two agents that publish as one edge node", (mosquitto) => {
	test("are noticed, raised and held; when one of them is gone everything is stored, nothing twice", {
		timeout: 5 * 60_000,
	}, async () => {
		const line = new LoadLine({ tags: 50 });
		onTestFinished(() => line.stop());
		await line.start(mosquitto, { rate: 500 });
		await flowing(line);
		const rival = await line.anotherAgent("rival", (file) => {
			// As a copied machine has it: another session with the broker, the same name in Sparkplug.
			file.broker = { ...file.broker, client_id: "rival" };
		});
		rival.process.start();
		await expect
			.poll(() => line.collector.log, { timeout: 30_000, interval: 200 })
			.toContain("two agents publish as one edge node");
		const heldUp = () => counter(line.apiUrl, "pilotline_collector_records_held_up_total");
		await expect.poll(heldUp, { timeout: 20_000 }).toBeGreaterThan(0);
		const status = (await (await fetch(`${line.apiUrl}/api/v1/status`)).json()) as object;
		expect(JSON.stringify(status)).toMatch(/rival/i);

		const stored = line.store.samples();
		await pause(3_000);
		expect(line.store.samples()).toBe(stored);
		expect(line.store.conflicts()).toBe(0);

		await rival.process.kill();
		await caughtUp(line, 120_000);
		// The ledger may name the other agent's journal, which nobody holds any more; nothing of the line is missing.
		expect(await expectExplained(line, undefined, 30_000)).toBe(0);
		for (const { cause } of line.store.gaps()) expect(cause).toBe("journal_replaced");
	});
});
