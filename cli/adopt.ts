import { type AdoptReport, offerFiles } from "../collector/store/adopt-files.ts";
import { table } from "./table.ts";

/** Offers parts that were set aside to a collector's store. Resolves with the exit code. */
export async function adopt(
	paths: readonly string[],
	options: { data: string; json: boolean },
): Promise<number> {
	const report = await offerFiles(paths, options.data);
	if (options.json) process.stdout.write(`${JSON.stringify({ data: options.data, ...report })}\n`);
	else process.stdout.write(`${adoptText(report)}\n`);
	return 0;
}

/** What was offered, for people. */
export function adoptText({ recordFiles, parts, bytes, withoutRecords }: AdoptReport): string {
	const rows = [
		["files of records", String(recordFiles.length)],
		["parts", String(parts.length)],
		["size", `${(bytes / 1024 ** 2).toFixed(1)} MB`],
		...withoutRecords.map((file) => ["without records, left out", file]),
	];
	return `${table(["offered", ""], rows)}\nThe collector takes them over at its next start, before it speaks to agents.`;
}
