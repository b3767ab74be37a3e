// Puts parts and their record files where the collector takes them over at its next start.

import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, rename, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { CodedError } from "../../common/runtime/coded-error.ts";
import { isRecordFile, readPartName, syncPath } from "./parts/part-file.ts";
import { adoptFolder, partFolder } from "./parts/part-folder.ts";
import { partsBeside } from "./records/adoptable.ts";

export interface AdoptReport {
	/** In order of position. */
	readonly recordFiles: readonly string[];
	readonly parts: readonly string[];
	readonly bytes: number;
	/** Parts without a record file: nothing says where their samples came from. */
	readonly withoutRecords: readonly string[];
}

/**
 * Copies parts and record files out of files and folders into the adopt folder of a data directory, whether or not a
 * collector runs on it. Names in `leftOut` are not taken.
 * @throws CodedError USAGE when there is no store, or nothing that could be taken over
 */
export async function offerFiles(
	paths: readonly string[],
	dataDirectory: string,
	leftOut: ReadonlySet<string> = new Set(),
): Promise<AdoptReport> {
	const store = join(dataDirectory, "store.db");
	if (!existsSync(store)) throw new CodedError("USAGE", `${dataDirectory}: expected store.db, found none`);
	const found = new Map<string, string>();
	for (const path of paths)
		for (const file of await filesOf(path)) {
			const name = basename(file);
			const said = readPartName(name);
			if (said !== undefined && !said.isRollup && !leftOut.has(name)) found.set(name, file);
		}
	const names = [...found.keys()].sort(byPosition);
	const recordFiles = names.filter(isRecordFile);
	const beside = new Set(recordFiles.flatMap((name) => partsBeside(names, name).map((part) => part.name)));
	const report = {
		recordFiles,
		parts: names.filter((name) => beside.has(name)),
		withoutRecords: names.filter((name) => !isRecordFile(name) && !beside.has(name)),
	};
	if (recordFiles.length === 0) {
		const also =
			report.withoutRecords.length === 0 ? "" : `; ${report.withoutRecords.length} parts have none`;
		throw new CodedError(
			"USAGE",
			`${paths.join(", ")}: expected files of records (…-q-….parquet), found none${also}`,
		);
	}
	const folder = adoptFolder(partFolder(store));
	await mkdir(folder, { recursive: true, mode: 0o750 });
	let bytes = 0;
	// Records come last: without them nobody looks at the parts.
	for (const name of [...report.parts, ...report.recordFiles]) {
		const [from, to] = [found.get(name) as string, join(folder, name)];
		await copyFile(from, `${to}.tmp`);
		await syncPath(`${to}.tmp`);
		await rename(`${to}.tmp`, to);
		bytes += (await stat(to)).size;
	}
	await syncPath(folder);
	return { ...report, bytes };
}

async function filesOf(path: string): Promise<string[]> {
	if (!existsSync(path))
		throw new CodedError("USAGE", `${path}: expected a part or a folder of parts, found nothing`);
	if (!(await stat(path)).isDirectory()) return [path];
	return (await readdir(path, { recursive: true })).map((name) => join(path, name));
}

function byPosition(a: string, b: string): number {
	return (readPartName(a)?.fromPos ?? 0) - (readPartName(b)?.fromPos ?? 0) || (a < b ? -1 : 1);
}
