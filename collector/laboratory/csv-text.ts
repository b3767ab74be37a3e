import type { LabRefusal } from "./result-id.ts";

export const encodings = ["utf-8", "shift_jis", "utf-16le", "utf-16be"] as const;
export type Encoding = (typeof encodings)[number];
export const separators = [",", ";", "\t"] as const;
export type Separator = (typeof separators)[number];

export interface Cell {
	readonly text: string;
	/** Where it begins in the file; both count from 1. */
	readonly line: number;
	readonly column: number;
}

/** A file may have so many bytes, and rows behind the first. */
export const csvBytesMax = 16 * 1024 * 1024;
const csvRowsMax = 100_000;
const cellMax = 2_000;
const cellsMax = 200;

/**
 * The text of a file. What its first bytes say (UTF-8 or UTF-16 with a byte order mark) holds; without them it is UTF-8, and
 * Shift_JIS when it cannot be that. UTF-16 without a mark has to be stated.
 */
export function decodeText(
	bytes: Uint8Array,
	stated?: Encoding,
): { text: string; encoding: Encoding } | LabRefusal {
	if (bytes.length > csvBytesMax)
		return unreadable(`expected at most ${csvBytesMax} bytes, found ${bytes.length}`);
	const marked = markOf(bytes);
	const tried: readonly Encoding[] = stated ? [stated] : marked ? [marked] : ["utf-8", "shift_jis"];
	for (const encoding of tried) {
		try {
			const text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
			if (!text.includes("\0")) return { text, encoding };
		} catch {
			// Not in this encoding.
		}
	}
	return unreadable(
		`expected text in ${tried.join(" or ")}, found other bytes; state the encoding (${encodings.join(", ")})`,
	);
}

function markOf(bytes: Uint8Array): Encoding | undefined {
	if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return "utf-8";
	if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
	return bytes[0] === 0xfe && bytes[1] === 0xff ? "utf-16be" : undefined;
}

/** The separator that the first line has most of; a comma when it has none. */
export function separatorOf(text: string): Separator {
	const line = (/^[\r\n\s]*([^\r\n]*)/.exec(text)?.[1] ?? "").replaceAll(/"[^"]*"/g, "");
	const counts = separators.map((separator) => line.split(separator).length);
	return separators[counts.indexOf(Math.max(...counts))] ?? ",";
}

/**
 * The rows of separated values, RFC 4180: cells may stand in quotation marks, lines end with LF, CRLF or CR. Blanks around a cell
 * and rows without any text do not count.
 */
export function rowsOf(
	text: string,
	separator: Separator,
): Cell[][] | (LabRefusal & { line: number; column: number }) {
	const rows: Cell[][] = [];
	let cells: Cell[] = [];
	let [at, line, lineStart] = [0, 1, 0];
	const newLine = () => {
		at += text[at] === "\r" && text[at + 1] === "\n" ? 2 : 1;
		line++;
		lineStart = at;
	};
	while (at <= text.length) {
		while (text[at] === " " || (text[at] === "\t" && separator !== "\t")) at++;
		const place = { line, column: at - lineStart + 1 };
		const wrong = (message: string) => ({ ...unreadable(message), ...place });
		let value = "";
		if (text[at] === '"') {
			at++;
			let from = at;
			for (;;) {
				if (at >= text.length) return wrong("expected a closing quotation mark, found the end of the file");
				if (text[at] === '"' && text[at + 1] !== '"') break;
				if (text[at] === '"') at++;
				if (text[at] === "\n" || text[at] === "\r") {
					value += text.slice(from, at);
					newLine();
					value += "\n";
					from = at;
				} else at++;
			}
			value = (value + text.slice(from, at)).replaceAll('""', '"');
			at++;
			while (text[at] === " ") at++;
			const isEnd = at >= text.length || text[at] === separator || text[at] === "\n" || text[at] === "\r";
			if (!isEnd)
				return {
					...unreadable("expected a separator behind a closing quotation mark"),
					line,
					column: at - lineStart + 1,
				};
		} else {
			const from = at;
			while (at < text.length && text[at] !== separator && text[at] !== "\n" && text[at] !== "\r") at++;
			value = text.slice(from, at).trim();
		}
		if (value.length > cellMax) return wrong(`expected at most ${cellMax} characters in a cell`);
		cells.push({ text: value, ...place });
		if (cells.length > cellsMax) return wrong(`expected at most ${cellsMax} cells in a row`);
		if (text[at] === separator) {
			at++;
			continue;
		}
		if (cells.some((cell) => cell.text !== "")) rows.push(cells);
		if (rows.length > csvRowsMax + 1) return wrong(`expected at most ${csvRowsMax} rows`);
		cells = [];
		if (at >= text.length) break;
		newLine();
	}
	return rows;
}

function unreadable(message: string): LabRefusal {
	return { code: "FILE_UNREADABLE", message };
}
