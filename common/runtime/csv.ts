/** One value of a table, and where it begins in the file; both count from 1. */
export interface CsvCell {
	readonly text: string;
	readonly line: number;
	readonly column: number;
}

export interface CsvTable {
	readonly separator: "," | ";";
	/** The cells of each row by the name of their column; a column that the file does not have is missing. */
	readonly rows: readonly ReadonlyMap<string, CsvCell>[];
	readonly problems: readonly { line: number; column: number; message: string }[];
}

const problemsMax = 100;

/**
 * Reads comma-separated values as RFC 4180 has them, with `;` for `,` where the first line has more of those. The first line
 * names the columns, in any order and case. Blanks around a value, empty lines and lines that begin with `#` do not count.
 */
export function readCsv(
	text: string,
	options: {
		readonly columns: readonly string[];
		readonly required: readonly string[];
		readonly rowsMax: number;
	},
): CsvTable {
	const problems: { line: number; column: number; message: string }[] = [];
	const plain = text.replace(/^\uFEFF/, "");
	const firstLine = plain.split(/\r?\n/).find((line) => line.trim() !== "" && !line.startsWith("#")) ?? "";
	const separator = firstLine.split(";").length > firstLine.split(",").length ? ";" : ",";
	const add = (line: number, column: number, message: string) => {
		if (problems.length < problemsMax) problems.push({ line, column, message });
	};
	const records = recordsOf(plain, separator, add);
	const [head, ...body] = records;
	const names = (head ?? []).map(({ text: name }) => name.toLowerCase());
	for (const [index, name] of names.entries()) {
		const { line, column } = (head as CsvCell[])[index] as CsvCell;
		if (!options.columns.includes(name))
			add(line, column, `expected a column among ${options.columns.join(", ")}, found "${name}"`);
		else if (names.indexOf(name) < index) add(line, column, `column ${name} is there twice`);
	}
	for (const name of options.required)
		if (!names.includes(name)) add(1, 1, `expected a column ${name} in the first line`);
	if (body.length > options.rowsMax)
		add(
			body[options.rowsMax]?.[0]?.line ?? 1,
			1,
			`expected at most ${options.rowsMax} rows, found ${body.length}`,
		);
	const rows = body.map((cells) => {
		const surplus = cells[names.length];
		if (surplus !== undefined)
			add(surplus.line, surplus.column, `expected ${names.length} values, found ${cells.length}`);
		return new Map(
			cells.flatMap((cell, index): [string, CsvCell][] =>
				names[index] === undefined ? [] : [[names[index], cell]],
			),
		);
	});
	return { separator, rows, problems };
}

function recordsOf(
	text: string,
	separator: string,
	problem: (line: number, column: number, message: string) => void,
): CsvCell[][] {
	const records: CsvCell[][] = [];
	let cells: CsvCell[] = [];
	let at = 0;
	let line = 1;
	let lineStart = 0;
	const endRecord = () => {
		if (cells.some((cell) => cell.text !== "")) records.push(cells);
		cells = [];
	};
	while (at < text.length) {
		if (cells.length === 0 && text[at] === "#") {
			const end = text.indexOf("\n", at);
			at = end < 0 ? text.length : end + 1;
			line++;
			lineStart = at;
			continue;
		}
		while (text[at] === " " || text[at] === "\t") at++;
		const place = { line, column: at - lineStart + 1 };
		let value = "";
		if (text[at] === '"') {
			let closed = false;
			for (at++; at < text.length && !closed; at++) {
				if (text[at] === '"' && text[at + 1] === '"') value += text[at++];
				else if (text[at] === '"') closed = true;
				else {
					if (text[at] === "\n") {
						line++;
						lineStart = at + 1;
					}
					value += text[at];
				}
			}
			if (!closed)
				problem(place.line, place.column, "expected a closing quotation mark, found the end of the file");
			const end = endOfCell(text, at, separator);
			if (text.slice(at, end).trim() !== "")
				problem(line, at - lineStart + 1, `expected ${separator} behind a closing quotation mark`);
			at = end;
		} else {
			const end = endOfCell(text, at, separator);
			value = text.slice(at, end).trim();
			at = end;
		}
		cells.push({ text: value, ...place });
		if (text[at] === separator) {
			at++;
			// A separator at the end of the file has an empty value behind it.
			if (at === text.length) cells.push({ text: "", line, column: at - lineStart + 1 });
			continue;
		}
		endRecord();
		at++;
		line++;
		lineStart = at;
	}
	endRecord();
	return records;
}

function endOfCell(text: string, from: number, separator: string): number {
	let at = from;
	while (at < text.length && text[at] !== separator && text[at] !== "\n") at++;
	return at;
}
