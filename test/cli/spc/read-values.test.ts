import fc from "fast-check";
import { expect, test } from "vitest";
import { decimal } from "../../../cli/spc/decimal.ts";
import { InputProblems } from "../../../cli/spc/input-problem.ts";
import { readValues, type Wanted } from "../../../cli/spc/read-values.ts";

const wanted: Wanted = { columns: ["value"], subgroup: "subgroup", required: false };
const read = (text: string, more: Partial<Wanted> = {}) =>
	readValues("a.csv", Buffer.from(text), { ...wanted, ...more });
const problems = (text: string, more: Partial<Wanted> = {}): string[] => {
	try {
		read(text, more);
	} catch (error) {
		if (error instanceof InputProblems) return error.message.split("\n");
		throw error;
	}
	return [];
};

test("columns are found by name, in any order and case, with quotes, comments and other separators", () => {
	const values = read('\ufeff# made by hand\nSubgroup, VALUE ,note\r\nA,1.5,"x, y"\r\n"A ""2""",-.25,\n');
	expect([...(values.columns[0] ?? [])]).toEqual([1.5, -0.25]);
	expect(values.subgroup?.labels).toEqual(["A", 'A "2"']);
	expect([...values.lines]).toEqual([3, 4]);
	const german = read("subgroup;value\n1;12,5\n1;1.25e-3\n");
	expect([...(german.columns[0] ?? [])]).toEqual([12.5, 0.00125]);
});

test("every wrong place is named with line, column, row and column name", () => {
	expect(problems("value\n1\nabc\n\n2\nNaN\n-inf\n1e999\n1e200\n1,2\n-1e-140\n")).toEqual([
		'a.csv:3:1: row 2, value: expected a number, found "abc"',
		"a.csv:4:1: row 3, value: expected a number, found an empty line",
		'a.csv:6:1: row 5, value: expected a number, found "NaN"',
		'a.csv:7:1: row 6, value: expected a finite number up to ±1e150, found "-inf"',
		'a.csv:8:1: row 7, value: expected a finite number up to ±1e150, found "1e999"',
		'a.csv:9:1: row 8, value: expected a finite number up to ±1e150, found "1e200"',
		"a.csv:10:3: row 9, expected 1 values, found 2",
		'a.csv:11:1: row 10, value: expected 0 or a number from ±1e-130 on, found "-1e-140"',
	]);
	expect(problems("subgroup,value\n1,5\n1,\n,7\n2,8,9\n")).toEqual([
		"a.csv:3:3: row 2, value: expected a number, found nothing; a row without one needs a reason in a column excluded",
		"a.csv:4:1: row 3, subgroup: expected a subgroup, found nothing",
		"a.csv:5:5: row 4, expected 2 values, found 3",
	]);
	expect(problems(`value\n${"x\n".repeat(500)}`).at(-1)).toBe("… and 480 more");
});

test.each([
	["", "a.csv:1:1: expected a first line that names the columns, found nothing"],
	["value\n", "a.csv:1:1: row 1, expected rows of values below the first line, found none"],
	["a,b\n1,2\n", 'a.csv:1:1: expected a column value, found "a", "b"'],
	["value,Value\n1,2\n", "a.csv:1:7: column value is there twice"],
	["\u00ff\u00fe", ""],
])("of %j no chart can be made", (text, message) => {
	if (message !== "") expect(problems(text)).toContain(message);
	const utf16 = Buffer.from([0xff, 0xfe, 0x76, 0]);
	expect(() => readValues("a.csv", utf16, wanted)).toThrow("expected UTF-8, found UTF-16");
});

test("a subgroup that a chart needs is asked for", () => {
	expect(problems("value\n1\n", { required: true })).toEqual([
		'a.csv:1:1: expected a column subgroup, found "value"',
	]);
});

test("a row with a reason needs no number, and empty lines may end a file", () => {
	const values = read("value,excluded\n1,\n,sensor off\n7,spilled\n2,\n\n,\n");
	expect([...(values.columns[0] ?? [])]).toEqual([1, Number.NaN, 7, 2]);
	expect([...values.excluded]).toEqual([
		[1, "sensor off"],
		[2, "spilled"],
	]);
});

test("numbers come out exactly as the language reads them", () => {
	const of = (text: string) => {
		const bytes = Buffer.from(text);
		return decimal(bytes, 0, bytes.length, false);
	};
	fc.assert(
		fc.property(
			fc.oneof(
				fc.double({ noNaN: true, noDefaultInfinity: true }),
				fc.integer().map((n) => n / 1_000),
			),
			(value) => {
				// Adding 0 makes -0 and 0 the same.
				expect(of(String(value)) + 0).toBe(value + 0);
				expect(of(value.toFixed(4)) + 0).toBe(Number(value.toFixed(4)) + 0);
			},
		),
		{ seed: 20_261_123, numRuns: 2_000 },
	);
	for (const text of ["", "-", ".", "1.2.3", "1 2", "0x10", "1_000", "١"]) expect(of(text)).toBeNaN();
	expect([of("+5"), of("5."), of(".5"), of("1E3")]).toEqual([5, 5, 0.5, 1000]);
});

test("many rows are read into columns", () => {
	const text = `value\n${"12.3456\n".repeat(200_000)}`;
	const values = read(text);
	expect([values.rows, values.columns[0]?.[199_999]]).toEqual([200_000, 12.3456]);
});
