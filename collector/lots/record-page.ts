import type { WindowVerdict } from "../judgement-port.ts";
import type { LotRecord } from "../lot-port.ts";
import { genealogySections } from "./genealogy-sections.ts";
import { html, limitsText, numberText, page, section, timeText } from "./page-parts.ts";
import { smallChart } from "./small-chart.ts";

const verdictWords = { in: "in", alert: "alert", out: "OUT", not_evaluable: "not evaluable" } as const;

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
				`${numberText(one.value)} ${html(one.eu)}`,
				limitsText(one),
				one.timeOutsideMs > 0
					? `${numberText(one.timeOutsideMs / 60_000)} min, by ${numberText(one.depth)}`
					: "",
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
		["On the line", `${timeText(record.openedMs)} to ${timeText(record.closedMs)}`],
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
				...[html(one.window), html(one.batch), html(one.phase), timeText(one.startedMs)],
				one.clearedMs === undefined ? "still open" : timeText(one.clearedMs),
				...[`${one.side} ${numberText(one.limit)} ${html(one.eu)}`, numberText(one.extreme), smallChart(one)],
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
					timeText(fromMs),
					timeText(toMs),
					html(cause),
				],
			]),
			"Nothing.",
		),
		...genealogySections(record.genealogy),
		section(
			"Way through the line",
			["unit", "batch", "recipe", "from", "to"],
			record.visits.map(({ unit, batch, recipe, fromMs, toMs }) => [
				...[html(unit), html(batch), html(recipe), timeText(fromMs), timeText(toMs)],
			]),
			"Not seen on the line.",
		),
		section(
			"Decisions",
			["decision", "by", "at", "reason", "concession"],
			record.decisions.map(({ decision, by, atMs, reason, concession }) => [
				...[decision, html(by), timeText(atMs), html(reason)],
				concession === undefined
					? ""
					: html(`${concession.customer}, ${concession.reference}, agreed by ${concession.agreedBy}`),
			]),
			"None yet.",
		),
		section(
			"Comments",
			["by", "at", "about", "comment"],
			record.comments.map(({ enteredBy, enteredMs, occurrence, text }) => [
				...[html(enteredBy), timeText(enteredMs), aboutText(record, occurrence), html(text)],
			]),
			"None.",
		),
		`<footer><p>SHA-256 of this record: <code>${record.hash}</code></p><p>Monitoring and advice; not a safety system.</p></footer>`,
	];
	return page(`Batch record of lot ${lot}`, body.join("\n"));
}

/** What a comment is about: the lot, or one of its violations. */
function aboutText({ excursions }: LotRecord, occurrence: string | undefined): string {
	if (occurrence === undefined) return "the lot";
	const found = excursions.find(({ id }) => id === occurrence);
	return found === undefined ? "a violation" : `${html(found.window)}, ${timeText(found.startedMs)}`;
}

function mark(verdict: WindowVerdict["verdict"]): string {
	return `<span class="${verdict}">${verdictWords[verdict]}</span>`;
}
