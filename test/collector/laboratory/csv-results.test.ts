import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type CsvReading, readCsvResults } from "../../../collector/laboratory/csv-results.ts";
import {
	csvBytesMax,
	decodeText,
	rowsOf,
	type Separator,
	separators,
} from "../../../collector/laboratory/csv-text.ts";

const context = {
	enteredMs: 5_000,
	enteredBy: "anna",
	euOf: (name: string, material: string) =>
		({ sigma_ion: "mS/cm", res_li2s: "wt%", d50: "um", "H2O LiCl": "ppm" })[
			material === "" ? name : `${name} ${material}`
		],
};
const read = (text: string | Uint8Array, reading: Partial<CsvReading> = {}) =>
	readCsvResults(
		typeof text === "string" ? new TextEncoder().encode(text) : text,
		{ zone: "Asia/Tokyo", order: undefined, ...reading },
		context,
	);
const told = (text: string | Uint8Array, reading?: Partial<CsvReading>) => {
	const { results, refused } = read(text, reading);
	return {
		results: results.map(({ line, lot, test: name, value, censored, eu }) =>
			[line, lot, name, value, censored ?? "", eu].join(" "),
		),
		refused: refused.map(({ line, column, code, message }) => `${line}:${column} ${code} ${message}`),
	};
};

const japanese = `ロット番号;試料;試験項目;結果;単位;繰返し;検出限界;測定日時;担当者;備考
L00042;S1;sigma_ion;3,81;mS/cm;3,78 3,84;;2026/1/5 14:30;佐藤;
L00042;S1;res_li2s;検出限界以下;wt%;;0,3;2026年1月5日 15時10分;佐藤;再測定なし
`;
/** "検出限界以下" and the like, as Shift_JIS has them: what the decoder of the platform reads back. */
function shiftJis(text: string): Uint8Array {
	const table = new Map<string, number[]>();
	const decoder = new TextDecoder("shift_jis");
	for (let high = 0x81; high <= 0xfc; high++)
		for (let low = 0x40; low <= 0xfc; low++) {
			const character = decoder.decode(new Uint8Array([high, low]));
			if (character.length === 1 && character !== "\ufffd" && !table.has(character))
				table.set(character, [high, low]);
		}
	return new Uint8Array(
		[...text].flatMap((one) => (one < "\u0080" ? [one.charCodeAt(0)] : (table.get(one) ?? []))),
	);
}
const utf16 = (text: string, big: boolean) => {
	const bytes = Buffer.from(`\ufeff${text}`, "utf16le");
	return new Uint8Array(big ? bytes.swap16() : bytes);
};

describe("a file of results", () => {
	const expected = {
		results: ["2 L00042 sigma_ion 3.81  mS/cm", "3 L00042 res_li2s 0.3 below wt%"],
		refused: [],
	};
	test.each<[string, string | Uint8Array]>([
		["UTF-8", japanese],
		["UTF-8 with a byte order mark", `\ufeff${japanese}`],
		["Shift_JIS", shiftJis(japanese)],
		["UTF-16, little end first", utf16(japanese, false)],
		["UTF-16, big end first", utf16(japanese, true)],
		["UTF-8 with CRLF", japanese.replaceAll("\n", "\r\n")],
		["UTF-8 with tabs", japanese.replaceAll(";", "\t")],
		["UTF-8 with commas and quotation marks", japanese.replaceAll(/([^;\n]+)/g, '"$1"').replaceAll(";", ",")],
	])("in %s says the same", (_, bytes) => {
		expect(told(bytes)).toEqual(expected);
		expect(read(bytes).results[0]).toMatchObject({
			...{ sample: "S1", repeats: [3.78, 3.84], operator: "佐藤", measuredMs: Date.UTC(2026, 0, 5, 5, 30) },
			...{ version: 1, road: "csv", enteredMs: 5_000, enteredBy: "anna" },
		});
		expect(read(bytes).ignored).toEqual(["備考"]);
		expect(new Set([japanese, bytes].flatMap((one) => read(one).results.map(({ id }) => id))).size).toBe(2);
	});

	const head = "lot,test,value,unit,measured,version,reason\n";
	const date = "2026-01-05 14:30";
	test.each<[string, string, Partial<CsvReading>, string[]]>([
		[
			"an unknown unit",
			`L1,d50,3.02,furlong,${date},,`,
			{},
			['2:13 UNIT_UNKNOWN expected a unit for d50: um, or what can be converted to it, found "furlong"'],
		],
		[
			"a unit of something else",
			`L1,d50,3.02,mS/cm,${date},,`,
			{},
			['2:13 UNIT_UNKNOWN expected a unit for d50: um, or what can be converted to it, found "mS/cm"'],
		],
		[
			"an unknown test",
			`L1,d51,3.02,um,${date},,`,
			{},
			['2:4 TEST_UNKNOWN expected a test that the specification has, found "d51"'],
		],
		[
			"no lot",
			`,d50,3.02,um,${date},,`,
			{},
			['2:1 CELL_INVALID lot: expected text that is not empty, found ""'],
		],
		[
			"a number that may be two",
			`L1,d50,"3,025",um,${date},,`,
			{},
			[
				'2:8 VALUE_INVALID value: expected a number that can be read in one way, found "3,025", which may be 3.025 or 3025; state the decimal mark',
			],
		],
		[
			"a local time without a zone",
			`L1,d50,3.02,um,${date},,`,
			{ zone: undefined },
			[
				`2:16 TIME_INVALID measured: expected a time with its offset (as Z or +09:00), or a stated time zone, found "${date}"`,
			],
		],
		[
			"a correction without a reason",
			`L1,d50,3.02,um,${date},2,`,
			{},
			["2:33 REASON_MISSING expected a reason, because version 2 corrects an earlier result"],
		],
		[
			"a version of 1.5",
			`L1,d50,3.02,um,${date},1.5,x`,
			{},
			['2:33 CELL_INVALID version: expected a whole number from 1 to 1000000, found "1.5"'],
		],
		[
			"two results of one version",
			`L1,d50,3.02,um,${date},,\nL1,d50,3.03,um,${date},,`,
			{},
			[
				'3:1 VERSION_TWICE expected a higher version, because line 2 has another result of lot L1, sample "", test d50, version 1',
			],
		],
		[
			"an open quotation mark",
			`L1,d50,"3.02,um,${date},,`,
			{},
			["2:8 FILE_UNREADABLE expected a closing quotation mark, found the end of the file"],
		],
	])("with %s refuses it, with its place", (_, rows, reading, refused) => {
		expect(told(head + rows, reading).refused).toEqual(refused);
	});

	test("what is refused keeps no other row from being taken, and a row that is there twice counts once", () => {
		const { results, refused, repeated, rows } = read(
			`${head}L1,d50,3.02,um,${date},,\nL1,d51,1,um,${date},,\nL1,d50,3.02,um,${date},,\nL1,d50,3.1,um,${date},2,weighed again\n`,
		);
		expect(results.map(({ line, value }) => [line, value])).toEqual([
			[2, 3.02],
			[5, 3.1],
		]);
		expect(refused.map(({ line }) => line)).toEqual([3]);
		expect(repeated).toEqual([{ line: 4, of: 2 }]);
		expect(rows).toBe(4);
	});

	test("a result in another unit is kept as it was reported", () => {
		expect(told(`${head}L1,sigma_ion,0.381,S/m,${date},,\n`).results).toEqual(["2 L1 sigma_ion 0.381  S/m"]);
	});

	test("a raw material's test is looked for among those of its material", () => {
		const text =
			"lot,material,test,value,unit,measured\nX7,LiCl,H2O,40,mg/kg,2026-01-05\nX7,Li2S,H2O,40,ppm,2026-01-05\n";
		expect(told(text)).toEqual({
			results: ["2 X7 H2O 40  mg/kg"],
			refused: ['3:9 TEST_UNKNOWN expected a test of Li2S that the specification has, found "H2O"'],
		});
	});

	test("names of columns can be given, and one that is missing is named", () => {
		expect(told("Charge,test,value,unit,measured\nL1,d50,3,um,2026-01-05\n").refused).toEqual([
			'1:1 COLUMN_MISSING expected columns for lot in the first line, found "Charge", "test", "value", "unit", "measured"',
		]);
		expect(
			told("Charge,test,value,unit,measured\nL1,d50,3,um,2026-01-05\n", { columns: { lot: "charge" } })
				.results,
		).toHaveLength(1);
		expect(told("lot,ロット,test,value,unit,measured\n").refused).toEqual([
			'1:5 COLUMN_TWICE column "ロット" says lot a second time',
		]);
		expect(told("").refused).toEqual([
			"1:1 COLUMN_MISSING expected columns for lot, test, value, eu, measured in the first line, found nothing",
		]);
	});

	test("bytes that are no text, and too many of them, are refused", () => {
		const message =
			"1:1 FILE_UNREADABLE expected text in utf-8 or shift_jis, found other bytes; state the encoding (utf-8, shift_jis, utf-16le, utf-16be)";
		expect(told(new Uint8Array([0x4c, 0, 0x31, 0]))).toEqual({ results: [], refused: [message] });
		expect(told(new Uint8Array([0xff, 0x80, 0xfd]))).toEqual({ results: [], refused: [message] });
		expect(decodeText(new Uint8Array(csvBytesMax + 1))).toMatchObject({ code: "FILE_UNREADABLE" });
	});

	test("text that looks like a formula or like SQL is text", () => {
		const { results } = read(
			`lot,test,value,unit,measured,operator\n"=HYPERLINK(""x"")",d50,3,um,2026-01-05,"'; DROP TABLE lab_result; --"\n`,
		);
		expect(results.map(({ lot, operator }) => [lot, operator])).toEqual([
			['=HYPERLINK("x")', "'; DROP TABLE lab_result; --"],
		]);
	});
});

test("cells come back as they were written, whatever is in them, with each separator and line end", () => {
	const cell = fc.string({
		unit: fc.constantFrom("a", "1", ",", ";", "\t", '"', "\n", "試", " ", "\r\n"),
		maxLength: 8,
	});
	fc.assert(
		fc.property(
			fc.array(fc.array(cell, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 5 }),
			fc.constantFrom<Separator>(...separators),
			fc.constantFrom("\n", "\r\n", "\r"),
			(table, separator, end) => {
				const written = table
					.map((row) => row.map((text) => `"${text.replaceAll('"', '""')}"`).join(separator))
					.join(end);
				const rows = rowsOf(written, separator);
				if (!Array.isArray(rows)) throw new Error(rows.message);
				const lined = (text: string) => text.replaceAll("\r\n", "\n");
				const full = table.map((row) => row.map(lined)).filter((row) => row.some((text) => text !== ""));
				expect(rows.map((row) => row.map(({ text }) => text))).toEqual(full);
			},
		),
	);
});

test("any bytes give results and refusals with places, and never an exception", () => {
	const pieces = fc.constantFrom(
		"lot",
		"test",
		"value",
		"unit",
		"measured",
		",",
		";",
		"\t",
		'"',
		"\n",
		"3,8",
		"<0.3",
		"2026-01-05",
		"um",
		"d50",
		"L1",
		"検出限界以下",
	);
	fc.assert(
		fc.property(
			fc.oneof(
				fc.uint8Array({ maxLength: 200 }),
				fc
					.array(pieces, { maxLength: 40 })
					.map((parts) => new TextEncoder().encode(`lot,test,value,unit,measured\n${parts.join("")}`)),
			),
			(bytes) => {
				const { results, refused, repeated, rows } = read(bytes);
				for (const { line, column } of refused) expect(Math.min(line, column)).toBeGreaterThan(0);
				expect(results.length + repeated.length + refused.length).toBeGreaterThanOrEqual(Math.min(rows, 1));
			},
		),
		{ numRuns: 500 },
	);
});
