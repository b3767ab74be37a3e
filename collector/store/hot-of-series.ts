import type { DatabaseSync } from "node:sqlite";
import { datatypes, isInteger64 } from "../../common/contract/datatype.ts";
import { samplesPerSeq } from "../pipeline.ts";
import { hotColumns, plainHotColumns, type SeriesTypes, takeHotRow } from "./hot-rows.ts";
import { PositionedSamples } from "./positioned-samples.ts";

const batchSamples = 4_096;

/**
 * Hot samples of these series of a unit in a period of source time, both ends included, in no order. `isLong`: the period is
 * longer than what is hot.
 */
export function* hotOfSeries(
	db: DatabaseSync,
	asked: {
		readonly unit: string;
		readonly series: readonly number[];
		readonly fromMs: number;
		readonly toMs: number;
		readonly sealedTo: number;
		readonly isLong: boolean;
	},
	typeOf: SeriesTypes,
): Generator<PositionedSamples> {
	const { unit, series, fromMs, toMs, sealedTo, isLong } = asked;
	// Through the index of times where the period is short, else through the hot records, which are fewer. CROSS JOIN
	// keeps the records outermost.
	const records = isLong ? "record r NOT INDEXED" : "record r";
	// Only a 64-bit integer may be more than a number of JavaScript can say.
	const isLarge = series.some((id) => isInteger64(typeOf(id) ?? datatypes.Int64));
	const columns = isLarge ? hotColumns("s") : plainHotColumns("s");
	const statement = db.prepare(`SELECT ${columns} FROM ${records} CROSS JOIN sample s
		ON s.pos >= r.seq * ${samplesPerSeq} AND s.pos < r.seq * ${samplesPerSeq} + r.samples
		WHERE r.seq >= ? AND r.device = ? AND r.source_max_ms >= ? AND r.source_min_ms <= ?
			AND s.series IN (${series.join(",")}) AND s.source_ms >= ? AND s.source_ms <= ?`);
	statement.setReturnArrays(true);
	const rows = statement.iterate(
		...[sealedTo / samplesPerSeq, unit, fromMs, toMs, fromMs, toMs],
	) as unknown as Iterable<number[]>;
	let batch = new PositionedSamples(batchSamples);
	for (const row of rows) {
		takeHotRow(batch, row, typeOf);
		if (batch.count < batchSamples) continue;
		yield batch;
		batch = new PositionedSamples(batchSamples);
	}
	if (batch.count > 0) yield batch;
}
