import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { describeWithPeer } from "../helpers/peers.ts";
import { runCommand } from "../helpers/run-command.ts";
import { type AgentFile, LoadLine } from "./load-line.ts";
import { flowing } from "./outages.ts";
import { until } from "./until.ts";
import { counter, settle } from "./whole.ts";

const main = join(import.meta.dirname, "../../cli/main.ts");

interface Reloaded {
	readonly configuration: { readonly lastReload?: { readonly at: string; readonly result: string } };
}

describeWithPeer("mosquitto", "a configuration that changes while everything runs", (mosquitto) => {
	test("plan says it, SIGHUP does it, a bad file is refused, and no value is lost without a gap or there twice", async () => {
		const line = new LoadLine({ tags: 50 });
		onTestFinished(() => line.stop());
		await line.start(mosquitto, { rate: 500 });
		await flowing(line);
		const { pid } = line.agent;
		const plan = async (...more: string[]) =>
			await runCommand(
				process.execPath,
				["--disable-warning=ExperimentalWarning", main, "plan", line.agentFile, ...more],
				{ cwd: line.directory, withinMs: 15_000 },
			);
		const hangUp = async (result: string) => {
			const count = async () => await counter(line.agentUrl, "pilotline_agent_reloads_total", { result });
			const before = await count();
			line.agent.hangUp();
			await expect.poll(count, { timeout: 10_000 }).toBe(before + 1);
		};
		expect(await plan()).toMatchObject({ code: 0, stdout: expect.stringContaining("nothing would change") });

		let taken: AgentFile["devices"][number]["tags"] = [];
		line.changeAgent(({ devices: [device] }) => {
			taken = device?.tags.splice(1, 1) ?? [];
		});
		const gone = await plan();
		expect(gone.stdout).toMatch(/removed\s+devices\[L001\]\.tags\[T00001\]\s.*\stags\n/);
		expect(gone.code).toBe(0);
		await hangUp("applied");
		line.changeAgent(({ devices: [device], servers: [server] }) => {
			device?.tags.splice(1, 0, ...taken);
			if (server !== undefined) server.publishing_interval_ms = 100;
		});
		const json = JSON.parse((await plan("--json")).stdout);
		expect(json).toMatchObject({ result: "reload", needsRestart: [], against: line.agentUrl });
		expect(json.changes.map(({ where }: { where: string }) => where)).toEqual([
			"servers[load].publishing_interval_ms",
			"devices[L001].tags[T00001]",
		]);
		await hangUp("applied");
		await flowing(line);

		const sound = readFileSync(line.agentFile, "utf8");
		writeFileSync(line.agentFile, `${sound}nonsense: 1\n`);
		expect(await plan()).toMatchObject({
			code: 2,
			stdout: expect.stringMatching(/agent\.yaml:\d+:1: nonsense/),
		});
		await hangUp("refused");
		const { configuration } = await until<Reloaded>(
			`${line.agentUrl}/status`,
			() => true,
			5_000,
			() => line.logs(),
		);
		expect(configuration.lastReload).toMatchObject({ result: "refused" });
		writeFileSync(line.agentFile, sound);
		line.changeAgent((file) => {
			file.data_dir = "elsewhere";
		});
		expect(await plan()).toMatchObject({ code: 1, stdout: expect.stringContaining("restart: data_dir") });
		await hangUp("refused");

		await settle(line, 30_000);
		expect(line.agent.pid).toBe(pid);
		const { missing, doubled } = line.store.examine();
		const gaps = line.store.gaps();
		expect([doubled, line.store.conflicts()]).toEqual([[], 0]);
		expect(new Set(gaps.map(({ cause }) => cause))).toEqual(new Set(["reconfigured"]));
		const unexplained = missing.filter(
			({ tag, fromMs, toMs }) =>
				!gaps.some(
					(gap) =>
						tag.startsWith(`${gap.device}/`) &&
						gap.fromMs <= fromMs + line.periodMs &&
						gap.toMs >= toMs - line.periodMs,
				),
		);
		// Nobody had asked for T00001 for a while.
		expect(unexplained.filter(({ tag }) => tag !== "L001/T00001")).toEqual([]);
	});
});
