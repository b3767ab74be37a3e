import { type ChildProcess, spawn } from "node:child_process";
import {
	chmodSync,
	copyFileSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type CommandOutcome, runCommand } from "../helpers/run-command.ts";
import { root } from "../static/rules/repository.ts";

/** A folder with the real launcher, a program that tells what it was given, and an npm that only counts. */
export class Workshop {
	readonly folder = mkdtempSync(join(tmpdir(), "pilotline-launch-"));
	readonly #bin = join(this.folder, "bin");

	constructor() {
		copyFileSync(join(root, "launch.mjs"), join(this.folder, "launch.mjs"));
		this.write("package-lock.json", '{"packages":{"":{},"node_modules/a":{"integrity":"sha512-a"}}}');
		this.write(
			"cli/main.ts",
			"const args: string[] = process.argv.slice(2);\nconsole.log(JSON.stringify(args));\n",
		);
		this.npm({});
	}

	write(file: string, text: string): void {
		mkdirSync(dirname(join(this.folder, file)), { recursive: true });
		writeFileSync(join(this.folder, file), text);
	}

	read(file: string): string {
		return readFileSync(join(this.folder, file), "utf8");
	}

	exists(file: string): boolean {
		return existsSync(join(this.folder, file));
	}

	remove(file: string): void {
		rmSync(join(this.folder, file), { recursive: true, force: true });
	}

	/** Like npm ci, it empties node_modules first and is noisy on both streams. */
	npm(behaviour: { takesS?: number; exitCode?: number }): void {
		this.script(
			"bin/npm",
			`echo noise; echo trouble >&2; echo "$@" >> "${this.folder}/npm-calls"`,
			`rm -rf node_modules; sleep ${behaviour.takesS ?? 0}; mkdir -p node_modules; exit ${behaviour.exitCode ?? 0}`,
		);
	}

	script(file: string, ...lines: string[]): void {
		this.write(file, `#!/bin/sh\n${lines.join("\n")}\n`);
		chmodSync(join(this.folder, file), 0o755);
	}

	get npmCalls(): string[] {
		return this.exists("npm-calls") ? this.read("npm-calls").trim().split("\n") : [];
	}

	/** Makes the launcher believe that an older Node.js runs it. */
	get olderNode(): string[] {
		this.write(
			"older.cjs",
			'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "18.19.0" } });\n',
		);
		return ["--require", join(this.folder, "older.cjs")];
	}

	/** Keeps the launcher from going on for a second after each process it starts, as a busy machine can. */
	get sluggish(): string[] {
		this.write(
			"sluggish.cjs",
			`const processes = require("node:child_process");
			const { spawn } = processes;
			processes.spawn = (...args) => {
				const child = spawn(...args);
				Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
				return child;
			};
			require("node:module").syncBuiltinESMExports();`,
		);
		return ["--require", join(this.folder, "sluggish.cjs")];
	}

	get #env(): NodeJS.ProcessEnv {
		return { ...process.env, PATH: `${this.#bin}:${process.env.PATH}` };
	}

	launch(args: readonly string[] = [], nodeArgs: readonly string[] = []): Promise<CommandOutcome> {
		return runCommand(process.execPath, [...nodeArgs, "launch.mjs", ...args], {
			cwd: this.folder,
			env: this.#env,
			withinMs: 20_000,
		});
	}

	/** Starts the launcher in a session of its own, so without a terminal, and waits until the program runs. */
	async start(): Promise<ChildProcess> {
		const child = spawn(process.execPath, ["launch.mjs"], {
			cwd: this.folder,
			env: this.#env,
			detached: true,
			stdio: ["ignore", "pipe", "ignore"],
		});
		await printed(child, "running");
		return child;
	}

	/** Starts the launcher in the foreground of a terminal; what is written to stdin is typed there. */
	async startInTerminal(nodeArgs: readonly string[] = []): Promise<ChildProcess> {
		const command = [process.execPath, ...nodeArgs, "launch.mjs"].map((word) => `"${word}"`).join(" ");
		// Without exec the shell of `script` stays beside it; dash then ends by the Ctrl-C itself and hides the exit code.
		const child = spawn("script", ["-qec", `exec ${command}`, "/dev/null"], {
			cwd: this.folder,
			env: this.#env,
			stdio: ["pipe", "pipe", "ignore"],
		});
		await printed(child, "running");
		return child;
	}

	clear(): void {
		rmSync(this.folder, { recursive: true, force: true });
	}
}

/** Waits for a word of the program itself: a shell or the launcher may have printed before it. */
function printed(child: ChildProcess, word: string): Promise<void> {
	return new Promise((resolve, reject) => {
		let output = "";
		child.stdout?.setEncoding("utf8").on("data", (text: string) => {
			output += text;
			if (output.includes(word)) resolve();
		});
		child.once("exit", (code) =>
			reject(new Error(`expected "${word}", found exit code ${code} and: ${output}`)),
		);
	});
}

export function ended(child: ChildProcess): Promise<number | null> {
	return new Promise((resolve) => child.once("exit", (code) => resolve(code)));
}
