import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, writeFileSync } from "node:fs";

/** One process that a fault test kills, stops, continues and starts again; its output goes to a file. */
export class ProcessUnderTest {
	readonly name: string;
	readonly #command: string;
	readonly #args: readonly string[];
	readonly #env: NodeJS.ProcessEnv;
	readonly #logFile: string;
	readonly #onMessage: ((message: unknown) => void) | undefined;
	#child: ChildProcess | undefined;

	constructor(options: {
		name: string;
		command: string;
		args: readonly string[];
		env: NodeJS.ProcessEnv;
		logFile: string;
		onMessage?: (message: unknown) => void;
	}) {
		this.name = options.name;
		this.#command = options.command;
		this.#args = options.args;
		this.#env = options.env;
		this.#logFile = options.logFile;
		this.#onMessage = options.onMessage;
		writeFileSync(this.#logFile, "");
	}

	get pid(): number {
		return this.#child?.pid ?? 0;
	}

	start(): void {
		const withChannel = this.#onMessage !== undefined;
		const child = spawn(this.#command, this.#args, {
			env: this.#env,
			stdio: ["ignore", "pipe", "pipe", ...(withChannel ? (["ipc"] as const) : [])],
		});
		for (const stream of [child.stdout, child.stderr]) {
			stream?.on("data", (bytes: Buffer) => appendFileSync(this.#logFile, bytes));
		}
		if (this.#onMessage !== undefined) child.on("message", this.#onMessage);
		this.#child = child;
	}

	tell(message: object): void {
		this.#child?.send(message);
	}

	/** Ends the process without giving it a chance, and waits until the system has buried it. */
	async kill(signal: "SIGKILL" | "SIGTERM" = "SIGKILL"): Promise<void> {
		const child = this.#child;
		this.#child = undefined;
		if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
		const ended = once(child, "exit");
		child.kill(signal);
		await ended;
	}

	async restart(): Promise<void> {
		await this.kill();
		this.start();
	}

	freeze(): void {
		this.#child?.kill("SIGSTOP");
	}

	thaw(): void {
		this.#child?.kill("SIGCONT");
	}
}
