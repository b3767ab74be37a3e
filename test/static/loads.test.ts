import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runCommand } from "../helpers/run-command.ts";
import { isSource, repositoryFiles, root } from "./rules/repository.ts";

/** Files whose import starts something: programs, worker threads, and what runs in a browser. */
const startsSomething = [
	/^cli\/(?:main|pilotline)\.ts$/,
	/^collector\/store\/[a-z-]+-thread\.ts$/,
	/^dashboards\/console\//,
];

// vitest transforms sources; Node.js only strips types, and refuses enums, parameter properties and paths without .ts.
const loader = `
	import { readFileSync } from "node:fs";
	let failed = 0;
	for (const url of JSON.parse(readFileSync(0, "utf8"))) {
		try { await import(url); } catch (error) { failed += 1; console.log(url + ": " + error.message.split("\\n")[0]); }
	}
	process.exitCode = failed > 0 ? 1 : 0;
`;

let scratch: string;
beforeAll(() => {
	scratch = mkdtempSync(join(tmpdir(), "pilotline-loads-"));
});
afterAll(() => {
	rmSync(scratch, { recursive: true, force: true });
});

function load(files: readonly string[], withinMs: number) {
	return runCommand(
		process.execPath,
		["--disable-warning=ExperimentalWarning", "--input-type=module", "--eval", loader],
		{ cwd: scratch, withinMs, input: JSON.stringify(files.map((file) => pathToFileURL(file).href)) },
	);
}

test("every source loads in plain Node.js, prints nothing and keeps nothing running", async () => {
	const files = repositoryFiles().filter(
		(file) =>
			isSource(file) && !file.endsWith(".d.ts") && !startsSomething.some((pattern) => pattern.test(file)),
	);
	expect(files.length).toBeGreaterThan(10);
	const outcome = await load(
		files.map((file) => join(root, file)),
		60_000,
	);
	expect(outcome.stdout + outcome.stderr).toBe("");
	expect(outcome.signal, "a source started something when it was imported").toBe(null);
	expect(outcome.code).toBe(0);
});

test("a source that Node.js cannot run is found", async () => {
	const file = join(scratch, "enumerated.ts");
	writeFileSync(file, "export enum Color { Red }\n");
	const outcome = await load([file], 20_000);
	expect(outcome.stdout).toContain("enumerated.ts");
	expect(outcome.code).toBe(1);
});

test("a source that starts a timer when imported is found", async () => {
	const file = join(scratch, "ticking.ts");
	writeFileSync(file, "setInterval(() => {}, 1000);\n");
	expect((await load([file], 3_000)).signal).toBe("SIGKILL");
});
