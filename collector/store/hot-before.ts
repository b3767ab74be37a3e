import type { DatabaseSync } from "node:sqlite";
import { samplesPerSeq } from "../pipeline.ts";
import { hotColumns, type SeriesTypes, takeHotRow } from "./hot-rows.ts";
import { PositionedSamples } from "./positioned-samples.ts";

/** Hot records before a time that are searched for a tag's value. */
const lookBackRecords = 2_000;

/**
 * Hot samples before a time, the newest of each group of series among them: those of the last record that has some of it, and
 * what stands before the time in records across it.
 */
export function hotBefore(
	db: DatabaseSync,
	asked: {
		unit: string;
		/** Series that count as one: each group is searched for its own. */
		groups: readonly (readonly number[])[];
		beforeMs: number;
		sealedTo: number;
	},
	typeOf: SeriesTypes,
): PositionedSamples {
	const { unit, groups, beforeMs, sealedTo } = asked;
	const series = groups.flat();
	const groupOf = new Map(groups.flatMap((own, group) => own.map((id) => [id, group] as const)));
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
	const recordOf = new Map<number, number>();
	let [record, left] = [-1, groups.length];
	for (const row of read("source_max_ms < ?", beforeMs)) {
		const seq = Math.floor((row[0] as number) / samplesPerSeq);
		if (seq !== record && left === 0) break;
		record = seq;
		const group = groupOf.get(row[1] as number) as number;
		const its = recordOf.get(group);
		if (its === undefined) {
			recordOf.set(group, seq);
			left--;
		} else if (its !== seq) continue;
		takeHotRow(found, row, typeOf);
	}
	return found;
}
