import type { Clause } from "./clauses.ts";

/** How a clause fared: by setup, `pass`, `fail`, or why there was nothing to see. */
export interface Row {
	readonly clause: Clause;
	readonly role: "edge" | "host" | "broker";
	readonly shown: string;
	readonly results: readonly string[];
}

/** The table as Markdown; `setups` are the headings of its last columns. */
export function markdown(rows: readonly Row[], setups: readonly string[]): string {
	const heading = ["clause (`tck-id-…`)", "level", "role", "shown by", ...setups];
	const lines = rows.map(({ clause, role, shown, results }) => [
		`\`${clause.id}\``,
		clause.level,
		role,
		shown,
		...results,
	]);
	return [heading, heading.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

const begin = "<!-- generated: PILOTLINE_WRITE_TABLE=1 npm test -- test/conformance -->";
const end = "<!-- end -->";

/** The document with the table between its two marks replaced. */
export function withTable(document: string, table: string): string {
	const [from, to] = [document.indexOf(begin), document.indexOf(end)];
	if (from < 0 || to < from) throw new Error(`expected the marks ${begin} and ${end} in the document`);
	return `${document.slice(0, from + begin.length)}\n\n${table}\n\n${document.slice(to)}`;
}
