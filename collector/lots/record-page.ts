import type { WindowVerdict } from "../judgement-port.ts";
import type { LotRecord } from "../lot-port.ts";
import { smallChart } from "./small-chart.ts";

/** Text as HTML: what a tag, a lot or a comment is named can never be markup. */
export function html(text: string): string {
	return text.replace(/[&<>"']/g, (found) => `&#${found.charCodeAt(0)};`);
}

const verdictWords = { in: "in", alert: "alert", out: "OUT", not_evaluable: "not evaluable" } as const;

function time(ms: number | undefined): string {
	return ms === undefined ? "" : `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** Six significant digits, and no more than there are. */
function number(value: number | undefined): string {
	return value === undefined ? "–" : String(Number(value.toPrecision(6)));
}

function limits({ low, high }: Pick<WindowVerdict, "low" | "high">): string {
	if (low === undefined) return high === undefined ? "" : `≤ ${number(high)}`;
	return high === undefined ? `≥ ${number(low)}` : `${number(low)} … ${number(high)}`;
}

function section(
	title: string,
	head: readonly string[],
	rows: readonly (readonly string[])[],
	none: string,
): string {
	const body =
		rows.length === 0
			? `<p>${none}</p>`
			: `<table><thead><tr>${head.map((one) => `<th scope="col">${one}</th>`).join("")}</tr></thead><tbody>${rows
					.map((row) => `<tr>${row.map((cell) => `<td>${cell}</td>`).join("")}</tr>`)
					.join("")}</tbody></table>`;
	return `<section><h2>${title}</h2>${body}</section>`;
}

/** The page around a printed document; `record.css` is served beside the console. */
function page(title: string, body: string): string {
	return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${html(title)}</title><meta name="viewport" content="width=device-width">
<link rel="stylesheet" href="/record.css"></head><body><main>${body}</main></body></html>
`;
}

/** The batch record of a lot as a page to be read and printed. */
export function recordPage(record: LotRecord): string {
	const { lot, product, standing, judgement, windows } = record;
	const of = (kind: WindowVerdict["kind"]) =>
		windows
			.filter((one) => one.kind === kind)
			.map((one) => [
				html(one.window),
				html(one.batch),
				mark(one.verdict),
				`${number(one.value)} ${html(one.eu)}`,
				limits(one),
				one.timeOutsideMs > 0 ? `${number(one.timeOutsideMs / 60_000)} min, by ${number(one.depth)}` : "",
				kind === "laboratory" ? "" : `${(Math.floor(one.coverage * 10_000) / 100).toFixed(2)} %`,
				html(one.reasons.map(({ text }) => text).join("; ")),
			]);
	const head = ["window", "batch", "verdict", "value", "limits", "outside", "covered", "why"];
	const facts = [
		["Product", `${html(product.code)} (${html(product.formula)})`],
		[
			"State",
			`<strong>${standing.state.replace("_", " ")}</strong> by ${html(standing.by)}: ${html(standing.reason)}`,
		],
		["Verdict", judgement === undefined ? "not judged yet" : mark(judgement.verdict)],
		[
			"Specification",
			judgement === undefined ? "" : `version ${judgement.specVersion}, ${judgement.specHash.slice(0, 16)}…`,
		],
		["On the line", `${time(record.openedMs)} to ${time(record.closedMs)}`],
		[
			"Verdicts given",
			`${record.revisions}${standing.needsReview ? "; <strong>changed since it was decided</strong>" : ""}`,
		],
	];
	const body = [
		`<header><h1>Batch record of lot ${html(lot)}</h1>${record.simulated ? "<p><strong>SIMULATED DATA</strong></p>" : ""}</header>`,
		`<dl>${facts.map(([name, value]) => `<dt>${name}</dt><dd>${value}</dd>`).join("")}</dl>`,
		judgement !== undefined && judgement.reasons.length > 0
			? `<section><h2>The lot as a whole</h2><ul>${judgement.reasons.map(({ text }) => `<li>${html(text)}</li>`).join("")}</ul></section>`
			: "",
		section("Laboratory", head, of("laboratory"), "No result was judged."),
		section("Phases", head, of("aggregate"), "No number of a phase is judged."),
		section("Values of the line", head, of("stream"), "No window judges the line's values."),
		section(
			"Excursions",
			["window", "batch", "phase", "from", "to", "limit", "farthest", "around it"],
			record.excursions.map((one) => [
				...[html(one.window), html(one.batch), html(one.phase), time(one.startedMs)],
				one.clearedMs === undefined ? "still open" : time(one.clearedMs),
				...[`${one.side} ${number(one.limit)} ${html(one.eu)}`, number(one.extreme), smallChart(one)],
			]),
			"None.",
		),
		section(
			"What is missing",
			["unit", "tags", "from", "to", "cause"],
			record.gaps.map(({ unit, tags, fromMs, toMs, cause }) => [
				...[
					html(unit),
					tags.length === 0 ? "all" : html(tags.join(", ")),
					time(fromMs),
					time(toMs),
					html(cause),
				],
			]),
			"Nothing.",
		),
		section(
			"Way through the line",
			["unit", "batch", "recipe", "from", "to"],
			record.visits.map(({ unit, batch, recipe, fromMs, toMs }) => [
				...[html(unit), html(batch), html(recipe), time(fromMs), time(toMs)],
			]),
			"Not seen on the line.",
		),
		section(
			"Decisions",
			["decision", "by", "at", "reason", "concession"],
			record.decisions.map(({ decision, by, atMs, reason, concession }) => [
				...[decision, html(by), time(atMs), html(reason)],
				concession === undefined
					? ""
					: html(`${concession.customer}, ${concession.reference}, agreed by ${concession.agreedBy}`),
			]),
			"None yet.",
		),
		`<footer><p>SHA-256 of this record: <code>${record.hash}</code></p><p>Monitoring and advice; not a safety system.</p></footer>`,
	];
	return page(`Batch record of lot ${lot}`, body.join("\n"));
}

function mark(verdict: WindowVerdict["verdict"]): string {
	return `<span class="${verdict}">${verdictWords[verdict]}</span>`;
}
