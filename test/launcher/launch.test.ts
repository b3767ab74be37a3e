import { spawnSync } from "node:child_process";
import { hostname } from "node:os";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ended, Workshop } from "./workshop.ts";

let workshop: Workshop;
beforeEach(() => {
	workshop = new Workshop();
});
afterEach(() => {
	workshop.clear();
});

describe("installing", () => {
	test("happens at the first start, with all of npm's output on standard error", async () => {
		const outcome = await workshop.launch(["demo", "--json"]);
		expect(outcome.stdout).toBe('["demo","--json"]\n');
		expect(outcome.stderr).toContain("Installing");
		expect(outcome.stderr).toContain("noise\n");
		expect(outcome.stderr).toContain("trouble\n");
		expect(workshop.npmCalls).toEqual(["ci --include=dev --include=optional --loglevel=error --no-progress"]);
	});

	test("does not happen again while the lock file stays", async () => {
		await workshop.launch();
		const outcome = await workshop.launch(["a b", ""]);
		expect(outcome).toMatchObject({ code: 0, stdout: '["a b",""]\n', stderr: "" });
		expect(workshop.npmCalls).toHaveLength(1);
	});

	test("happens again when the lock file changed or node_modules is gone", async () => {
		await workshop.launch();
		workshop.write("package-lock.json", '{"packages":{"":{},"node_modules/a":{"integrity":"sha512-b"}}}');
		await workshop.launch();
		expect(workshop.npmCalls).toHaveLength(2);
		workshop.remove("node_modules");
		await workshop.launch();
		expect(workshop.npmCalls).toHaveLength(3);
	});

	test("is left out where somebody ran npm themselves with this lock file", async () => {
		workshop.write(
			"node_modules/.package-lock.json",
			'{"packages":{"node_modules/a":{"integrity":"sha512-a"}}}',
		);
		expect(await workshop.launch()).toMatchObject({ code: 0, stderr: "" });
		expect(workshop.npmCalls).toEqual([]);
	});

	test("happens where node_modules came from another kind of machine", async () => {
		workshop.write(
			"node_modules/.package-lock.json",
			'{"packages":{"node_modules/a":{"integrity":"sha512-a"}}}',
		);
		workshop.write("node_modules/.pilotline-installed", "0123 plan9-vax\n");
		await workshop.launch();
		expect(workshop.npmCalls).toHaveLength(1);
	});

	test("happens where somebody ran npm themselves with another lock file", async () => {
		workshop.write(
			"node_modules/.package-lock.json",
			'{"packages":{"node_modules/a":{"integrity":"sha512-b"}}}',
		);
		await workshop.launch();
		expect(workshop.npmCalls).toHaveLength(1);
	});

	test("is left out in the packed product, which has no lock file and runs dist", async () => {
		workshop.remove("package-lock.json");
		workshop.remove("cli");
		workshop.write("dist/cli/main.js", 'console.log("packed");\n');
		expect(await workshop.launch()).toMatchObject({ code: 0, stdout: "packed\n", stderr: "" });
		expect(workshop.npmCalls).toEqual([]);
	});

	test("that fails says what to do, and is tried again at the next start", async () => {
		workshop.npm({ exitCode: 3 });
		const outcome = await workshop.launch();
		expect(outcome).toMatchObject({ code: 1, stdout: "" });
		expect(outcome.stderr).toContain("found exit code 3");
		expect(outcome.stderr).toContain("start again");
		expect(workshop.exists(".launch.lock")).toBe(false);
		workshop.npm({});
		expect(await workshop.launch()).toMatchObject({ code: 0, stdout: "[]\n" });
	});

	test("happens once when several start together", async () => {
		workshop.npm({ takesS: 1 });
		const outcomes = await Promise.all([workshop.launch(), workshop.launch(), workshop.launch()]);
		expect(outcomes.map((outcome) => outcome.stdout)).toEqual(["[]\n", "[]\n", "[]\n"]);
		expect(workshop.npmCalls).toHaveLength(1);
		expect(outcomes.filter((outcome) => outcome.stderr.includes("is installing already"))).toHaveLength(2);
		expect(workshop.exists(".launch.lock")).toBe(false);
	});

	test("takes over the lock of a process that died", async () => {
		const { pid } = spawnSync(process.execPath, ["--version"]);
		workshop.write(".launch.lock/owner", JSON.stringify({ pid, host: hostname(), id: "gone" }));
		expect(await workshop.launch()).toMatchObject({ code: 0, stdout: "[]\n" });
		expect(workshop.npmCalls).toHaveLength(1);
	});

	test("waits for the lock of a process that lives", async () => {
		workshop.write(".launch.lock/owner", JSON.stringify({ pid: process.pid, host: hostname(), id: "us" }));
		setTimeout(() => workshop.remove(".launch.lock"), 1_000);
		const outcome = await workshop.launch();
		expect(outcome).toMatchObject({ code: 0, stdout: "[]\n" });
		expect(outcome.stderr).toContain(`process ${process.pid} is installing already`);
	});
});

describe("choosing what runs", () => {
	test("an older Node.js hands over to the one that npm brought", async () => {
		await workshop.launch();
		const runtime = `node_modules/node-${process.platform}-${process.arch}/bin/node`;
		workshop.script(runtime, "echo brought", `exec "${process.execPath}" "$@"`);
		expect(await workshop.launch(["status"], workshop.olderNode)).toMatchObject({
			code: 0,
			stdout: 'brought\n["status"]\n',
		});
	});

	test("an older Node.js alone says what is expected and what was found", async () => {
		const outcome = await workshop.launch([], workshop.olderNode);
		expect(outcome).toMatchObject({ code: 1, stdout: "" });
		expect(outcome.stderr).toContain("expected Node.js 24 or newer");
		expect(outcome.stderr).toContain("found Node.js 18.19.0");
	});

	test("`test` runs the tests with the other arguments", async () => {
		workshop.write("test/run.ts", 'console.log("tests", process.argv.slice(2).join(" "));\n');
		expect((await workshop.launch(["test", "--only", "unit"])).stdout).toBe("tests --only unit\n");
	});

	test("a folder without the program says so", async () => {
		workshop.remove("cli");
		const outcome = await workshop.launch();
		expect(outcome.code).toBe(1);
		expect(outcome.stderr).toContain("expected cli/main.ts");
	});

	test("node:sqlite prints no warning", async () => {
		workshop.write(
			"cli/main.ts",
			'import { DatabaseSync } from "node:sqlite";\nnew DatabaseSync(":memory:").close();\n',
		);
		await workshop.launch();
		expect((await workshop.launch()).stderr).toBe("");
	});
});

describe("the end of the program", () => {
	const countsSignals = `
		let received = 0;
		for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
			process.on(signal, () => {
				received += 1;
				setTimeout(() => process.exit(40 + received), 700);
			});
		}
		console.log("running");
		setTimeout(() => process.exit(3), 15_000);
	`;

	test("its exit code is the launcher's", async () => {
		workshop.write("cli/main.ts", "process.exitCode = 2;\n");
		expect((await workshop.launch()).code).toBe(2);
	});

	test("a program that a signal ended gives 128 and the signal's number", async () => {
		workshop.write("cli/main.ts", 'process.kill(process.pid, "SIGKILL");\nsetInterval(() => {}, 1000);\n');
		expect((await workshop.launch()).code).toBe(137);
	});

	test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("%s reaches the program once", async (signal) => {
		workshop.write("cli/main.ts", countsSignals);
		const child = await workshop.start();
		child.kill(signal);
		expect(await ended(child)).toBe(41);
	});

	test("Ctrl-C in a terminal reaches the program once", async () => {
		await workshop.launch();
		workshop.write("cli/main.ts", countsSignals);
		const child = await workshop.startInTerminal();
		child.stdin?.write("\x03");
		expect(await ended(child)).toBe(41);
	});

	test("Ctrl-C reaches it also when the launcher is slower than the program it started", async () => {
		await workshop.launch();
		workshop.write("cli/main.ts", countsSignals);
		const child = await workshop.startInTerminal(workshop.sluggish);
		child.stdin?.write("\x03");
		expect(await ended(child)).toBe(41);
	});

	test("a signal while npm works ends both and frees the lock", async () => {
		workshop.script("bin/npm", `echo started > "${workshop.folder}/npm-calls"`, "exec sleep 15");
		const running = workshop.launch([], workshop.olderNode);
		while (!workshop.exists("npm-calls")) await new Promise((resolve) => setTimeout(resolve, 20));
		const { pid } = JSON.parse(workshop.read(".launch.lock/owner"));
		process.kill(pid, "SIGTERM");
		expect((await running).code).toBe(143);
		expect(workshop.exists(".launch.lock")).toBe(false);
	});
});
