import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { describeWithPeer } from "../helpers/peers.ts";
import { LoadLine } from "./load-line.ts";
import { caughtUp, flowing } from "./outages.ts";
import { agentIs, expectExplained, expectWhole, pause, subscribed } from "./whole.ts";

describeWithPeer("mosquitto", "data directories that are lost or restored", (mosquitto) => {
	const lineOf = async (rate = 500, segmentBytes = "16MiB"): Promise<LoadLine> => {
		const line = new LoadLine({ tags: 50 });
		onTestFinished(() => line.stop());
		await line.start(mosquitto, {
			rate,
			agentFile: ({ journal }) => {
				journal.segment_bytes = segmentBytes;
			},
		});
		await flowing(line);
		return line;
	};
	const folder = (line: LoadLine, name: string) => join(line.directory, name);

	/** A journal that began anew counts as a replacement when nobody has spoken of the old one for a while. */
	const ledgerHas = async (line: LoadLine, cause: string) => {
		await expect
			.poll(() => line.store.gaps().map((gap) => gap.cause), { timeout: 100_000, interval: 500 })
			.toContain(cause);
		// The row is written with a late end first, and again when the device has gone on.
		await pause(3_000);
	};

	/** Puts a copy in the place of a folder whose process does not run. */
	const restore = (line: LoadLine, copy: string, name: string) => {
		rmSync(folder(line, name), { recursive: true });
		cpSync(folder(line, copy), folder(line, name), { recursive: true });
	};

	test("a journal deleted with nothing waiting in it: the time without an agent is in the ledger", {
		timeout: 3 * 60_000,
	}, async () => {
		const line = await lineOf();
		await line.agent.kill("SIGTERM");
		rmSync(join(folder(line, "agent"), "journal"), { recursive: true });
		line.agent.start();
		await subscribed(line);
		await ledgerHas(line, "journal_replaced");
		const missing = await expectExplained(line, undefined);
		expect(missing).toBeGreaterThan(0);
	});

	test("a journal deleted with a backlog in it: what was lost stands in the ledger", {
		timeout: 3 * 60_000,
	}, async () => {
		const line = await lineOf();
		await line.collector.kill();
		await agentIs(line, ({ delivery }) => delivery.unconfirmedRecords > 20, 20_000);
		await line.agent.kill();
		rmSync(join(folder(line, "agent"), "journal"), { recursive: true });
		line.agent.start();
		await subscribed(line);
		line.collector.start();
		await caughtUp(line, 30_000);
		await ledgerHas(line, "journal_replaced");
		const missing = await expectExplained(line, undefined);
		// Twenty records of a quarter of a second, at 500 values a second.
		expect(missing).toBeGreaterThan(2_000);
	});

	test("a whole data directory of the agent deleted: tags keep their series, and the hole is in the ledger", {
		timeout: 3 * 60_000,
	}, async () => {
		const line = await lineOf();
		await line.agent.kill();
		rmSync(folder(line, "agent"), { recursive: true });
		line.agent.start();
		await subscribed(line);
		await caughtUp(line, 30_000);
		await ledgerHas(line, "journal_replaced");
		await expectExplained(line, undefined);
		expect(line.store.rows("SELECT id FROM series WHERE tag LIKE 'T%'")).toHaveLength(line.tags);
	});

	test("a journal restored from an older copy: nothing is stored twice, and the hole is in the ledger", async () => {
		const line = await lineOf();
		await line.agent.kill("SIGTERM");
		cpSync(folder(line, "agent"), folder(line, "agent.copy"), { recursive: true });
		line.agent.start();
		await subscribed(line);
		await flowing(line);
		await pause(3_000);
		await line.agent.kill("SIGTERM");
		restore(line, "agent.copy", "agent");
		line.agent.start();
		await subscribed(line);
		await caughtUp(line, 30_000);
		await flowing(line);
		const missing = await expectExplained(line, undefined);
		expect(missing).toBeGreaterThan(0);
	});

	test("a journal restored from an older copy while the collector was away, with a backlog lost", async () => {
		const line = await lineOf();
		await line.agent.kill("SIGTERM");
		cpSync(folder(line, "agent"), folder(line, "agent.copy"), { recursive: true });
		line.agent.start();
		await subscribed(line);
		await flowing(line);
		await line.collector.kill();
		await agentIs(line, ({ delivery }) => delivery.unconfirmedRecords > 20, 20_000);
		await line.agent.kill();
		restore(line, "agent.copy", "agent");
		line.agent.start();
		await subscribed(line);
		line.collector.start();
		await caughtUp(line, 30_000);
		const missing = await expectExplained(line, undefined);
		expect(missing).toBeGreaterThan(2_000);
	});

	const restoreCollector = async (line: LoadLine) => {
		await line.collector.kill("SIGTERM");
		cpSync(folder(line, "collector"), folder(line, "collector.copy"), { recursive: true });
		line.collector.start();
		await caughtUp(line, 30_000);
		await flowing(line);
		await pause(8_000);
		await line.collector.kill("SIGTERM");
		line.store.close();
		restore(line, "collector.copy", "collector");
		line.collector.start();
		await caughtUp(line, 30_000);
		await flowing(line);
	};

	test("a collector restored from an older copy gets again what the agent still has", async () => {
		const line = await lineOf();
		await restoreCollector(line);
		await expectWhole(line);
	});

	test("a collector restored from an older copy: what the agent has forgotten is a hole with its cause", async () => {
		const line = await lineOf(2_000, "64KiB");
		await restoreCollector(line);
		await pause(2_000);
		const missing = await expectExplained(line, undefined);
		expect(missing).toBeGreaterThan(0);
		expect([...new Set(line.store.gaps().map(({ cause }) => cause))]).toEqual(["store_restored"]);
	});
});
