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
		const records = segments.reduce((sum, { firstOffset, nextOffset }) => sum + nextOffset - firstOffset, 0);
		process.stdout.write(
			`${records} records in ${segments.length} segments: ${ok ? "all sound" : `${problems.length} not sound`}\n`,
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
		segment.file.replace(/\.journal$/, ""),
		String(segment.epoch),
		segment.firstOffset,
		segment.nextOffset - 1,
		segment.samples,
		segment.bytes,
		timeText(segment.firstSourceMs),
		timeText(segment.lastSourceMs),
		segment.problem ?? (segment.tornBytes > 0 ? `${segment.tornBytes} bytes torn` : ""),
	]);
	const head = ["segment", "epoch", "first", "last", "values", "bytes", "from (UTC)", "to (UTC)", ""];
	const samples = segments.reduce((sum, segment) => sum + segment.samples, 0);
	const bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0);
	const perValue = samples === 0 ? "" : `, ${(bytes / samples).toFixed(1)} bytes per value`;
	return `${table(head, rows)}\n${samples} values in ${bytes} bytes${perValue}`;
}
