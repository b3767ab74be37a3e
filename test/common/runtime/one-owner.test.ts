import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

const module = new URL("../../../common/runtime/data-directory.ts", import.meta.url).href;
const rounds = 40;
const contenders = 3;

/** A process that tries for a folder each time it is told one, and says whether it got it; it gives nothing back. */
function contender() {
	const script = `const { DataDirectory } = await import(${JSON.stringify(module)});
		process.stdin.on("data", async (text) => {
			const path = String(text).trim();
			try { await new DataDirectory(path).acquire(); console.log("owner"); }
			catch (error) { console.log(error.code); }
		});
		console.log("ready");`;
	const child = spawn(
		process.execPath,
		["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", script],
		{ stdio: ["pipe", "pipe", "inherit"] },
	);
	onTestFinished(() => void child.kill("SIGKILL"));
	const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
	const answer = async () => String((await lines.next()).value);
	return { answer, ask: (path: string) => child.stdin.write(`${path}\n`), pid: child.pid };
}

test("of several processes that come at once for a folder with a dead owner's lock, exactly one gets it", async () => {
	// A process that has ended: its number is free, and its lock is stale.
	const dead = spawn(process.execPath, ["-e", ""]);
	await once(dead, "exit");
	const all = Array.from({ length: contenders }, contender);
	for (const { answer } of all) expect(await answer()).toBe("ready");
	for (let round = 0; round < rounds; round++) {
		const path = temporaryFolder();
		// Each second round without a lock, so that both ways to it are raced.
		if (round % 2 === 0) writeFileSync(join(path, "lock"), `${dead.pid} 1`);
		for (const { ask } of all) ask(path);
		const answers = await Promise.all(all.map(({ answer }) => answer()));
		expect(
			answers.filter((answer) => answer === "owner"),
			`round ${round}: ${answers.join(", ")}`,
		).toHaveLength(1);
		expect(answers.filter((answer) => answer === "DATA_DIR_BUSY")).toHaveLength(contenders - 1);
		const owner = all[answers.indexOf("owner")];
		expect(readFileSync(join(path, "lock"), "utf8")).toMatch(new RegExp(`^${owner?.pid} `));
	}
});
