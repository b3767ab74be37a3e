import type { DatabaseSync } from "node:sqlite";
import { samplesPerSeq } from "../pipeline.ts";
import type { PartRow } from "./parts/part-file.ts";
import { storedTo } from "./positions.ts";
import { all, get, type Row } from "./read-rows.ts";

/** What the keeper decides by: how far things have come, and which files there are. */
export interface KeepingState {
	readonly instance: string;
	readonly sealedTo: number;
	/** The position after the last sample that is stored. */
	readonly storedTo: number;
	/** Sealing goes no further: the judgement is saved up to here. */
	readonly savedTo: number;
	/** When the first record that is not sealed was received; undefined when there is none. */
	readonly oldestHotMs: number | undefined;
	readonly listed: readonly (PartRow & { readonly sealedMs: number })[];
	/** Records below it stand in record files. */
	readonly recordsTo: number;
	readonly recordFiles: readonly ListedRecords[];
	readonly replaced: readonly { readonly file: string; readonly replacedMs: number }[];
	readonly retired: readonly string[];
	/** Nothing above it may be retired, because a follower within its bound still reads it. */
	readonly heldFrom: number;
	/** Nothing younger may be retired, because a lot that is not judged yet began then; a source time. */
	readonly openLotsFromMs: number | undefined;
}

/** A record file as the keeper sees it. */
export interface ListedRecords {
	readonly file: string;
	readonly fromSeq: number;
	/** Not included. */
	readonly toSeq: number;
	readonly records: number;
	readonly bytes: number;
	readonly sealedMs: number;
}

export function readKeepingState(db: DatabaseSync): KeepingState {
	const meta = (key: string) => String(get(db, "SELECT value FROM meta WHERE key = ?", key)?.value);
	const sealedTo = Number(meta("sealed_to"));
	const cache = get(db, "SELECT seq FROM judgement_cache");
	const oldest = get(
		db,
		"SELECT received_ms FROM record WHERE seq >= ? ORDER BY seq LIMIT 1",
		sealedTo / samplesPerSeq,
	);
	const parts = all(db, "SELECT * FROM part ORDER BY to_pos, file");
	const open = get(
		db,
		"SELECT min(opened_ms) AS since FROM lot WHERE closed_ms IS NULL OR lot IN (SELECT lot FROM due)",
	);
	return {
		instance: meta("instance"),
		sealedTo,
		storedTo: storedTo(db),
		savedTo: cache === undefined ? 0 : (Number(cache.seq) + 1) * samplesPerSeq,
		oldestHotMs: oldest === undefined ? undefined : Number(oldest.received_ms),
		listed: parts.filter(({ state }) => state === "listed").map(listedPart),
		recordsTo: Number(meta("records_to")),
		recordFiles: all(db, "SELECT * FROM record_file ORDER BY to_seq").map((row) => ({
			file: String(row.file),
			fromSeq: Number(row.from_seq),
			toSeq: Number(row.to_seq),
			records: Number(row.records),
			bytes: Number(row.bytes),
			sealedMs: Number(row.sealed_ms),
		})),
		replaced: all(db, "SELECT * FROM part_replaced").map((row) => ({
			file: String(row.file),
			replacedMs: Number(row.replaced_ms),
		})),
		retired: parts.filter(({ state }) => state === "retired").map((row) => String(row.file)),
		heldFrom: heldFrom(db),
		openLotsFromMs: open?.since === null || open === undefined ? undefined : Number(open.since),
	};
}

/** The stretch to seal next: whole records from the border on, at most `samplesMax` samples unless one record has more. */
export function nextStretch(db: DatabaseSync, samplesMax: number): { toPos: number; samples: number } {
	const { sealedTo, savedTo } = readKeepingState(db);
	const row = get(
		db,
		`SELECT max(seq) AS last, max(running) AS samples FROM (SELECT seq, sum(samples) OVER (ORDER BY seq) AS running
			FROM record WHERE seq >= ? AND seq < ?) WHERE running <= ?`,
		...[sealedTo / samplesPerSeq, savedTo / samplesPerSeq, Math.max(samplesMax, samplesPerSeq)],
	);
	if (row === undefined || row.last === null) return { toPos: sealedTo, samples: 0 };
	return { toPos: (Number(row.last) + 1) * samplesPerSeq, samples: Number(row.samples) };
}

function heldFrom(db: DatabaseSync): number {
	let held = Number.MAX_SAFE_INTEGER;
	for (const { pos, hold_samples } of all(db, "SELECT pos, hold_samples FROM follower")) {
		// Of the record file that it stands in nothing is counted: better to hold a little too much.
		const waiting = get(
			db,
			`SELECT (SELECT coalesce(sum(samples), 0) FROM record_file WHERE from_seq >= ?1) + (SELECT coalesce(sum(samples), 0)
				FROM record WHERE seq >= max(?1, (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'records_to'))) AS n`,
			Math.floor(Number(pos) / samplesPerSeq),
		);
		// One that is further behind than its bound holds nothing; it is told what it has missed.
		if (Number(waiting?.n) <= Number(hold_samples)) held = Math.min(held, Number(pos));
	}
	return held;
}

function listedPart(row: Row): KeepingState["listed"][number] {
	return {
		file: String(row.file),
		level: Number(row.level),
		fromPos: Number(row.from_pos),
		toPos: Number(row.to_pos),
		minMs: Number(row.min_ms),
		maxMs: Number(row.max_ms),
		samples: Number(row.samples),
		bytes: Number(row.bytes),
		sha256: String(row.sha256),
		rollup: row.rollup === null ? undefined : String(row.rollup),
		sealedMs: Number(row.sealed_ms),
	};
}
