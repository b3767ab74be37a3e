// A copy of a collector's store that another collector can go on from.
//
//   backup    a snapshot of store.db, taken beside the running collector through a connection that only reads, the parts
//             that it lists, and a manifest with checksums. Written under another name and renamed when it is whole.
//   restore   the copy becomes the store of a data directory that nobody uses. It gets an instance id of its own, and
//             its positions begin above everything the directory had. What was stored since the backup is written
//             down as lost, device by device, until agents send it again. What was there is set aside, never deleted.

import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import type { AuditHead } from "../../common/runtime/audit-chain.ts";
import { CodedError, errorText } from "../../common/runtime/coded-error.ts";
import { DataDirectory, replaceFile } from "../../common/runtime/data-directory.ts";
import { hostUser } from "../../common/runtime/host-user.ts";
import { appendAudit } from "./audit-table.ts";
import { auditHeadOf, listedParts, recordsOf } from "./backup-facts.ts";
import { entrySchema } from "./entry-tables.ts";
import { copyParts, highestSeqOf, type PartCopy, PartGone, pinParts } from "./parts/part-copies.ts";
import { readPartName, sha256Of, syncPath } from "./parts/part-file.ts";
import { partFolder } from "./parts/part-folder.ts";
import { restoreGapPrefix, storeFormat } from "./schema.ts";

const manifestFormat = 2;
const storeName = "store.db";
const manifestName = "backup.json";
const pagesAtOnce = 2_000;
const pinAttempts = 5;

/** What a backup says of itself. Times are wall clock. */
export interface BackupManifest {
	readonly format: typeof manifestFormat;
	readonly storeFormat: number;
	readonly takenMs: number;
	readonly instance: string;
	readonly records: number;
	readonly highestSeq: number;
	readonly bytes: number;
	/** Hexadecimal SHA-256 of the store file. */
	readonly sha256: string;
	/** The newest entry of the audit record; a later export must have it. Absent when there is none yet. */
	readonly audit?: AuditHead;
	readonly parts: readonly PartCopy[];
	/** Parts that the store lists and that could not be copied as they were listed; what they held is missing here. */
	readonly damagedParts: readonly string[];
}

export interface RestoreReport {
	readonly manifest: BackupManifest;
	readonly instance: string;
	readonly firstSeq: number;
	/** Where the files that were there are now. */
	readonly setAside: string | undefined;
	readonly gaps: number;
	/** Parts and record files that are set aside and that the backup does not have; they can be adopted. */
	readonly adoptable: readonly string[];
}

/**
 * Copies the store of a data directory, whether or not a collector is running on it, into a folder that is not there yet
 * or empty. `onProgress` gets the share that is done.
 * @throws CodedError USAGE when there is no store or the folder holds something; STORE_FAILED when copying fails.
 */
export async function backupStore(
	dataDirectory: string,
	folder: string,
	nowMs: number,
	onProgress: (share: number) => void = () => undefined,
): Promise<BackupManifest> {
	const source = join(dataDirectory, storeName);
	if (!existsSync(source))
		throw new CodedError("USAGE", `${dataDirectory}: expected ${storeName}, found none`);
	if (existsSync(folder) && (await readdir(folder)).length > 0)
		throw new CodedError("USAGE", `${folder}: expected an empty folder or none, found files in it`);
	const partial = join(dirname(folder), `.${basename(folder)}.partial`);
	await rm(partial, { recursive: true, force: true });
	await mkdir(partial, { recursive: true, mode: 0o750 });
	try {
		const copy = join(partial, storeName);
		const { parts: listed, pin, ...facts } = await snapshot(source, copy, (share) => onProgress(share / 2));
		const copied = await copyParts(pin, join(partial, "parts"), listed, (share) =>
			onProgress(0.5 + share / 2),
		);
		const manifest: BackupManifest = {
			format: manifestFormat,
			takenMs: nowMs,
			...facts,
			bytes: (await stat(copy)).size,
			sha256: await sha256Of(copy),
			...copied,
		};
		await replaceFile(join(partial, manifestName), `${JSON.stringify(manifest, null, "\t")}\n`);
		await syncPath(copy);
		await syncPath(partial);
		if (existsSync(folder)) await rm(folder, { recursive: true });
		await rename(partial, folder);
		await syncPath(dirname(folder));
		return manifest;
	} catch (error) {
		await rm(partial, { recursive: true, force: true });
		if (error instanceof CodedError) throw error;
		throw new CodedError("STORE_FAILED", `cannot copy ${source}: ${errorText(error)}`, { cause: error });
	}
}

/**
 * Makes a backup the store of a data directory.
 * @throws CodedError DATA_DIR_BUSY, DATA_DAMAGED, DATA_FORMAT_NEWER, USAGE
 */
export async function restoreStore(
	folder: string,
	dataDirectory: string,
	nowMs: number,
): Promise<RestoreReport> {
	const manifest = await checkedManifest(folder);
	const owner = new DataDirectory(dataDirectory);
	await owner.acquire();
	try {
		const target = join(dataDirectory, storeName);
		const before = existsSync(target)
			? lookAt(target)
			: { highestSeq: 0, throughs: new Map<string, number>(), audit: undefined };
		const partial = join(dataDirectory, `.${storeName}.restoring`);
		const partialParts = join(dataDirectory, ".parts.restoring");
		await rm(partial, { force: true });
		await rm(partialParts, { recursive: true, force: true });
		await copyFile(join(folder, storeName), partial);
		await mkdir(partialParts, { mode: 0o750 });
		for (const { file } of manifest.parts) {
			await copyFile(join(folder, "parts", basename(file)), join(partialParts, basename(file)));
			await syncPath(join(partialParts, basename(file)));
		}
		await syncPath(partialParts);
		const instance = randomUUID();
		const partsHere = await highestSeqOf(partFolder(target));
		const firstSeq = Math.max(before.highestSeq, manifest.highestSeq, partsHere) + 1;
		const gaps = takeOver(partial, { instance, firstSeq, manifest, nowMs, before });
		await syncPath(partial);
		const isThere = existsSync(target) || existsSync(partFolder(target));
		const setAside = isThere ? await putAside(dataDirectory, nowMs) : undefined;
		await rename(partialParts, partFolder(target));
		await rename(partial, target);
		await syncPath(dataDirectory);
		const adoptable = setAside === undefined ? [] : await beyond(manifest, join(setAside, "parts"));
		return { manifest, instance, firstSeq, setAside, gaps, adoptable };
	} finally {
		await owner.release();
	}
}

/**
 * Copies page by page inside one read transaction, so that a busy writer neither waits nor starts the copy anew. The parts
 * that the transaction sees are pinned first: from then on nobody can delete them under the copy.
 */
async function snapshot(source: string, copy: string, onProgress: (share: number) => void) {
	for (let attempt = 1; ; attempt++) {
		const db = new DatabaseSync(source, { readOnly: true });
		try {
			db.exec("BEGIN");
			const meta = (key: string) =>
				String(db.prepare("SELECT value FROM meta WHERE key = ?").get(key)?.value);
			const row = recordsOf(db);
			const parts = listedParts(db);
			const pin = await pinParts(partFolder(source), parts, attempt === pinAttempts);
			await backup(db, copy, {
				rate: pagesAtOnce,
				progress: ({ totalPages, remainingPages }) =>
					onProgress(totalPages === 0 ? 1 : (totalPages - remainingPages) / totalPages),
			});
			return {
				storeFormat: Number(meta("format")),
				instance: meta("instance"),
				records: Number(row?.n),
				highestSeq: Number(row?.highest),
				...auditHeadOf(db),
				parts,
				pin,
			};
		} catch (error) {
			// A part went between the list and the pin: the list is a newer one by now.
			if (!(error instanceof PartGone) || attempt === pinAttempts) throw error;
		} finally {
			db.close();
		}
	}
}

async function checkedManifest(folder: string): Promise<BackupManifest> {
	const file = join(folder, manifestName);
	let manifest: BackupManifest;
	try {
		manifest = JSON.parse(await readFile(file, "utf8")) as BackupManifest;
	} catch (error) {
		throw new CodedError("USAGE", `${folder}: expected a backup with ${manifestName}: ${errorText(error)}`);
	}
	if (manifest.format > manifestFormat || manifest.storeFormat > storeFormat)
		throw new CodedError(
			"DATA_FORMAT_NEWER",
			`${file}: expected formats up to ${manifestFormat} and ${storeFormat}, found ${manifest.format} and ${manifest.storeFormat}`,
		);
	const found = await sha256Of(join(folder, storeName));
	if (found !== manifest.sha256)
		throw new CodedError(
			"DATA_DAMAGED",
			`${join(folder, storeName)}: expected SHA-256 ${manifest.sha256}, found ${found}; use another backup`,
		);
	// A backup of an earlier version has no parts.
	const { parts = [], damagedParts = [] } = manifest;
	for (const { file: name, sha256 } of parts) {
		const path = join(folder, "parts", basename(name));
		const found = existsSync(path) ? await sha256Of(path) : "no file";
		if (found !== sha256)
			throw new CodedError(
				"DATA_DAMAGED",
				`${path}: expected SHA-256 ${sha256}, found ${found}; use another backup`,
			);
	}
	return { ...manifest, parts, damagedParts };
}

/** Gives the copy its own identity, and writes down what it does not have. Returns the number of gap rows. */
function takeOver(
	path: string,
	{
		instance,
		firstSeq,
		manifest,
		nowMs,
		before,
	}: {
		instance: string;
		firstSeq: number;
		manifest: BackupManifest;
		nowMs: number;
		before: { throughs: ReadonlyMap<string, number>; audit: AuditHead | undefined };
	},
): number {
	const db = new DatabaseSync(path);
	try {
		const damage = db.prepare("PRAGMA quick_check").get()?.quick_check;
		if (damage !== "ok")
			throw new CodedError("DATA_DAMAGED", `${path}: expected a sound store, found: ${damage}`);
		db.exec("PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL; BEGIN IMMEDIATE");
		db.prepare("UPDATE meta SET value = ? WHERE key = 'instance'").run(instance);
		db.prepare("INSERT OR REPLACE INTO meta VALUES ('first_seq', ?)").run(String(firstSeq));
		const devices = db.prepare("SELECT edge_node, device, through_ms FROM through").all();
		const insert = db.prepare("INSERT INTO gap VALUES (?, ?, ?, '[]', ?, ?, 'store_restored', 0, ?)");
		for (const { edge_node, device, through_ms } of devices) {
			const id = `${restoreGapPrefix}${instance} ${edge_node} ${device}`;
			const fromMs = Number(through_ms);
			// What was there tells how far it had come; without it everything until now may have been stored.
			const toMs = before.throughs.get(`${edge_node} ${device}`) ?? nowMs;
			insert.run(id, Number(edge_node), String(device), fromMs, Math.max(fromMs, toMs), nowMs);
		}
		db.prepare(
			"INSERT INTO input(kind, entered_ms, entered_by, body) VALUES ('restore', ?, 'restore', ?)",
		).run(nowMs, JSON.stringify({ instance, firstSeq, from: manifest }));
		// The record goes on from the backup's; whoever holds an anchor of the one that was replaced finds it named here.
		db.exec(entrySchema);
		const { takenMs, instance: backupOf, sha256 } = manifest;
		const detail = {
			instance,
			firstSeq,
			backup: { instance: backupOf, takenMs, sha256 },
			replaced: before.audit ?? null,
		};
		appendAudit(db, { by: hostUser(), action: "store.restored", subject: instance, detail }, nowMs);
		db.exec("COMMIT");
		return devices.length;
	} finally {
		db.close();
	}
}

/** How far the store that is being replaced had come. */
function lookAt(path: string): {
	highestSeq: number;
	throughs: Map<string, number>;
	audit: AuditHead | undefined;
} {
	const db = new DatabaseSync(path, { readOnly: true });
	try {
		const row = db.prepare("SELECT coalesce(max(seq), 0) AS highest FROM record").get();
		const throughs = db.prepare("SELECT edge_node, device, through_ms FROM through").all();
		return {
			highestSeq: Number(row?.highest),
			throughs: new Map(
				throughs.map(({ edge_node, device, through_ms }) => [`${edge_node} ${device}`, Number(through_ms)]),
			),
			audit: auditHeadOf(db).audit,
		};
	} catch (error) {
		throw new CodedError(
			"DATA_DAMAGED",
			`${path}: expected a store, so that positions can go on above it: ${errorText(error)}; move it away to restore without it`,
		);
	} finally {
		db.close();
	}
}

/** Sealed files of a folder that a backup does not have; rollups can be made again. */
async function beyond(manifest: BackupManifest, folder: string): Promise<string[]> {
	const has = new Set(manifest.parts.map(({ file }) => file));
	const names = existsSync(folder) ? await readdir(folder) : [];
	return names.filter((name) => readPartName(name)?.isRollup === false && !has.has(name)).sort();
}

async function putAside(dataDirectory: string, nowMs: number): Promise<string> {
	const folder = join(dataDirectory, `set-aside-${new Date(nowMs).toISOString().replaceAll(":", "-")}`);
	await mkdir(folder, { mode: 0o750 });
	for (const name of [storeName, `${storeName}-wal`, `${storeName}-shm`, "parts"]) {
		const path = join(dataDirectory, name);
		if (existsSync(path)) await rename(path, join(folder, name));
	}
	await syncPath(folder);
	return folder;
}
