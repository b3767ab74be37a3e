// A selection of samples, sealed and hot, as one Parquet file with names in it, for notebooks.

import { randomUUID } from "node:crypto";
import { mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { CodedError } from "../../../common/runtime/coded-error.ts";
import type { ParquetExport, SamplePiece } from "../../samples-port.ts";
import type { SampleRows } from "../sample-rows.ts";
import { type Duck, quoted } from "./duck.ts";
import { partColumns } from "./part-file.ts";
import { Staging, stagedAsPart, stagedAtOnce } from "./staging.ts";

/** Samples of one file at most. */
const samplesMax = 200_000_000;
/** The most milliseconds that are a time for DuckDB. */
const timeMaxMs = 8.64e15;

/**
 * Takes the hot samples of the pieces and the list of their parts, within a view of the store; what it returns writes the
 * file.
 * @throws CodedError USAGE when there are too many samples
 */
export async function exportingParquet(
	duck: Duck,
	{ folder, temporary }: { folder: string; temporary: string },
	rows: SampleRows,
	pieces: readonly SamplePiece[],
): Promise<() => Promise<ParquetExport>> {
	const files = new Set<string>();
	const staging = await Staging.begin(duck);
	let weight = 0;
	try {
		for (const piece of pieces) {
			weight += await rows.weight(piece);
			if (weight > samplesMax)
				throw new CodedError(
					"USAGE",
					`expected at most ${samplesMax} samples in one file, found more; ask for less time or fewer tags`,
				);
			for (const file of rows.files(piece.fromMs, piece.toMs)) files.add(file);
			for (const batch of rows.hotOfSeries(piece, files.size > 0)) {
				for (let at = 0; at < batch.count; at += stagedAtOnce) {
					const length = Math.min(stagedAtOnce, batch.count - at);
					staging.add(
						batch,
						Uint32Array.from({ length }, (_, index) => at + index),
					);
				}
			}
		}
	} finally {
		staging.end();
	}
	return async () => {
		await mkdir(temporary, { recursive: true, mode: 0o750 });
		const path = join(temporary, `export-${randomUUID()}.parquet`);
		await nameSeries(duck, pieces);
		const series = [...new Set(pieces.flatMap((piece) => piece.series))].join(", ") || "NULL";
		const paths = [...files].map((file) => quoted(join(folder, file))).join(", ");
		const sealed =
			files.size === 0
				? ""
				: ` UNION ALL SELECT ${partColumns} FROM read_parquet([${paths}]) WHERE series IN (${series})`;
		try {
			await duck.connection.run(`COPY (SELECT n.unit, n.tag, n.eu, n.datatype, p.source_time, p.source_rest,
					p.source_time + to_microseconds(p.server_lag // 10) AS server_time, p.server_lag, p.status,
					p.value, p.ivalue, p.tvalue, p.bvalue, p.pos
				FROM (SELECT ${partColumns} FROM (${stagedAsPart})${sealed}) p
					JOIN named n ON p.series = n.series AND p.source_time >= n.from_time AND p.source_time < n.to_time
				ORDER BY n.unit, n.tag, p.source_time, p.source_rest, p.pos)
				TO ${quoted(path)} (FORMAT parquet, COMPRESSION zstd)`);
			const [samples] = await duck.row(`SELECT count(*) FROM read_parquet(${quoted(path)})`);
			return { path, samples: Number(samples), bytes: (await stat(path)).size };
		} catch (error) {
			await rm(path, { force: true });
			throw error;
		} finally {
			await duck.connection.run("DROP TABLE IF EXISTS staged; DROP TABLE IF EXISTS named");
		}
	};
}

/** What each series is called, and from when to when it is asked for. */
async function nameSeries(duck: Duck, pieces: readonly SamplePiece[]): Promise<void> {
	await duck.connection.run(`CREATE OR REPLACE TEMP TABLE named(series UINTEGER, unit VARCHAR, tag VARCHAR, eu VARCHAR,
		datatype VARCHAR, from_time TIMESTAMP, to_time TIMESTAMP)`);
	const values = pieces.flatMap(({ series, unit, tag, eu, datatype, fromMs, toMs }) =>
		series.map(
			(id) =>
				`(${id}, ${quoted(unit)}, ${quoted(tag)}, ${eu === undefined ? "NULL" : quoted(eu)}, ${quoted(datatype)}, ${time(fromMs)}, ${time(toMs + 1)})`,
		),
	);
	for (let at = 0; at < values.length; at += 500)
		await duck.connection.run(`INSERT INTO named VALUES ${values.slice(at, at + 500).join(", ")}`);
}

function time(ms: number): string {
	return `make_timestamp(${BigInt(Math.max(-timeMaxMs, Math.min(timeMaxMs, ms))) * 1000n})`;
}
