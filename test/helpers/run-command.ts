import { spawn } from "node:child_process";

export interface CommandOutcome {
	readonly code: number | null;
	readonly signal: NodeJS.Signals | null;
	readonly stdout: string;
	readonly stderr: string;
}

/** Runs a program to its end and returns what it printed; one that takes too long is killed. */
export function runCommand(
	command: string,
	args: readonly string[],
	options: { cwd: string; env?: NodeJS.ProcessEnv; withinMs?: number; input?: string },
): Promise<CommandOutcome> {
	return new Promise((resolve, reject) => {
		const child = spawn(command, args, { cwd: options.cwd, env: options.env ?? process.env });
		let stdout = "";
		let stderr = "";
		child.stdout.setEncoding("utf8").on("data", (text: string) => {
			stdout += text;
		});
		child.stderr.setEncoding("utf8").on("data", (text: string) => {
			stderr += text;
		});
		child.stdin.end(options.input ?? "");
		const limit = setTimeout(() => child.kill("SIGKILL"), options.withinMs ?? 110_000);
		child.on("error", (error) => {
			clearTimeout(limit);
			reject(error);
		});
		child.on("close", (code, signal) => {
			clearTimeout(limit);
			resolve({ code, signal, stdout, stderr });
		});
	});
}
