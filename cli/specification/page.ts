import { escaped } from "../spc/svg-panel.ts";
import type { PlanTable } from "./print.ts";

const style = `body{font-family:system-ui,"Segoe UI","DejaVu Sans",sans-serif;font-size:11px;color:#1f2933;margin:1.5em}
h1{font-size:18px;margin:0 0 .3em}h2{font-size:14px;margin:1.5em 0 .5em}p{margin:0;color:#52606d}
table{border-collapse:collapse;width:100%}th,td{border:1px solid #9aa5b1;padding:.25em .4em;text-align:left;vertical-align:top}
th{background:#eef4f0}tr{break-inside:avoid}thead{display:table-header-group}@page{size:A4 landscape;margin:12mm}`;

/** Tables as a page that needs nothing else and can be printed on A4. */
export function htmlPage(title: string, facts: readonly string[], tables: readonly PlanTable[]): string {
	const cells = (row: readonly (string | number)[], tag: "th" | "td") =>
		`<tr>${row.map((cell) => `<${tag}>${escaped(String(cell))}</${tag}>`).join("")}</tr>`;
	const parts = tables.map(
		(one) =>
			`<h2>${escaped(one.title)}</h2>\n<table><thead>${cells(one.head, "th")}</thead>\n<tbody>\n${one.rows
				.map((row) => cells(row, "td"))
				.join("\n")}\n</tbody></table>`,
	);
	return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escaped(title)}</title>
<style>${style}</style></head>
<body>
<h1>${escaped(title)}</h1>
${facts.map((fact) => `<p>${escaped(fact)}</p>`).join("\n")}
${parts.join("\n")}
</body></html>
`;
}
