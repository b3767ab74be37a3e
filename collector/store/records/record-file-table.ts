// The list of record files, and what changes with it, each in one transaction of the writer.

import { samplesPerSeq } from "../../pipeline.ts";
import type { StoreFile } from "../store-file.ts";
import type { RecordFileRow } from "./record-file.ts";
import { recordsKept } from "./record-file-schema.ts";

/** Record rows that one transaction deletes. */
const trimmedAtOnce = 5_000;

export class RecordFileTable {
	readonly #file: StoreFile;

	constructor(file: StoreFile) {
		this.#file = file;
	}

	/** Records below it stand in record files. */
	get recordsTo(): number {
		return Number(this.#file.meta("records_to"));
	}

	/** Lists a file and moves the border; within a transaction. `row` is undefined when the stretch has no records. */
	add(row: RecordFileRow | undefined, toSeq: number, atMs: number): void {
		const fromSeq = this.recordsTo;
		const sealedTo = Number(this.#file.meta("sealed_to")) / samplesPerSeq;
		if (row !== undefined && (row.fromSeq !== fromSeq || row.toSeq !== toSeq))
			throw new Error(`expected records from ${fromSeq} to ${toSeq}, found ${row.file}`);
		if (toSeq > sealedTo)
			throw new Error(`expected records up to ${sealedTo}, where samples are sealed, found ${toSeq}`);
		if (row !== undefined) this.#insert(row, atMs);
		this.#file.run("UPDATE meta SET value = ? WHERE key = 'records_to'", String(toSeq));
	}

	/** The same in a transaction of its own. */
	list(argument: { row: RecordFileRow | undefined; toSeq: number; atMs: number }): void {
		this.#file.transaction(() => this.add(argument.row, argument.toSeq, argument.atMs));
	}

	/** Puts a file in the place of others that hold the same records. */
	replace({ row, replaced, atMs }: { row: RecordFileRow; replaced: readonly string[]; atMs: number }): void {
		const file = this.#file;
		file.transaction(() => {
			let before = 0;
			for (const name of replaced) {
				const found = file.get("SELECT records FROM record_file WHERE file = ?", name);
				if (found === undefined)
					throw new Error(`expected a listed record file, found ${name} without a row`);
				before += Number(found.records);
				this.#remove(name);
				file.run("INSERT OR REPLACE INTO part_replaced VALUES (?, ?)", name, atMs);
			}
			if (before !== row.records)
				throw new Error(`expected ${before} records in ${row.file}, found ${row.records}`);
			this.#insert(row, atMs);
		});
	}

	/** Nobody reads the file any more: it is damaged, or its parts are gone. Says whether it was listed. */
	remove(name: string): boolean {
		let listed = false;
		this.#file.transaction(() => {
			listed = this.#file.get("SELECT 1 FROM record_file WHERE file = ?", name) !== undefined;
			this.#remove(name);
		});
		return listed;
	}

	/** Deletes some record rows that are in files; says whether more are there. */
	trim(): boolean {
		const file = this.#file;
		const newest = file.get(`SELECT seq FROM record ORDER BY seq DESC LIMIT 1 OFFSET ${recordsKept}`);
		if (newest === undefined) return false;
		const border = Math.min(this.recordsTo, Number(newest.seq) + 1);
		const last = file.get(
			`SELECT seq FROM record WHERE seq < ? ORDER BY seq LIMIT 1 OFFSET ${trimmedAtOnce - 1}`,
			border,
		);
		file.run("DELETE FROM record WHERE seq <= ? AND seq < ?", Number(last?.seq ?? border), border);
		return last !== undefined;
	}

	#remove(name: string): void {
		this.#file.run("DELETE FROM record_file WHERE file = ?", name);
		this.#file.run("DELETE FROM record_span WHERE file = ?", name);
	}

	#insert(row: RecordFileRow, atMs: number): void {
		const { file, fromSeq, toSeq, records, samples, minMs, maxMs, bytes, sha256, spans } = row;
		this.#file.run(
			"INSERT INTO record_file VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			...[file, fromSeq, toSeq, records, samples, minMs ?? null, maxMs ?? null, bytes, sha256, atMs],
		);
		for (const { edgeNode, epoch, first, last } of spans)
			this.#file.run("INSERT INTO record_span VALUES (?, ?, ?, ?, ?)", file, edgeNode, epoch, first, last);
	}
}
