// What printed documents are made of. Pure; whatever anybody named comes through `html`.

import type { WindowVerdict } from "../judgement-port.ts";

/** Text as HTML: what a tag, a lot or a comment is named can never be markup. */
export function html(text: string): string {
	return text.replace(/[&<>"']/g, (found) => `&#${found.charCodeAt(0)};`);
}

/** A time for people, UTC. */
export function timeText(ms: number | undefined): string {
	return ms === undefined ? "" : `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** Six significant digits, and no more than there are. */
export function numberText(value: number | undefined): string {
	return value === undefined ? "–" : String(Number(value.toPrecision(6)));
}

export function limitsText({ low, high }: Pick<WindowVerdict, "low" | "high">): string {
	if (low === undefined) return high === undefined ? "" : `≤ ${numberText(high)}`;
	return high === undefined ? `≥ ${numberText(low)}` : `${numberText(low)} … ${numberText(high)}`;
}

/** A table under a title; cells are HTML. `none` is said where there is no row. */
export function section(
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
export function page(title: string, body: string): string {
	return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${html(title)}</title><meta name="viewport" content="width=device-width">
<link rel="stylesheet" href="/record.css"></head><body><main>${body}</main></body></html>
`;
}
