import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runCommand } from "../helpers/run-command.ts";
import { root } from "./rules/repository.ts";

const biome = join(root, "node_modules", "@biomejs", "biome", "bin", "biome");
const knip = join(root, "node_modules", "knip", "bin", "knip.js");

// Inside the repository, because Biome's settings and its scanner of types end there; dist/ is ignored by git.
const scratch = join(root, "dist", `lint-sample-${process.pid}`);

beforeAll(() => {
	mkdirSync(scratch, { recursive: true });
});
afterAll(() => {
	rmSync(scratch, { recursive: true, force: true });
});

test("Biome has nothing to say", async () => {
	const outcome = await runCommand(
		process.execPath,
		[biome, "check", "--error-on-warnings", "--colors=off"],
		{
			cwd: root,
		},
	);
	expect(outcome.code, `${outcome.stdout}\n${outcome.stderr}`).toBe(0);
});

test("Biome finds a promise that nobody waits for", async () => {
	const sample = [
		"async function send(): Promise<void> {}",
		"export function start(): void {",
		"\tsend();",
		"}",
		"",
	].join("\n");
	const file = join(scratch, "sample.ts");
	writeFileSync(file, sample);
	const outcome = await runCommand(
		process.execPath,
		[biome, "lint", "--vcs-enabled=false", "--error-on-warnings", "--colors=off", file],
		{ cwd: root },
	);
	expect(outcome.stdout + outcome.stderr).toContain("noFloatingPromises");
	expect(outcome.code).not.toBe(0);
});

test("knip finds no unused file, export or dependency", async () => {
	const outcome = await runCommand(process.execPath, [knip, "--no-progress"], { cwd: root });
	expect(outcome.code, `${outcome.stdout}\n${outcome.stderr}`).toBe(0);
});

test("knip finds an unused file, export and dependency under our settings", async () => {
	const folder = join(scratch, "knip");
	mkdirSync(join(folder, "cli"), { recursive: true });
	writeFileSync(
		join(folder, "package.json"),
		JSON.stringify({ name: "sample", type: "module", dependencies: { zod: "4.6.7" } }),
	);
	writeFileSync(join(folder, "cli", "main.ts"), 'import { used } from "./part.ts";\nused();\n');
	writeFileSync(
		join(folder, "cli", "part.ts"),
		"export function used(): void {}\nexport function spare(): void {}\n",
	);
	writeFileSync(join(folder, "cli", "lonely.ts"), "export const lonely = 1;\n");
	const outcome = await runCommand(
		process.execPath,
		[knip, "--no-progress", "--no-gitignore", "--directory", folder, "--config", join(root, "knip.json")],
		{ cwd: folder },
	);
	expect(outcome.stdout).toContain("cli/lonely.ts");
	expect(outcome.stdout).toContain("spare");
	expect(outcome.stdout).toContain("zod");
	expect(outcome.code).toBe(1);
});
