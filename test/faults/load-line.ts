import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { writeBenchFiles } from "../../cli/bench/bench-config.ts";
import { freePorts } from "./free-ports.ts";
import { ProcessUnderTest } from "./process-under-test.ts";

const main = new URL("../../cli/main.ts", import.meta.url).pathname;

interface Halted {
	readonly produced: number;
	readonly producedByTag: Readonly<Record<string, number>>;
}

/** A hole in a tag's counter: the values between two stored ones, and the source times around them. */
export interface MissingRun {
	readonly tag: string;
	readonly values: number;
	readonly fromMs: number;
	readonly toMs: number;
}

/**
 * Load generator, Mosquitto, agent and collector as processes of their own. Every tag counts up, so the store alone
 * shows what is missing or doubled.
 */
export class LoadLine {
	readonly directory = mkdtempSync(join(tmpdir(), "pilotline-load-"));
	readonly tags: number;
	broker!: ProcessUnderTest;
	collector!: ProcessUnderTest;
	load!: ProcessUnderTest;
	agent!: ProcessUnderTest;
	apiUrl = "";
	agentUrl = "";
	#newest: DatabaseSync | undefined;
	readonly #running = Promise.withResolvers<void>();
	readonly #halted = Promise.withResolvers<Halted>();

	constructor(options: { tags: number }) {
		this.tags = options.tags;
	}

	async start(mosquitto: string, options: { rate: number }): Promise<void> {
		const [brokerPort, apiPort, agentPort, loadPort] = (await freePorts(4)) as [
			number,
			number,
			number,
			number,
		];
		const config = join(this.directory, "mosquitto.conf");
		writeFileSync(
			config,
			`listener ${brokerPort} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_queued_messages 0\n`,
		);
		mkdirSync(join(this.directory, "logs"));
		const { agent, collector } = await writeBenchFiles({
			directory: this.directory,
			tags: this.tags,
			brokerUrl: `mqtt://127.0.0.1:${brokerPort}`,
			endpoint: `opc.tcp://127.0.0.1:${loadPort}`,
			apiPort,
			agentPort,
		});
		this.apiUrl = `http://127.0.0.1:${apiPort}`;
		this.agentUrl = `http://127.0.0.1:${agentPort}`;
		const own = (name: string, args: readonly string[], onMessage?: (message: unknown) => void) =>
			new ProcessUnderTest({
				name,
				command: process.execPath,
				args: ["--disable-warning=ExperimentalWarning", main, ...args],
				env: process.env,
				logFile: join(this.directory, "logs", `${name}.log`),
				...(onMessage === undefined ? {} : { onMessage }),
			});
		this.broker = new ProcessUnderTest({
			name: "broker",
			command: mosquitto,
			args: ["-c", config],
			env: process.env,
			logFile: join(this.directory, "logs", "broker.log"),
		});
		const load = [
			"--tags",
			String(this.tags),
			"--rate",
			String(options.rate),
			"--port",
			String(loadPort),
			"--data",
			join(this.directory, "pki"),
		];
		this.load = own("load", ["load", ...load], (message) =>
			this.#told(message as { type: string } & Partial<Halted>),
		);
		this.collector = own("collector", ["collector", "--config", collector]);
		this.agent = own("agent", ["agent", "--config", agent]);
		for (const part of [this.broker, this.load, this.collector, this.agent]) part.start();
		await this.#running.promise;
	}

	async halt(): Promise<Halted> {
		this.load.tell({ type: "halt" });
		return await this.#halted.promise;
	}

	/** Stored samples of every tag in order of source time, with what is missing between them and what is doubled. */
	examine(): { missing: MissingRun[]; doubled: string[] } {
		const store = this.#open();
		const missing: MissingRun[] = [];
		const doubled: string[] = [];
		try {
			const rows = store.prepare(
				`SELECT x.device || '/' || x.tag AS tag, s.value, s.source_ms AS ms FROM sample s JOIN series x ON x.id = s.series
				WHERE x.tag LIKE 'T%' AND s.status = 0 ORDER BY s.series, s.source_ms, s.value`,
			);
			let before: { tag: string; value: number; ms: number } | undefined;
			for (const row of rows.iterate() as Iterable<{ tag: string; value: number; ms: number }>) {
				if (before?.tag === row.tag) {
					if (row.value === before.value) doubled.push(`${row.tag} value ${row.value}`);
					if (row.value > before.value + 1) {
						missing.push({
							tag: row.tag,
							values: row.value - before.value - 1,
							fromMs: before.ms,
							toMs: row.ms,
						});
					}
				} else if (row.value !== 1)
					missing.push({ tag: row.tag, values: row.value - 1, fromMs: 0, toMs: row.ms });
				before = row;
			}
		} finally {
			store.close();
		}
		return { missing, doubled };
	}

	/** The newest stored counter of a tag, or undefined. */
	lastStored(tag: string): number | undefined {
		this.#newest ??= this.#open();
		const row = this.#newest
			.prepare(
				`SELECT s.value FROM series x JOIN count_by_series c ON c.series = x.id JOIN sample s ON s.pos = c.last_pos
				WHERE x.device || '/' || x.tag = ?`,
			)
			.get(tag) as { value: number } | undefined;
		return row?.value;
	}

	gaps(): { device: string; cause: string; fromMs: number; toMs: number }[] {
		const store = this.#open();
		try {
			return store.prepare("SELECT device, cause, from_ms AS fromMs, to_ms AS toMs FROM gap").all() as never;
		} finally {
			store.close();
		}
	}

	logs(): string {
		return ["broker", "collector", "load", "agent"]
			.map((name) => {
				const lines = readFileSync(join(this.directory, "logs", `${name}.log`), "utf8")
					.trimEnd()
					.split("\n");
				return `== ${name}\n${lines.slice(-12).join("\n")}`;
			})
			.join("\n");
	}

	async stop(): Promise<void> {
		this.#newest?.close();
		for (const part of [this.agent, this.load, this.collector, this.broker]) await part?.kill("SIGKILL");
		rmSync(this.directory, { recursive: true, force: true });
	}

	#open(): DatabaseSync {
		return new DatabaseSync(join(this.directory, "collector", "store.db"), { readOnly: true });
	}

	#told(message: { type: string } & Partial<Halted>): void {
		if (message.type === "running") this.#running.resolve();
		if (message.type === "halted") this.#halted.resolve(message as Halted);
	}
}
