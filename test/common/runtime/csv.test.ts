import fc from "fast-check";
import { expect, test } from "vitest";
import { readCsv } from "../../../common/runtime/csv.ts";

const options = { columns: ["name", "eu", "low"], required: ["name"], rowsMax: 1_000 };

function read(
	text: string,
	limits = options,
): { rows: Record<string, string>[]; problems: string[]; separator: string } {
	const { rows, problems, separator } = readCsv(text, limits);
	return {
		rows: rows.map((row) => Object.fromEntries([...row].map(([name, { text: value }]) => [name, value]))),
		problems: problems.map(({ line, column, message }) => `${line}:${column}: ${message}`),
		separator,
	};
}

test("columns come in any order and case; blanks, empty lines and comments do not count", () => {
	expect(read("\uFEFF# tags\r\nEU , Name\r\n\r\n °C ,TT01\r\n,TT02")).toEqual({
		separator: ",",
		problems: [],
		rows: [
			{ eu: "°C", name: "TT01" },
			{ eu: "", name: "TT02" },
		],
	});
});

test("a semicolon parts values where the first line says so", () => {
	expect(read("name;low\nTT01;1,5\n")).toMatchObject({
		separator: ";",
		rows: [{ name: "TT01", low: "1,5" }],
	});
});

test("a quoted value holds separators, quotation marks and line ends, and what follows keeps its place", () => {
	const { rows } = readCsv('name,eu\n"a,""b""\nc",x\nTT02,y\n', options);
	expect(rows[0]?.get("name")).toEqual({ text: 'a,"b"\nc', line: 2, column: 1 });
	expect(rows[1]?.get("eu")).toEqual({ text: "y", line: 4, column: 6 });
});

test.each([
	[
		"an unknown column",
		"name,colour\nTT01,red",
		'1:6: expected a column among name, eu, low, found "colour"',
	],
	["a column twice", "name,eu,name\n", "1:9: column name is there twice"],
	["a missing column", "eu\nx", "1:1: expected a column name in the first line"],
	["a value too many", "name\nTT01, x", "2:7: expected 1 values, found 2"],
	["an open quotation", 'name\n"TT01', "2:1: expected a closing quotation mark, found the end of the file"],
	["text behind a quotation", 'name\n"TT" 01\n', "2:5: expected , behind a closing quotation mark"],
])("%s is told with its place", (_, text, problem) => {
	expect(read(text).problems).toEqual([problem]);
});

test("more rows than the bound are told", () => {
	expect(read("name\na\nb\nc", { ...options, rowsMax: 2 }).problems).toEqual([
		"4:1: expected at most 2 rows, found 3",
	]);
});

test("what is written by the rules is read back", () => {
	const cell = fc.string({ maxLength: 20 }).map((text) => text.replace(/\r/g, ""));
	const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
	fc.assert(
		fc.property(
			fc.array(fc.tuple(cell, cell), { maxLength: 20 }),
			fc.constantFrom(",", ";"),
			(rows, separator) => {
				const text = ["name", ...rows.map(([name]) => name)].map((name, index) => {
					const eu = index === 0 ? "eu" : (rows[index - 1]?.[1] ?? "");
					return `${quoted(name)}${separator}${quoted(eu)}`;
				});
				const expected = rows.filter((values) => values.some((value) => value !== ""));
				expect(read(text.join("\r\n")).rows).toEqual(expected.map(([name, eu]) => ({ name, eu })));
			},
		),
	);
});
