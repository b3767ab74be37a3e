import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { runCommand } from "../helpers/run-command.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

// The page's scripts are plain JavaScript for a browser: their types stand in comments, and the browser's own
// types must not reach the other sources.
test("the console's scripts have right types", async () => {
	const scratch = mkdtempSync(join(tmpdir(), "pilotline-console-"));
	try {
		const compilerOptions = {
			target: "es2024",
			lib: ["es2024", "dom", "dom.iterable"],
			module: "nodenext",
			moduleResolution: "nodenext",
			noEmit: true,
			strict: true,
			allowJs: true,
			checkJs: true,
			types: [],
		};
		const include = [join(root, "dashboards/console/*.js")];
		writeFileSync(join(scratch, "tsconfig.json"), JSON.stringify({ compilerOptions, include }));
		const tsc = join(root, "node_modules/typescript/bin/tsc");
		const outcome = await runCommand(process.execPath, [tsc, "-p", scratch, "--pretty", "false"], {
			cwd: root,
		});
		expect(outcome.stdout).toBe("");
		expect(outcome.code).toBe(0);
	} finally {
		rmSync(scratch, { recursive: true, force: true });
	}
});
