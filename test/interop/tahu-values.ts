import type { TahuMetric } from "./tahu.ts";

/** Name of a data type, then its least, its greatest and one odd value, as Tahu's programs write them. */
type Row = readonly [type: string, least: unknown, greatest: unknown, odd: unknown];

/** Text of one, two, three and four bytes a character in UTF-8, with quotes and an escape. */
const wide = 'a "b" \\ ä Ω 電 😀';
const uuid = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6";
const greatestFloat = 3.4028234663852886e38;
const leastFloat = 1.401298464324817e-45;

/** What a cell of a DataSet and a parameter of a Template may be, too. */
const scalars: readonly Row[] = [
	["Int8", -128, 127, 0],
	["Int16", -32768, 32767, 0],
	["Int32", -2147483648, 2147483647, 0],
	["Int64", "-9223372036854775808", "9223372036854775807", "9007199254740993"],
	["UInt8", 0, 255, 128],
	["UInt16", 0, 65535, 32768],
	["UInt32", 0, 4294967295, 2147483648],
	["UInt64", "0", "18446744073709551615", "9223372036854775808"],
	["Float", -greatestFloat, greatestFloat, leastFloat],
	["Double", -Number.MAX_VALUE, Number.MAX_VALUE, Number.MIN_VALUE],
	["Boolean", false, true, false],
	["String", "", wide, " "],
	["DateTime", "0", "253402300799999", "1700000000001"],
	["Text", "", `${wide}\nsecond line\t`, "x".repeat(10_000)],
];

const types = scalars.map(([type]) => type);
const least = scalars.map((row) => row[1]);
const greatest = scalars.map((row) => row[2]);
const none = scalars.map(() => null);

const values: readonly Row[] = [
	...scalars,
	["UUID", "00000000-0000-0000-0000-000000000000", uuid, uuid.toUpperCase()],
	["DataSet", dataSet(), dataSet(least, greatest), dataSet(greatest, none)],
	["Bytes", "", "00ff80", "ab".repeat(5000)],
	["File", file("empty.bin", ""), file("größe.bin", "00ff80"), file("a b.bin", "0a")],
	["Template", template(least), template(greatest), template(least)],
	["Int8Array", [], [-128, 127], [0]],
	["Int16Array", [], [-32768, 32767], [0]],
	["Int32Array", [], [-2147483648, 2147483647], [0]],
	["Int64Array", [], ["-9223372036854775808", "9223372036854775807"], ["0"]],
	["UInt8Array", [], [0, 127, 128, 255], [1, 2, 3]],
	["UInt16Array", [], [0, 65535], [32768]],
	["UInt32Array", [], [0, 4294967295], [2147483648]],
	["UInt64Array", [], ["0", "18446744073709551615"], ["9223372036854775808"]],
	["FloatArray", [], [-greatestFloat, greatestFloat, leastFloat], ["NaN", "Infinity", "-Infinity"]],
	["DoubleArray", [], [-Number.MAX_VALUE, Number.MAX_VALUE], ["NaN", "Infinity", "-Infinity"]],
	["BooleanArray", [], [true, false, true, true, false, false, false, true, true], [false]],
	["StringArray", [], ["a", "bc", wide], ["plain", "", "last"]],
	["DateTimeArray", [], ["0", "253402300799999"], ["1700000000001"]],
];

/** Every data type that a metric may have, in the order of their numbers: 1 to 19 and 22 to 34. */
export const tahuTypes: readonly string[] = values.map(([type]) => type);

/** One metric of each data type, named for it behind the prefix. */
export function everyType(which: "least" | "greatest" | "odd" | "null", prefix = "every"): TahuMetric[] {
	return values.map((row) => ({
		name: `${prefix}/${row[0]}`,
		type: row[0],
		value: { least: row[1], greatest: row[2], odd: row[3], null: null }[which],
	}));
}

function dataSet(...rows: unknown[][]) {
	return { columns: types.map((type) => `of ${type}`), types, rows };
}

function file(fileName: string, bytes: string) {
	return { fileName, bytes };
}

function template(of: readonly unknown[]) {
	const metrics = types.map((type, index) => ({ name: `of ${type}`, type, value: of[index] }));
	return {
		isDefinition: false,
		templateRef: "pump",
		version: "1.0",
		// A parameter of type UInt32 is one that Tahu's own encoder cannot encode.
		parameters: metrics.filter(({ type }) => type !== "UInt32"),
		metrics,
	};
}
