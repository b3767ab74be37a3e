import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { describeWithPeer } from "../helpers/peers.ts";
import { runCommand } from "../helpers/run-command.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { tagLine } from "../integration/tags-rig.ts";

const root = new URL("../../", import.meta.url).pathname;
const release = "asyncua==2.1.0";
const soon = { timeout: 20_000 };

/** A server of asyncua in a process of its own, from PyPI; its port. */
async function asyncuaServer(python: string): Promise<number> {
	const folder = temporaryFolder();
	const options = { cwd: folder, withinMs: 180_000 };
	const made = await runCommand(python, ["-m", "venv", folder], options);
	expect([made.code, made.stderr]).toEqual([0, ""]);
	const installed = await runCommand(join(folder, "bin/pip"), ["install", "--quiet", release], options);
	expect(installed.code, installed.stderr).toBe(0);
	const server = spawn(join(folder, "bin/python"), [join(root, "test/interop/asyncua-server.py")], {
		stdio: ["pipe", "pipe", "inherit"],
	});
	onTestFinished(async () => {
		server.stdin.end();
		server.kill();
		if (server.exitCode === null && server.signalCode === null) await once(server, "exit");
	});
	const [line] = (await once(server.stdout, "data")) as [Buffer];
	return Number(line.toString());
}

describeWithPeer("python3-venv", "a server of Python's asyncua", (python) => {
	test(
		"is browsed, and its lists, structures, units and ranges are tags",
		async () => {
			const port = await asyncuaServer(python);
			const { code, stdout, stderr } = await runCommand(
				process.execPath,
				[
					...["--disable-warning=ExperimentalWarning", "cli/main.ts", "browse"],
					...[`opc.tcp://127.0.0.1:${port}`, "--insecure", "--json", "--from", "/Objects/2:Kiln"],
				],
				{ cwd: root, env: process.env, withinMs: 60_000 },
			);
			expect([code, stderr]).toEqual([0, ""]);
			const { rows } = JSON.parse(stdout) as { rows: Record<string, unknown>[] };
			expect(
				rows.map(({ name, type, unit, low, high, value }) => [name, type, unit, low, high, value]),
			).toMatchObject([
				["Kiln", "", undefined, undefined, undefined, ""],
				["TT01", "Double", "°C", 0, 1_200, "812.5"],
				["Profile", "Float[]", undefined, undefined, undefined, "[1.5, 2.5, 3.5]"],
				["Count", "UInt64", undefined, undefined, undefined, String(2n ** 64n - 1n)],
				["Reading", "Reading", undefined, undefined, undefined, expect.stringMatching(/^\{\w+\}$/)],
			]);

			const { host, reasons } = await tagLine({
				server: { port },
				folder: temporaryFolder(),
				device: { namespace: "urn:pilotline:asyncua", browse: { from: "Kiln" } },
			});
			await expect.poll(() => host.values("Kiln", "Reading.Last"), soon).toEqual([0.25]);
			expect(reasons()).toEqual([]);
			const born = host.born("Kiln");
			expect(born?.get("TT01")).toMatchObject({ type: "Double", eu: "°C", low: 0, high: 1_200 });
			const values = Object.fromEntries(
				[...(born?.keys() ?? [])].map((tag) => [tag, host.values("Kiln", tag)]),
			);
			expect(values).toEqual({
				...{ TT01: [812.5], Count: [2n ** 64n - 1n] },
				...{ "Profile[0]": [1.5], "Profile[1]": [2.5], "Profile[2]": [3.5] },
				...{ "Reading.Valid": [1], "Reading.Name": ["r1"], "Reading.Note": [null], "Reading.Last": [0.25] },
				...{ "Reading.Values[0]": [7], "Reading.Values[1]": [-8] },
			});
		},
		5 * 60_000,
	);
});
