import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runCommand } from "../helpers/run-command.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";

const root = new URL("../../", import.meta.url).pathname;

function pilotline(...args: string[]) {
	return runCommand(
		process.execPath,
		["--disable-warning=ExperimentalWarning", "cli/main.ts", "plan", ...args],
		{
			cwd: root,
			withinMs: 20_000,
		},
	);
}

/** The example's files in a folder of their own, and another of them with a part of its text replaced. */
function example(name: string, before: string | RegExp, after: string) {
	const folder = temporaryFolder();
	cpSync(join(root, "examples/pilot-line"), folder, { recursive: true });
	const [old, fresh] = [join(folder, `${name}.yaml`), join(folder, `${name}-new.yaml`)];
	const text = readFileSync(old, "utf8");
	const changed = text.replace(before, after);
	expect(changed).not.toBe(text);
	writeFileSync(fresh, changed);
	return { old, fresh };
}

describe("pilotline plan", () => {
	test("tells two files of an agent apart, with what is touched and what it costs", async () => {
		const { old, fresh } = example("agent", /keepalive_s: 15/, "keepalive_s: 20");
		const { code, stdout, stderr } = await pilotline(fresh, "--against", old);
		expect(stdout.split("\n")).toEqual([
			`${fresh} against ${old}:`,
			"",
			"change   what                from  to  touches",
			"changed  broker.keepalive_s  15    20  broker",
			"",
			"What it costs:",
			"  the broker is connected to anew; the journal holds what arrives meanwhile",
			"",
		]);
		expect([code, stderr]).toEqual([0, ""]);
		const same = await pilotline(old, "--against", old, "--json");
		expect([same.code, JSON.parse(same.stdout)]).toEqual([
			0,
			{
				...{ file: old, kind: "agent", against: old, result: "unchanged" },
				...{ changes: [], costs: [], needsRestart: [] },
			},
		]);
	});

	test("a key that needs a restart is named, with 1; so is all of a collector's, its specification included", async () => {
		const agent = example("agent", "edge_node: line-1", "edge_node: line-2");
		const restart = await pilotline(agent.fresh, "--against", agent.old);
		expect(restart.stdout).toContain("A reload refuses this file as a whole");
		expect([restart.code, restart.stdout.trimEnd().split(": ").at(-1)]).toEqual([1, "edge_node"]);
		const collector = example("collector", "commit_interval_ms: 100", "commit_interval_ms: 90");
		const told = await pilotline(collector.fresh, "--against", collector.old);
		expect(told.stdout).toMatch(/changed {2}intake\.commit_interval_ms +100 +90 {2}restart\n/);
		expect(told.stdout).toContain("A running collector does not read its files again");
		expect(told.code).toBe(1);
	});

	test("a file with problems, two kinds, and a collector without another file are mistakes of usage", async () => {
		const { old, fresh } = example("agent", "schema: 1", "schema: 2");
		const invalid = await pilotline(fresh, "--against", old, "--json");
		expect([invalid.code, JSON.parse(invalid.stdout)]).toMatchObject([
			2,
			{ result: "invalid", problems: [{ path: "schema" }] },
		]);
		const collector = join(root, "examples/pilot-line/collector.yaml");
		const kinds = await pilotline(collector, "--against", old);
		expect([kinds.code, kinds.stderr]).toEqual([2, expect.stringContaining("found collector and agent")]);
		const alone = await pilotline(collector);
		expect([alone.code, alone.stderr]).toEqual([2, expect.stringContaining("expected --against OLD_FILE")]);
	});
});
