// The folder of parts beside the store's file, and what may be left in it.

import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { samplesPerSeq } from "../../pipeline.ts";
import { isRecordFile, readPartName, syncPath } from "./part-file.ts";

const asideName = "set-aside";
const adoptName = "adopt";
/** They are nobody's to tidy. */
const keptFolders: readonly string[] = [asideName, adoptName];

/** Where the parts of a store lie. */
export function partFolder(storePath: string): string {
	return join(dirname(storePath), "parts");
}

/** Where files wait to be taken over, in the folder of parts. */
export function adoptFolder(folder: string): string {
	return join(folder, adoptName);
}

/** Where a DuckDB puts what does not fit into its memory; emptied at each start. */
export function temporaryFolder(folder: string, whose: string): string {
	return join(folder, `temporary-${whose}`);
}

const pinPrefix = "pinned-";

/** Where a process keeps second names of parts that it copies. */
export function pinName(pid: number): string {
	return `${pinPrefix}${pid}`;
}

function isPinned(name: string): boolean {
	if (!name.startsWith(pinPrefix)) return false;
	try {
		return process.kill(Number(name.slice(pinPrefix.length)), 0);
	} catch {
		return false;
	}
}

/** What the store says of its parts, for comparing with the folder. */
export interface KnownParts {
	readonly instance: string;
	readonly sealedTo: number;
	/** The position after the last sample that the store knows of. */
	readonly storedTo: number;
	readonly listed: readonly {
		readonly file: string;
		readonly bytes: number;
		readonly rollup?: string | undefined;
	}[];
	/** Records below it stand in these files. */
	readonly recordsTo: number;
	readonly recordFiles: readonly { readonly file: string; readonly bytes: number }[];
	/** Replaced or retired: their files may go. */
	readonly gone: readonly string[];
}

export interface FolderFindings {
	/** Left of an interrupted sealing; what they hold is hot, or in other parts. */
	readonly removed: string[];
	/** Files that this store does not list and did not make. */
	readonly setAside: string[];
	/** Listed, and missing or of another length. */
	readonly damaged: { file: string; reason: string }[];
}

/**
 * Puts the folder in order before anything reads it. A file that is not listed is deleted only when it can hold nothing
 * that the store does not have: unfinished, replaced, or made by this store above what is sealed. Any other is set aside.
 */
export async function tidyFolder(folder: string, known: KnownParts): Promise<FolderFindings> {
	const findings: FolderFindings = { removed: [], setAside: [], damaged: [] };
	await mkdir(folder, { recursive: true, mode: 0o750 });
	const listed = new Set([
		...known.listed.flatMap(({ file, rollup }) => [file, rollup ?? file]),
		...known.recordFiles.map(({ file }) => file),
	]);
	const gone = new Set(known.gone);
	for (const name of (await readdir(folder)).sort()) {
		if (listed.has(name) || keptFolders.includes(name) || isPinned(name)) continue;
		if (name.startsWith("temporary-") || name.startsWith(pinPrefix))
			await rm(join(folder, name), { recursive: true, force: true });
		else if (name.endsWith(".tmp") || gone.has(name) || isLeftOver(name, known)) {
			await rm(join(folder, name), { force: true });
			findings.removed.push(name);
		} else {
			await setAside(folder, name);
			findings.setAside.push(name);
		}
	}
	for (const { file, bytes } of [...known.listed, ...known.recordFiles]) {
		const found = await stat(join(folder, file)).catch(() => undefined);
		if (found === undefined) findings.damaged.push({ file, reason: "expected a file, found none" });
		else if (found.size !== bytes)
			findings.damaged.push({ file, reason: `expected ${bytes} bytes, found ${found.size}` });
	}
	await syncPath(folder);
	return findings;
}

/** Moves a file out of the way of everything that reads; nothing is deleted. */
export async function setAside(folder: string, name: string): Promise<void> {
	if (!existsSync(join(folder, name))) return;
	const aside = join(folder, asideName);
	await mkdir(aside, { recursive: true, mode: 0o750 });
	await rename(join(folder, name), join(aside, name));
	await syncPath(aside);
}

/**
 * Made by this very store and not listed when it was interrupted: what was being sealed is still hot, and what was being
 * put together is still in the parts it came from. A store that does not know of such positions is an older copy.
 */
function isLeftOver(name: string, { instance, sealedTo, storedTo, recordsTo }: KnownParts): boolean {
	const said = readPartName(name);
	if (said === undefined || said.instance !== instance.slice(0, 8)) return false;
	const storedToRecord = Math.ceil(storedTo / samplesPerSeq) * samplesPerSeq;
	const isSealed = said.fromPos >= sealedTo && said.toPos <= storedToRecord;
	if (isRecordFile(name)) {
		const toPos = recordsTo * samplesPerSeq;
		return said.toPos <= toPos || (said.fromPos >= toPos && said.toPos <= storedToRecord);
	}
	return said.level === 0 ? isSealed : said.toPos <= sealedTo;
}
