import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { freePort } from "./free-ports.ts";

export type InfluxRow = Record<string, string | number | boolean | null>;

/** A database program of Debian's on a port and in a folder of its own, which a test can kill and start again. */
class DatabaseProgram {
	readonly port: number;
	readonly #program: string;
	readonly #folder: string;
	readonly #args: readonly string[];
	readonly #readyPath: string;
	#process: ChildProcess | undefined;

	constructor(options: { program: string; port: number; folder: string; args: string[]; readyPath: string }) {
		this.port = options.port;
		this.#program = options.program;
		this.#folder = options.folder;
		this.#args = options.args;
		this.#readyPath = options.readyPath;
	}

	get url(): string {
		return `http://127.0.0.1:${this.port}`;
	}

	async start(): Promise<void> {
		this.#process = spawn(this.#program, this.#args, { stdio: "ignore" });
		const endMs = performance.now() + 20_000;
		for (;;) {
			const answer = await fetch(`${this.url}${this.#readyPath}`).catch(() => undefined);
			await answer?.arrayBuffer();
			if (answer?.ok === true) return;
			if (performance.now() > endMs) throw new Error(`${this.#program} does not answer on ${this.port}`);
			await delay(20);
		}
	}

	async kill(): Promise<void> {
		const child = this.#process;
		this.#process = undefined;
		if (child === undefined || child.exitCode !== null) return;
		const ended = once(child, "exit");
		child.kill("SIGKILL");
		await ended;
	}

	/** Ends it and removes its data. */
	async remove(): Promise<void> {
		await this.kill();
		rmSync(this.#folder, { recursive: true, force: true });
	}
}

/** A real InfluxDB 1. */
export class Influxd extends DatabaseProgram {
	/** `authenticated`: with users; the first one is made by a query without a password. */
	static async start(program: string, settings: { authenticated?: boolean } = {}): Promise<Influxd> {
		const folder = mkdtempSync(join(tmpdir(), "pilotline-influxd-"));
		const [port, rpcPort] = [await freePort(), await freePort()];
		const config = join(folder, "influxdb.conf");
		writeFileSync(
			config,
			[
				"reporting-disabled = true",
				`bind-address = "127.0.0.1:${rpcPort}"`,
				`[meta]\ndir = "${folder}/meta"`,
				`[data]\ndir = "${folder}/data"\nwal-dir = "${folder}/wal"\nquery-log-enabled = false`,
				`[http]\nbind-address = "127.0.0.1:${port}"\nlog-enabled = false`,
				`auth-enabled = ${settings.authenticated === true}\nmax-body-size = 2000000`,
				"[monitor]\nstore-enabled = false",
			].join("\n"),
		);
		const influxd = new Influxd({ program, port, folder, args: ["-config", config], readyPath: "/ping" });
		await influxd.start();
		return influxd;
	}

	/** Rows of every series of the first statement, labels among their columns; long numbers as text. `user`: name:password. */
	async query(q: string, db = "", user?: string): Promise<InfluxRow[]> {
		const body = new URLSearchParams({ q, db, epoch: "ns" });
		const headers = user === undefined ? {} : { authorization: `Basic ${btoa(user)}` };
		const answer = await fetch(`${this.url}/query`, { method: "POST", body, headers });
		// Nanoseconds and 64-bit integers do not fit a double: long digits are kept as text.
		const text = (await answer.text()).replaceAll(/([[,])(-?\d{16,})(?=[,\]])/g, '$1"$2"');
		const parsed = JSON.parse(text) as {
			error?: string;
			results?: {
				error?: string;
				series?: { tags?: Record<string, string>; columns: string[]; values: InfluxRow[string][][] }[];
			}[];
		};
		const error = parsed.error ?? parsed.results?.[0]?.error;
		if (error !== undefined) throw new Error(`${q}: ${error}`);
		return (parsed.results?.[0]?.series ?? []).flatMap(({ tags, columns, values }) =>
			values.map((row) => ({
				...tags,
				...Object.fromEntries(columns.map((column, index) => [column, row[index] ?? null])),
			})),
		);
	}
}

/** A real VictoriaMetrics, which takes line protocol on the paths of InfluxDB 1 and 2. */
export class VictoriaMetrics extends DatabaseProgram {
	static async start(program: string): Promise<VictoriaMetrics> {
		const folder = mkdtempSync(join(tmpdir(), "pilotline-victoria-"));
		const port = await freePort();
		const args = [
			`-storageDataPath=${folder}/data`,
			`-httpListenAddr=127.0.0.1:${port}`,
			"-retentionPeriod=100y",
			"-memory.allowedBytes=64MB",
		];
		const victoria = new VictoriaMetrics({ program, port, folder, args, readyPath: "/health" });
		await victoria.start();
		return victoria;
	}

	/** What is stored under a selector such as `sample_value`: one object per series. */
	async export(
		match: string,
	): Promise<{ metric: Record<string, string>; values: number[]; timestamps: number[] }[]> {
		await fetch(`${this.url}/internal/force_flush`);
		const answer = await fetch(`${this.url}/api/v1/export?${new URLSearchParams({ "match[]": match })}`);
		const text = await answer.text();
		return text
			.split("\n")
			.filter((line) => line !== "")
			.map((line) => JSON.parse(line));
	}
}
