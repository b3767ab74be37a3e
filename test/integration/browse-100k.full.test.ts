import { expect, onTestFinished, test } from "vitest";
import { runCommand } from "../helpers/run-command.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { SpaceServer } from "./space-server.ts";

const root = new URL("../../", import.meta.url).pathname;
const folders = 20;
const perFolder = 5_000;

test(
	"100,000 variables of a server are browsed and read in at most 30 s, each once",
	async () => {
		const server = new SpaceServer({
			folder: temporaryFolder(),
			build: (namespace, addressSpace) => {
				for (let folder = 0; folder < folders; folder++) {
					const parent = namespace.addFolder(addressSpace.rootFolder.objects, {
						browseName: `Unit${folder}`,
					});
					for (let index = 0; index < perFolder; index++) {
						namespace.addVariable({
							organizedBy: parent,
							browseName: `TT${index}`,
							nodeId: `s=Unit${folder}.TT${index}`,
							dataType: "Double",
							value: { dataType: "Double", value: index },
						});
					}
				}
			},
		});
		await server.start();
		onTestFinished(() => server.stop());
		const { code, stdout, stderr } = await runCommand(
			process.execPath,
			[
				"--disable-warning=ExperimentalWarning",
				"cli/main.ts",
				"browse",
				server.endpoint,
				"--insecure",
				"--json",
			],
			{ cwd: root, env: process.env, withinMs: 120_000 },
		);
		const { seconds, requests, variables, nodes, rows } = JSON.parse(stdout);
		process.stdout.write(`${nodes} nodes, ${requests} requests, ${seconds.toFixed(1)} s\n${stderr}`);
		expect(code).toBe(0);
		expect(variables).toBe(folders * perFolder);
		expect(new Set(rows.map(({ node }: { node: string }) => node)).size).toBe(nodes);
		expect(seconds).toBeLessThanOrEqual(30);
		// What takes longer than two seconds says how far it is.
		if (seconds > 4) expect(stderr).toMatch(/^2 s: \d+ nodes found$/m);
	},
	5 * 60_000,
);
