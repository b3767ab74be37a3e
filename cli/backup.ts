import { join } from "node:path";
import { offerFiles } from "../collector/store/adopt-files.ts";
import { backupStore, restoreStore } from "../collector/store/backup.ts";
import { isRecordFile } from "../collector/store/parts/part-file.ts";
import { systemClock } from "../common/runtime/clock.ts";
import { adoptText } from "./adopt.ts";
import { table, timeText } from "./table.ts";

const progressAfterMs = 2_000;

/** Copies a collector's store. Resolves with the exit code. */
export async function backup(folder: string, options: { data: string; json: boolean }): Promise<number> {
	const startedMs = systemClock.monotonicMs();
	let shownMs = startedMs;
	const manifest = await backupStore(options.data, folder, systemClock.wallMs(), (share) => {
		const nowMs = systemClock.monotonicMs();
		if (nowMs - shownMs < progressAfterMs) return;
		shownMs = nowMs;
		process.stderr.write(`pilotline: copied ${Math.round(share * 100)} %\n`);
	});
	if (options.json) {
		process.stdout.write(`${JSON.stringify({ folder, ...manifest })}\n`);
		return 0;
	}
	const rows = [
		["folder", folder],
		["taken (UTC)", timeText(manifest.takenMs)],
		["records", String(manifest.records)],
		["size", `${(manifest.bytes / 1024 ** 2).toFixed(1)} MB`],
		["SHA-256", manifest.sha256],
		["parts", String(manifest.parts.length)],
		[
			"size of parts",
			`${(manifest.parts.reduce((sum, { bytes }) => sum + bytes, 0) / 1024 ** 2).toFixed(1)} MB`,
		],
	];
	for (const file of manifest.damagedParts) rows.push(["damaged, left out", file]);
	process.stdout.write(`${table(["backup", ""], rows)}\n`);
	return 0;
}

/** Makes a backup the store of a stopped collector. Resolves with the exit code. */
export async function restore(
	folder: string,
	options: { data: string; adopt: boolean; json: boolean },
): Promise<number> {
	const { manifest, ...report } = await restoreStore(folder, options.data, systemClock.wallMs());
	const aside = join(report.setAside ?? "", "parts");
	const isAdopting = options.adopt && report.adoptable.some((name) => isRecordFile(name));
	const offered = isAdopting
		? await offerFiles(
				report.adoptable.map((name) => join(aside, name)),
				options.data,
			)
		: undefined;
	if (options.json) {
		const { takenMs } = manifest;
		process.stdout.write(`${JSON.stringify({ data: options.data, takenMs, ...report, offered })}\n`);
		return 0;
	}
	const rows = [
		["data directory", options.data],
		["backup of (UTC)", timeText(manifest.takenMs)],
		["new instance", report.instance],
		["first new position", String(report.firstSeq)],
		["gaps written", String(report.gaps)],
		["set aside", report.setAside ?? "nothing was there"],
		["sealed files beyond the backup", String(report.adoptable.length)],
	];
	process.stdout.write(`${table(["restored", ""], rows)}\n`);
	if (offered !== undefined) process.stdout.write(`${adoptText(offered)}\n`);
	else if (report.adoptable.length > 0)
		process.stdout.write(`To take those over as well: pilotline adopt ${aside} --data ${options.data}\n`);
	process.stdout.write("Start the collector: agents send again what they still hold.\n");
	return 0;
}
