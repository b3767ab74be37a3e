import type { WindowVerdict } from "../judgement-port.ts";
import type { LabResult } from "../laboratory-port.ts";
import type { LotRecord } from "../lot-port.ts";
import type { SpecTest } from "../specification.ts";
import { certificateGenealogy } from "./genealogy-sections.ts";
import { html, limitsText, numberText, page, section, timeText } from "./page-parts.ts";

/** Why there is no certificate; undefined when there is one. */
export function certificateRefusal({ standing }: LotRecord): string | undefined {
	if (standing.needsReview) return "its verdict has changed since it was decided on: decide again";
	const isReleased = standing.state === "RELEASED" || standing.state === "CONDITIONAL";
	return isReleased ? undefined : `expected a lot that quality has released, found ${standing.state}`;
}

/** The result of a test that counts: of the newest version, the newest sample. */
function resultOf(results: readonly LabResult[], test: string): LabResult | undefined {
	return results
		.filter((one) => one.test === test && one.material === "")
		.toSorted((a, b) => b.version - a.version || b.measuredMs - a.measuredMs)[0];
}

function uncertaintyText({ uncertainty, uncertainty_percent: percent }: SpecTest): string {
	if (uncertainty !== undefined) return `± ${numberText(uncertainty)} (k = 2)`;
	return percent === undefined ? "" : `± ${numberText(percent)} % (k = 2)`;
}

function testRow(
	verdict: WindowVerdict,
	tests: readonly SpecTest[],
	results: readonly LabResult[],
): string[] {
	const test = tests.find(({ id }) => id === verdict.window);
	const result = test === undefined ? undefined : resultOf(results, test.test);
	const conditions = result?.temperatureC === undefined ? "" : `, ${numberText(result.temperatureC)} °C`;
	const below = result?.censored === "below" ? "< " : "";
	return [
		html(test?.test ?? verdict.window),
		html(
			`${result?.method === undefined || result.method === "" ? (test?.method ?? "") : result.method}${conditions}`,
		),
		verdict.value === undefined ? "no result" : `${below}${numberText(verdict.value)} ${html(verdict.eu)}`,
		limitsText(verdict),
		result === undefined ? "" : String(Math.max(1, result.repeats.length)),
		test === undefined ? "" : html(uncertaintyText(test)),
		`<span class="${verdict.verdict}">${verdict.verdict.replace("_", " ")}</span>`,
	];
}

/**
 * The certificate of analysis of a released lot as a page to print. `tests` are those of the version that judged it.
 * The approver is who released it; a concession stands in it with customer and reference.
 */
export function certificatePage(record: LotRecord, tests: readonly SpecTest[]): string {
	const { lot, product, judgement, decisions, windows, results, hash } = record;
	const decided = decisions.at(-1);
	const rows = windows
		.filter(({ kind }) => kind === "laboratory")
		.map((verdict) => testRow(verdict, tests, results));
	const line = windows.filter(({ kind, verdict }) => kind !== "laboratory" && verdict !== "in");
	const facts = [
		["Product", `${html(product.code)} (${html(product.formula)})`],
		["Lot", html(lot)],
		["Manufactured", `${timeText(record.openedMs)} to ${timeText(record.closedMs)}`],
		["Specification", `version ${judgement?.specVersion ?? ""}, SHA-256 ${html(judgement?.specHash ?? "")}`],
		["Released by", `${html(decided?.by ?? "")}, ${timeText(decided?.atMs)}: ${html(decided?.reason ?? "")}`],
	];
	const concession = decided?.concession;
	const body = [
		`<header><h1>Certificate of analysis</h1>${record.simulated ? "<p><strong>SIMULATED DATA</strong></p>" : ""}</header>`,
		`<dl>${facts.map(([name, value]) => `<dt>${name}</dt><dd>${value}</dd>`).join("")}</dl>`,
		section(
			"Tests",
			["test", "method and conditions", "result", "limits", "n", "uncertainty", "verdict"],
			rows,
			"The specification asks the laboratory for nothing.",
		),
		section(
			"Deviations of the line",
			["window", "batch", "verdict", "why"],
			line.map(({ window, batch, verdict, reasons }) => [
				...[
					html(window),
					html(batch),
					verdict.replace("_", " "),
					html(reasons.map(({ text }) => text).join("; ")),
				],
			]),
			"None.",
		),
		...certificateGenealogy(record.genealogy),
		concession === undefined
			? ""
			: `<section><h2>Concession</h2><p>${html(concession.customer)}, ${html(concession.reference)}, agreed by ${html(concession.agreedBy)}</p></section>`,
		"<section><h2>Handling</h2><p>Keep sealed under argon in a dry room. With moisture the product gives off hydrogen sulfide, which is toxic.</p></section>",
		`<footer><p>SHA-256 of the batch record: <code>${hash}</code></p></footer>`,
	];
	return page(`Certificate of analysis, lot ${lot}`, body.join("\n"));
}
