// Figures of each series by minute of source time, beside a day's part: enough to make buckets of whole minutes exactly,
// without reading the samples.

import { type Duck, quoted } from "./duck.ts";
import { sourceMsColumn } from "./part-file.ts";

export const rollupMinuteMs = 60_000;

/** The columns of a rollup in the order of `minuteFigures`. */
export const rollupColumns =
	"samples, not_good, coalesce(min, 'nan'), coalesce(max, 'nan'), first_ms, last_ms, coalesce(last_value, 'nan'), integral, covered_ms";

/** Row groups of a rollup at least: a question about one tag reads few of them. */
const rowGroups = 64;
/** What DuckDB works with at once; a row group is a multiple of it. */
const vectorRows = 2_048;

/** Writes the rollup of what `from` gives; `rows` are about as many as it will have. */
export async function writeRollup(duck: Duck, from: string, path: string, rows: number): Promise<void> {
	const size = Math.min(122_880, Math.ceil(Math.max(1, rows) / rowGroups / vectorRows) * vectorRows);
	await duck.connection.run(
		`COPY (${rollupQuery(from)} ORDER BY series, minute) TO ${quoted(path)}
		(FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE ${size})`,
	);
}

const minute = `(ms - (ms % ${rollupMinuteMs} + ${rollupMinuteMs}) % ${rollupMinuteMs})`;

/** The rollup of what `from` gives, which has the columns of a part. Good has none of the two highest bits of the status. */
function rollupQuery(from: string): string {
	return `SELECT series, minute, count(*)::DOUBLE AS samples, (count(*) - count(v))::DOUBLE AS not_good, min(v) AS min, max(v) AS max,
		min(ms)::DOUBLE AS first_ms, max(ms)::DOUBLE AS last_ms, last(v ORDER BY source_time, source_rest, pos) AS last_value,
		coalesce(sum(v * (next_ms - ms)), 0) AS integral,
		coalesce(sum(CASE WHEN v IS NOT NULL THEN next_ms - ms END), 0)::DOUBLE AS covered_ms
	FROM (SELECT *, lead(ms) OVER (PARTITION BY series, minute ORDER BY source_time, source_rest, pos) AS next_ms
		FROM (SELECT *, ${minute} AS minute FROM (SELECT series, source_time, source_rest, pos, ${sourceMsColumn} AS ms,
			CASE WHEN status < 1073741824 AND isfinite(coalesce(value, ivalue::DOUBLE)) THEN coalesce(value, ivalue::DOUBLE) END AS v
			FROM ${from})))
	GROUP BY series, minute`;
}
