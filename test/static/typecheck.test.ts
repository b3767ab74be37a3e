import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runCommand } from "../helpers/run-command.ts";
import { root } from "./rules/repository.ts";

const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
let scratch: string;

beforeAll(() => {
	scratch = mkdtempSync(join(tmpdir(), "pilotline-typecheck-"));
});
afterAll(() => {
	rmSync(scratch, { recursive: true, force: true });
});

test("every source and test has right types", async () => {
	const outcome = await runCommand(process.execPath, [tsc, "-p", ".", "--pretty", "false"], { cwd: root });
	expect(outcome.stdout).toBe("");
	expect(outcome.code).toBe(0);
});

test("the type check finds a missing value under our settings", async () => {
	writeFileSync(
		join(scratch, "sample.ts"),
		"const list: string[] = [];\nexport const first: string = list[0];\n",
	);
	const settings = {
		extends: join(root, "tsconfig.json"),
		compilerOptions: { types: [] },
		include: ["sample.ts"],
	};
	writeFileSync(join(scratch, "tsconfig.json"), JSON.stringify(settings));
	const outcome = await runCommand(process.execPath, [tsc, "-p", scratch, "--pretty", "false"], {
		cwd: root,
	});
	expect(outcome.stdout).toContain("sample.ts(2,14): error TS2322");
	expect(outcome.code).not.toBe(0);
});

test("the packed product's files import each other by .js", async () => {
	const out = join(scratch, "dist");
	const outcome = await runCommand(
		process.execPath,
		[tsc, "-p", "tsconfig.build.json", "--outDir", out, "--pretty", "false"],
		{ cwd: root },
	);
	expect(outcome.stdout).toBe("");
	const files = readdirSync(out, { recursive: true, encoding: "utf8" }).filter((file) =>
		file.endsWith(".js"),
	);
	expect(files.length).toBeGreaterThan(10);
	expect(files.filter((file) => file.startsWith("test"))).toEqual([]);
	const wrong = files.filter((file) =>
		/\b(?:from|import\(|new URL\()\s*"\.[^"]*\.ts"/.test(readFileSync(join(out, file), "utf8")),
	);
	expect(wrong).toEqual([]);
});
