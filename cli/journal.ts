import { existsSync } from "node:fs";
import { join } from "node:path";
import { inspectJournal, type SegmentReport } from "../agent/journal/inspection.ts";
import { CodedError } from "../common/runtime/coded-error.ts";
import { table, timeText } from "./table.ts";

/** Shows or verifies the journal of an agent's data directory. Changes nothing. Resolves with the exit code. */
export async function journal(
	action: "inspect" | "verify",
	options: { data: string; json: boolean },
): Promise<number> {
	const folder = join(options.data, "journal");
	if (!existsSync(folder)) {
		throw new CodedError(
			"USAGE",
			`expected an agent's data directory with a journal in it, found none in ${options.data}`,
		);
	}
	const segments = await inspectJournal(folder);
	const problems = segments.filter((segment, index) => !isSound(segment, index === segments.length - 1));
	const ok = problems.length === 0;
	if (options.json) {
		process.stdout.write(`${JSON.stringify({ ok, segments })}\n`);
	} else if (action === "inspect") {
		process.stdout.write(`${inspected(segments)}\n`);
	} else {
		for (const { file, problem, tornBytes } of problems) {
			process.stdout.write(`${file}: ${problem ?? `${tornBytes} bytes after the last whole record`}\n`);
		}
		const [kept, dropped] = (["segment", "gap"] as const).map((kind) => {
			const files = segments.filter((file) => file.kind === kind);
			const records = files.reduce((sum, { firstOffset, nextOffset }) => sum + nextOffset - firstOffset, 0);
			return { files: files.length, records };
		}) as [{ files: number; records: number }, { files: number; records: number }];
		const gaps =
			dropped.files === 0 ? "" : `, ${dropped.records} dropped records in ${dropped.files} gap records`;
		process.stdout.write(
			`${kept.records} records in ${kept.files} segments${gaps}: ${ok ? "all sound" : `${problems.length} not sound`}\n`,
		);
	}
	return action === "verify" && !ok ? 1 : 0;
}

/** The last segment may end in a write that is still going on; any other torn tail is damage. */
function isSound({ problem, tornBytes }: SegmentReport, isLast: boolean): boolean {
	return problem === undefined && (tornBytes === 0 || isLast);
}

function inspected(segments: readonly SegmentReport[]): string {
	const rows = segments.map((segment) => [
		segment.file.replace(/\.(journal|gap)$/, ""),
		String(segment.epoch),
		segment.firstOffset,
		segment.nextOffset - 1,
		segment.samples,
		segment.bytes,
		timeText(segment.firstSourceMs),
		timeText(segment.lastSourceMs),
		remark(segment),
	]);
	const head = ["segment", "epoch", "first", "last", "values", "bytes", "from (UTC)", "to (UTC)", ""];
	const samples = segments.reduce((sum, segment) => sum + segment.samples, 0);
	const bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0);
	const perValue = samples === 0 ? "" : `, ${(bytes / samples).toFixed(1)} bytes per value`;
	return `${table(head, rows)}\n${samples} values in ${bytes} bytes${perValue}${rate(segments)}`;
}

function remark({ kind, gaps, firstOffset, nextOffset, problem, tornBytes }: SegmentReport): string {
	if (problem !== undefined) return problem;
	if (kind === "gap") return `gap record: ${nextOffset - firstOffset} records dropped, ${gaps} gaps`;
	return tornBytes > 0 ? `${tornBytes} bytes torn` : "";
}

/** How fast these records came by plant time, and so how long a journal would last; empty when they say too little. */
function rate(segments: readonly SegmentReport[]): string {
	const kept = segments.filter(({ kind, samples }) => kind === "segment" && samples > 0);
	const fromMs = Math.min(...kept.map(({ firstSourceMs = Number.NaN }) => firstSourceMs));
	const toMs = Math.max(...kept.map(({ lastSourceMs = Number.NaN }) => lastSourceMs));
	const hours = (toMs - fromMs) / 3_600_000;
	// Less than a minute is no rate.
	if (!(hours > 1 / 60)) return "";
	const perHour = kept.reduce((sum, { bytes }) => sum + bytes, 0) / hours;
	return `\n${Math.round(perHour)} bytes per hour of plant time: 1 GiB lasts ${(1024 ** 3 / perHour).toFixed(1)} hours`;
}
