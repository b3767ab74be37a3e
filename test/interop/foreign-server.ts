import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { freePort } from "../helpers/free-ports.ts";
import { describeWithPeer } from "../helpers/peers.ts";
import { runCommand } from "../helpers/run-command.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { describeWithMaven, mavenClassPath } from "./maven-build.ts";
import { javaArguments, Program } from "./program.ts";

const here = import.meta.dirname;
const asyncuaRelease = "asyncua==2.1.0";

export const foreignUri = "urn:pilotline:foreign";

/** A value as both programs take it: what JSON has no number for is text, and bytes are hexadecimal. */
export interface ForeignValue {
	readonly name: string;
	readonly value: number | string | boolean | null;
	/** Source time in 100 ns since 1601, as text. */
	readonly ticks: string;
	readonly status: number;
}

export interface ForeignOptions {
	/** Names, which are string node ids too, and built-in types. */
	readonly variables: Readonly<Record<string, string>>;
	readonly security?: {
		readonly certificateFile: string;
		readonly keyFile: string;
		readonly applicationUri: string;
	};
	/** asyncua alone: which variables have a history, in a file that outlives the process. */
	readonly history?: { readonly file: string; readonly names: readonly string[] };
	/** Milo alone. */
	readonly itemsPerCall?: number;
	readonly itemsMax?: number;
}

/** Whose server it is, and what differs by that. */
export interface Maker {
	readonly name: "asyncua" | "milo";
	/** 100 ns in the smallest step of its times. */
	readonly stepTicks: number;
	/** Of the namespace, on the server. */
	readonly index: number;
	command(): Promise<{ command: string; args: readonly string[] }>;
	describe(title: string, suite: () => void): void;
}

const asyncua: Maker = {
	name: "asyncua",
	stepTicks: 10,
	index: 2,
	command: async () => ({ command: await pythonWithAsyncua(), args: [join(here, "asyncua-server.py")] }),
	describe: (title, suite) => describeWithPeer("python3-venv", title, suite),
};

const milo: Maker = {
	name: "milo",
	stepTicks: 1,
	index: 2,
	command: async () => ({
		command: "java",
		args: javaArguments(await mavenClassPath("milo"), "pilotline.interop.MiloServer"),
	}),
	describe: describeWithMaven,
};

export const makers: readonly Maker[] = [asyncua, milo];

/** A server that this project did not write, in a process of its own, which tests kill, stop and start again. */
export class ForeignServer {
	readonly port: number;
	readonly #maker: Maker;
	readonly #options: ForeignOptions;
	readonly #folder = temporaryFolder();
	#program: Program | undefined;

	private constructor(maker: Maker, port: number, options: ForeignOptions) {
		this.#maker = maker;
		this.port = port;
		this.#options = options;
	}

	static async start(maker: Maker, options: ForeignOptions): Promise<ForeignServer> {
		const server = new ForeignServer(maker, await freePort(), options);
		await server.start();
		return server;
	}

	/** Starts it, also once more after a `kill`, at the same port; resolves when it listens. */
	async start(security = this.#options.security): Promise<void> {
		const { command, args } = await this.#maker.command();
		const options = { ...this.#options, security, port: this.port, folder: this.#folder };
		this.#program = new Program(this.#maker.name, command, [...args, JSON.stringify(options)]);
		await this.#program.until(({ event }) => event === "listening", 60_000);
	}

	get #running(): Program {
		if (this.#program === undefined) throw new Error("expected a server that was started");
		return this.#program;
	}

	/** Has it do something, and waits until that is done. */
	async tell(what: string, fields: Record<string, unknown> = {}, withinMs = 30_000): Promise<void> {
		const program = this.#running;
		const from = program.events.length;
		program.send({ do: what, ...fields });
		const answer = await program.until(
			({ event, text }) => event === "error" || (event === "done" && text === what),
			withinMs,
			from,
		);
		expect(answer).toEqual({ event: "done", text: what });
	}

	async write(...values: ForeignValue[]): Promise<void> {
		await this.tell("write", { values });
	}

	/** Without waiting: it may be frozen. */
	writeLater(...values: ForeignValue[]): void {
		this.#running.send({ do: "write", values });
	}

	freeze(): void {
		this.#running.freeze();
	}

	thaw(): void {
		this.#running.thaw();
	}

	async kill(): Promise<void> {
		await this.#running.kill();
	}
}

let python: Promise<string> | undefined;

/** A Python that has asyncua, from PyPI, made once. */
function pythonWithAsyncua(): Promise<string> {
	python ??= makePython();
	return python;
}

async function makePython(): Promise<string> {
	const folder = join(here, "../../node_modules/.cache", `pilotline-${asyncuaRelease.replace("==", "-")}`);
	const program = join(folder, "bin/python");
	if (existsSync(program)) return program;
	const scratch = `${folder}.${process.pid}`;
	const options = { cwd: here, withinMs: 180_000 };
	try {
		const made = await runCommand("python3", ["-m", "venv", scratch], options);
		expect([made.code, made.stderr]).toEqual([0, ""]);
		const from = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", asyncuaRelease];
		const installed = await runCommand(join(scratch, "bin/python"), from, options);
		expect(installed.code, installed.stderr).toBe(0);
		// Another worker may have been faster; what it made is the same.
		if (!existsSync(folder)) renameSync(scratch, folder);
		return program;
	} finally {
		rmSync(scratch, { recursive: true, force: true });
	}
}
