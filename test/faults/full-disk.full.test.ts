import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, rmSync, statfsSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { describeWithPeer, withoutPeer } from "../helpers/peers.ts";
import { LoadLine } from "./load-line.ts";
import { caughtUp, flowing } from "./outages.ts";
import { agentIs, counter, expectWhole, pause } from "./whole.ts";

/** Takes all room that a disk has left, while somebody else takes some of it too. */
function fill(path: string, folder: string): void {
	while (statfsSync(folder).bavail > 0) {
		const { bavail, bsize } = statfsSync(folder);
		try {
			appendFileSync(path, Buffer.alloc(Math.ceil(bavail / 2) * bsize));
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
		}
	}
}

describeWithPeer("mosquitto", "a disk without room", (mosquitto) => {
	describeWithPeer("mount", "under the collector's store", (mount) => {
		test("the collector says so, confirms nothing, and goes on by itself when there is room", async (context) => {
			const line = new LoadLine({ tags: 50 });
			onTestFinished(() => line.stop());
			const folder = join(line.directory, "collector");
			mkdirSync(folder);
			try {
				execFileSync(mount, ["-t", "tmpfs", "-o", "size=24m", "tmpfs", folder], { stdio: "pipe" });
			} catch (error) {
				withoutPeer(`the right to mount a small disk is missing: ${String(error)}`, process.env, context);
				return;
			}
			onTestFinished(async () => {
				line.store.close();
				await line.collector?.kill();
				execFileSync(join(dirname(mount), "umount"), [folder]);
			});
			await line.start(mosquitto, { rate: 500 });
			await flowing(line);

			const ballast = join(folder, "ballast");
			fill(ballast, folder);
			const failures = () => counter(line.apiUrl, "pilotline_collector_commit_failures_total");
			await expect.poll(failures, { timeout: 20_000 }).toBeGreaterThan(0);
			expect(line.collector.log).toMatch(/nothing of a batch was stored.*|disk/);
			const ready = await fetch(`${line.apiUrl}/readyz`);
			expect(ready.status, await ready.text()).toBe(503);

			const before = await agentIs(line, () => true, 5_000);
			const stored = line.store.samples();
			await pause(4_000);
			const after = await agentIs(line, () => true, 5_000);
			expect(line.store.samples()).toBe(stored);
			// Four records a second, none of them confirmed.
			expect(after.delivery.unconfirmedRecords).toBeGreaterThan(before.delivery.unconfirmedRecords + 8);
			expect(line.collector.running).toBe(true);

			rmSync(ballast);
			await caughtUp(line, 60_000);
			await expect
				.poll(async () => (await fetch(`${line.apiUrl}/readyz`)).status, { timeout: 10_000 })
				.toBe(200);
			await expectWhole(line);
		});
	});
});
