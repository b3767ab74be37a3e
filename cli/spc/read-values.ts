import type { Column } from "../../collector/spc/numerics/column.ts";
import { decimal, magnitudeMax, magnitudeMin } from "./decimal.ts";
import { type InputProblem, InputProblems } from "./input-problem.ts";

/** A file of values as columns; rows count from 0 here and from 1 for people. */
export interface Values {
	readonly file: string;
	readonly rows: number;
	/** The line of the file that a row stands on, from 1. */
	readonly lines: Uint32Array;
	readonly names: readonly string[];
	readonly columns: readonly Column[];
	/** The subgroup of each row, as a place in `labels`; undefined without such a column. */
	readonly subgroup: { readonly of: Uint32Array; readonly labels: readonly string[] } | undefined;
	/** Rows that do not count, with the reason. */
	readonly excluded: ReadonlyMap<number, string>;
}

export interface Wanted {
	/** Columns of numbers; undefined for every one that is neither the subgroup nor the exclusion. */
	readonly columns: readonly string[] | undefined;
	/** The column of subgroups, if it is there; `required` when it must be. */
	readonly subgroup: string;
	readonly required: boolean;
}

export const bytesMax = 256 * 1024 * 1024;
const problemsMax = 100;
const labelMax = 200;
const excludedColumn = "excluded";
const [newline, carriage, space, tab, quote, hash] = [10, 13, 32, 9, 34, 35];

/**
 * Reads comma-separated values (RFC 4180; `;` where the first line has more of those, and then a comma may be a decimal point).
 * The first line names the columns. A row with a reason in a column `excluded` does not count and needs no number. Empty
 * lines and lines that begin with # are passed over.
 * @throws InputProblems that names every wrong place
 */
export function readValues(file: string, bytes: Uint8Array, wanted: Wanted): Values {
	return new ValuesReader(file, bytes, wanted).read();
}

class ValuesReader {
	readonly #file: string;
	readonly #bytes: Uint8Array;
	readonly #wanted: Wanted;
	readonly #problems: InputProblem[] = [];
	#found = 0;
	#at = 0;
	#line = 0;
	#separator = 44;
	/** Where the cells of the present line begin and end, without blanks and quotes. */
	readonly #from: number[] = [];
	readonly #to: number[] = [];
	#cells = 0;
	/** The first of the empty lines just passed over; 0 for none. They are wrong unless they end the file. */
	#emptyLine = 0;

	constructor(file: string, bytes: Uint8Array, wanted: Wanted) {
		this.#file = file;
		this.#bytes = bytes;
		this.#wanted = wanted;
	}

	read(): Values {
		const head = this.#head();
		const { names, places, subgroupAt, excludedAt } = this.#places(head);
		if (this.#found > 0) throw new InputProblems(this.#file, this.#problems, this.#found);
		const most = this.#linesLeft();
		const lines = new Uint32Array(most);
		const columns = places.map(() => new Float64Array(most));
		const of = new Uint32Array(subgroupAt === undefined ? 0 : most);
		const labels: string[] = [];
		const known = new Map<string, number>();
		const excluded = new Map<number, string>();
		let rows = 0;
		let [lastFrom, lastTo, lastGroup] = [0, 0, -1];
		while (this.#nextLine()) {
			if (this.#emptyLine > 0) {
				const message = `row ${rows + 1}, ${names[0]}: expected a number, found an empty line`;
				this.#add({ line: this.#emptyLine, column: 1, message });
				rows++;
			}
			lines[rows] = this.#line;
			const row = rows++;
			if (this.#cells > head.length)
				this.#problem(head.length, row, `expected ${head.length} values, found ${this.#cells}`);
			const reason = excludedAt === undefined ? "" : this.#text(excludedAt);
			if (reason !== "") excluded.set(row, reason);
			for (let index = 0; index < places.length; index++) {
				const place = places[index] as number;
				(columns[index] as Column)[row] = this.#number(place, row, names[index] as string, reason !== "");
			}
			if (subgroupAt === undefined) continue;
			const [from, to] = [this.#from[subgroupAt] ?? 0, this.#to[subgroupAt] ?? 0];
			if (lastGroup < 0 || !this.#same(from, to, lastFrom, lastTo)) {
				const label = this.#text(subgroupAt);
				if (label.length > labelMax)
					this.#problem(subgroupAt, row, `expected at most ${labelMax} characters, found ${label.length}`);
				if (subgroupAt >= this.#cells || label === "")
					this.#problem(subgroupAt, row, `${this.#wanted.subgroup}: expected a subgroup, found nothing`);
				let group = known.get(label);
				if (group === undefined) {
					group = labels.length;
					known.set(label, group);
					labels.push(label);
				}
				[lastFrom, lastTo, lastGroup] = [from, to, group];
			}
			of[row] = lastGroup;
		}
		if (rows === 0) this.#problem(0, 0, "expected rows of values below the first line, found none");
		if (this.#found > 0) throw new InputProblems(this.#file, this.#problems, this.#found);
		return {
			...{ file: this.#file, rows, names, excluded, lines: lines.subarray(0, rows) },
			columns: columns.map((column) => column.subarray(0, rows)),
			subgroup: subgroupAt === undefined ? undefined : { of: of.subarray(0, rows), labels },
		};
	}

	#head(): string[] {
		const [first, second, third] = this.#bytes;
		if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
			const message = "expected UTF-8, found UTF-16; save the file as CSV UTF-8";
			throw new InputProblems(this.#file, [{ line: 1, column: 1, message }]);
		}
		if (first === 0xef && second === 0xbb && third === 0xbf) this.#at = 3;
		const [from, before] = [this.#at, this.#line];
		if (!this.#nextLine()) {
			const message = "expected a first line that names the columns, found nothing";
			throw new InputProblems(this.#file, [{ line: 1, column: 1, message }]);
		}
		const line = Buffer.from(this.#bytes.subarray(from, this.#at)).toString("utf8");
		if (line.split(";").length > line.split(",").length) {
			this.#separator = 59;
			[this.#at, this.#line] = [from, before];
			this.#nextLine();
		}
		return Array.from({ length: this.#cells }, (_, cell) => this.#text(cell));
	}

	/** Where the wanted columns are; a problem for each that is not there. */
	#places(head: readonly string[]) {
		const lower = head.map((name) => name.toLowerCase());
		const find = (name: string): number => lower.indexOf(name.toLowerCase());
		const { columns, subgroup, required } = this.#wanted;
		for (const [place, name] of lower.entries())
			if (lower.indexOf(name) < place && name !== "")
				this.#headProblem(place, `column ${name} is there twice`);
		const subgroupAt = find(subgroup);
		const excludedAt = find(excludedColumn);
		const said = `found ${head.map((name) => JSON.stringify(name)).join(", ")}`;
		if (subgroupAt < 0 && required) this.#headProblem(0, `expected a column ${subgroup}, ${said}`);
		const names = columns ?? head.filter((name, at) => name !== "" && at !== subgroupAt && at !== excludedAt);
		if (names.length === 0) this.#headProblem(0, `expected columns of numbers, ${said}`);
		const places = names.map((name) => {
			const place = find(name);
			if (place < 0) this.#headProblem(0, `expected a column ${name}, ${said}`);
			return place;
		});
		return {
			...{ names, places },
			subgroupAt: subgroupAt < 0 ? undefined : subgroupAt,
			excludedAt: excludedAt < 0 ? undefined : excludedAt,
		};
	}

	#linesLeft(): number {
		let count = 1;
		for (let at = this.#bytes.indexOf(newline, this.#at); at >= 0; at = this.#bytes.indexOf(newline, at + 1))
			count++;
		return count;
	}

	/** Finds the cells of the next line that has any. False at the end. */
	#nextLine(): boolean {
		const bytes = this.#bytes;
		this.#emptyLine = 0;
		while (this.#at < bytes.length) {
			this.#line++;
			const start = this.#at;
			if (bytes[start] === hash) {
				const end = bytes.indexOf(newline, start);
				this.#at = end < 0 ? bytes.length : end + 1;
				continue;
			}
			this.#cells = 0;
			let filled = false;
			for (let at = start; ; at++) {
				at = this.#cell(at);
				const last = this.#cells - 1;
				if ((this.#to[last] as number) > (this.#from[last] as number)) filled = true;
				if (bytes[at] === this.#separator) continue;
				this.#at = at + 1;
				break;
			}
			if (filled) return true;
			this.#emptyLine ||= this.#line;
		}
		return false;
	}

	/** One cell from `at`; returns where its separator, its line or the file ends. */
	#cell(at: number): number {
		const bytes = this.#bytes;
		let [from, end] = [at, at];
		while (bytes[from] === space || bytes[from] === tab) from++;
		if (bytes[from] === quote) {
			end = ++from;
			while (end < bytes.length && (bytes[end] !== quote || bytes[end + 1] === quote)) {
				if (bytes[end] === newline) this.#line++;
				end += bytes[end] === quote ? 2 : 1;
			}
			this.#from[this.#cells] = from;
			this.#to[this.#cells++] = Math.min(end, bytes.length);
			end++;
			while (end < bytes.length && bytes[end] !== this.#separator && bytes[end] !== newline) end++;
			return end;
		}
		end = from;
		while (end < bytes.length && bytes[end] !== this.#separator && bytes[end] !== newline) end++;
		let to = end;
		while (to > from && (bytes[to - 1] === space || bytes[to - 1] === tab || bytes[to - 1] === carriage))
			to--;
		this.#from[this.#cells] = from;
		this.#to[this.#cells++] = to;
		return end;
	}

	#text(cell: number): string {
		if (cell >= this.#cells) return "";
		const text = Buffer.from(this.#bytes.subarray(this.#from[cell], this.#to[cell])).toString("utf8");
		return text.replaceAll('""', '"').trim();
	}

	#same(from: number, to: number, lastFrom: number, lastTo: number): boolean {
		if (to - from !== lastTo - lastFrom || to === from) return false;
		for (let at = from; at < to; at++)
			if (this.#bytes[at] !== this.#bytes[lastFrom + at - from]) return false;
		return true;
	}

	#number(cell: number, row: number, name: string, excused: boolean): number {
		const [from, to] = [this.#from[cell] as number, this.#to[cell] as number];
		if (cell >= this.#cells || from === to) {
			if (!excused)
				this.#problem(
					cell,
					row,
					`${name}: expected a number, found nothing; a row without one needs a reason in a column ${excludedColumn}`,
				);
			return Number.NaN;
		}
		const value = decimal(this.#bytes, from, to, this.#separator === 59);
		const size = Math.abs(value);
		if (size <= magnitudeMax && (size >= magnitudeMin || size === 0)) return value;
		const found = `found ${JSON.stringify(this.#text(cell).slice(0, 40))}`;
		const far = size > magnitudeMax ? "a finite number up to ±1e150" : "0 or a number from ±1e-130 on";
		const expected = `expected ${Number.isNaN(value) ? "a number" : far}`;
		this.#problem(cell, row, `${name}: ${expected}, ${found}`);
		return Number.NaN;
	}

	#problem(cell: number, row: number, message: string): void {
		const from = this.#from[Math.min(cell, this.#cells - 1)] ?? 0;
		const lineStart = this.#bytes.lastIndexOf(newline, Math.max(0, from - 1)) + 1;
		const column = from === 0 ? 1 : from - lineStart + 1;
		this.#add({ line: Math.max(1, this.#line), column, message: `row ${row + 1}, ${message}` });
	}

	#headProblem(cell: number, message: string): void {
		this.#add({ line: this.#line, column: (this.#from[cell] ?? 0) + 1, message });
	}

	#add(problem: InputProblem): void {
		this.#found++;
		if (this.#problems.length < problemsMax) this.#problems.push(problem);
	}
}
