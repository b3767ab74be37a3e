import type { DatabaseSync } from "node:sqlite";
import { samplesPerSeq } from "../pipeline.ts";
import type { SeriesTypes } from "./hot-rows.ts";
import { HotTaker } from "./hot-taker.ts";
import { PositionedSamples } from "./positioned-samples.ts";
import { all } from "./read-rows.ts";

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
	const where = "r.device = ? AND r.source_max_ms >= ? AND r.source_min_ms <= ?";
	const found = all(
		db,
		`SELECT r.seq, r.samples FROM ${records} WHERE r.seq >= ? AND ${where} AND r.samples > 0 ORDER BY r.seq`,
		...[sealedTo / samplesPerSeq, unit, fromMs, toMs],
	) as unknown as { seq: number; samples: number }[];
	const taker = HotTaker.of(db);
	const question = taker.question(`FROM record r NOT INDEXED CROSS JOIN sample s
		ON s.pos >= r.seq * ${samplesPerSeq} AND s.pos < r.seq * ${samplesPerSeq} + r.samples
		WHERE r.seq >= ? AND r.seq <= ? AND ${where}
			AND s.series IN (${series.join(",")}) AND s.source_ms >= ? AND s.source_ms <= ?`);
	for (let from = 0, to = 0; from < found.length; from = to) {
		let samples = 0;
		do samples += (found[to++] as { samples: number }).samples;
		while (to < found.length && samples < batchSamples);
		const batch = new PositionedSamples(samples);
		const bounds = [found[from]?.seq as number, found[to - 1]?.seq as number];
		taker.take(question, [...bounds, unit, fromMs, toMs, fromMs, toMs], batch, typeOf);
		if (batch.count > 0) yield batch;
	}
}
