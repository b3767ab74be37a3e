import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { writeBenchFiles } from "../../cli/bench/bench-config.ts";
import { freePorts } from "../helpers/free-ports.ts";
import { Mosquitto } from "../helpers/mosquitto.ts";
import { describeWithPeer } from "../helpers/peers.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { ProcessUnderTest } from "./process-under-test.ts";
import { until } from "./until.ts";

const program = new URL("../../cli/main.ts", import.meta.url).pathname;
const tags = 2_000;
/** An hour at 2,000 values a second, written down in less time. */
const backlogValues = 3_600 * 2_000;
const gatherRate = 36_000;
const liveRate = 2_000;
const liveP99MsMax = 2_000;

interface CollectorStatus {
	readonly totals: { readonly samples: number } | null;
	readonly commitAgeMs: { readonly p99: number; readonly max: number; readonly count: number };
}

interface AgentStatus {
	readonly recorder: { readonly samples: number };
	readonly delivery: { readonly unconfirmedRecords: number };
}

describeWithPeer("mosquitto", "a backlog of an hour", (mosquitto) => {
	test("drains while live values are stored with a p99 of two seconds at most, and nothing is lost or doubled", async () => {
		const folder = temporaryFolder();
		mkdirSync(join(folder, "logs"));
		const broker = await Mosquitto.start(mosquitto);
		const [apiPort, agentPort] = (await freePorts(2)) as [number, number];
		const files = await writeBenchFiles({
			...{ directory: folder, tags, brokerUrl: broker.url, endpoint: "opc.tcp://127.0.0.1:1" },
			...{ apiPort, agentPort },
		});
		const part = (name: string, args: readonly string[]) => {
			const process_ = new ProcessUnderTest({
				name,
				command: process.execPath,
				args: ["--disable-warning=ExperimentalWarning", program, ...args],
				env: process.env,
				logFile: join(folder, "logs", `${name}.log`),
				onMessage: (message) => halted(message as { type: string; produced?: number }),
			});
			onTestFinished(() => process_.kill("SIGKILL"));
			return process_;
		};
		let produced = 0;
		let told = () => {};
		const halted = ({ type, produced: count = 0 }: { type: string; produced?: number }) => {
			if (type !== "halted") return;
			produced += count;
			told();
		};
		const halt = async (agent: ProcessUnderTest) => {
			const answer = new Promise<void>((resolve) => {
				told = resolve;
			});
			agent.tell({ type: "halt" });
			await answer;
		};
		const port = (rate: number) => ["bench-agent", "--config", files.agent, "--rate", String(rate)];

		const gathering = part("gathering", port(gatherRate));
		gathering.start();
		const agentUrl = `http://127.0.0.1:${agentPort}/status`;
		await until<AgentStatus>(
			agentUrl,
			({ recorder }) => recorder.samples >= backlogValues,
			10 * 60_000,
			() => gathering.log,
		);
		await halt(gathering);
		await gathering.kill("SIGTERM");

		const agent = part("agent", port(liveRate));
		agent.start();
		await until<AgentStatus>(
			agentUrl,
			() => true,
			30_000,
			() => agent.log,
		);
		const collector = part("collector", ["collector", "--config", files.collector]);
		collector.start();
		const collectorUrl = `http://127.0.0.1:${apiPort}/api/v1/status`;
		let liveP99Ms = 0;
		let liveValues = 0;
		const startedMs = performance.now();
		await until<CollectorStatus>(
			collectorUrl,
			({ totals, commitAgeMs }) => {
				if (commitAgeMs.count > 0) liveP99Ms = Math.max(liveP99Ms, commitAgeMs.p99);
				liveValues = Math.max(liveValues, commitAgeMs.count);
				return (totals?.samples ?? 0) >= backlogValues;
			},
			20 * 60_000,
			() => collector.log,
		);
		const drainS = (performance.now() - startedMs) / 1_000;
		await halt(agent);
		await until<AgentStatus>(
			agentUrl,
			({ delivery }) => delivery.unconfirmedRecords === 0,
			60_000,
			() => agent.log,
		);
		const status = (await (await fetch(collectorUrl)).json()) as CollectorStatus;
		process.stdout.write(
			`backlog of ${backlogValues} values gone after ${drainS.toFixed(0)} s, live p99 ${liveP99Ms} ms over up to ${liveValues} values in 30 s\n`,
		);
		expect(liveValues).toBeGreaterThan(0);
		expect(liveP99Ms).toBeLessThanOrEqual(liveP99MsMax);
		expect(status.totals?.samples).toBe(produced);
	});
});
