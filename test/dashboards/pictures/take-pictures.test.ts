import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { runCommand } from "../../helpers/run-command.ts";

test("pictures without a folder that has a store are bad usage", async () => {
	const script = fileURLToPath(new URL("take-pictures.ts", import.meta.url));
	for (const args of [[], ["/no/such/folder"]]) {
		const outcome = await runCommand(process.execPath, [script, ...args], { cwd: process.cwd() });
		expect([outcome.code, outcome.stdout]).toEqual([2, ""]);
		expect(outcome.stderr).toContain("usage: npm run pictures -- DATA_DIR");
	}
});
