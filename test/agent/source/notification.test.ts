import { DataType, DataValue, StatusCodes, Variant, VariantArrayType } from "node-opcua";
import { describe, expect, test } from "vitest";
import { appendDataValue } from "../../../agent/source/notification.ts";
import { type Datatype, datatypes } from "../../../common/contract/datatype.ts";
import { SampleColumns } from "../../../common/contract/samples.ts";
import { statusCodes } from "../../../common/contract/status.ts";

const sourceTimestamp = new Date(1_790_000_000_123);

function take(dataValue: Partial<DataValue>, datatype: Datatype) {
	const samples = new SampleColumns(1);
	appendDataValue(samples, 7, datatype, new DataValue({ sourceTimestamp, ...dataValue }), 42);
	return {
		value: samples.value(0),
		status: samples.status[0],
		sourceMs: samples.sourceMs[0],
		rest: samples.sourceRestTicks[0],
		lag: samples.serverLagTicks[0],
	};
}

const variant = (dataType: DataType, value: unknown) => ({
	value: new Variant({ dataType, value, arrayType: VariantArrayType.Scalar }),
});

describe("a value of its data type", () => {
	test.each([
		["Double", DataType.Double, 0.1, datatypes.Double, 0.1],
		["Double not a number", DataType.Double, Number.NaN, datatypes.Double, Number.NaN],
		["Float, as exact as a Float is", DataType.Float, 0.1, datatypes.Float, Math.fround(0.1)],
		["Boolean", DataType.Boolean, true, datatypes.Boolean, 1],
		["Int16", DataType.Int16, -32_768, datatypes.Int16, -32_768],
		["UInt32", DataType.UInt32, 4_294_967_295, datatypes.UInt32, 4_294_967_295],
		["Int64 below zero", DataType.Int64, [0xffff_ffff, 0xffff_fffb], datatypes.Int64, -5n],
		["Int64 zero", DataType.Int64, [0, 0], datatypes.Int64, 0n],
		["Int64 of a server's Int32", DataType.Int32, -7, datatypes.Int64, -7n],
		["Int8", DataType.SByte, -128, datatypes.Int8, -128],
		["UInt8", DataType.Byte, 255, datatypes.UInt8, 255],
		["UInt16", DataType.UInt16, 65_535, datatypes.UInt16, 65_535],
		["Int32", DataType.Int32, -2_147_483_648, datatypes.Int32, -2_147_483_648],
		["Float infinite", DataType.Float, Number.NEGATIVE_INFINITY, datatypes.Float, Number.NEGATIVE_INFINITY],
		["LocalizedText as its text", DataType.LocalizedText, { text: "RAMP" }, datatypes.String, "RAMP"],
		["UInt64, largest", DataType.UInt64, [0xffff_ffff, 0xffff_ffff], datatypes.UInt64, 2n ** 64n - 1n],
		["String", DataType.String, "RAMP", datatypes.String, "RAMP"],
		["DateTime", DataType.DateTime, new Date(5_000), datatypes.DateTime, 5_000],
		["ByteString", DataType.ByteString, Buffer.from([1, 2]), datatypes.Bytes, Buffer.from([1, 2])],
	])("%s is kept as it is", (_, dataType, given, datatype, kept) => {
		expect(take(variant(dataType, given), datatype)).toMatchObject({ value: kept, status: 0 });
	});

	test.each([
		["a text where a number is configured", DataType.String, "12", datatypes.Double],
		["a number beyond the type's range", DataType.Int32, 300, datatypes.UInt8],
		["a fraction where a whole number is configured", DataType.Double, 1.5, datatypes.Int32],
		["a number where a Boolean is configured", DataType.Int32, 1, datatypes.Boolean],
		["a server's UInt64 beyond Int64", DataType.UInt64, [0xffff_ffff, 0xffff_ffff], datatypes.Int64],
		[
			"a server's Int64 below zero for a UInt64",
			DataType.Int64,
			[0xffff_ffff, 0xffff_fffb],
			datatypes.UInt64,
		],
		["a server's Int32 below zero for a UInt64", DataType.Int32, -5, datatypes.UInt64],
		["a Double beyond every Float", DataType.Double, 1e300, datatypes.Float],
		["a time that is none", DataType.DateTime, new Date(Number.NaN), datatypes.DateTime],
		["a text of more than 16 KiB", DataType.String, "x".repeat(17_000), datatypes.String],
	])("%s becomes null with BadTypeMismatch, never a guess", (_, dataType, given, datatype) => {
		expect(take(variant(dataType, given), datatype)).toMatchObject({
			value: null,
			status: statusCodes.BadTypeMismatch,
		});
	});
});

test.each([
	[
		"of 64-bit integers",
		DataType.Int64,
		[
			[0, 1],
			[0, 2],
		],
		datatypes.Int64,
	],
	["of Booleans", DataType.Boolean, [true, false], datatypes.Int64],
	["of Doubles", DataType.Double, [1, 2], datatypes.Double],
	["of texts", DataType.String, ["a"], datatypes.String],
])("an array %s is no value of a tag", (_, dataType, value, datatype) => {
	const array = { value: new Variant({ dataType, value, arrayType: VariantArrayType.Array }) };
	expect(take(array, datatype)).toMatchObject({ value: null, status: statusCodes.BadTypeMismatch });
});

describe("status and times", () => {
	test("a Bad value stays Bad with its own status, and its value is not replaced", () => {
		const bad = { statusCode: StatusCodes.BadSensorFailure, ...variant(DataType.Null, null) };
		expect(take(bad, datatypes.Double)).toMatchObject({
			value: null,
			status: StatusCodes.BadSensorFailure.value,
		});
	});

	test("an Uncertain value keeps value and status", () => {
		const uncertain = { statusCode: StatusCodes.UncertainLastUsableValue, ...variant(DataType.Double, 3) };
		expect(take(uncertain, datatypes.Double)).toMatchObject({
			value: 3,
			status: StatusCodes.UncertainLastUsableValue.value,
		});
	});

	test("source time to 100 ns, and the server time as a difference to it", () => {
		const times = {
			sourcePicoseconds: 4_567 * 100_000,
			serverTimestamp: new Date(1_790_000_000_130),
			serverPicoseconds: 3 * 100_000,
			...variant(DataType.Double, 1),
		};
		expect(take(times, datatypes.Double)).toMatchObject({
			sourceMs: 1_790_000_000_123,
			rest: 4_567,
			lag: 70_000 + 3 - 4_567,
		});
	});

	test("1601 is OPC UA's word for no time at all", () => {
		const unset = new Date(Date.UTC(1601, 0, 1));
		const value = { ...variant(DataType.Double, 1), sourcePicoseconds: 100_000 };
		expect(
			take({ sourceTimestamp: unset, serverTimestamp: new Date(99), ...value }, datatypes.Double),
		).toMatchObject({ sourceMs: 99, rest: 0, lag: 0 });
		expect(
			take({ sourceTimestamp: unset, serverTimestamp: unset, ...value }, datatypes.Double),
		).toMatchObject({ sourceMs: 42, rest: 0, lag: Number.NaN });
	});

	test("a sensor whose clock stands at 1970 keeps its time, and the difference to the server's is kept too", () => {
		const times = { sourceTimestamp: new Date(1_000), serverTimestamp: new Date(1_790_000_000_000) };
		expect(take({ ...times, ...variant(DataType.Double, 1) }, datatypes.Double)).toMatchObject({
			sourceMs: 1_000,
			lag: 1_789_999_999_000 * 10_000,
		});
	});

	test("without a source time the server time stands in, and without both the time of receipt", () => {
		const value = variant(DataType.Double, 1);
		expect(
			take({ sourceTimestamp: null, serverTimestamp: new Date(99), ...value }, datatypes.Double),
		).toMatchObject({ sourceMs: 99, lag: 0 });
		expect(take({ sourceTimestamp: null, serverTimestamp: null, ...value }, datatypes.Double)).toMatchObject({
			sourceMs: 42,
			lag: Number.NaN,
		});
	});
});
