import {
	DataType,
	type DataValueOptions,
	StatusCode,
	StatusCodes,
	Variant,
	VariantArrayType,
} from "node-opcua";
import { describe, expect, test } from "vitest";
import { keepDataChangeBodies, takeBody } from "../../../agent/source/data-change-body.ts";
import { DataChangeReader } from "../../../agent/source/data-change-reader.ts";
import { type Datatype, datatypes } from "../../../common/contract/datatype.ts";
import { SampleColumns } from "../../../common/contract/samples.ts";
import { statusCodes } from "../../../common/contract/status.ts";
import { decoded, encoded } from "./encoded-notification.ts";

const sourceTimestamp = new Date(1_790_000_000_123);

function bodyOf(...values: Parameters<typeof encoded>[0]): Buffer {
	keepDataChangeBodies();
	return takeBody(decoded(encoded(values))) as Buffer;
}

function take(dataValue: DataValueOptions, datatype: Datatype) {
	const samples = new SampleColumns(1);
	const body = bodyOf({ clientHandle: 1, value: { sourceTimestamp, ...dataValue } });
	expect(new DataChangeReader().read(body, [undefined, { samples, tagId: 7, datatype }], 42)).toBe(0);
	expect(samples.tagId[0]).toBe(7);
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
		["a list of bytes of more than 16 KiB", DataType.ByteString, Buffer.alloc(17_000), datatypes.Bytes],
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
	["of bytes, for a number", DataType.Byte, Buffer.from([1, 2]), datatypes.UInt8],
])("an array %s is no value of a tag", (_, dataType, value, datatype) => {
	const array = { value: new Variant({ dataType, value, arrayType: VariantArrayType.Array }) };
	expect(take(array, datatype)).toMatchObject({ value: null, status: statusCodes.BadTypeMismatch });
});

test("an array of bytes is a ByteString, and a copy of what lies in the message", () => {
	const array = {
		value: new Variant({
			dataType: DataType.Byte,
			value: Buffer.from([1, 2]),
			arrayType: VariantArrayType.Array,
		}),
	};
	expect(take(array, datatypes.Bytes)).toMatchObject({ value: Buffer.from([1, 2]), status: 0 });
	const samples = new SampleColumns(1);
	const body = bodyOf({ clientHandle: 1, value: variant(DataType.ByteString, Buffer.from([1, 2])) });
	new DataChangeReader().read(body, [undefined, { samples, tagId: 7, datatype: datatypes.Bytes }], 42);
	body.fill(0);
	expect(samples.value(0)).toEqual(Buffer.from([1, 2]));
});

describe("a whole notification", () => {
	const target = (samples: SampleColumns, tagId: number) => ({ samples, tagId, datatype: datatypes.Double });
	const value = (clientHandle: number, number: number) => ({
		clientHandle,
		value: { sourceTimestamp, ...variant(DataType.Double, number) },
	});

	test("values go where their handles point; what has no tag is counted, and what follows it is not disturbed", () => {
		const [a, b] = [new SampleColumns(1), new SampleColumns(1)];
		const body = bodyOf(value(2, 20), value(9, 90), value(1, 10), value(0, 5), value(2, 21));
		expect(new DataChangeReader().read(body, [undefined, target(a, 7), target(b, 8)], 42)).toBe(2);
		expect([a.count, a.value(0), a.tagId[0]]).toEqual([1, 10, 7]);
		expect([b.count, b.value(0), b.value(1)]).toEqual([2, 20, 21]);
	});

	test("bytes that end too early are an error wherever they end, and only whole values are appended", () => {
		const text = { clientHandle: 1, value: variant(DataType.String, "a text of some length") };
		const body = bodyOf(value(1, 1), text);
		const ends = Array.from({ length: body.length - 4 }, (_, bytes) => bytes);
		for (const end of ends) {
			const samples = new SampleColumns(1);
			const read = () =>
				new DataChangeReader().read(body.subarray(0, end), [undefined, target(samples, 7)], 42);
			expect(read, `${end} of ${body.length} bytes`).toThrow();
			expect(samples.count).toBeLessThanOrEqual(1);
		}
	});

	test("a notification without items, as an empty list or as none, says nothing", () => {
		for (const count of [0, -1]) {
			const body = Buffer.alloc(8, 0xff);
			body.writeInt32LE(count, 0);
			expect(new DataChangeReader().read(body, [], 42)).toBe(0);
		}
	});
});

describe("status and times", () => {
	test("a value of another kind keeps the overflow bit, because older values are lost all the same", () => {
		const overflowed = {
			statusCode: StatusCode.makeStatusCode(StatusCodes.Good, 0x480),
			...variant(DataType.String, "12"),
		};
		expect(take(overflowed, datatypes.Double)).toMatchObject({
			value: null,
			status: statusCodes.BadTypeMismatch + 0x480,
		});
	});

	test("a Bad value stays Bad with its own status, and its value is not replaced", () => {
		const bad = { statusCode: StatusCodes.BadSensorFailure, ...variant(DataType.Null, null) };
		expect(take(bad, datatypes.Double)).toMatchObject({
			value: null,
			status: StatusCodes.BadSensorFailure.value,
		});
	});

	test("a status that only its vendor knows keeps all of its 32 bits", () => {
		const known = { statusCode: StatusCodes.BadSensorFailure, ...variant(DataType.Double, 3) };
		for (const status of [0x00ff_0000, 0x40ff_0401, 0x80ff_ffff, 0xffff_ffff]) {
			const body = bodyOf({ clientHandle: 1, value: known });
			const place = body.indexOf(Buffer.from([0, 0, 0x8c, 0x80]));
			expect(body.readUInt32LE(place)).toBe(StatusCodes.BadSensorFailure.value);
			body.writeUInt32LE(status, place);
			const samples = new SampleColumns(1);
			new DataChangeReader().read(body, [undefined, { samples, tagId: 7, datatype: datatypes.Double }], 42);
			expect(samples.status[0]).toBe(status);
		}
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

	test.each([
		["the last moment that OPC UA has", 0x7fff_ffff],
		["a negative number of ticks", 0xffff_ffff],
	])("a DateTime value of %s is a number or null with a status, never a time that is none", (_, high) => {
		const body = bodyOf({
			clientHandle: 1,
			value: { sourceTimestamp, ...variant(DataType.DateTime, new Date(0)) },
		});
		const at = body.indexOf(13, 9) + 1;
		body.writeUInt32LE(0xffff_ffff, at);
		body.writeUInt32LE(high, at + 4);
		const samples = new SampleColumns(1);
		new DataChangeReader().read(body, [undefined, { samples, tagId: 7, datatype: datatypes.DateTime }], 42);
		const value = samples.value(0);
		if (value === null) expect(samples.status[0]).not.toBe(0);
		else expect(Number.isFinite(value)).toBe(true);
	});

	test("a time before 1970, which nothing was measured at and Sparkplug cannot carry, is no time; what lacks one is counted", () => {
		const early = new Date(Date.UTC(1969, 11, 31, 23, 59, 59));
		const reader = new DataChangeReader();
		const samples = new SampleColumns(2);
		const value = variant(DataType.Double, 1);
		const body = bodyOf(
			{ clientHandle: 1, value: { sourceTimestamp: early, serverTimestamp: new Date(99), ...value } },
			{ clientHandle: 1, value: { sourceTimestamp: new Date(77), serverTimestamp: new Date(99), ...value } },
		);
		reader.read(body, [undefined, { samples, tagId: 7, datatype: datatypes.Double }], 42);
		expect([samples.sourceMs[0], samples.sourceMs[1]]).toEqual([99, 77]);
		expect([reader.takeSourceTimesMissing(), reader.takeSourceTimesMissing()]).toEqual([1, 0]);
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
