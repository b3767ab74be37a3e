import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts } from "../helpers/free-ports.ts";
import { ProcessUnderTest } from "./process-under-test.ts";
import { until } from "./until.ts";

const repository = new URL("../../", import.meta.url).pathname;

interface Halted {
	readonly produced: number;
	readonly producedByTag: Readonly<Record<string, number>>;
}

/** The example's files, changed. */
interface LineFiles {
	readonly agentFile?: (text: string) => string;
	readonly simulatorFile?: (text: string) => string;
}

/**
 * The whole line as separate processes with a real Mosquitto between them, each of which a test may kill at any
 * moment. Everything runs on free ports of the loopback in a folder of its own.
 */
export class FaultLine {
	readonly directory = mkdtempSync(join(tmpdir(), "pilotline-fault-"));
	broker!: ProcessUnderTest;
	collector!: ProcessUnderTest;
	simulator!: ProcessUnderTest;
	agent!: ProcessUnderTest;
	apiUrl = "";
	agentUrl = "";
	#env: NodeJS.ProcessEnv = {};
	readonly #running = Promise.withResolvers<void>();
	readonly #halted = Promise.withResolvers<Halted>();
	produced = 0;

	/** Starts everything and resolves when the line produces. */
	async start(
		mosquitto: string,
		options: { speed: number; startsHoursAgo: number; unheard?: boolean } & LineFiles,
	): Promise<void> {
		const ports = await freePorts(7);
		const [brokerPort, apiPort, agentPort, charge, dry, size, laboratory] = ports;
		const config = join(this.directory, "mosquitto.conf");
		writeFileSync(
			config,
			`listener ${brokerPort} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_queued_messages 0\n`,
		);
		const secretFile = join(this.directory, "webhook.secret");
		writeFileSync(secretFile, `whsec_${randomBytes(32).toString("base64")}\n`, { mode: 0o600 });
		mkdirSync(join(this.directory, "logs"));
		const env = {
			...process.env,
			PILOTLINE_BROKER_URL: `mqtt://127.0.0.1:${brokerPort}`,
			PILOTLINE_WEBHOOK_SECRET_FILE: secretFile,
			PILOTLINE_AGENT_DATA: join(this.directory, "agent"),
			PILOTLINE_COLLECTOR_DATA: join(this.directory, "collector"),
			PILOTLINE_SIMULATOR_DATA: join(this.directory, "simulator"),
			PILOTLINE_API_PORT: String(apiPort),
			PILOTLINE_AGENT_STATUS_PORT: String(agentPort),
			PILOTLINE_OPCUA_CHARGE_PORT: String(charge),
			PILOTLINE_OPCUA_DRY_PORT: String(dry),
			PILOTLINE_OPCUA_SIZE_PORT: String(size),
			PILOTLINE_OPCUA_LAB_PORT: String(laboratory),
		};
		this.apiUrl = `http://127.0.0.1:${apiPort}`;
		this.agentUrl = `http://127.0.0.1:${agentPort}`;
		this.#env = env;
		const example = (name: string) => join(repository, "examples/pilot-line", name);
		const changed = (name: string, change: ((text: string) => string) | undefined) =>
			change === undefined ? example(name) : this.#written(name, change(readFileSync(example(name), "utf8")));
		const { speed, startsHoursAgo } = options;
		this.broker = new ProcessUnderTest({
			name: "broker",
			command: mosquitto,
			args: ["-c", config],
			env: process.env,
			logFile: join(this.directory, "logs", "broker.log"),
		});
		this.collector = this.#own("collector", ["collector", "--config", example("collector.yaml")]);
		this.agent = this.#own("agent", ["agent", "--config", changed("agent.yaml", options.agentFile)]);
		this.simulator = this.#own(
			"simulator",
			[
				"simulate",
				"--config",
				changed("simulator.yaml", options.simulatorFile),
				"--speed",
				String(speed),
				"--starts-hours-ago",
				String(startsHoursAgo),
			],
			{},
			(message) => this.#simulator(message as { type: string } & Partial<Halted>),
		);
		const parts = [this.broker, this.simulator, this.agent];
		// Unheard, the journal holds everything that the line tells.
		for (const part of options.unheard === true ? parts : [...parts, this.collector]) part.start();
		await this.#running.promise;
	}

	/** One more agent on the same servers, with a journal of its own and nobody to send it to. */
	unheardAgent(name: string, statusPort: number, change: (text: string) => string): ProcessUnderTest {
		const file = this.#written(
			`${name}.yaml`,
			change(readFileSync(join(repository, "examples/pilot-line/agent.yaml"), "utf8")),
		);
		return this.#own(name, ["agent", "--config", file], {
			PILOTLINE_BROKER_URL: "mqtt://127.0.0.1:1",
			PILOTLINE_AGENT_DATA: join(this.directory, name),
			PILOTLINE_AGENT_STATUS_PORT: String(statusPort),
		});
	}

	/** Runs a command of the program in the line's environment; resolves with its exit code and what it printed. */
	async command(args: readonly string[]): Promise<{ code: number | null; printed: string }> {
		const name = args[0] as string;
		const process_ = this.#own(name, args);
		process_.start();
		const { code } = await process_.ended(120_000);
		return { code, printed: process_.log };
	}

	/** Stops producing; resolves with what was produced, per tag. */
	async halt(): Promise<Halted> {
		this.simulator.tell({ type: "halt" });
		return await this.#halted.promise;
	}

	/** Asks the API until `met` holds of the answer, and returns it; throws what was last seen otherwise. */
	async until<T>(path: string, met: (answer: T) => boolean, withinMs: number): Promise<T> {
		return await until(`${this.apiUrl}${path}`, met, withinMs, () => this.logs());
	}

	/** The last lines of every log, for the message of a failing test. */
	logs(): string {
		return ["broker", "collector", "simulator", "agent"]
			.map((name) => {
				const lines = readFileSync(join(this.directory, "logs", `${name}.log`), "utf8")
					.trimEnd()
					.split("\n");
				return `== ${name}\n${lines.slice(-15).join("\n")}`;
			})
			.join("\n");
	}

	async stop(): Promise<void> {
		for (const part of [this.agent, this.simulator, this.collector, this.broker]) await part?.kill("SIGKILL");
		rmSync(this.directory, { recursive: true, force: true });
	}

	#own(
		name: string,
		args: readonly string[],
		env: NodeJS.ProcessEnv = {},
		onMessage?: (message: unknown) => void,
	): ProcessUnderTest {
		return new ProcessUnderTest({
			name,
			command: process.execPath,
			args: ["--disable-warning=ExperimentalWarning", join(repository, "cli/main.ts"), ...args],
			env: { ...this.#env, ...env },
			logFile: join(this.directory, "logs", `${name}.log`),
			...(onMessage === undefined ? {} : { onMessage }),
		});
	}

	#written(name: string, text: string): string {
		const file = join(this.directory, name);
		writeFileSync(file, text);
		return file;
	}

	#simulator(message: { type: string } & Partial<Halted> & { produced?: number }): void {
		if (message.type === "running") this.#running.resolve();
		if (message.type === "progress") this.produced = message.produced ?? 0;
		if (message.type === "halted") this.#halted.resolve(message as Halted);
	}
}
