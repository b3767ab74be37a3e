// Copies of parts beside a running collector: pinned by a second name first, so that nobody's deletion can come between.

import { existsSync } from "node:fs";
import { copyFile, link, mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { samplesPerSeq } from "../../pipeline.ts";
import { readPartName, sha256Of, syncPath } from "./part-file.ts";
import { pinName } from "./part-folder.ts";

export interface PartCopy {
	readonly file: string;
	readonly bytes: number;
	/** Hexadecimal SHA-256. */
	readonly sha256: string;
}

/** A part that was listed is no longer there: the list is older than the folder. */
export class PartGone extends Error {}

/** A folder from which listed parts can be copied at leisure. */
export interface PinnedParts {
	readonly folder: string;
	/** Made for this, and taken away after it. */
	readonly isOwn: boolean;
}

/** Whoever may not write there copies from the folder itself. */
const cannotPin: readonly (string | undefined)[] = ["EPERM", "EACCES", "EROFS", "ENOTSUP", "EMLINK"];

/**
 * Gives listed files a second name in a folder of their own, and returns that. Files that the store lists never change. One
 * that is not there is an error, because the list may be older than the folder, or left out when `isLast`.
 */
export async function pinParts(
	folder: string,
	parts: readonly PartCopy[],
	isLast: boolean,
): Promise<PinnedParts | undefined> {
	if (parts.length === 0) return undefined;
	const pin = join(folder, pinName(process.pid));
	try {
		await rm(pin, { recursive: true, force: true });
		await mkdir(pin, { recursive: true, mode: 0o750 });
		for (const { file } of parts) {
			if (isLast && !existsSync(join(folder, file))) continue;
			await link(join(folder, file), join(pin, file));
		}
		return { folder: pin, isOwn: true };
	} catch (error) {
		await rm(pin, { recursive: true, force: true }).catch(() => undefined);
		const { code } = error as NodeJS.ErrnoException;
		if (cannotPin.includes(code)) return { folder, isOwn: false };
		if (code === "ENOENT") throw new PartGone(`${folder}: expected every listed part, found one missing`);
		throw error;
	}
}

/** Copies pinned parts, checks each copy against its listed sum, and takes the pin away. */
export async function copyParts(
	pin: PinnedParts | undefined,
	to: string,
	parts: readonly PartCopy[],
	onProgress: (share: number) => void,
): Promise<{ parts: PartCopy[]; damagedParts: string[] }> {
	const copied: PartCopy[] = [];
	const damagedParts: string[] = [];
	if (pin === undefined) return { parts: copied, damagedParts };
	try {
		await mkdir(to, { recursive: true, mode: 0o750 });
		let done = 0;
		const total = parts.reduce((sum, { bytes }) => sum + bytes, 0);
		for (const part of parts) {
			const path = join(to, part.file);
			const isThere = existsSync(join(pin.folder, part.file));
			if (isThere) await copyFile(join(pin.folder, part.file), path);
			if (isThere && (await sha256Of(path)) === part.sha256) {
				await syncPath(path);
				copied.push(part);
			} else {
				await rm(path, { force: true });
				damagedParts.push(part.file);
			}
			done += part.bytes;
			onProgress(done / total);
		}
		await syncPath(to);
		return { parts: copied, damagedParts };
	} finally {
		if (pin.isOwn) await rm(pin.folder, { recursive: true, force: true });
	}
}

/** The highest record that any part in a folder may hold, by the names; 0 when there is none. */
export async function highestSeqOf(folder: string): Promise<number> {
	const names = await readdir(folder, { recursive: true }).catch(() => []);
	let highest = 0;
	for (const name of names) {
		const said = readPartName(name.slice(name.lastIndexOf("/") + 1));
		if (said !== undefined) highest = Math.max(highest, Math.ceil(said.toPos / samplesPerSeq) - 1);
	}
	return highest;
}
