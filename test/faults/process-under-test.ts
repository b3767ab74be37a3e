import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";

/** How a process ended. */
export interface ProcessEnd {
	readonly code: number | null;
	readonly signal: NodeJS.Signals | null;
}

/** One process that a fault test kills, stops, continues and starts again; its output goes to a file. */
export class ProcessUnderTest {
	readonly name: string;
	/** Changes count from the next start on. */
	env: NodeJS.ProcessEnv;
	readonly #command: string;
	readonly #args: readonly string[];
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
		this.env = options.env;
		this.#command = options.command;
		this.#args = options.args;
		this.#logFile = options.logFile;
		this.#onMessage = options.onMessage;
		writeFileSync(this.#logFile, "");
	}

	get pid(): number {
		return this.#child?.pid ?? 0;
	}

	get running(): boolean {
		return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
	}

	/** Everything it has printed since the test began, over all its lives. */
	get log(): string {
		return readFileSync(this.#logFile, "utf8");
	}

	start(): void {
		const withChannel = this.#onMessage !== undefined;
		const child = spawn(this.#command, this.#args, {
			env: this.env,
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
		// A stopped process takes SIGKILL at once, every other signal only when it goes on.
		if (signal !== "SIGKILL") child.kill("SIGCONT");
		await ended;
	}

	/** Waits for an end that the process chooses itself. @throws when it still runs after `withinMs`. */
	async ended(withinMs: number): Promise<ProcessEnd> {
		const child = this.#child;
		if (child === undefined) throw new Error(`${this.name} was not started`);
		if (this.running) {
			const late = AbortSignal.timeout(withinMs);
			try {
				await once(child, "exit", { signal: late });
			} catch {
				throw new Error(`${this.name} still runs after ${withinMs} ms:\n${this.log.slice(-2_000)}`);
			}
		}
		return { code: child.exitCode, signal: child.signalCode };
	}

	async restart(): Promise<void> {
		await this.kill();
		this.start();
	}

	/** Has it read its configuration again. */
	hangUp(): void {
		this.#child?.kill("SIGHUP");
	}

	freeze(): void {
		this.#child?.kill("SIGSTOP");
	}

	thaw(): void {
		this.#child?.kill("SIGCONT");
	}
}
