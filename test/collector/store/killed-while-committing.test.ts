import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readOpenState } from "../../../collector/store/open-state.ts";
import { StoreFile } from "../../../collector/store/store-file.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { samplesPerRecord } from "./committing-process.ts";

const program = new URL("committing-process.ts", import.meta.url).pathname;
const kills = 20;

/** Runs the committing process until it has confirmed `records`, kills it, and says the last one confirmed. */
async function commitUntilKilled(path: string, records: number): Promise<number> {
	const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", program, path], {
		stdio: ["ignore", "pipe", "inherit"],
	});
	let text = "";
	const ended = once(child, "close");
	child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
		text += chunk;
		if (text.split("\n").length > records) child.kill("SIGKILL");
	});
	await ended;
	expect(child.signalCode).toBe("SIGKILL");
	return Number(text.split("\n").at(-2));
}

test("after kill -9 at any moment every confirmed record is there, whole, and counts match rows", async () => {
	const path = join(temporaryFolder(), "store.db");
	let confirmed = 0;
	for (let kill = 0; kill < kills; kill++) {
		confirmed = await commitUntilKilled(path, 1 + ((kill * 7) % 23));
		const file = new StoreFile(path);
		const { nextSeq, epochs, throughs, cache } = readOpenState(file);
		const last = nextSeq - 1;
		// Killed between the commit and its word: one more than confirmed, or more when the word stood in the pipe.
		expect(last).toBeGreaterThanOrEqual(confirmed);
		expect(
			file.all('SELECT count(*) AS n, sum(samples) AS samples, max("offset") AS last FROM record'),
		).toEqual([{ n: last, samples: last * samplesPerRecord, last }]);
		expect(file.all("SELECT count(*) AS n, max(pos) AS pos FROM sample")).toEqual([
			{ n: last * samplesPerRecord, pos: last * 512 + samplesPerRecord - 1 },
		]);
		expect(file.all("SELECT samples FROM count_by_series")).toEqual([{ samples: last * samplesPerRecord }]);
		expect(file.all("SELECT count(*) AS n FROM outbox")).toEqual([{ n: last }]);
		expect(epochs[0]?.ranges).toEqual([{ first: 1, last }]);
		expect([throughs[0]?.throughMs, cache?.seq]).toEqual([last, last]);
		expect(file.all("PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
		file.close();
	}
	expect(confirmed).toBeGreaterThan(kills);
});
