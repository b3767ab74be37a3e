import { visibleText } from "../common/runtime/visible-text.ts";

/** Rows as text with columns that line up; numbers to the right. Empty when there are no rows. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
	if (rows.length === 0) return "";
	const cells = [head, ...rows].map((row) => row.map((cell) => visibleText(String(cell))));
	const widths = head.map((_, column) =>
		cells.reduce((most, row) => Math.max(most, row[column]?.length ?? 0), 0),
	);
	const right = head.map((_, column) => rows.every((row) => typeof row[column] === "number"));
	return cells
		.map((row) =>
			row
				.map((cell, column) =>
					right[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
				)
				.join("  ")
				.trimEnd(),
		)
		.join("\n");
}

/** A source time for people: `2026-11-20 14:30:05`, UTC. */
export function timeText(ms: number | undefined): string {
	return ms === undefined ? "" : new Date(ms).toISOString().slice(0, 19).replace("T", " ");
}
