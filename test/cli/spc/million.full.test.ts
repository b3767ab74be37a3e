import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { SeededNormals } from "../../../collector/spc/numerics/random.ts";
import { runCommand } from "../../helpers/run-command.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

const root = new URL("../../../", import.meta.url).pathname;
/** At its end the program tells on standard error what it has used. */
const told = `data:text/javascript,process.on("exit",()=>process.stderr.write("USED "+JSON.stringify(process.resourceUsage())))`;

test.each([
	["as text", []],
	["as JSON", ["--json"]],
	["as JSON by all of Nelson's rules", ["--rules", "nelson", "--json"]],
	["as a moving average", ["--chart", "ewma"]],
	["as a picture", ["--svg", "/dev/null"]],
] as const)("a million points take at most 2 s of CPU and 200 MB, %s", async (_, options) => {
	const file = join(temporaryFolder(), "million.csv");
	const normals = new SeededNormals(20_261_123);
	const lines = Array.from({ length: 1_000_000 }, () => (50 + 2 * normals.next()).toFixed(4));
	writeFileSync(file, `value\n${lines.join("\n")}\n`);
	const args = ["--max-semi-space-size=8", `--import=${told}`, "cli/main.ts", "spc", file, ...options];
	const { code, stdout, stderr } = await runCommand(process.execPath, args, { cwd: root });
	expect(code).toBe(0);
	expect(stdout.length).toBeGreaterThan(1_000);
	const used = JSON.parse(stderr.slice(stderr.indexOf("USED ") + 5));
	process.stdout.write(
		`${options.join(" ")}: ${(used.userCPUTime + used.systemCPUTime) / 1e6} s, ${used.maxRSS / 1024} MB\n`,
	);
	expect((used.userCPUTime + used.systemCPUTime) / 1e6).toBeLessThan(2);
	expect(used.maxRSS / 1024).toBeLessThan(200);
});
