// Puts small parts together, one file for each day of source time. Nothing is changed in place: the new files stand
// beside the old ones until one transaction puts them into the list.

import { rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { CodedError } from "../../../common/runtime/coded-error.ts";
import { type Duck, quoted } from "./duck.ts";
import { type PartRow, partColumns, partName, sha256Of, sourceMsColumn, syncPath } from "./part-file.ts";
import { rollupMinuteMs, writeRollup } from "./rollup.ts";
import { writePart } from "./sealing.ts";

/** Days that get a file of their own; what lies on further ones, as wrong clocks make them, shares one. */
const daysMax = 8;
const dayMs = 86_400_000;

export interface CompactRequest {
	readonly files: readonly string[];
	/** Samples in these files, as they are listed. */
	readonly samples: number;
	readonly instance: string;
}

/**
 * Writes the samples of some parts anew, by day. Returns the parts that take their place.
 * @throws CodedError STORE_FAILED when the new files together do not hold what the old ones do
 */
export async function compactParts(
	duck: Duck,
	{ files, samples, instance }: CompactRequest,
	{ folder, onStep = () => undefined }: { folder: string; onStep?: () => void },
): Promise<PartRow[]> {
	const all = `read_parquet([${files.map((file) => quoted(join(folder, file))).join(", ")}])`;
	const made: string[] = [];
	const rollups: string[] = [];
	try {
		const parts: PartRow[] = [];
		for (const { label, where } of await daysOf(duck, all)) {
			onStep();
			const query = `SELECT ${partColumns} FROM ${all} WHERE ${where}`;
			const bounds = await duck.row(
				`SELECT min(pos), max(pos) + 1, min(${sourceMsColumn}), max(${sourceMsColumn}), count(*),
					count(DISTINCT series) FROM (${query})`,
			);
			const [fromPos, toPos, minMs, maxMs, count, series] = bounds.map(Number) as [
				...[number, number, number, number, number, number],
			];
			const file = partName(fromPos, toPos, `d${label}`, instance);
			const temporary = join(folder, `${file}.tmp`);
			made.push(temporary);
			await writePart(duck, query, temporary);
			await syncPath(temporary);
			const { size: bytes } = await stat(temporary);
			const sha256 = await sha256Of(temporary);
			const rollup = partName(fromPos, toPos, `r${label}`, instance);
			rollups.push(join(folder, `${rollup}.tmp`));
			const minutes = Math.min(count, series * ((maxMs - minMs) / rollupMinuteMs + 1));
			await writeRollup(duck, `read_parquet(${quoted(temporary)})`, join(folder, `${rollup}.tmp`), minutes);
			await syncPath(join(folder, `${rollup}.tmp`));
			parts.push({ file, level: 1, fromPos, toPos, minMs, maxMs, samples: count, bytes, sha256, rollup });
		}
		await verify(duck, all, made, samples);
		for (const name of parts.flatMap(({ file, rollup }) => [file, rollup as string])) {
			onStep();
			await rename(join(folder, `${name}.tmp`), join(folder, name));
		}
		await syncPath(folder);
		return parts;
	} catch (error) {
		for (const path of [...made, ...rollups]) await rm(path, { force: true });
		throw error;
	}
}

async function daysOf(duck: Duck, all: string): Promise<{ label: string; where: string }[]> {
	const day = `(${sourceMsColumn} // ${dayMs})`;
	const reader = await duck.connection.runAndReadAll(
		`SELECT ${day} AS day FROM ${all} GROUP BY day ORDER BY count(*) DESC, day LIMIT ${daysMax + 1}`,
	);
	const days = reader.getRows().map(([found]) => Number(found));
	const own = days.length > daysMax ? days.slice(0, daysMax - 1) : days;
	const single = own
		.toSorted((a, b) => a - b)
		.map((each) => ({ label: labelOf(each), where: `${day} = ${each}` }));
	if (own.length === days.length) return single;
	return [...single, { label: "other", where: `${day} NOT IN (${own.join(", ")})` }];
}

/** A day as YYYYMMDD; one that no calendar has by its number. */
function labelOf(day: number): string {
	const date = new Date(day * dayMs);
	return day < 0 || Number.isNaN(date.getTime())
		? `n${Math.abs(day)}`
		: date.toISOString().slice(0, 10).replaceAll("-", "");
}

async function verify(duck: Duck, all: string, made: readonly string[], listed: number): Promise<void> {
	const sums = (from: string) => `SELECT count(*), sum(hash(${partColumns})::HUGEINT) FROM ${from}`;
	const expected = await duck.row(sums(all));
	const found = await duck.row(sums(`read_parquet([${made.map(quoted).join(", ")}])`));
	if (String(expected) === String(found) && Number(expected[0]) === listed) return;
	throw new CodedError(
		"STORE_FAILED",
		`expected ${listed} samples in the parts that are put together (count, sum: ${String(expected)}), found ${String(found)}; nothing is replaced`,
	);
}
