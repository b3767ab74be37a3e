import type { DatabaseSync } from "node:sqlite";
import { samplesPerSeq } from "../pipeline.ts";
import { hotColumns, type SeriesTypes, takeHotRow } from "./hot-rows.ts";
import { PositionedSamples } from "./positioned-samples.ts";

/** Hot records before a time that are searched for a tag's value. */
const lookBackRecords = 2_000;

/**
 * Hot samples of these series before a time, the newest among them: those of the last record that has some, and what
 * stands before the time in records across it.
 */
export function hotBefore(
	db: DatabaseSync,
	asked: { unit: string; series: readonly number[]; beforeMs: number; sealedTo: number },
	typeOf: SeriesTypes,
): PositionedSamples {
	const { unit, series, beforeMs, sealedTo } = asked;
	const found = new PositionedSamples(16);
	const hot = sealedTo / samplesPerSeq;
	const read = (records: string, ...values: (string | number)[]) => {
		const statement = db.prepare(`SELECT ${hotColumns("s")}
				FROM (SELECT seq, samples FROM record WHERE device = ? AND ${records}
					ORDER BY source_max_ms DESC, seq DESC LIMIT ${lookBackRecords}) r
				CROSS JOIN sample s ON s.pos >= r.seq * ${samplesPerSeq} AND s.pos < r.seq * ${samplesPerSeq} + r.samples
				WHERE r.seq >= ? AND s.series IN (${series.join(",")}) AND s.source_ms < ?`);
		statement.setReturnArrays(true);
		return statement.iterate(unit, ...values, hot, beforeMs) as unknown as Iterable<number[]>;
	};
	for (const row of read("source_max_ms >= ? AND source_min_ms < ?", beforeMs, beforeMs))
		takeHotRow(found, row, typeOf);
	let record: number | undefined;
	for (const row of read("source_max_ms < ?", beforeMs)) {
		const seq = Math.floor((row[0] as number) / samplesPerSeq);
		if (record !== undefined && seq !== record) break;
		record = seq;
		takeHotRow(found, row, typeOf);
	}
	return found;
}
