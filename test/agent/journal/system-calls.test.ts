import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { describeWithPeer } from "../../helpers/peers.ts";
import { runCommand } from "../../helpers/run-command.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { journalIn, numberOf, readAll, upTo } from "./journal-rig.ts";

const repository = new URL("../../../", import.meta.url).pathname;
const program = new URL("./writing-process.ts", import.meta.url).pathname;
const records = 6;

describeWithPeer("strace", "when the system's fsync fails", (strace) => {
	async function written(folder: string, inject: string) {
		const trace = join(temporaryFolder(), "trace");
		const outcome = await runCommand(
			strace,
			[
				...["-f", "-o", trace, "-e", "trace=fdatasync,fsync", "-e", `inject=${inject}`],
				...[process.execPath, "--disable-warning=ExperimentalWarning"],
				...[program, folder, String(records), "200"],
			],
			// Each thread counts its calls for itself; with one thread for files n is the n-th of the process.
			{ cwd: repository, env: { ...process.env, UV_THREADPOOL_SIZE: "1" } },
		);
		const lines = outcome.stdout.trim().split("\n");
		return { ...outcome, lines: lines.map((line) => JSON.parse(line)) };
	}

	async function foundAgain(folder: string): Promise<number[]> {
		const { journal } = journalIn(folder);
		await journal.open();
		const numbers = (await readAll(journal, { chain: 0, offset: 0 })).map(numberOf);
		await journal.close();
		return numbers;
	}

	// The first is that of the first segment's header.
	test.each([1, 2, 3, 5])(
		"fdatasync the %i. time with EIO: the journal says so, goes on in a new segment and loses nothing",
		async (when) => {
			const folder = temporaryFolder();
			const { code, lines, stderr } = await written(folder, `fdatasync:error=EIO:when=${when}`);
			expect(stderr).toBe("");
			expect(code).toBe(0);
			expect(lines).toEqual([
				{ kind: "failed", message: expect.stringMatching(/EIO.*fdatasync/) },
				{ durable: records, error: null },
			]);
			expect(readdirSync(folder)).toHaveLength(when <= 2 ? 1 : 2);
			expect(await foundAgain(folder)).toEqual(upTo(records));
		},
	);

	test("the folder's fsync the first time with ENOSPC: the same", async () => {
		const folder = temporaryFolder();
		const { code, lines } = await written(folder, "fsync:error=ENOSPC:when=1");
		expect(code).toBe(0);
		expect(lines).toEqual([
			{ kind: "failed", message: expect.stringMatching(/ENOSPC.*fsync/) },
			{ durable: records, error: null },
		]);
		expect(await foundAgain(folder)).toEqual(upTo(records));
	});
});
