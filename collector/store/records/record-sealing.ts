// Makes record files last: of rows of the database, and of smaller files.

import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { CodedError } from "../../../common/runtime/coded-error.ts";
import { type Duck, quoted } from "../parts/duck.ts";
import { syncPath } from "../parts/part-file.ts";
import { readNames, unitedNames } from "./file-names.ts";
import {
	figuresOf,
	type RecordFileRow,
	type RecordRange,
	recordFileName,
	sizeOf,
	writeFile,
	writeRecords,
} from "./record-file.ts";

interface RecordOptions {
	readonly folder: string;
	/** Called between steps; what it throws ends the work there, and leaves at most a file that no list names. */
	readonly onStep?: () => void;
}

/** Makes a file of the record rows of a stretch. Undefined when there are none. @throws CodedError STORE_FAILED */
export async function sealRecords(
	db: DatabaseSync,
	duck: Duck,
	range: RecordRange,
	{ folder, onStep = () => undefined }: RecordOptions,
): Promise<RecordFileRow | undefined> {
	try {
		const made = await writeRecords(db, duck, range, folder);
		if (made === undefined) return undefined;
		onStep();
		return { ...made, ...(await lasting(folder, made.file)) };
	} catch (error) {
		await rm(join(folder, `${recordFileName(range)}.tmp`), { force: true });
		throw error;
	}
}

/** Puts neighbouring files together into one. @throws CodedError STORE_FAILED when it does not hold what they do */
export async function mergeRecords(
	duck: Duck,
	{ files, range, records }: { files: readonly string[]; range: RecordRange; records: number },
	{ folder, onStep = () => undefined }: RecordOptions,
): Promise<RecordFileRow> {
	const file = recordFileName(range);
	const paths = files.map((name) => join(folder, name));
	const from = `read_parquet([${paths.map(quoted).join(", ")}])`;
	try {
		const names = await Promise.all(paths.map((path) => readNames(duck, path)));
		const known = names.filter((each) => each !== undefined);
		await writeFile(duck, from, { path: join(folder, `${file}.tmp`), names: unitedNames(known) });
		onStep();
		const figures = await figuresOf(duck, from);
		if (figures.records !== records)
			throw new CodedError(
				"STORE_FAILED",
				`expected ${records} records in ${files.join(", ")}, found ${figures.records}`,
			);
		const { fromSeq, toSeq } = range;
		return { file, fromSeq, toSeq, ...figures, ...(await lasting(folder, file)) };
	} catch (error) {
		await rm(join(folder, `${file}.tmp`), { force: true });
		throw error;
	}
}

async function lasting(folder: string, file: string): Promise<{ bytes: number; sha256: string }> {
	const path = join(folder, file);
	await syncPath(`${path}.tmp`);
	await rename(`${path}.tmp`, path);
	await syncPath(folder);
	return await sizeOf(path);
}
