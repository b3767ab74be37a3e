import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { describeWithPeer } from "../helpers/peers.ts";
import { runCommand } from "../helpers/run-command.ts";
import { LoadLine } from "./load-line.ts";
import { flowing } from "./outages.ts";
import { expectExplained } from "./whole.ts";

const program = new URL("../../cli/main.ts", import.meta.url).pathname;

async function pilotline(...args: string[]) {
	const outcome = await runCommand(
		process.execPath,
		["--disable-warning=ExperimentalWarning", program, ...args, "--json"],
		{ cwd: process.cwd(), env: process.env, withinMs: 30_000 },
	);
	expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
	return JSON.parse(outcome.stdout) as Record<string, unknown>;
}

describeWithPeer("mosquitto", "backup and restore of a collector with a live agent", (mosquitto) => {
	test("the copy goes on under a new instance above the old positions; what is lost stands in the ledger, nothing is stored twice", async () => {
		const line = new LoadLine({ tags: 20 });
		onTestFinished(() => line.stop());
		// Small segments: the agent forgets what was confirmed after the backup.
		await line.start(mosquitto, {
			rate: 400,
			agentFile: ({ journal }) => {
				journal.segment_bytes = "64KiB";
			},
		});
		await flowing(line);
		const data = join(line.directory, "collector");
		const folder = join(line.directory, "backup");
		const backup = await pilotline("backup", folder, "--data", data);
		expect(Number(backup.records)).toBeGreaterThan(0);
		await flowing(line);
		await flowing(line);
		await line.collector.kill("SIGTERM");
		line.store.close();

		const restored = await pilotline("restore", folder, "--data", data);
		expect(restored.instance).not.toBe(backup.instance);
		expect(Number(restored.firstSeq)).toBeGreaterThan(Number(backup.highestSeq) + 1);
		expect(existsSync(join(String(restored.setAside), "store.db"))).toBe(true);

		line.collector.start();
		await flowing(line);
		await expectExplained(line, undefined);
		const db = new DatabaseSync(join(data, "store.db"), { readOnly: true });
		onTestFinished(() => db.close());
		const one = (sql: string, ...values: number[]) => db.prepare(sql).get(...values);
		expect(one("SELECT value FROM meta WHERE key = 'instance'")?.value).toBe(restored.instance);
		const between = "SELECT count(*) AS n FROM record WHERE seq > ? AND seq < ?";
		expect(one(between, Number(backup.highestSeq), Number(restored.firstSeq))?.n).toBe(0);
		expect(one("SELECT kind, entered_by FROM input")).toEqual({ kind: "restore", entered_by: "restore" });
	});

	test("a running collector's directory, a damaged copy and a folder with files are refused by name", async () => {
		const line = new LoadLine({ tags: 20 });
		onTestFinished(() => line.stop());
		await line.start(mosquitto, { rate: 400 });
		await flowing(line);
		const data = join(line.directory, "collector");
		const folder = join(line.directory, "backup");
		await pilotline("backup", folder, "--data", data);
		const refused = async (...args: string[]) => {
			const outcome = await runCommand(
				process.execPath,
				["--disable-warning=ExperimentalWarning", program, ...args],
				{ cwd: process.cwd(), env: process.env, withinMs: 30_000 },
			);
			return [outcome.code, outcome.stderr];
		};
		expect(await refused("restore", folder, "--data", data)).toEqual([
			1,
			expect.stringContaining("DATA_DIR_BUSY"),
		]);
		expect(await refused("backup", folder, "--data", data)).toEqual([
			2,
			expect.stringContaining("expected an empty folder"),
		]);
		writeFileSync(join(folder, "store.db"), "x");
		expect(await refused("restore", folder, "--data", join(line.directory, "other"))).toEqual([
			1,
			expect.stringContaining("expected SHA-256"),
		]);
	});
});
