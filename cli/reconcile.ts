import { CodedError } from "../common/runtime/coded-error.ts";
import { ApiClient, type ApiReconciliation, type ApiReconciliationRow } from "./api-client.ts";
import { table, timeText } from "./table.ts";

type CountedRow = ApiReconciliationRow & {
	readonly produced: number;
	readonly stored: number;
	readonly missing: number;
};

/**
 * Compares what units have counted with what a running collector has stored. Resolves with the exit code: 1 when
 * something is missing that no row of the gap ledger touches, or more is stored than was counted.
 * @throws CodedError USAGE for a lot that the collector does not know
 */
export async function reconcile(options: { api: string; lot?: string; json: boolean }): Promise<number> {
	const { api, lot, json } = options;
	const path = `/api/v1/reconciliation${lot === undefined ? "" : `?lot=${encodeURIComponent(lot)}`}`;
	const answer = await new ApiClient(api.replace(/\/$/, "")).get<ApiReconciliation>(path);
	if (lot !== undefined && answer.tag !== null && answer.rows.length === 0)
		throw new CodedError(
			"USAGE",
			`expected a lot that has been in a unit, found ${lot}; the page lists the lots`,
		);
	if (json) process.stdout.write(`${JSON.stringify(answer)}\n`);
	else process.stdout.write(`${textOf(answer, lot)}\n`);
	const doesNotAddUp = ({ missing = 0, gaps }: ApiReconciliationRow): boolean =>
		missing < 0 || (missing > 0 && gaps === 0);
	return answer.rows.some(doesNotAddUp) ? 1 : 0;
}

function textOf({ tag, rows }: ApiReconciliation, lot: string | undefined): string {
	if (tag === null)
		return "Nothing counts: set context.written in the collector's configuration to the tag that does.";
	if (rows.length === 0) return `No unit has the tag ${tag} by which it would count.`;
	const counted = rows.filter((row): row is CountedRow => row.produced !== undefined);
	const head = ["from (UTC)", "to (UTC)", "produced", "stored", "missing", "gaps", "remarks"];
	const lines = counted.map((row) => [
		row.unit,
		...(lot === undefined ? [] : [row.batch ?? ""]),
		timeText(row.fromMs),
		timeText(row.toMs),
		row.produced,
		row.stored,
		row.missing,
		row.gaps,
		remarksOf(row),
	]);
	const first = lot === undefined ? ["unit"] : ["unit", "batch"];
	return [table([...first, ...head], lines), ...verdictOf(counted), ...uncountedOf(rows)]
		.filter((text) => text !== "")
		.join("\n");
}

function remarksOf({ restarted, complete }: ApiReconciliationRow): string {
	const remarks = [
		restarted ? "the source began to count anew" : "",
		complete ? "" : "not all of the period could be compared",
	];
	return remarks.filter((remark) => remark !== "").join("; ");
}

function verdictOf(rows: readonly CountedRow[]): string[] {
	if (rows.length === 0) return [];
	const short = rows.filter(({ missing }) => missing > 0);
	const over = rows.filter(({ missing }) => missing < 0);
	if (short.length + over.length === 0) return ["Every value that was counted is stored."];
	const said: string[] = [];
	if (short.length > 0) {
		const missing = short.reduce((sum, row) => sum + row.missing, 0);
		said.push(`${values(missing)} that the plant has counted ${missing === 1 ? "is" : "are"} not stored.`);
		const unexplained = short.filter(({ gaps }) => gaps === 0).map(nameOf);
		if (unexplained.length > 0) said.push(`No gap says why: ${unexplained.join(", ")}.`);
		said.push("Next: pilotline gaps lists what is missing and why.");
	}
	for (const row of over)
		said.push(
			`${nameOf(row)}: ${values(-row.missing)} more ${row.missing === -1 ? "is" : "are"} stored than counted.`,
		);
	return said;
}

/** Rows without two counts to compare. */
function uncountedOf(rows: readonly ApiReconciliationRow[]): string[] {
	const names = rows.filter(({ produced }) => produced === undefined).map(nameOf);
	return names.length === 0 ? [] : [`Not counted: ${names.join(", ")}.`];
}

function nameOf({ unit, batch }: ApiReconciliationRow): string {
	return batch === undefined ? unit : `${unit} ${batch}`;
}

function values(count: number): string {
	return `${count.toLocaleString("en")} ${count === 1 ? "value" : "values"}`;
}
