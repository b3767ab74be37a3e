import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect } from "vitest";
import { samplesPerSeq } from "../../../collector/pipeline.ts";
import { PartTable } from "../../../collector/store/part-table.ts";
import { compactParts } from "../../../collector/store/parts/compaction.ts";
import { Duck, type DuckLimits } from "../../../collector/store/parts/duck.ts";
import type { PartRow } from "../../../collector/store/parts/part-file.ts";
import { partFolder } from "../../../collector/store/parts/part-folder.ts";
import { SealedRows } from "../../../collector/store/parts/sealed-rows.ts";
import { type SealingStep, sealRange } from "../../../collector/store/parts/sealing.ts";
import { readPositions } from "../../../collector/store/positions.ts";
import { RecordFileTable } from "../../../collector/store/records/record-file-table.ts";
import { sealRecords } from "../../../collector/store/records/record-sealing.ts";
import { SampleRows } from "../../../collector/store/sample-rows.ts";
import { StoreFile } from "../../../collector/store/store-file.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import type { KnownStore } from "./known-store.ts";

const testLimits: DuckLimits = { memoryMb: 128, threads: 1, temporaryMb: 256 };

/** One for all files of a test; it may read and write every temporary folder. */
let duck: Promise<Duck> | undefined;

function theDuck(): Promise<Duck> {
	duck ??= Duck.open(tmpdir(), join(tmpdir(), "pilotline-duck"), testLimits);
	return duck;
}

/** The part of a file's hot samples up to a record, as the keeper makes it; `onStep` can end it by throwing. */
export async function makePart(
	path: string,
	lastSeq: number,
	onStep?: (step: SealingStep) => void,
): Promise<{ part: PartRow | undefined; toPos: number }> {
	const folder = partFolder(path);
	mkdirSync(folder, { recursive: true });
	const db = new DatabaseSync(path, { readOnly: true });
	const duck = await theDuck();
	try {
		const meta = (key: string) => String(db.prepare("SELECT value FROM meta WHERE key = ?").get(key)?.value);
		const toPos = (lastSeq + 1) * samplesPerSeq;
		const request = { fromPos: Number(meta("sealed_to")), toPos, instance: meta("instance") };
		const options = onStep === undefined ? { folder } : { folder, onStep };
		return { part: await sealRange(db, duck, request, options), toPos };
	} finally {
		db.close();
	}
}

/** Seals everything up to a record, and deletes the hot rows. */
export async function sealTo(file: StoreFile, path: string, lastSeq: number): Promise<PartRow | undefined> {
	file.run("INSERT OR IGNORE INTO judgement_cache VALUES (1, ?, '{}')", lastSeq);
	file.run("UPDATE judgement_cache SET seq = max(seq, ?)", lastSeq);
	const { part, toPos } = await makePart(path, lastSeq);
	const table = new PartTable(file);
	const range = {
		fromSeq: new RecordFileTable(file).recordsTo,
		toSeq: lastSeq + 1,
		instance: file.meta("instance"),
	};
	const records = await sealRecords(file.db, await theDuck(), range, { folder: partFolder(path) });
	table.list({ part, records, toPos, atMs: 1 });
	while (table.trim());
	// The keeper leaves the newest of them; here none but the last, so that every question has to look into files.
	file.run("DELETE FROM record WHERE seq <= ? AND seq < (SELECT max(seq) FROM record)", lastSeq);
	return part;
}

type Question<T> = (db: DatabaseSync, rows: SampleRows) => T | Promise<T>;

/** Answers from a store's file as the reader does. */
export async function ask<T>(path: string, question: Question<T>): Promise<T> {
	const db = new DatabaseSync(path, { readOnly: true });
	try {
		const sealed = new SealedRows(theDuck, partFolder(path));
		return await SampleRows.view(db, sealed, new Set(), (rows) => question(db, rows));
	} finally {
		db.close();
	}
}

/** The answer of a store, which must be the same when the older half of it is sealed, in two parts. */
export async function askSealedToo<T>(file: StoreFile, path: string, question: Question<T>): Promise<T> {
	const hot = await ask(path, question);
	const copy = join(temporaryFolder(), "store.db");
	file.db.exec(`VACUUM INTO '${copy}'`);
	const sealed = new StoreFile(copy);
	try {
		const last = Number(sealed.get("SELECT coalesce(max(seq), 0) AS last FROM record")?.last);
		for (const seq of new Set([Math.ceil(last / 4), Math.ceil(last / 2)])) await sealTo(sealed, copy, seq);
		expect(await ask(copy, question), "half of it sealed").toEqual(hot);
		if (last > 1) await sealTo(sealed, copy, last);
		expect(await ask(copy, question), "all of it sealed").toEqual(hot);
	} finally {
		sealed.close();
	}
	return hot;
}

/** Makes the sealed parts days, with their minutes. */
export async function compact(store: KnownStore): Promise<void> {
	const folder = partFolder(store.path);
	const duck = await Duck.open(folder, join(folder, "temporary-test"), {
		...{ memoryMb: 128, threads: 1, temporaryMb: 256 },
	});
	try {
		const rows = store.file.all("SELECT file, samples FROM part WHERE level = 0");
		const files = rows.map(({ file }) => String(file));
		const samples = rows.reduce((sum, row) => sum + Number(row.samples), 0);
		const parts = await compactParts(
			duck,
			{ files, samples, instance: store.file.meta("instance") },
			{ folder },
		);
		new PartTable(store.file).replace({ parts, replaced: files, atMs: 1 });
	} finally {
		duck.close();
	}
}

/** Every stored sample with its position, exactly. */
export async function everything(path: string, limit = 70): Promise<unknown[]> {
	return await ask(path, async (db, rows) => {
		const found: unknown[] = [];
		for (let fromPos = 0; ; ) {
			const slice = await readPositions(db, rows, { fromPos, limit });
			const { samples, pos } = slice;
			for (let index = 0; index < samples.count; index++) {
				found.push([
					...[pos[index], samples.tagId[index], samples.sourceMs[index], samples.sourceRestTicks[index]],
					...[samples.serverLagTicks[index], samples.status[index], samples.value(index)],
				]);
			}
			if (slice.nextPos >= slice.storedPos) return found;
			fromPos = slice.nextPos;
		}
	});
}
