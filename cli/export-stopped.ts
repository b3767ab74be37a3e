import { createReadStream, existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { csvOf, jsonOf } from "../collector/api/export-text.ts";
import { ParameterError, selectionPeriod } from "../collector/api/query-values.ts";
import type { SamplePiece } from "../collector/samples-port.ts";
import { StoreReader } from "../collector/store/reader.ts";
import { systemClock } from "../common/runtime/clock.ts";
import { CodedError } from "../common/runtime/coded-error.ts";
import { DataDirectory } from "../common/runtime/data-directory.ts";
import type { ExportOptions, ExportSource } from "./export.ts";

/** A newest value that lies further ahead of the clock is nonsense, and no end of a period. */
const aheadMostMs = 86_400_000;

/**
 * Samples from the files of a stopped collector, as its API would give them. The directory belongs to this process until
 * `end`, so that nothing is sealed or deleted in the meantime.
 * @throws CodedError USAGE, DATA_DIR_BUSY, STORE_FAILED
 */
export async function fromFiles(options: ExportOptions & { readonly data: string }): Promise<ExportSource> {
	const store = join(options.data, "store.db");
	if (!existsSync(store))
		throw new CodedError(
			"USAGE",
			`${options.data}: expected the data directory of a collector, found no store.db`,
		);
	const directory = new DataDirectory(options.data);
	await directory.acquire();
	const reader = new StoreReader("export");
	const free = async () => {
		await reader.close();
		await directory.release();
	};
	try {
		await reader.open(store);
		const pieces = await piecesOf(reader, options);
		const { body, file } = await bodyOf(reader, pieces, options.format);
		return {
			body,
			async end() {
				const damaged = await reader.takeDamaged();
				if (file !== undefined) await rm(file, { force: true });
				await free();
				return damaged.map(
					({ file: part, reason }) =>
						`${part} is damaged (${reason}): what it holds is not in the export; it is set aside when the collector starts`,
				);
			},
		};
	} catch (error) {
		await free();
		throw error;
	}
}

async function bodyOf(reader: StoreReader, pieces: readonly SamplePiece[], format: ExportOptions["format"]) {
	if (format === "csv") return { body: Readable.from(csvOf(reader, pieces)), file: undefined };
	if (format === "json") return { body: Readable.from(jsonOf(reader, pieces)), file: undefined };
	const { path } = await reader.parquet(pieces);
	return { body: createReadStream(path), file: path };
}

async function piecesOf(reader: StoreReader, options: ExportOptions): Promise<SamplePiece[]> {
	const { unit, lot, phase, phaseTag, tag: tags = [], from, to, hours } = options;
	if (unit === undefined && lot === undefined)
		throw new CodedError("USAGE", "expected --unit or --lot, found neither");
	const latestMs = systemClock.wallMs() + aheadMostMs;
	const known = (await reader.tags()).map(({ lastSourceMs }) => lastSourceMs).filter((ms) => ms <= latestMs);
	const newestMs = known.reduce((newest, ms) => Math.max(newest, ms), 0);
	try {
		const period = selectionPeriod({ unit, lot, from, to, hours }, newestMs);
		const pieces = await reader.pieces({ unit, tags, lot, phase, phaseTag, ...period });
		if (pieces !== undefined) return pieces;
	} catch (error) {
		if (error instanceof ParameterError) throw new CodedError("USAGE", error.message, { cause: error });
		throw error;
	}
	const what = lot === undefined ? `unit ${JSON.stringify(unit)}` : `lot ${JSON.stringify(lot)}`;
	throw new CodedError("USAGE", `expected a unit or lot that has values, found ${what}`);
}
