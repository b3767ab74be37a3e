import { ApiClient } from "./api-client.ts";
import { table, timeText } from "./table.ts";

interface ApiGap {
	readonly unit: string;
	readonly tags: readonly string[];
	readonly fromMs: number;
	readonly toMs: number;
	readonly cause: string;
	readonly backfilled: boolean;
}

/** Lists what is missing and why, from a running collector. Resolves with the exit code. */
export async function gaps(options: { api: string; limit: number; json: boolean }): Promise<number> {
	const answer = await new ApiClient(options.api.replace(/\/$/, "")).get<{ gaps: ApiGap[] }>(
		`/api/v1/gaps?limit=${options.limit}`,
	);
	if (options.json) {
		process.stdout.write(`${JSON.stringify(answer)}\n`);
		return 0;
	}
	if (answer.gaps.length === 0) {
		process.stdout.write("Nothing is missing.\n");
		return 0;
	}
	const rows = answer.gaps.map((gap) => [
		gap.unit === "" ? "(all)" : gap.unit,
		gap.tags.length === 0 ? "all tags" : gap.tags.join(" "),
		gap.fromMs === 0 ? "unknown" : timeText(gap.fromMs),
		timeText(gap.toMs),
		gap.cause,
		gap.backfilled ? "yes" : "no",
	]);
	process.stdout.write(`${table(["unit", "tags", "from (UTC)", "to (UTC)", "cause", "backfilled"], rows)}\n`);
	return 0;
}
