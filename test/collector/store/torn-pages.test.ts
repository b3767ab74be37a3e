import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { StoreFile } from "../../../collector/store/store-file.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { beganMs, KnownStore } from "./known-store.ts";

const sectorBytes = 512;
const cases = 200;
const perRecord = 40;

interface Disk {
	readonly main: Buffer;
	readonly log: Buffer;
}

function seeded(seed: number): () => number {
	let state = seed;
	return () => {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		return state / 2 ** 32;
	};
}

/** What a power cut may leave of a file between two syncs: of each sector either the old or the new, of new ones also none. */
function torn(before: Buffer, after: Buffer, random: () => number): Buffer {
	const left = Buffer.alloc(after.length);
	before.copy(left, 0, 0, Math.min(before.length, after.length));
	for (let at = 0; at < after.length; at += sectorBytes)
		if (random() < 0.5) after.copy(left, at, at, Math.min(at + sectorBytes, after.length));
	return left;
}

/**
 * SQLite's own order of writing: a commit appends to the log and syncs it; a checkpoint then writes pages of the main file
 * while the log is whole. So a cut tears the log's newest part, or the main file beside a whole log.
 */
test(`a power cut that tears sectors apart, in ${cases} ways, leaves a store that opens complete up to the last commit`, () => {
	const seed = 20_261_130;
	const random = seeded(seed);
	const store = new KnownStore();
	const cut = join(temporaryFolder(), "cut");
	const disk = (): Disk => ({ main: readFileSync(store.path), log: readFileSync(`${store.path}-wal`) });
	try {
		store.series("U500", "TT01", "Double");
		// Small, so that many cuts fall into a checkpoint.
		store.file.db.exec("PRAGMA wal_autocheckpoint = 12");
		const seen = { log: 0, main: 0, kept: 0 };
		let before = disk();
		for (let committed = 1; committed <= cases; committed++) {
			store.record(
				"U500",
				Array.from({ length: perRecord }, (_, index) => ({
					...{ tag: "TT01", atMs: beganMs + committed * 1_000 + index, value: committed },
				})),
			);
			const after = disk();
			const inCheckpoint = !after.main.equals(before.main);
			seen[inCheckpoint ? "main" : "log"]++;
			rmSync(cut, { recursive: true, force: true });
			mkdirSync(cut);
			const path = join(cut, "store.db");
			writeFileSync(path, inCheckpoint ? torn(before.main, after.main, random) : after.main);
			writeFileSync(`${path}-wal`, inCheckpoint ? after.log : torn(before.log, after.log, random));
			const file = new StoreFile(path);
			const records = Number(file.get("SELECT count(*) AS n FROM record")?.n);
			// The commit itself was not confirmed yet; every one before it was.
			expect([committed - 1, committed], `seed ${seed}, cut ${committed}`).toContain(records);
			if (inCheckpoint) expect(records).toBe(committed);
			if (records === committed) seen.kept++;
			expect(file.all("SELECT count(*) AS n FROM sample")).toEqual([{ n: records * perRecord }]);
			expect(file.all("PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
			file.close();
			before = after;
		}
		// Both kinds of cut were among them, and cuts that lose the unconfirmed commit.
		expect(seen.main).toBeGreaterThan(20);
		expect(seen.log).toBeGreaterThan(100);
		expect(seen.kept).toBeLessThan(cases);
	} finally {
		store.remove();
	}
});
