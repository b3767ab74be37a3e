import fc from "fast-check";
import { expect, test } from "vitest";
import { type ArrayValues, decodeArray, encodeArray } from "../../../common/contract/arrays.ts";
import { BytesError } from "../../../common/contract/bytes.ts";
import { type Datatype, type DatatypeName, datatypes, isArray } from "../../../common/contract/datatype.ts";

const seed = Number(process.env.TEST_SEED ?? 20261123);

/** Values of the specification's examples; numbers packed by Python's struct. */
test.each<[DatatypeName, ArrayValues, string]>([
	["Int8Array", [-23, 123], "e97b"],
	["Int16Array", [-30_000, 30_000], "d08a3075"],
	["Int32Array", [-1, 315_338_746], "fffffffffaafcb12"],
	[
		"Int64Array",
		[-4_270_929_666_821_191_986n, -3_601_064_768_563_266_876n],
		"ce0672ac189cbac4c4ba9c18ac7206ce",
	],
	["UInt8Array", [23, 250], "17fa"],
	["UInt16Array", [30, 52_360], "1e0088cc"],
	["UInt32Array", [52, 3_293_969_225], "3400000049fb55c4"],
	["UInt64Array", [52n, 16_444_743_074_749_521_625n], "3400000000000000d99e02d1b27637e4"],
	["FloatArray", [Math.fround(1.23), Math.fround(89.341)], "a4709d3f98aeb242"],
	["DoubleArray", [12.354213, 1022.9123213], "d7a205685bb528408e171c6f4cf78f40"],
	[
		"BooleanArray",
		[false, false, true, true, false, true, false, false, true, true, false, true],
		"0c00000034d0",
	],
	["StringArray", ["ABC", "hello"], "4142430068656c6c6f00"],
	["DateTimeArray", [1_256_102_875_335, 1_656_107_875_000], "c7d0907524010000b8bab89781010000"],
])("%s", (name, values, hex) => {
	expect(encodeArray(datatypes[name], values).toString("hex")).toBe(hex);
	expect(decodeArray(datatypes[name], Buffer.from(hex, "hex"))).toEqual(values);
});

test("every array type has a vector above, and an empty array is none of its bytes", () => {
	const arrays = Object.values(datatypes).filter((datatype) => isArray(datatype));
	expect(arrays).toHaveLength(13);
	for (const datatype of arrays) expect(decodeArray(datatype, encodeArray(datatype, []))).toEqual([]);
});

test("text and booleans of any content and length come back", () => {
	const text = fc.string({ unit: "binary" }).filter((value) => !value.includes("\0") && value.isWellFormed());
	fc.assert(
		fc.property(fc.array(text), fc.array(fc.boolean()), (texts, flags) => {
			expect(decodeArray(datatypes.StringArray, encodeArray(datatypes.StringArray, texts))).toEqual(texts);
			expect(decodeArray(datatypes.BooleanArray, encodeArray(datatypes.BooleanArray, flags))).toEqual(flags);
		}),
		{ seed, numRuns: 1_000 },
	);
});

test("bytes that are no array of the type are refused, and nothing else is thrown", () => {
	const arrays = Object.values(datatypes).filter((datatype) => isArray(datatype));
	fc.assert(
		fc.property(fc.constantFrom(...arrays), fc.uint8Array({ maxLength: 40 }), (datatype, bytes) => {
			try {
				decodeArray(datatype, bytes);
			} catch (error) {
				expect(error).toBeInstanceOf(BytesError);
			}
		}),
		{ seed, numRuns: 20_000 },
	);
	expect(() => decodeArray(datatypes.Double as Datatype, Buffer.alloc(8))).toThrow(BytesError);
	expect(() => encodeArray(datatypes.StringArray, ["a\0b"])).toThrow(/zero byte/);
	// A count that promises more than the bytes can hold must not cost memory.
	expect(() => decodeArray(datatypes.BooleanArray, Buffer.from("ffffffff00", "hex"))).toThrow(BytesError);
});
