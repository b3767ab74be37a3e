import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runCommand } from "../helpers/run-command.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";

const root = new URL("../../", import.meta.url).pathname;
const bad = "test/fixtures/configs/bad/ten-mistakes.yaml";
const { PILOTLINE_NOT_SET: _, ...env } = process.env;

function pilotline(...args: string[]) {
	return runCommand(process.execPath, ["--disable-warning=ExperimentalWarning", "cli/main.ts", ...args], {
		cwd: root,
		env,
		withinMs: 20_000,
	});
}

/** The messages that a bad file's own comment promises. */
function promised(file: string): string[] {
	const [comment = ""] = readFileSync(join(root, file), "utf8").split(/\n(?!#)/, 1);
	return [...comment.matchAll(/^# {3}(\d+:\d+: .*)$/gm)].map(([, text]) => `${file}:${text}`);
}

describe("pilotline check", () => {
	test("finds ten different mistakes in one run, each with its place, and ends with 2", async () => {
		const expected = promised(bad);
		expect(expected).toHaveLength(10);
		const { code, stdout, stderr } = await pilotline("check", bad);
		expect(stdout.trimEnd().split("\n")).toEqual([...expected, "10 problems in 1 of 1 files"]);
		expect([code, stderr]).toEqual([2, ""]);
	});

	test("prints one JSON document with --json, sound and unsound files side by side", async () => {
		const sound = "examples/pilot-line/specification.yaml";
		const { code, stdout } = await pilotline("check", "--json", sound, bad, "nowhere.yaml");
		const document = JSON.parse(stdout);
		expect(code).toBe(2);
		expect(document).toMatchObject({
			ok: false,
			files: [
				{ file: sound, kind: "specification", ok: true, problems: [] },
				{ file: bad, kind: "collector", ok: false },
				{ file: "nowhere.yaml", kind: "", ok: false, problems: [{ line: 1, column: 1 }] },
			],
		});
		const [first] = document.files[1].problems;
		expect(first).toEqual({
			file: bad,
			line: 16,
			column: 9,
			path: "schema",
			message: expect.stringContaining("expected schema: 1"),
		});
	});

	test("finds every file of examples/pilot-line sound, and ends with 0", async () => {
		const files = globSync("examples/pilot-line/*.yaml", { cwd: root });
		expect(files.length).toBeGreaterThanOrEqual(4);
		const { code, stdout } = await pilotline("check", ...files);
		expect(
			stdout
				.trimEnd()
				.split("\n")
				.map((line) => line.replace(/: a sound .* file$/, "")),
		).toEqual(files);
		expect(code).toBe(0);
	});

	test("holds windows against the tags of the agents that are given, and versions against each other", async () => {
		const folder = temporaryFolder();
		const text = readFileSync(join(root, "examples/pilot-line/specification.yaml"), "utf8");
		const file = join(folder, "two.yaml");
		const wrong = text
			.replace("tag: W200.AT01\n", "tag: W200.AT09\n")
			.replace("eu: kWh/kg", "eu: J/kg")
			.replace("unit: U300", "unit: U301")
			.replace("eu: ppmv h", "eu: ppb h");
		writeFileSync(file, wrong);
		const line = (of: string) => wrong.slice(0, wrong.indexOf(of)).split("\n").length;
		const { code, stdout } = await pilotline(
			"check",
			"examples/pilot-line/agent.yaml",
			"examples/pilot-line/specification.yaml",
			file,
		);
		expect(stdout.replaceAll(`${folder}/`, "").split("\n").slice(0, -3)).toEqual([
			expect.stringMatching(
				/^two.yaml:\d+:10: version: expected a version of its own, found 1 in both files/,
			),
			expect.stringMatching(/^two.yaml:\d+:17: effective_from: expected a beginning of its own/),
			expect.stringContaining(
				`two.yaml:${line("tag: W200.AT09")}:10: windows[1].tag: window W200.AT01-charge: expected a tag of U200 in the agents given, found W200.AT09`,
			),
			expect.stringContaining(`two.yaml:${line("unit: U301")}:11: `),
			expect.stringContaining(`two.yaml:${line("eu: J/kg")}:9: `),
			expect.stringContaining("window W200.AT01-dose: expected ppmv, as the agent has W200.AT01, found ppb"),
			expect.stringContaining("agent.yaml: a sound agent file"),
		]);
		expect(code).toBe(2);
	});

	test("names the kinds it knows for a file that says none", async () => {
		const file = join(temporaryFolder(), "odd.yaml");
		writeFileSync(file, "kind: toaster\n");
		const { code, stdout } = await pilotline("check", file);
		expect(stdout).toContain(
			`${file}:1:7: kind: expected kind: agent, collector, people, specification, simulator, found "toaster"`,
		);
		expect(code).toBe(2);
	});
});

describe("a process with a broken configuration ends with 2 before it has made anything", () => {
	test.each<[string, string | RegExp, string, string]>([
		["collector", "specification: specification.yaml", "specification: nowhere.yaml", "nowhere.yaml"],
		["collector", /route: \[U200,/, "route: [U200, U200,", "U200 is there twice"],
		["collector", "keepalive_s: 15", "keepalive_s: soon", "keepalive_s: expected a whole number"],
		["collector", /secret_file: .*/, "secret_file: nowhere.secret", "nowhere.secret"],
		[
			"agent",
			"identity: anonymous",
			"identity: { username: line, password_file: p }",
			"servers[0].identity: expected anonymous with insecure: true",
		],
		["agent", "queue_size: 5000", "queue_size: -1", "queue_size: expected a whole number"],
	])("%s: %s → %s", async (kind, from, to, told) => {
		const folder = temporaryFolder();
		const text = readFileSync(join(root, `examples/pilot-line/${kind}.yaml`), "utf8");
		expect(text).toMatch(from);
		writeFileSync(
			join(folder, "specification.yaml"),
			readFileSync(join(root, "examples/pilot-line/specification.yaml")),
		);
		const data = join(folder, "data");
		const config = text.replace(from, to).replace(/^data_dir: .*$/m, `data_dir: ${data}`);
		writeFileSync(join(folder, `${kind}.yaml`), config);
		const { code, stderr } = await pilotline(kind, "--config", join(folder, `${kind}.yaml`));
		expect(stderr).toContain(told);
		expect(code).toBe(2);
		expect(existsSync(data)).toBe(false);
	});
});
