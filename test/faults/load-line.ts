import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { writeBenchFiles } from "../../cli/bench/bench-config.ts";
import { freePorts } from "../helpers/free-ports.ts";
import { LineStore } from "./line-store.ts";
import { MqttProxy } from "./mqtt-proxy.ts";
import { ProcessUnderTest } from "./process-under-test.ts";

const main = new URL("../../cli/main.ts", import.meta.url).pathname;

const startWithinMs = 25_000;
const generatorTickMs = 20;

interface Halted {
	readonly produced: number;
	readonly producedByTag: Readonly<Record<string, number>>;
	readonly longestTickMs: number;
}

/** The keys of an agent's file that tests change. */
export interface AgentFile {
	data_dir: string;
	status: { port: number };
	broker: { url: string; keepalive_s?: number; client_id?: string };
	hosts: { id: string }[];
	delivery: { window_bytes: string; resend_after_ms?: number };
	servers: { publishing_interval_ms: number }[];
	journal: { memory_bytes?: string; segment_bytes?: string };
	devices: { name: string; tags: { name: string; node: string; type: string }[] }[];
}

/** The keys of a collector's file that tests change. */
export interface CollectorFile {
	host: string;
	data_dir: string;
	broker: { url: string; keepalive_s?: number; client_id?: string };
	api: { port: number };
}

interface LineOptions {
	/** Values a second over all tags. */
	readonly rate: number;
	readonly agentFile?: (file: AgentFile) => void;
	readonly collectorFile?: (file: CollectorFile) => void;
	readonly agentEnv?: NodeJS.ProcessEnv;
	readonly collectorEnv?: NodeJS.ProcessEnv;
	readonly loadEnv?: NodeJS.ProcessEnv;
}

/** A further process of a line. */
export interface Another {
	readonly process: ProcessUnderTest;
	/** Where its status is. */
	readonly url: string;
	readonly directory: string;
}

/**
 * Load generator, Mosquitto, agent and collector as processes of their own, the last two behind networks that a test
 * breaks. Every tag counts up, so the store alone shows what is missing or doubled.
 */
export class LoadLine {
	readonly directory = mkdtempSync(join(tmpdir(), "pilotline-load-"));
	readonly tags: number;
	/** Wall-clock time before which the line had no value. */
	readonly startedMs = Date.now();
	readonly store = new LineStore(join(this.directory, "collector"));
	broker!: ProcessUnderTest;
	collector!: ProcessUnderTest;
	load!: ProcessUnderTest;
	agent!: ProcessUnderTest;
	/** Between agent and broker. */
	agentWire!: MqttProxy;
	/** Between collector and broker. */
	collectorWire!: MqttProxy;
	/** The longest time between two values of a tag, as the generator measured its own steps; known when it has halted. */
	periodMs = Number.NaN;
	apiUrl = "";
	agentUrl = "";
	brokerUrl = "";
	#betweenMs = 0;
	readonly #env: NodeJS.ProcessEnv = process.env;
	readonly #others: Another[] = [];
	readonly #running = Promise.withResolvers<void>();
	readonly #halted = Promise.withResolvers<Halted>();

	constructor(options: { tags: number }) {
		this.tags = options.tags;
	}

	get agentFile(): string {
		return join(this.directory, "agent.yaml");
	}

	get collectorFile(): string {
		return join(this.directory, "collector.yaml");
	}

	/** Starts everything and resolves when every tag is watched and the generator counts. */
	async start(mosquitto: string, options: LineOptions): Promise<void> {
		const [brokerPort, apiPort, agentPort, loadPort] = (await freePorts(4)) as [
			number,
			number,
			number,
			number,
		];
		this.agentWire = await MqttProxy.to(brokerPort);
		this.collectorWire = await MqttProxy.to(brokerPort);
		const config = join(this.directory, "mosquitto.conf");
		writeFileSync(
			config,
			`listener ${brokerPort} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_queued_messages 0\n`,
		);
		this.#betweenMs = (this.tags / options.rate) * 1_000;
		mkdirSync(join(this.directory, "logs"));
		this.brokerUrl = `mqtt://127.0.0.1:${brokerPort}`;
		await writeBenchFiles({
			directory: this.directory,
			tags: this.tags,
			brokerUrl: this.brokerUrl,
			endpoint: `opc.tcp://127.0.0.1:${loadPort}`,
			apiPort,
			agentPort,
		});
		this.changeAgent((file) => {
			file.broker.url = `mqtt://127.0.0.1:${this.agentWire.port}`;
			file.journal ??= {};
			options.agentFile?.(file);
		});
		changeFile<CollectorFile>(this.collectorFile, (file) => {
			file.broker.url = `mqtt://127.0.0.1:${this.collectorWire.port}`;
			options.collectorFile?.(file);
		});
		this.apiUrl = `http://127.0.0.1:${apiPort}`;
		this.agentUrl = `http://127.0.0.1:${agentPort}`;
		this.broker = new ProcessUnderTest({
			name: "broker",
			command: mosquitto,
			args: ["-c", config],
			env: process.env,
			logFile: join(this.directory, "logs", "broker.log"),
		});
		const load = ["--tags", this.tags, "--rate", options.rate, "--port", loadPort].map(String);
		this.load = this.#own("load", ["load", ...load, "--data", join(this.directory, "pki")], (message) =>
			this.#told(message as { type: string } & Partial<Halted>),
		);
		this.collector = this.#own("collector", ["collector", "--config", this.collectorFile]);
		this.agent = this.#own("agent", ["agent", "--config", this.agentFile]);
		this.load.env = { ...this.#env, ...options.loadEnv };
		this.collector.env = { ...this.#env, ...options.collectorEnv };
		this.agent.env = { ...this.#env, ...options.agentEnv };
		const parts = [this.broker, this.load, this.collector, this.agent];
		for (const part of parts) part.start();
		const failed = (what: string) => this.#running.reject(new Error(`${what}\n${this.logs()}`));
		const late = setTimeout(() => failed("the line did not begin to count"), startWithinMs);
		const watching = setInterval(() => {
			const ended = parts.find(({ running }) => !running);
			if (ended !== undefined) failed(`${ended.name} ended while the line started`);
		}, 250);
		await this.#running.promise.finally(() => {
			clearTimeout(late);
			clearInterval(watching);
		});
	}

	/** Rewrites the agent's configuration; it counts from the next start on. */
	changeAgent(change: (file: AgentFile) => void): void {
		changeFile(this.agentFile, change);
	}

	/** A further agent like the first one, with a data directory and a status port of its own; not started. */
	async anotherAgent(name: string, change: (file: AgentFile) => void = () => undefined): Promise<Another> {
		const [port] = (await freePorts(1)) as [number];
		return this.#another(name, "agent", port, readFileSync(this.agentFile, "utf8"), (file: AgentFile) => {
			file.data_dir = name;
			file.status.port = port;
			change(file);
		});
	}

	/** A further collector like the first one, with a data directory and a port of its own; not started. */
	async anotherCollector(name: string, change: (file: CollectorFile) => void): Promise<Another> {
		const [port] = (await freePorts(1)) as [number];
		return this.#another(
			name,
			"collector",
			port,
			readFileSync(this.collectorFile, "utf8"),
			(file: CollectorFile) => {
				file.data_dir = name;
				file.api.port = port;
				change(file);
			},
		);
	}

	/** Stops counting; the server stays up, so that everything produced can be read. */
	async halt(): Promise<Halted> {
		this.load.tell({ type: "halt" });
		const halted = await this.#halted.promise;
		this.periodMs = this.#betweenMs + generatorTickMs + halted.longestTickMs;
		return halted;
	}

	/** The last lines of every log, for the message of a failing test. */
	logs(): string {
		const parts = [
			this.broker,
			this.collector,
			this.load,
			this.agent,
			...this.#others.map(({ process }) => process),
		];
		return parts
			.map(({ name, log }) => `== ${name}\n${log.trimEnd().split("\n").slice(-12).join("\n")}`)
			.join("\n");
	}

	async stop(): Promise<void> {
		this.store.close();
		for (const part of [...this.#others.map(({ process }) => process), this.agent, this.load, this.collector])
			await part?.kill("SIGKILL");
		await this.broker?.kill("SIGKILL");
		await this.agentWire?.close();
		await this.collectorWire?.close();
		rmSync(this.directory, { recursive: true, force: true });
	}

	#another<T>(name: string, command: string, port: number, text: string, change: (file: T) => void): Another {
		const path = join(this.directory, `${name}.yaml`);
		writeFileSync(path, text);
		changeFile(path, change);
		const another = {
			process: this.#own(name, [command, "--config", path]),
			url: `http://127.0.0.1:${port}`,
			directory: join(this.directory, name),
		};
		this.#others.push(another);
		return another;
	}

	#own(name: string, args: readonly string[], onMessage?: (message: unknown) => void): ProcessUnderTest {
		return new ProcessUnderTest({
			name,
			command: process.execPath,
			args: ["--disable-warning=ExperimentalWarning", main, ...args],
			env: this.#env,
			logFile: join(this.directory, "logs", `${name}.log`),
			...(onMessage === undefined ? {} : { onMessage }),
		});
	}

	#told(message: { type: string } & Partial<Halted>): void {
		if (message.type === "running") this.#running.resolve();
		if (message.type === "halted") this.#halted.resolve(message as Halted);
	}
}

function changeFile<T>(path: string, change: (file: T) => void): void {
	const file = parse(readFileSync(path, "utf8")) as T;
	change(file);
	writeFileSync(path, stringify(file));
}
