import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort } from "../helpers/free-ports.ts";
import { runCommand } from "../helpers/run-command.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { buildKiln, SpaceServer, spaceUri } from "./space-server.ts";

const root = new URL("../../", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "pilotline-test-"));
let server: SpaceServer;

beforeAll(async () => {
	server = new SpaceServer({
		folder,
		build: buildKiln,
		// Two nodes a request and one continuation point: what small controllers allow.
		limits: { maxNodesPerBrowse: 2, maxNodesPerRead: 5, maxNodesPerTranslateBrowsePathsToNodeIds: 1 },
	});
	await server.start();
});

afterAll(async () => {
	await server.stop();
	rmSync(folder, { recursive: true, force: true });
});

function browse(...args: string[]) {
	return runCommand(
		process.execPath,
		["--disable-warning=ExperimentalWarning", "cli/main.ts", "browse", server.endpoint, ...args],
		{ cwd: root, env: process.env, withinMs: 20_000 },
	);
}

test("prints the server's variables as a tree with types, units, ranges and values, each node once", async () => {
	const { code, stdout, stderr } = await browse("--insecure");
	expect([code, stderr]).toEqual([0, ""]);
	const lines = stdout.trimEnd().split("\n");
	expect(lines.map((line) => line.trimEnd().replace(/ {2,}/g, " | "))).toEqual([
		"name | type | unit | range | value | node",
		"Objects | nsu=http://opcfoundation.org/UA/;i=85",
		`${" | "}Kiln | nsu=${spaceUri};s=Kiln`,
		`${" | "}Zone1 | nsu=${spaceUri};s=Zone1`,
		`${" | "}TT01 | Double | °C | 0 … 1200 | 800 | nsu=${spaceUri};s=Zone1.TT01`,
		`${" | "}TT02 | Double | °C | 0 … 1200 | 801 | nsu=${spaceUri};s=Zone1.TT02`,
		`${" | "}Zone2 | nsu=${spaceUri};s=Zone2`,
		`${" | "}TT01 | Double | °C | 0 … 1200 | 800 | nsu=${spaceUri};s=Zone2.TT01`,
		`${" | "}TT02 | Double | °C | 0 … 1200 | 801 | nsu=${spaceUri};s=Zone2.TT02`,
		`${" | "}Phase | String | HEAT | nsu=${spaceUri};s=Phase`,
		`${" | "}Step | UInt16 | 3 | nsu=${spaceUri};i=4711`,
		`${" | "}Profile | Float[] | [1, 2, 3, 4, … 5 in all] | nsu=${spaceUri};s=Profile`,
		`${" | "}Recipe | NodeId | ns=2;s=Kiln | nsu=${spaceUri};s=Recipe`,
		`${" | "}Up | nsu=${spaceUri};s=Up`,
		expect.stringMatching(
			/^8 variables among 15 nodes, \d+ requests in \d+\.\d s; not looked into: (?:\w+, )*Server(?:, \w+)*; 2 properties not shown .*; 1 references to nodes already seen$/,
		),
	]);
});

test("starts where it is told, keeps what a glob matches and prints one JSON document", async () => {
	const { code, stdout } = await browse(
		"--insecure",
		"--json",
		...["--from", "/Objects/2:Kiln", "--include", "Zone*/TT*", "--exclude", "TT02"],
	);
	const document = JSON.parse(stdout);
	expect(code).toBe(0);
	expect(document).toMatchObject({ endpoint: server.endpoint, whole: true, variables: 2, failed: 0 });
	const found = document.rows.filter(({ kind }: { kind: string }) => kind === "variable");
	expect(found).toEqual(
		["Zone1", "Zone2"].map((zone) => ({
			path: `2:Kiln/2:${zone}/2:TT01`,
			depth: 2,
			name: "TT01",
			node: `nsu=${spaceUri};s=${zone}.TT01`,
			kind: "variable",
			type: "Double",
			unit: "°C",
			low: 0,
			high: 1_200,
			value: "800",
		})),
	);
	const byNode = await browse("--insecure", "--json", "--from", `nsu=${spaceUri};s=Zone2`, "--properties");
	expect(JSON.parse(byNode.stdout).rows.map(({ name }: { name: string }) => name)).toEqual([
		"Zone2",
		"TT01",
		"TT02",
		"SerialNumber",
	]);
});

test("writes a configuration that is sound, names what it leaves out, and overwrites nothing unasked", async () => {
	const file = join(temporaryFolder(), "agent.yaml");
	const { code, stdout } = await browse("--insecure", "--write", file);
	expect([code, stdout]).toEqual([
		0,
		`${file}: 7 tags of 3 devices; 1 variables left out, named at its end\n`,
	]);
	const text = readFileSync(file, "utf8");
	expect(text).toContain(
		'      - { name: TT01, node: s=Zone1.TT01, type: Double, eu: "°C", low: 0, high: 1200 }\n',
	);
	expect(text).toContain("      - { name: Phase.Step, node: i=4711, type: UInt16 }\n");
	// Without a type: the agent makes a tag of each element.
	expect(text).toContain("      - { name: Profile, node: s=Profile }\n");
	expect(text).toContain("#   Kiln/Recipe: data type NodeId is none that a tag can have\n");
	const checked = await runCommand(
		process.execPath,
		["--disable-warning=ExperimentalWarning", "cli/main.ts", "check", file],
		{ cwd: root, env: process.env, withinMs: 20_000 },
	);
	expect([checked.code, checked.stdout]).toEqual([0, `${file}: a sound agent file\n`]);

	writeFileSync(file, "mine");
	const again = await browse("--insecure", "--write", file);
	expect([again.code, again.stderr]).toEqual([
		2,
		`pilotline: USAGE: ${file} is there already; --force overwrites it\n`,
	]);
	expect(readFileSync(file, "utf8")).toBe("mine");
});

test("a bound that is met is said, ends with 1, and no configuration is written", async () => {
	const file = join(temporaryFolder(), "agent.yaml");
	const { code, stderr } = await browse("--insecure", "--max-nodes", "5", "--write", file);
	expect(code).toBe(1);
	expect(stderr).toBe(
		`pilotline: stopped at 5 nodes, and there are more; start lower with --from, or raise --max-nodes\npilotline: ${file} was not written, because tags would be missing in it\n`,
	);
	const shallow = await browse("--insecure", "--depth", "1");
	expect(shallow.code).toBe(0);
	expect(shallow.stdout).toContain("there are deeper levels");
});

test("what is asked in a wrong way is told with what is right", async () => {
	const plain = await browse();
	expect([plain.code, plain.stderr]).toEqual([
		2,
		"pilotline: USAGE: expected --config FILE, an agent's configuration with this server, or --insecure: then what is read can be seen and changed on its way\n",
	]);
	const nowhere = await browse("--insecure", "--from", "/Objects/2:Kiln/2:Zone9");
	expect([nowhere.code, nowhere.stderr]).toEqual([
		2,
		"pilotline: USAGE: --from /Objects/2:Kiln/2:Zone9: expected a node at /Objects/2:Kiln/2:Zone9, the server says BadNoMatch\n",
	]);
});

test("a server that is not there is told within seconds, with exit code 1", async () => {
	const port = await freePort();
	const { code, stderr } = await runCommand(
		process.execPath,
		[
			...["--disable-warning=ExperimentalWarning", "cli/main.ts", "browse"],
			...[`opc.tcp://127.0.0.1:${port}`, "--insecure"],
		],
		{ cwd: root, env: process.env, withinMs: 20_000 },
	);
	expect([code, stderr]).toEqual([
		1,
		expect.stringMatching(
			new RegExp(`^pilotline: OPCUA_UNREACHABLE: opc\\.tcp://127\\.0\\.0\\.1:${port}: .*\\n$`),
		),
	]);
});
