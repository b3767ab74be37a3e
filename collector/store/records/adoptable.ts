// Reads what lies in the adopt folder: record files, and the parts with their samples.

import { existsSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Datatype } from "../../../common/contract/datatype.ts";
import { errorText } from "../../../common/runtime/coded-error.ts";
import type { AdoptableFile, AdoptableRecord } from "../../adoption-port.ts";
import { samplesPerSeq } from "../../pipeline.ts";
import { type Duck, quoted } from "../parts/duck.ts";
import { isRecordFile, readPartName } from "../parts/part-file.ts";
import { SealedRows } from "../parts/sealed-rows.ts";
import { readNames } from "./file-names.ts";

const recordsAtOnce = 2_000;
const samplesAtOnce = 20_000;

export async function adoptableFiles(duck: () => Promise<Duck>, folder: string): Promise<AdoptableFile[]> {
	const files: AdoptableFile[] = [];
	for (const file of recordFilesIn(await namesIn(folder))) {
		try {
			const names = await readNames(await duck(), join(folder, file));
			files.push({
				file,
				names,
				reason: names === undefined ? "it does not say what its ids mean" : undefined,
			});
		} catch (error) {
			files.push({ file, names: undefined, reason: errorText(error) });
		}
	}
	return files;
}

/** The next records of a file with their samples, as far as their parts are there. */
export async function adoptableRecords(
	duck: Duck,
	folder: string,
	{ file, afterSeq }: { file: string; afterSeq: number },
): Promise<AdoptableRecord[]> {
	const rows = await duck.connection.runAndReadAll(
		`SELECT seq, edge_node, epoch, "offset", last, device, samples, through_ms, hash, received_ms FROM (
			SELECT *, sum(samples) OVER (ORDER BY seq) - samples AS before FROM (
				SELECT * FROM read_parquet(${quoted(join(folder, file))}) WHERE seq > ${afterSeq} ORDER BY seq LIMIT ${recordsAtOnce}))
		WHERE before < ${samplesAtOnce} ORDER BY seq`,
	);
	const records = rows.getRows();
	const [first, last] = [Number(records[0]?.[0]), Number(records.at(-1)?.[0])];
	if (records.length === 0) return [];
	const names = await readNames(duck, join(folder, file));
	const types = new Map(names?.series.map(({ id, datatype }) => [id, datatype as Datatype]));
	const bounds = { fromPos: first * samplesPerSeq, toPos: (last + 1) * samplesPerSeq - 1 };
	const parts = partsBeside(await namesIn(folder), file).filter(
		({ fromPos, toPos }) => fromPos <= bounds.toPos && toPos > bounds.fromPos,
	);
	const sealed = new SealedRows(() => Promise.resolve(duck), folder);
	const query = { files: parts.map((part) => part.name), ...bounds, order: "pos" };
	const found = await sealed.collect(query, (series) => types.get(series));
	const { pos, count } = found;
	let at = 0;
	return records.map((row) => {
		const [seq, edgeNode, epoch, offset, lastOffset, , size] = row.map(Number) as [
			...[number, number, number, number, number, number, number],
		];
		while (at < count && (pos[at] as number) < seq * samplesPerSeq) at++;
		const begin = at;
		while (at < count && (pos[at] as number) < (seq + 1) * samplesPerSeq) at++;
		return {
			...{ seq, edgeNode, epoch, offset, last: lastOffset, device: String(row[5]), count: size },
			samples: found.picked(Uint32Array.from({ length: at - begin }, (_, index) => begin + index)).samples,
			throughMs: row[7] === null ? undefined : Number(row[7]),
			hash: new Uint8Array((row[8] as { bytes: Uint8Array }).bytes),
			receivedMs: Number(row[9]),
		};
	});
}

/** Takes files away that are taken over, and parts that no record file speaks of any more. */
export async function removeAdopted(folder: string, files: readonly string[]): Promise<void> {
	for (const file of recordFilesIn(files)) await rm(join(folder, file), { force: true });
	const names = await namesIn(folder);
	const needed = new Set(
		recordFilesIn(names).flatMap((file) => partsBeside(names, file).map(({ name }) => name)),
	);
	for (const name of names)
		if (readPartName(name) !== undefined && !isRecordFile(name) && !needed.has(name))
			await rm(join(folder, name), { force: true });
}

async function namesIn(folder: string): Promise<string[]> {
	return existsSync(folder) ? (await readdir(folder)).sort() : [];
}

/** In order of position. */
function recordFilesIn(names: readonly string[]): string[] {
	const from = (name: string) => readPartName(name)?.fromPos ?? 0;
	return names.filter(isRecordFile).sort((a, b) => from(a) - from(b));
}

/** Parts of the store that made a record file which may have samples of its records; rollups have none. */
export function partsBeside(names: readonly string[], recordFile: string) {
	const records = readPartName(recordFile);
	if (records === undefined) return [];
	return names.flatMap((name) => {
		const part = readPartName(name);
		if (part === undefined || isRecordFile(name) || part.isRollup || part.instance !== records.instance)
			return [];
		return part.fromPos < records.toPos && part.toPos > records.fromPos ? [{ name, ...part }] : [];
	});
}
