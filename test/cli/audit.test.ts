import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ApiServer } from "../../collector/api/api-server.ts";
import { recordDeed } from "../../collector/store/entry-tables.ts";
import { PeopleRig } from "../collector/api/people-rig.ts";
import { describeWithPeer } from "../helpers/peers.ts";
import { type CommandOutcome, runCommand } from "../helpers/run-command.ts";

let rig: PeopleRig;
let server: ApiServer;
let file: string;
let lines: string[];

const pilotline = (...args: string[]): Promise<CommandOutcome> =>
	runCommand(process.execPath, ["--disable-warning=ExperimentalWarning", "cli/main.ts", ...args], {
		cwd: process.cwd(),
		withinMs: 30_000,
	});

beforeAll(async () => {
	rig = await new PeopleRig().start();
	server = await rig.server("required");
	const text = 'quoted " \\ / \u0001 \u007f é 電解質 \u{1f50b} \u2028';
	for (let n = 0; n < 30; n++)
		recordDeed(
			rig.known.file,
			{ by: "k.tanaka", action: "test.made", subject: `${text}${n}`, detail: { text, n, at: 1e21, é: -0 } },
			1_764_500_000_000 + n,
		);
	file = join(rig.known.directory, "audit.jsonl");
	const outcome = await pilotline(
		"audit",
		"export",
		"--data",
		rig.known.directory,
		"--output",
		file,
		"--json",
	);
	expect(outcome.code, outcome.stderr).toBe(0);
	lines = readFileSync(file, "utf8").trimEnd().split("\n");
	expect(JSON.parse(outcome.stdout)).toMatchObject({
		file,
		entries: lines.length,
		head: { n: lines.length },
	});
});
afterAll(async () => await rig.stop());

const head = () => {
	const { n, hash } = JSON.parse(lines.at(-1) as string) as { n: number; hash: string };
	return `${n}:${hash}`;
};
/** A file with other lines. */
const written = (name: string, other: readonly string[]) => {
	const path = join(rig.known.directory, name);
	writeFileSync(path, `${other.join("\n")}\n`);
	return path;
};
const changedAt = (index: number) =>
	lines.map((line, at) => (at === index ? line.replace("k.tanaka", "somebody") : line));

describe("pilotline audit", () => {
	test("what was taken out of the files is what the API gives, to whom it may", async () => {
		const token = join(rig.known.directory, "token");
		writeFileSync(token, `${rig.tokens.get("administrator")}\n`);
		const api = ["--api", `http://127.0.0.1:${server.port}`, "--from", "30"];
		const outcome = await pilotline("audit", "export", ...api, "--token-file", token);
		expect([outcome.code, outcome.stdout]).toEqual([0, `${lines.slice(29).join("\n")}\n`]);
		expect(outcome.stderr).toContain(`the last is ${head()}`);
		writeFileSync(token, `${rig.tokens.get("viewer")}\n`);
		const refused = await pilotline("audit", "export", ...api, "--token-file", token);
		expect([refused.code, refused.stdout]).toEqual([1, ""]);
		expect(refused.stderr).toContain(
			"expected one of the roles quality, administrator, found viewer with viewer",
		);
	});

	test("a sound export is sound, with its anchor too", async () => {
		const outcome = await pilotline("audit", "verify", file, "--anchor", head(), "--json");
		expect(outcome.code).toBe(0);
		expect(JSON.parse(outcome.stdout)).toMatchObject({
			ok: true,
			first: 1,
			entries: lines.length,
			fault: null,
		});
	});

	test("the first broken line is said with its place, and a cut end against an anchor", async () => {
		const broken = written("broken.jsonl", changedAt(11));
		const outcome = await pilotline("audit", "verify", broken);
		expect(outcome.code).toBe(1);
		expect(outcome.stdout).toMatch(
			/broken\.jsonl:12: entry 12: expected hash [0-9a-f]{64}, found [0-9a-f]{64}/,
		);
		expect(outcome.stdout).toContain("The 11 entries before it are sound.");
		const cut = await pilotline(
			"audit",
			"verify",
			written("cut.jsonl", lines.slice(0, -3)),
			"--anchor",
			head(),
		);
		expect([cut.code, cut.stdout]).toEqual([1, expect.stringContaining("the end was cut off")]);
	});

	test("what is no anchor, no file, or no record is bad usage", async () => {
		for (const [args, message] of [
			[["verify", file, "--anchor", "abc"], "expected HASH or NUMBER:HASH"],
			[["verify", join(rig.known.directory, "none")], "cannot read"],
			[["export", "--data", rig.known.directory, "--json"], "expected --output"],
			[["export", "--data", "/nowhere"], "expected store.db, found none"],
		] as const) {
			const outcome = await pilotline("audit", ...args);
			expect([outcome.code, outcome.stderr]).toEqual([2, expect.stringContaining(message)]);
		}
	});
});

describeWithPeer("python3", "the shipped Python script, which shares nothing with the program", (python) => {
	const check = (...args: string[]) =>
		runCommand(python, ["examples/audit/verify-audit.py", ...args], { cwd: process.cwd(), withinMs: 30_000 });

	test("comes to the same head", async () => {
		const outcome = await check(file, head());
		expect(outcome).toMatchObject({ code: 0, stdout: `sound up to ${head()}\n` });
		const later = await check(written("later.jsonl", lines.slice(4)));
		expect(later.stdout).toBe(`sound up to ${head()}\n`);
	});

	test.each([
		["content", () => changedAt(11), [], "line 12: its content or its hash was changed"],
		["an entry taken out", () => lines.toSpliced(5, 1), [], "line 6: does not follow the line before"],
		["a cut end", () => lines.slice(0, -1), ["anchor"], "the end was cut off"],
	])("finds %s", async (name, other, anchor, message) => {
		const outcome = await check(written(`${name}.jsonl`, other()), ...anchor.map(() => head()));
		expect([outcome.code, outcome.stderr]).toEqual([1, `${message}\n`]);
	});
});

describe("pilotline people", () => {
	test("takes passwords from standard input, never from arguments, and says what it did", async () => {
		const config = join(rig.known.directory, "collector.yaml");
		const example = readFileSync("examples/pilot-line/collector.yaml", "utf8");
		writeFileSync(config, example.replace(/^(\s*)# file: people\.yaml$/m, "$1file: staff.yaml"));
		const run = (input: string, ...args: string[]) =>
			runCommand(
				process.execPath,
				["--disable-warning=ExperimentalWarning", "cli/main.ts", "people", ...args, "--config", config],
				{ cwd: process.cwd(), withinMs: 30_000, input },
			);
		const bad = await run("short\n", "add", "ito", "--role", "quality");
		expect([bad.code, bad.stderr]).toEqual([2, expect.stringContaining("12 to 128 characters, found 5")]);
		expect((await run("correct horse battery\n", "add", "ito", "--role", "quality")).code).toBe(0);
		const token = await run("", "token", "ito", "lims");
		expect(token.stdout).toMatch(/^plt_[0-9a-f]{12}_[\w-]{43}\n$/);
		const list = await run("", "list", "--json");
		expect(JSON.parse(list.stdout).people).toMatchObject([
			{ name: "ito", roles: ["quality"], tokens: [{ name: "lims" }] },
		]);
		const staff = readFileSync(join(rig.known.directory, "staff.yaml"), "utf8");
		for (const secret of ["horse", token.stdout.trim()]) expect(staff + list.stdout).not.toContain(secret);
		expect((await pilotline("check", join(rig.known.directory, "staff.yaml"))).code).toBe(0);
		expect((await run("", "remove", "sato")).code).toBe(2);
	});
});
