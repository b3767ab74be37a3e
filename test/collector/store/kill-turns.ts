import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { samplesPerSeq } from "../../../collector/pipeline.ts";
import { partFolder } from "../../../collector/store/parts/part-folder.ts";
import { readPositions } from "../../../collector/store/positions.ts";
import { StoreFile } from "../../../collector/store/store-file.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { ask } from "./sealed-store.ts";
import { samplesPerRecord, tidied } from "./sealing-process.ts";

const program = new URL("sealing-process.ts", import.meta.url).pathname;

/** Runs the process until it has confirmed `records` and then for some milliseconds, kills it; the last one confirmed. */
async function runUntilKilled(path: string, records: number, thenMs: number): Promise<number> {
	const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", program, path], {
		stdio: ["ignore", "pipe", "inherit"],
	});
	let text = "";
	let armed = false;
	const ended = once(child, "close");
	child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
		text += chunk;
		if (armed || text.split("\n").length <= records) return;
		armed = true;
		// The moment itself is what varies from kill to kill.
		setTimeout(() => child.kill("SIGKILL"), thenMs);
	});
	await ended;
	expect(child.signalCode).toBe("SIGKILL");
	return Number(text.split("\n").at(-2));
}

/** Kills a process that commits, seals and puts parts together, so many times; each time everything confirmed is there once. */
export async function killWhileSealing(kills: number, random: () => number): Promise<{ parts: number }> {
	const path = join(temporaryFolder(), "store.db");
	let parts = 0;
	for (let kill = 0; kill < kills; kill++) {
		const confirmed = await runUntilKilled(path, 1 + Math.floor(random() * 60), random() * 40);
		const file = new StoreFile(path);
		const findings = await tidied(file, path);
		expect({ damaged: findings.damaged, aside: findings.setAside }).toEqual({ damaged: [], aside: [] });
		const stored = Number(file.get("SELECT max(seq) AS last FROM record")?.last);
		expect(stored).toBeGreaterThanOrEqual(confirmed);
		let seen = 0;
		for (let fromPos = 0; ; ) {
			const slice = await ask(path, (db, rows) => readPositions(db, rows, { fromPos, limit: 5_000 }));
			for (const [index, pos] of slice.pos.entries()) {
				const expected =
					(1 + Math.floor(seen / samplesPerRecord)) * samplesPerSeq + (seen % samplesPerRecord);
				if (pos !== expected || slice.samples.number[index] !== pos)
					throw new Error(`kill ${kill}: expected the sample of position ${expected}, found ${pos}`);
				seen++;
			}
			fromPos = slice.nextPos;
			if (fromPos >= slice.storedPos) break;
		}
		expect(seen).toBe(stored * samplesPerRecord);
		const listed = file
			.all("SELECT file, rollup FROM part")
			.flatMap(({ file: name, rollup }) =>
				rollup === null ? [String(name)] : [String(name), String(rollup)],
			);
		for (const { file: name } of file.all("SELECT file FROM record_file")) listed.push(String(name));
		const records = await ask(path, (_db, rows) => rows.records.figures({ device: "U500" }));
		expect(records).toMatchObject({ records: stored, samples: stored * samplesPerRecord });
		const there = readdirSync(partFolder(path)).filter((name) => name.endsWith(".parquet"));
		expect(there.sort()).toEqual(listed.sort());
		parts = listed.length;
		file.close();
	}
	return { parts };
}
