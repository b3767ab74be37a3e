// The list of parts, and what changes with it, each in one transaction of the writer.

import type { FollowerPosition } from "../follow-port.ts";
import { type GapRow, samplesPerSeq } from "../pipeline.ts";
import type { PartRow } from "./parts/part-file.ts";
import type { RecordFileRow } from "./records/record-file.ts";
import { partDevices } from "./records/record-file-schema.ts";
import { RecordFileTable } from "./records/record-file-table.ts";
import type { StoreFile } from "./store-file.ts";

/** Hot rows that one transaction deletes. */
const trimmedAtOnce = 20_000;
const noteMax = 500;

// A day that was put together has of each device what its parts had, within its own bounds.
const devicesOfReplacing = `INSERT INTO part_device SELECT ?1, edge_node, device, max(min_ms, ?2), min(max_ms, ?3)
	FROM part_device WHERE file = ?4 AND min_ms <= ?3 AND max_ms >= ?2
	ON CONFLICT DO UPDATE SET min_ms = min(min_ms, excluded.min_ms), max_ms = max(max_ms, excluded.max_ms)`;

export interface PartListing {
	readonly part: PartRow | undefined;
	readonly records?: RecordFileRow | undefined;
	readonly toPos: number;
	readonly atMs: number;
}

export class PartTable {
	readonly #file: StoreFile;

	constructor(file: StoreFile) {
		this.#file = file;
	}

	/** The store's samples below this position are sealed. */
	get sealedTo(): number {
		return Number(this.#file.meta("sealed_to"));
	}

	/**
	 * Lists a part and moves the border: from here on readers take these samples from the file. `part` is undefined when the
	 * stretch has no samples. `records` is the file of its record rows; without one they are put into a file later.
	 */
	list({ part, records, toPos, atMs }: PartListing): void {
		const file = this.#file;
		this.#transaction(() => {
			const fromPos = this.sealedTo;
			if (part !== undefined && (part.fromPos !== fromPos || part.toPos !== toPos))
				throw new Error(`expected a part from ${fromPos} to ${toPos}, found ${part.file}`);
			const cache = Number(file.get("SELECT seq FROM judgement_cache")?.seq ?? -1);
			if (toPos > (cache + 1) * samplesPerSeq)
				throw new Error(
					`expected positions up to record ${cache}, where the judgement is saved, found ${toPos}`,
				);
			// What is counted may be deleted, and the newest sample of each series stays at hand.
			file.countAll();
			file.run(
				`INSERT OR REPLACE INTO series_last SELECT s.series, s.pos, s.source_ms, s.source_rest, s.server_lag, s.status, s.value
				FROM series_counted c JOIN sample s ON s.pos = c.last_pos WHERE c.last_pos >= ? AND c.last_pos < ?`,
				fromPos,
				toPos,
			);
			if (part !== undefined) {
				this.#insert(part, atMs);
				file.run(partDevices, part.file, fromPos / samplesPerSeq, toPos / samplesPerSeq);
			}
			file.run("UPDATE meta SET value = ? WHERE key = 'sealed_to'", String(toPos));
			if (records !== undefined) new RecordFileTable(file).add(records, toPos / samplesPerSeq, atMs);
		});
	}

	/** Puts parts in the place of others that hold the same samples. */
	replace({
		parts,
		replaced,
		atMs,
	}: {
		parts: readonly PartRow[];
		replaced: readonly string[];
		atMs: number;
	}): void {
		const file = this.#file;
		this.#transaction(() => {
			let before = 0;
			for (const name of replaced) {
				const row = file.get("SELECT samples FROM part WHERE file = ? AND state = 'listed'", name);
				if (row === undefined) throw new Error(`expected a listed part, found ${name} in another state`);
				before += Number(row.samples);
				file.run("DELETE FROM part WHERE file = ?", name);
				for (const part of parts) file.run(devicesOfReplacing, part.file, part.minMs, part.maxMs, name);
				file.run("DELETE FROM part_device WHERE file = ?", name);
				file.run("INSERT OR REPLACE INTO part_replaced VALUES (?, ?)", name, atMs);
			}
			const after = parts.reduce((sum, { samples }) => sum + samples, 0);
			if (after !== before) throw new Error(`expected ${before} samples in the new parts, found ${after}`);
			for (const part of parts) this.#insert(part, atMs);
		});
	}

	/**
	 * Readers leave the part out from now on, and what was in it is a gap of each of its devices. Returns the gap rows that
	 * were written; none when the part was not listed any more.
	 */
	damaged({ file: name, reason, atMs }: { file: string; reason: string; atMs: number }): GapRow[] {
		const file = this.#file;
		const gaps: GapRow[] = [];
		file.transaction(() => {
			const part = file.get("SELECT * FROM part WHERE file = ? AND state = 'listed'", name);
			if (part === undefined) return;
			file.run("UPDATE part SET state = 'damaged', note = ? WHERE file = ?", reason.slice(0, noteMax), name);
			const devices = file.all("SELECT * FROM part_device WHERE file = ? AND device <> ''", name);
			for (const row of devices) {
				const gap: GapRow = {
					id: `part ${name} ${row.edge_node} ${row.device}`,
					edgeNode: Number(row.edge_node),
					device: String(row.device),
					tags: [],
					fromMs: Math.max(Number(row.min_ms), Number(part.min_ms)),
					toMs: Math.min(Number(row.max_ms), Number(part.max_ms)),
					cause: "store_damaged",
					backfilled: false,
					noticedMs: atMs,
				};
				if (gap.fromMs > gap.toMs) continue;
				gaps.push(gap);
				file.addGap(gap);
			}
		});
		return gaps;
	}

	/** Readers leave the part out from now on, because of its age or the size of all. */
	retire({ file: name, note }: { file: string; note: string }): void {
		this.#file.run("DELETE FROM part_device WHERE file = ?", name);
		this.#file.run(
			"UPDATE part SET state = 'retired', note = ? WHERE file = ? AND state = 'listed'",
			note,
			name,
		);
	}

	/** The file of a replaced part is gone. */
	forgetReplaced(name: string): void {
		this.#file.run("DELETE FROM part_replaced WHERE file = ?", name);
	}

	/** Deletes some hot rows that are sealed; says whether more are there. */
	trim(): boolean {
		const file = this.#file;
		const border = Math.min(this.sealedTo, Number(file.meta("counted_to")));
		const last = file.get(
			"SELECT pos FROM sample WHERE pos < ? ORDER BY pos LIMIT 1 OFFSET ?",
			border,
			trimmedAtOnce - 1,
		);
		file.run("DELETE FROM sample WHERE pos <= ? AND pos < ?", Number(last?.pos ?? border), border);
		return last !== undefined;
	}

	followers(): FollowerPosition[] {
		return this.#file.all("SELECT * FROM follower ORDER BY name").map((row) => ({
			name: String(row.name),
			pos: Number(row.pos),
			eventN: Number(row.event_n),
			holdSamples: Number(row.hold_samples),
			savedMs: Number(row.saved_ms),
		}));
	}

	saveFollower({ name, pos, eventN, holdSamples, savedMs }: FollowerPosition): void {
		this.#file.run(
			"INSERT OR REPLACE INTO follower VALUES (?, ?, ?, ?, ?)",
			name,
			pos,
			eventN,
			holdSamples,
			savedMs,
		);
	}

	forgetFollower(name: string): void {
		this.#file.run("DELETE FROM follower WHERE name = ?", name);
	}

	#insert(part: PartRow, atMs: number): void {
		const { file, level, fromPos, toPos, minMs, maxMs, samples, bytes, sha256, rollup } = part;
		this.#file.run(
			"INSERT INTO part VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'listed', NULL, ?, ?)",
			...[file, level, fromPos, toPos, minMs, maxMs, samples, bytes, sha256, atMs, rollup ?? null],
		);
	}

	#transaction(work: () => void): void {
		try {
			this.#file.transaction(work);
		} catch (error) {
			this.#file.countsRolledBack();
			throw error;
		}
	}
}
