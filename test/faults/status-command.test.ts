import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { describeWithPeer } from "../helpers/peers.ts";
import { runCommand } from "../helpers/run-command.ts";
import { LoadLine } from "./load-line.ts";
import { flowing } from "./outages.ts";
import { agentIs, counter } from "./whole.ts";

const main = join(import.meta.dirname, "../../cli/main.ts");

describeWithPeer("mosquitto", "pilotline status", (mosquitto) => {
	test("says that all is well, then what is not, with the exit code", async () => {
		const line = new LoadLine({ tags: 20 });
		onTestFinished(() => line.stop());
		await line.start(mosquitto, { rate: 200 });
		await flowing(line);
		const status = async (...more: string[]) =>
			await runCommand(
				process.execPath,
				[
					...["--disable-warning=ExperimentalWarning", main, "status"],
					...["--agent", line.agentUrl, "--api", line.apiUrl, ...more],
				],
				{ cwd: line.directory, withinMs: 15_000 },
			);
		const well = await status();
		expect(well.stdout).toMatch(/agent bench\/bench, broker mqtt:\/\/\S+ connected, hosts online: bench/);
		expect(well.stdout).toMatch(
			/load\s+connected\s+None\s+21\/21\s+\d+\.\d s ago\s+[+-]\d+\.\d s\s+opc\.tcp:/,
		);
		expect(well.stdout).toMatch(/collector bench, .*\n\d+ samples, 0 gaps/);
		expect([well.code, well.stdout.trimEnd().split("\n").at(-1)]).toEqual([0, "All is well."]);

		const gauges = async () =>
			await Promise.all(
				[
					"server_connected",
					"server_tags_watched",
					"broker_connected",
					"hosts_online",
					"journal_failing",
				].map((name) => counter(line.agentUrl, `pilotline_agent_${name}`)),
			);
		expect(await gauges()).toEqual([1, 21, 1, 1, 0]);
		expect(await counter(line.agentUrl, "pilotline_agent_journal_hours_left")).toBeGreaterThan(0);
		expect(await counter(line.agentUrl, "pilotline_agent_server_heard_seconds")).toBeLessThan(5);

		await line.load.kill();
		await agentIs(line, ({ servers }) => servers.every(({ connected }) => !connected), 15_000);
		await line.collector.kill();
		const troubled = await status("--json");
		expect(troubled.code).toBe(1);
		expect((await gauges()).slice(0, 3)).toEqual([0, 0, 1]);
		const { well: isWell, troubles, answers } = JSON.parse(troubled.stdout);
		expect(isWell).toBe(false);
		expect(troubles).toEqual([
			expect.stringContaining("no host application is online"),
			expect.stringContaining("plant server load is lost"),
			expect.stringContaining("API_UNREACHABLE"),
		]);
		expect(answers).toMatchObject([{ address: line.agentUrl }, { address: line.apiUrl, status: null }]);
	});
});
