// Parquet files of sealed samples: their names, their folder, and what makes a file last.

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";

/** One row per sample, sorted by series, source time and position. See the collector's README for what each column means. */
export const partColumns =
	"series, pos, source_time, source_rest, server_lag, status, value, ivalue, tvalue, bvalue";

// `//` and `%` cut towards zero, so a time before 1970 needs its remainder made positive first.
export const microsBeyondMs = "((epoch_us(source_time) % 1000 + 1000) % 1000)";
/** Source time in whole milliseconds. */
export const sourceMsColumn = `((epoch_us(source_time) - ${microsBeyondMs}) // 1000)`;

/** A part as the store lists it. Positions: `toPos` is not included. Times are source times. */
export interface PartRow {
	readonly file: string;
	/** 0: a stretch of positions as it was sealed; 1: a day, put together from those. */
	readonly level: number;
	readonly fromPos: number;
	readonly toPos: number;
	readonly minMs: number;
	readonly maxMs: number;
	readonly samples: number;
	readonly bytes: number;
	/** Hexadecimal SHA-256 of the file. */
	readonly sha256: string;
	/** The file with its figures by minute; they can be made from the part. */
	readonly rollup?: string | undefined;
}

const namePattern = /^(?<fromPos>\d+)-(?<toPos>\d+)-(?<what>[a-z0-9]+)-(?<instance>[0-9a-f]{8})\.parquet$/;

/** `what` is `s` for a stretch of positions, `d20261130` for a day, with a counter when one is made anew. */
export function partName(fromPos: number, toPos: number, what: string, instance: string): string {
	return `${fromPos}-${toPos}-${what}-${instance.slice(0, 8)}.parquet`;
}

/** Whether a name is that of a file of record rows. */
export function isRecordFile(name: string): boolean {
	return namePattern.exec(name)?.groups?.what === "q";
}

/** What the name of a part says; undefined for any other file. */
export function readPartName(
	name: string,
): { fromPos: number; toPos: number; level: number; instance: string; isRollup: boolean } | undefined {
	const groups = namePattern.exec(name)?.groups;
	if (groups === undefined) return undefined;
	return {
		fromPos: Number(groups.fromPos),
		toPos: Number(groups.toPos),
		level: groups.what === "s" ? 0 : 1,
		instance: String(groups.instance),
		isRollup: String(groups.what).startsWith("r"),
	};
}

export async function sha256Of(path: string): Promise<string> {
	const sum = createHash("sha256");
	for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) sum.update(chunk as Buffer);
	return sum.digest("hex");
}

/** Makes a file's content, or a folder's names, last. */
export async function syncPath(path: string): Promise<void> {
	const handle = await open(path, "r");
	try {
		await handle.sync();
	} finally {
		await handle.close();
	}
}
