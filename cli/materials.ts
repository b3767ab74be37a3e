import type { MaterialVerdict } from "../collector/material-port.ts";
import { ApiClient } from "./api-client.ts";
import { table, timeText } from "./table.ts";

export interface MaterialsOptions {
	readonly lot: string | undefined;
	readonly limit: number;
	readonly api: string;
	readonly json: boolean;
}

/** Prints verdicts on lots of raw materials, from a running collector. Resolves with the exit code. */
export async function materials({ lot, limit, api, json }: MaterialsOptions): Promise<number> {
	const client = new ApiClient(api.replace(/\/$/, ""));
	const answer =
		lot === undefined
			? await client.get<{ materials: MaterialVerdict[] }>(`/api/v1/materials?limit=${limit}`)
			: await client.get<{ verdicts: MaterialVerdict[] }>(`/api/v1/material?${new URLSearchParams({ lot })}`);
	const text = "verdicts" in answer ? oneText(answer.verdicts) : listText(answer.materials, Date.now());
	process.stdout.write(`${json ? JSON.stringify(answer) : text}\n`);
	return 0;
}

const words = { in: "in", alert: "alert", out: "OUT", not_evaluable: "not evaluable" } as const;

/** A line for each lot, with what is not in. */
export function listText(verdicts: readonly MaterialVerdict[], nowMs: number): string {
	if (verdicts.length === 0) return "No lot of a raw material has a result yet.";
	const rows = verdicts.map(({ judgement }) => {
		const { material, lot, verdict, fromMs, retestMs, windows, reasons } = judgement;
		const isDue = retestMs !== undefined && retestMs <= nowMs;
		const retest = retestMs === undefined ? "" : `${timeText(retestMs)}${isDue ? " (due)" : ""}`;
		const why = windows
			.filter((one) => one.verdict !== "in")
			.map((one) => `${one.window}: ${one.reasons.map(({ text }) => text).join("; ")}`);
		return [
			material,
			lot,
			words[verdict],
			timeText(fromMs),
			retest,
			[...why, ...reasons.map(({ text }) => text)].join(" · "),
		];
	});
	return table(["material", "lot", "verdict", "measured (UTC)", "again (UTC)", "why"], rows);
}

/** Every test of the newest verdicts on one lot, and the verdicts before. */
function oneText(verdicts: readonly MaterialVerdict[]): string {
	const newest = verdicts.filter(
		({ judgement }, at) => verdicts.findIndex((one) => one.judgement.material === judgement.material) === at,
	);
	const parts = newest.map(({ judgement, revision }) => {
		const { material, lot, verdict, specVersion, windows } = judgement;
		const rows = windows.map((one) => [
			...[one.window, words[one.verdict], one.value === undefined ? "" : String(one.value), one.eu],
			...[one.low === undefined ? "" : String(one.low), one.high === undefined ? "" : String(one.high)],
			one.reasons.map(({ text }) => text).join("; "),
		]);
		const head = `${material} ${lot}: ${words[verdict]} by version ${specVersion}, revision ${revision}`;
		return `${head}\n\n${table(["test", "verdict", "value", "unit", "low", "high", "why"], rows)}`;
	});
	return parts.join("\n\n");
}
