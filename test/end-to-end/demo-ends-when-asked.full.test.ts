import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { expect, onTestFinished, test } from "vitest";
import { runCommand } from "../helpers/run-command.ts";
import { nodeArguments, repository } from "./run-demo.ts";

function startDemo(): { child: ChildProcess; said: (pattern: RegExp) => Promise<RegExpMatchArray> } {
	const child = spawn(process.execPath, [...nodeArguments, "demo"], {
		cwd: repository,
		stdio: ["ignore", "ignore", "pipe"],
	});
	onTestFinished(() => {
		child.kill("SIGKILL");
	});
	let text = "";
	const said = (pattern: RegExp) =>
		new Promise<RegExpMatchArray>((resolve, reject) => {
			const look = () => {
				const match = text.match(pattern);
				if (match !== null) resolve(match);
			};
			child.stderr?.on("data", look);
			child.once("close", () =>
				reject(new Error(`the demonstration ended before it said ${pattern}:\n${text}`)),
			);
			look();
		});
	child.stderr?.setEncoding("utf8").on("data", (more: string) => {
		text += more;
	});
	return { child, said };
}

/** Processes whose parent is `pid`, by /proc. */
function childrenOf(pid: number): number[] {
	return readdirSync("/proc")
		.filter((name) => /^\d+$/.test(name))
		.map(Number)
		.filter((candidate) => {
			try {
				const stat = readFileSync(`/proc/${candidate}/stat`, "utf8");
				return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]) === pid;
			} catch {
				return false;
			}
		});
}

function isAlive(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch {
		return false;
	}
}

test("Ctrl-C stops every process within five seconds and leaves nothing behind", async () => {
	const before = new Set(readdirSync(tmpdir()).filter((name) => name.startsWith("pilotline-demo-")));
	const { child, said } = startDemo();
	const [, page] = await said(/The page: (http:\/\/127\.0\.0\.1:\d+\/)/);
	const children = childrenOf(child.pid as number);
	expect(children).toHaveLength(3);
	expect((await fetch(page as string)).status).toBe(200);

	const askedMs = performance.now();
	child.kill("SIGINT");
	const [code] = await once(child, "close");
	expect(performance.now() - askedMs).toBeLessThan(5_000);
	expect(code).toBe(0);
	expect(children.filter(isAlive)).toEqual([]);
	const left = readdirSync(tmpdir()).filter(
		(name) => name.startsWith("pilotline-demo-") && !before.has(name),
	);
	expect(left).toEqual([]);
});

test("a process that dies ends the demonstration with its name and its last words", async () => {
	const { child, said } = startDemo();
	await said(/The page:/);
	const agent = childrenOf(child.pid as number).find((pid) =>
		readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("\0agent\0"),
	);
	process.kill(agent as number, "SIGKILL");
	await said(/DEMO_FAILED: the agent process ended by itself \(SIGKILL\)/);
	if (child.exitCode === null) await once(child, "close");
	expect(child.exitCode).toBe(1);
});

test.each([
	[["--exit"], "expected --lots N with --exit"],
	[["--scenario", "volcano"], "abatement-failure, found volcano"],
	[["--speed", "0"], "expected a whole number from 1 to 100000, found 0"],
])("demo %j is refused with exit code 2 before anything starts", async (args, message) => {
	const outcome = await runCommand(process.execPath, [...nodeArguments, "demo", ...args], {
		cwd: repository,
	});
	expect(outcome.code).toBe(2);
	expect(outcome.stderr).toContain(message);
	expect(outcome.stdout).toBe("");
});
