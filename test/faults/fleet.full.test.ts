import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { writeBenchFiles } from "../../cli/bench/bench-config.ts";
import { freePorts } from "../helpers/free-ports.ts";
import { Mosquitto } from "../helpers/mosquitto.ts";
import { describeWithPeer } from "../helpers/peers.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { ProcessUnderTest } from "./process-under-test.ts";
import { counter, pause } from "./whole.ts";

const nodes = 500;
const tagsOfEach = 200;
const program = join(import.meta.dirname, "../../cli/main.ts");

interface Told {
	readonly connected: number;
	readonly births: number;
	readonly requests: number;
	readonly values: number;
}
interface Status {
	readonly edgeNodes: readonly { readonly online: boolean }[];
	readonly figures: { readonly cpuS?: number };
}

describeWithPeer("mosquitto", `${nodes} edge nodes of ${tagsOfEach} tags`, (mosquitto) => {
	test("are born, followed and stored by one collector, and a storm of rebirths is one birth of each", {
		timeout: 10 * 60_000,
	}, async () => {
		const folder = temporaryFolder();
		mkdirSync(join(folder, "logs"));
		const broker = await Mosquitto.start(mosquitto, "allow_anonymous true\nmax_queued_messages 0");
		const [apiPort, agentPort] = (await freePorts(2)) as [number, number];
		await writeBenchFiles({
			...{ directory: folder, tags: 10, brokerUrl: broker.url, endpoint: "opc.tcp://127.0.0.1:1" },
			...{ apiPort, agentPort },
		});
		const apiUrl = `http://127.0.0.1:${apiPort}`;
		let told: Told = { connected: 0, births: 0, requests: 0, values: 0 };
		const part = (name: string, args: readonly string[], onMessage?: (message: unknown) => void) => {
			const started = new ProcessUnderTest({
				...{
					name,
					command: process.execPath,
					env: process.env,
					logFile: join(folder, "logs", `${name}.log`),
				},
				args: ["--disable-warning=ExperimentalWarning", ...args],
				...(onMessage === undefined ? {} : { onMessage }),
			});
			onTestFinished(() => started.kill("SIGKILL"));
			return started;
		};
		const collector = part("collector", [program, "collector", "--config", join(folder, "collector.yaml")]);
		const fleetFile = fileURLToPath(new URL("./fleet-process.ts", import.meta.url));
		const fleet = part("fleet", [fleetFile, broker.url, String(nodes), String(tagsOfEach)], (message) => {
			told = message as Told;
		});
		const online = async () => {
			const status = await fetch(`${apiUrl}/api/v1/status`)
				.then((response) => response.json() as Promise<Status>)
				.catch(() => undefined);
			return (status?.edgeNodes ?? []).filter((node) => node.online).length;
		};
		const allOnline = (withinMs: number) =>
			expect.poll(online, { timeout: withinMs, interval: 500 }).toBe(nodes);
		const taken = () => counter(apiUrl, "pilotline_collector_foreign_samples_total", { outcome: "taken" });

		collector.start();
		await expect.poll(() => collector.log, { timeout: 30_000 }).toContain("broker connected");
		await pause(2_000);
		fleet.start();
		await allOnline(120_000);
		await expect.poll(taken, { timeout: 60_000 }).toBeGreaterThanOrEqual(nodes * tagsOfEach);
		await pause(15_000);
		// What is said is taken, up to what is on its way; nobody was asked for anything.
		const said = told.values + nodes * tagsOfEach;
		await expect.poll(taken, { timeout: 10_000 }).toBeGreaterThanOrEqual(said);
		expect(told).toMatchObject({ connected: nodes, births: nodes, requests: 0 });

		await collector.kill();
		collector.start();
		const startedMs = performance.now();
		await allOnline(60_000);
		const stormMs = performance.now() - startedMs;
		await pause(15_000);
		// Each says something that is not understood, and is asked once; a second request is one that crossed the birth.
		expect(told.requests).toBeGreaterThanOrEqual(nodes);
		expect(told.requests).toBeLessThanOrEqual(2 * nodes);
		expect(told.births).toBe(nodes + told.requests);
		const settled = told.requests;
		await pause(10_000);
		expect(told.requests, "the storm is over").toBe(settled);
		expect(await online()).toBe(nodes);
		process.stderr.write(
			`fleet: ${told.requests} requests for ${nodes} edge nodes, all born ${Math.round(stormMs)} ms after the collector's start\n`,
		);
	});
});
