import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Clock } from "../common/runtime/clock.ts";
import { CodedError } from "../common/runtime/coded-error.ts";
import type { Part } from "../common/runtime/lifecycle.ts";
import { runtimeFlags } from "./runtime-flags.ts";

export interface ChildOptions {
	readonly name: string;
	readonly args: readonly string[];
	readonly env: NodeJS.ProcessEnv;
	readonly logFile: string;
	readonly clock: Clock;
	readonly onMessage?: (message: unknown) => void;
	/** The process ended and nobody had asked it to. */
	readonly onUnexpectedEnd: (error: CodedError) => void;
}

const endWithinMs = 3_000;
const logTailLines = 5;

/** One `pilotline` process of the demonstration, its log in a file. */
export class Child implements Part {
	readonly name: string;
	readonly #options: ChildOptions;
	#process: ChildProcess | undefined;
	#ended: Promise<void> = Promise.resolve();
	#stopping = false;

	constructor(options: ChildOptions) {
		this.name = options.name;
		this.#options = options;
	}

	start(): void {
		const { args, env, logFile, onMessage } = this.#options;
		// `.ts` in the tree, `.js` when packed, as this file.
		const ending = import.meta.url.slice(import.meta.url.lastIndexOf("."));
		const main = fileURLToPath(new URL(`./main${ending}`, import.meta.url));
		const child = spawn(process.execPath, [...runtimeFlags(args[0]), main, ...args], {
			env,
			stdio: ["ignore", "pipe", "pipe", "ipc"],
		});
		this.#process = child;
		const log = createWriteStream(logFile, { mode: 0o640 });
		child.stdout?.pipe(log, { end: false });
		child.stderr?.pipe(log, { end: false });
		if (onMessage !== undefined) child.on("message", onMessage);
		this.#ended = new Promise((resolve) => {
			child.once("error", () => resolve());
			child.once("close", (code, signal) => {
				log.end(() => resolve());
				if (!this.#stopping) this.#endedUnasked(signal ?? `code ${code}`).catch(() => undefined);
			});
		});
	}

	tell(message: object): void {
		if (this.#process?.connected === true) this.#process.send(message);
	}

	async stop(): Promise<void> {
		this.#stopping = true;
		const child = this.#process;
		if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
		child.kill("SIGTERM");
		const cancel = this.#options.clock.after(endWithinMs, () => child.kill("SIGKILL"));
		await this.#ended;
		cancel();
	}

	async #endedUnasked(how: string): Promise<void> {
		await this.#ended;
		const { name, logFile, onUnexpectedEnd } = this.#options;
		const tail = (await readFile(logFile, "utf8").catch(() => ""))
			.trimEnd()
			.split("\n")
			.slice(-logTailLines)
			.join("\n");
		onUnexpectedEnd(
			new CodedError("DEMO_FAILED", `the ${name} process ended by itself (${how}); its last words:\n${tail}`),
		);
	}
}
