import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { DataDirectory, replaceFile } from "../../../common/runtime/data-directory.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

const module = new URL("../../../common/runtime/data-directory.ts", import.meta.url).href;

/** A process that owns `path` until it is ended. */
async function ownerOf(path: string) {
	const script = `const { DataDirectory } = await import(${JSON.stringify(module)});
		await new DataDirectory(${JSON.stringify(path)}).acquire(); console.log("owned"); setInterval(() => {}, 1000);`;
	const child = spawn(
		process.execPath,
		["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", script],
		{
			stdio: ["ignore", "pipe", "inherit"],
		},
	);
	onTestFinished(() => void child.kill("SIGKILL"));
	await once(child.stdout, "data");
	return child;
}

test("a second process is refused by the name of the first, until that one has ended, however it ended", async () => {
	const path = join(temporaryFolder(), "data");
	const owner = await ownerOf(path);
	const mine = new DataDirectory(path);
	await expect(mine.acquire()).rejects.toMatchObject({
		code: "DATA_DIR_BUSY",
		message: expect.stringContaining(String(owner.pid)),
	});
	expect(DataDirectory.isOwned(path)).toBe(true);
	owner.kill("SIGKILL");
	await once(owner, "exit");
	expect(DataDirectory.isOwned(path)).toBe(false);
	expect(DataDirectory.isOwned(join(path, "nowhere"))).toBe(false);
	expect(existsSync(join(path, "lock"))).toBe(true);
	await mine.acquire();
	await mine.release();
	expect(existsSync(join(path, "lock"))).toBe(false);
});

test("a name that a power cut left behind is no lock, whoever has that process id now", async () => {
	const path = temporaryFolder();
	// This test's parent is alive, and it is not the owner.
	writeFileSync(join(path, "lock"), `${process.ppid} 1\n`);
	const mine = new DataDirectory(path);
	await mine.acquire();
	expect(readFileSync(join(path, "lock"), "utf8")).toMatch(new RegExp(`^${process.pid} \\d+`));
	await mine.release();
});

test("two parts of one process cannot own it either; taking and giving it back twice is once", async () => {
	const path = temporaryFolder();
	const [first, second] = [new DataDirectory(path), new DataDirectory(path)];
	await first.acquire();
	await first.acquire();
	await expect(second.acquire()).rejects.toMatchObject({ code: "DATA_DIR_BUSY" });
	await second.release();
	await expect(second.acquire()).rejects.toMatchObject({ code: "DATA_DIR_BUSY" });
	await first.release();
	await first.release();
	await second.acquire();
	await second.release();
});

test("a replaced file is whole, and nothing else is left beside it", async () => {
	const path = join(temporaryFolder(), "session.json");
	await replaceFile(path, "one");
	await replaceFile(path, "two");
	expect(readFileSync(path, "utf8")).toBe("two");
	expect(existsSync(`${path}.new`)).toBe(false);
});
