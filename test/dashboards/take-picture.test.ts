import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { runCommand } from "../helpers/run-command.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

test.each([[[]], [["not an address"]], [["http://127.0.0.1:1/", "a.png", "b.png"]]])(
	"take-picture with %j is bad usage",
	async (args) => {
		const outcome = await runCommand(process.execPath, ["dashboards/take-picture.ts", ...args], {
			cwd: root,
		});
		expect([outcome.code, outcome.stdout]).toEqual([2, ""]);
		expect(outcome.stderr).toContain("usage: node dashboards/take-picture.ts URL");
	},
);
