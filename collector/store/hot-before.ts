import type { DatabaseSync } from "node:sqlite";
import { samplesPerSeq } from "../pipeline.ts";
import { hotColumns, type SeriesTypes, takeHotRow } from "./hot-rows.ts";
import { PositionedSamples } from "./positioned-samples.ts";

/** Hot samples before a time, the newest of each group of series among them. */
export function hotBefore(
	db: DatabaseSync,
	asked: {
		unit: string;
		/** Series that count as one: each group is searched for its own. */
		groups: readonly (readonly number[])[];
		beforeMs: number;
		sealedTo: number;
		/** How many records before the time are searched; all of them without it. */
		recordsMost: number | undefined;
	},
	typeOf: SeriesTypes,
): PositionedSamples {
	const { unit, groups, beforeMs, sealedTo, recordsMost = -1 } = asked;
	const series = groups.flat();
	const groupOf = new Map(groups.flatMap((own, group) => own.map((id) => [id, group] as const)));
	const found = new PositionedSamples(16);
	const hot = sealedTo / samplesPerSeq;
	const read = (records: string, ...values: (string | number)[]) => {
		const statement = db.prepare(`SELECT ${hotColumns("s")}, r.source_max_ms
				FROM (SELECT seq, samples, source_max_ms FROM record WHERE device = ? AND ${records}
					ORDER BY source_max_ms DESC, seq DESC LIMIT ${recordsMost}) r
				CROSS JOIN sample s ON s.pos >= r.seq * ${samplesPerSeq} AND s.pos < r.seq * ${samplesPerSeq} + r.samples
				WHERE r.seq >= ? AND s.series IN (${series.join(",")}) AND s.source_ms < ?`);
		statement.setReturnArrays(true);
		return statement.iterate(unit, ...values, hot, beforeMs) as unknown as Iterable<number[]>;
	};
	for (const row of read("source_max_ms >= ? AND source_min_ms < ?", beforeMs, beforeMs))
		takeHotRow(found, row, typeOf);
	// The times of a record's samples overlap those of others: a group is done with when no further record reaches its newest.
	const newestMs = new Map<number, number>();
	let record = -1;
	for (const row of read("source_max_ms < ?", beforeMs)) {
		const [pos, id, atMs] = row as [number, number, number];
		const seq = Math.floor(pos / samplesPerSeq);
		if (seq !== record) {
			record = seq;
			const reachesMs = row[7] as number;
			if (newestMs.size === groups.length && [...newestMs.values()].every((ms) => ms > reachesMs)) break;
		}
		const group = groupOf.get(id) as number;
		if (atMs < (newestMs.get(group) ?? Number.NEGATIVE_INFINITY)) continue;
		newestMs.set(group, atMs);
		takeHotRow(found, row, typeOf);
	}
	return found;
}
