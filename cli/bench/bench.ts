import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspectJournal } from "../../agent/journal/inspection.ts";
import { type Clock, pause, systemClock } from "../../common/runtime/clock.ts";
import { CodedError } from "../../common/runtime/coded-error.ts";
import { Lifecycle } from "../../common/runtime/lifecycle.ts";
import type { Figures } from "../../common/runtime/process-figures.ts";
import { ApiClient } from "../api-client.ts";
import { Child } from "../child.ts";
import { EmbeddedBroker } from "../embedded-broker.ts";
import { freePort } from "../free-port.ts";
import { table } from "../table.ts";
import { writeBenchFiles } from "./bench-config.ts";
import { measureReplay } from "./replay.ts";

export interface BenchOptions {
	readonly tags: number;
	/** Values a second over all tags. */
	readonly rate: number;
	readonly seconds: number;
	readonly source: "opcua" | "port";
	readonly json: boolean;
	readonly env: NodeJS.ProcessEnv;
}

interface Cost {
	readonly cpuSecondsPerMillion: number;
	readonly peakMemoryMB: number;
}

export interface BenchResult {
	readonly source: string;
	readonly offered: number;
	readonly stored: number;
	readonly lost: number;
	readonly duplicated: number;
	readonly valuesPerSecond: number;
	readonly agent: Cost;
	readonly collector: Cost;
	readonly latencyMs: { readonly p50: number; readonly p99: number; readonly max: number };
	readonly journalBytesPerValue: number;
	/** While a backlog is caught up with, and what live values waited for meanwhile. */
	readonly replayValuesPerSecond: number;
	readonly liveDuringReplayP99Ms: number;
	readonly eventLoopDelayMs: { readonly agent: number; readonly collector: number };
}

const startWithinMs = 120_000;
const drainWithinMs = 60_000;
const settleMs = 3_000;
const awaySMax = 30;
const stretchS = 10;
/** The collector tells the ages of this long; what it tells earlier in a run is about the start, not about the load. */
const agesOverS = 30;

interface Age {
	readonly p50: number;
	readonly p99: number;
	readonly max: number;
}

type Message =
	| { readonly type: "listening"; readonly endpoint: string }
	| { readonly type: "running" }
	| {
			readonly type: "halted";
			readonly produced: number;
			readonly producedByTag: Readonly<Record<string, number>>;
	  };

/** Runs agent, broker and collector under load on this host, and says what came of it. Resolves with the exit code. */
export async function bench(options: BenchOptions): Promise<number> {
	const directory = await mkdtemp(join(tmpdir(), "pilotline-bench-"));
	const run = new BenchRun(options, directory, systemClock);
	try {
		const result = await run.run();
		process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : `${resultTable(result)}\n`);
		return result.lost === 0 && result.duplicated === 0 ? 0 : 1;
	} finally {
		await run.stop();
		await rm(directory, { recursive: true, force: true });
	}
}

class BenchRun {
	readonly #options: BenchOptions;
	readonly #directory: string;
	readonly #clock: Clock;
	readonly #listening = Promise.withResolvers<string>();
	readonly #running = Promise.withResolvers<void>();
	readonly #halted = Promise.withResolvers<Extract<Message, { type: "halted" }>>();
	readonly #failed = Promise.withResolvers<never>();
	readonly #lifecycles: Lifecycle[] = [];

	constructor(options: BenchOptions, directory: string, clock: Clock) {
		this.#options = options;
		this.#directory = directory;
		this.#clock = clock;
		this.#failed.promise.catch(() => undefined);
	}

	async run(): Promise<BenchResult> {
		return await Promise.race([this.#measure(), this.#failed.promise]);
	}

	async stop(): Promise<void> {
		for (const lifecycle of this.#lifecycles.reverse()) await lifecycle.stop();
	}

	async #measure(): Promise<BenchResult> {
		const { tags, rate, seconds, source } = this.#options;
		const say = (text: string) => process.stderr.write(`${text}\n`);
		say(
			`Starting ${tags} tags, ${rate} values/s from ${source === "opcua" ? "an OPC UA server" : "the source port"} …`,
		);
		const broker = new EmbeddedBroker();
		await this.#start(broker);
		const [apiPort, agentPort, loadPort] = [await freePort(), await freePort(), await freePort()];
		let endpoint = `opc.tcp://127.0.0.1:${loadPort}`;
		let producer: Child | undefined;
		if (source === "opcua") {
			const load = [
				"--tags",
				String(tags),
				"--rate",
				String(rate),
				"--port",
				String(loadPort),
				"--data",
				join(this.#directory, "load"),
			];
			producer = this.#child("load", ["load", ...load], true);
			await this.#start(producer);
			endpoint = await this.#within(
				this.#listening.promise,
				startWithinMs,
				"the load server did not come up",
			);
		}
		const files = await writeBenchFiles({
			directory: this.#directory,
			tags,
			brokerUrl: broker.url,
			endpoint,
			apiPort,
			agentPort,
		});
		const collector = ["collector", "--config", files.collector];
		let collectorChild = this.#child("collector", collector, false);
		await this.#start(collectorChild);
		const api = new ApiClient(`http://127.0.0.1:${apiPort}`);
		const agentApi = new ApiClient(`http://127.0.0.1:${agentPort}`);
		const port = source === "port";
		const agent = this.#child(
			"agent",
			port
				? ["bench-agent", "--config", files.agent, "--rate", String(rate)]
				: ["agent", "--config", files.agent],
			port,
		);
		await this.#start(agent);
		producer ??= agent;
		await this.#within(this.#running.promise, startWithinMs, "not every tag was subscribed");
		await pause(this.#clock, settleMs);
		const before = {
			agent: await this.#figures(agentApi, "/status"),
			collector: await this.#figures(api, "/api/v1/status"),
			stored: await this.#stored(api),
		};
		const startedMs = this.#clock.monotonicMs();
		const ages: Age[] = [];
		for (let passedS = 0; passedS < seconds; ) {
			const stepS = Math.min(stretchS, seconds - passedS);
			await pause(this.#clock, stepS * 1_000);
			passedS += stepS;
			const { commitAgeMs } = await api.get<{ commitAgeMs: Age }>("/api/v1/status");
			if (passedS >= Math.min(seconds, agesOverS)) ages.push(commitAgeMs);
			say(
				`${passedS} of ${seconds} s: ${(await this.#stored(api)).toLocaleString("en")} values stored, the slowest hundredth of the last half minute after ${commitAgeMs.p99} ms or more`,
			);
		}
		const after = {
			agent: await this.#figures(agentApi, "/status"),
			collector: await this.#figures(api, "/api/v1/status"),
			stored: await this.#stored(api),
		};
		const elapsedS = (this.#clock.monotonicMs() - startedMs) / 1_000;
		say("Now without the collector for a while, then catching up …");
		const replay = await measureReplay({
			clock: this.#clock,
			awayMs: Math.min(seconds / 2, awaySMax) * 1_000,
			stopCollector: () => collectorChild.stop(),
			startCollector: async () => {
				collectorChild = this.#child("collector-2", collector, false);
				await this.#start(collectorChild);
			},
			collectorApi: api,
			agentApi,
		});
		producer.tell({ type: "halt" });
		const halted = await this.#within(this.#halted.promise, startWithinMs, "the load did not stop");
		const { lost, duplicated, stored } = await this.#drain(api, halted);
		const millions = (after.stored - before.stored) / 1e6;
		const cost = (from: Figures, to: Figures): Cost => ({
			cpuSecondsPerMillion: hundredths((to.cpuSeconds - from.cpuSeconds) / millions),
			peakMemoryMB: to.peakMemoryMB,
		});
		return {
			source,
			offered: halted.produced,
			stored,
			lost,
			duplicated,
			valuesPerSecond: Math.round((after.stored - before.stored) / elapsedS),
			agent: cost(before.agent, after.agent),
			collector: cost(before.collector, after.collector),
			// The worst half minute within the run; of the medians the middle one.
			latencyMs: {
				p50: ages.map(({ p50 }) => p50).toSorted((a, b) => a - b)[Math.floor(ages.length / 2)] ?? 0,
				p99: Math.max(...ages.map(({ p99 }) => p99)),
				max: Math.max(...ages.map(({ max }) => max)),
			},
			journalBytesPerValue: await this.#journalBytesPerValue(),
			replayValuesPerSecond: replay.valuesPerSecond,
			liveDuringReplayP99Ms: replay.liveP99Ms,
			eventLoopDelayMs: {
				agent: after.agent.eventLoopDelayMs.p99,
				collector: after.collector.eventLoopDelayMs.p99,
			},
		};
	}

	/** Waits until everything that was produced is stored, or nothing more comes; then counts per tag. */
	async #drain(api: ApiClient, { produced, producedByTag }: Extract<Message, { type: "halted" }>) {
		const deadlineMs = this.#clock.monotonicMs() + drainWithinMs;
		for (;;) {
			const { total, tags } = await api.get<{ total: number; tags: Record<string, number> }>(
				"/api/v1/counts",
			);
			// Each unit's Phase is one value that the generator does not count.
			const counted = Object.entries(tags).filter(([tag]) => !tag.endsWith("/Phase"));
			const stored = counted.reduce((sum, [, count]) => sum + count, 0);
			if (stored >= produced || this.#clock.monotonicMs() > deadlineMs) {
				const byTag = Object.entries(producedByTag);
				const differences =
					byTag.length === 0 ? [produced - stored] : byTag.map(([tag, count]) => count - (tags[tag] ?? 0));
				const sum = (sign: 1 | -1) =>
					differences.reduce((all, difference) => all + Math.max(0, sign * difference), 0);
				return { lost: sum(1), duplicated: sum(-1), stored: Math.min(stored, total) };
			}
			await pause(this.#clock, 250);
		}
	}

	async #journalBytesPerValue(): Promise<number> {
		const segments = await inspectJournal(join(this.#directory, "agent", "journal"));
		const samples = segments.reduce((sum, segment) => sum + segment.samples, 0);
		const bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0);
		return samples === 0 ? 0 : hundredths(bytes / samples);
	}

	async #figures(api: ApiClient, path: string): Promise<Figures> {
		return (await api.get<{ figures: Figures }>(path)).figures;
	}

	async #stored(api: ApiClient): Promise<number> {
		return (await api.get<{ totals: { samples: number } }>("/api/v1/status")).totals.samples;
	}

	#child(name: string, args: readonly string[], listens: boolean): Child {
		return new Child({
			name,
			args,
			env: this.#options.env,
			clock: this.#clock,
			logFile: join(this.#directory, `${name}.log`),
			onUnexpectedEnd: (error) => this.#failed.reject(error),
			...(listens ? { onMessage: (message: unknown) => this.#told(message as Message) } : {}),
		});
	}

	#told(message: Message): void {
		if (message.type === "listening") this.#listening.resolve(message.endpoint);
		else if (message.type === "running") this.#running.resolve();
		else if (message.type === "halted") this.#halted.resolve(message);
	}

	async #start(part: EmbeddedBroker | Child): Promise<void> {
		const lifecycle = new Lifecycle({ clock: this.#clock, parts: [part], stopWithinMs: 4_000 });
		this.#lifecycles.push(lifecycle);
		await lifecycle.start();
	}

	async #within<T>(promise: Promise<T>, withinMs: number, otherwise: string): Promise<T> {
		let cancel = () => {};
		const late = new Promise<never>((_, reject) => {
			cancel = this.#clock.after(withinMs, () =>
				reject(new CodedError("DEMO_FAILED", `${otherwise} within ${withinMs / 1_000} s`)),
			);
		});
		try {
			return await Promise.race([promise, late]);
		} finally {
			cancel();
		}
	}
}

function resultTable(result: BenchResult): string {
	const { agent, collector, latencyMs, eventLoopDelayMs } = result;
	const rows: [string, string][] = [
		["offered", result.offered.toLocaleString("en")],
		["stored", result.stored.toLocaleString("en")],
		["lost", String(result.lost)],
		["duplicated", String(result.duplicated)],
		["values/s stored", result.valuesPerSecond.toLocaleString("en")],
		["agent, CPU s per million values", String(agent.cpuSecondsPerMillion)],
		["agent, peak memory MB", String(agent.peakMemoryMB)],
		["collector, CPU s per million values", String(collector.cpuSecondsPerMillion)],
		["collector, peak memory MB", String(collector.peakMemoryMB)],
		["age at commit ms, p50 / p99 / max", `${latencyMs.p50} / ${latencyMs.p99} / ${latencyMs.max}`],
		["journal, bytes per value", String(result.journalBytesPerValue)],
		["catching up, values/s stored", result.replayValuesPerSecond.toLocaleString("en")],
		["live values meanwhile, age ms p99", String(result.liveDuringReplayP99Ms)],
		[
			"event loop delay ms p99, agent / collector",
			`${eventLoopDelayMs.agent} / ${eventLoopDelayMs.collector}`,
		],
	];
	return table(["figure", `${result.source}`], rows);
}

function hundredths(value: number): number {
	return Math.round(value * 100) / 100;
}
