import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { runCommand } from "../helpers/run-command.ts";
import { type DemoDocument, repository } from "./run-demo.ts";

const withinMs = 15 * 60_000;

/** A clone of what is committed, without node_modules, and an environment without this test's own Node. */
function clone(npmConfig: string): { directory: string; env: NodeJS.ProcessEnv } {
	const directory = mkdtempSync(join(tmpdir(), "pilotline-clone-"));
	onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
	execFileSync("git", ["clone", "--quiet", repository, join(directory, "clone")]);
	const userConfig = join(directory, "npmrc");
	writeFileSync(userConfig, npmConfig);
	// npm and its Node are the system's: what a newcomer has. Variables of the npm that runs this test would leak.
	const env = Object.fromEntries(
		Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_|VITEST)/i.test(name)),
	);
	return { directory: join(directory, "clone"), env: { ...env, npm_config_userconfig: userConfig } };
}

describe.each([
	["as it is", ""],
	["with ignore-scripts", "ignore-scripts=true\n"],
])("a fresh clone, npm %s", (_, npmConfig) => {
	test("one command shows two whole lots, with every value stored, in six minutes after installation", {
		timeout: withinMs,
	}, async () => {
		const { directory, env } = clone(npmConfig);
		const outcome = await runCommand("npm", ["start", "--", "--lots", "2", "--exit", "--json"], {
			cwd: directory,
			env,
			withinMs,
		});
		expect(outcome.code, outcome.stderr).toBe(0);
		const document = JSON.parse(outcome.stdout) as DemoDocument;
		expect(document.valuesStored).toBe(document.valuesProduced);
		expect(document).toMatchObject({ gaps: 0, violations: 0, webhooksDelivered: 0 });
		expect(document.lots.map(({ verdict }) => verdict)).toEqual(["in", "in"]);
		expect(document.seconds).toBeLessThan(360);
	});
});
