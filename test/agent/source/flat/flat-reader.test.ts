import fc from "fast-check";
import { BinaryStream, DataType, type DataValueOptions, Range, Variant, VariantArrayType } from "node-opcua";
import { expect, test } from "vitest";
import { DataChangeReader, type FlatTarget } from "../../../../agent/source/data-change-reader.ts";
import { FlatReader, notThere } from "../../../../agent/source/flat/flat-reader.ts";
import { grown, leafCount, leavesOf, type Shape } from "../../../../agent/source/flat/shape.ts";
import { datatypes } from "../../../../common/contract/datatype.ts";
import { SampleColumns } from "../../../../common/contract/samples.ts";
import { statusCodes } from "../../../../common/contract/status.ts";
import { encoded } from "../encoded-notification.ts";

const double: Shape = { kind: "value", builtIn: 11, type: "Double" };
const list = (of: Shape, elements: number): Shape => ({ kind: "list", of, elements });
const range: Shape = {
	...{ kind: "structure", encoding: "", form: "plain" },
	fields: [
		{ name: "Low", shape: double, isOptional: false },
		{ name: "High", shape: double, isOptional: false },
	],
};

function variantBytes(options: ConstructorParameters<typeof Variant>[0]): Buffer {
	const stream = new BinaryStream(64 * 1024);
	new Variant(options).encode(stream);
	return stream.buffer.subarray(0, stream.length);
}

const doubles = (value: number[]) =>
	variantBytes({
		dataType: DataType.Double,
		arrayType: VariantArrayType.Array,
		value: Float64Array.from(value),
	});

/** A structure of a test's own in a Variant: ns=1;i=7, body as given. */
function structureBytes(body: Buffer, id = 7): Buffer {
	const head = Buffer.from([22, 1, 1, id, 0, 1, 0, 0, 0, 0]);
	head.writeInt32LE(body.length, 6);
	return Buffer.concat([head, body]);
}

test("a list becomes its elements; a shorter one lacks some, and what a longer one has more is counted", () => {
	const read = (value: number[]) => new FlatReader().read(doubles(value), 0, list(double, 3));
	expect(read([1, 2, 3])).toMatchObject({ leaves: [1, 2, 3], surplus: 0 });
	expect(read([1])).toMatchObject({ leaves: [1, notThere, notThere], surplus: 0 });
	expect(read([1, 2, 3, 4, 5])).toMatchObject({ leaves: [1, 2, 3], surplus: 2 });
	expect(read([1, 2, 3, 4, 5]).end).toBe(doubles([1, 2, 3, 4, 5]).length);
});

test("lists of structures as the library writes them are taken apart", () => {
	fc.assert(
		fc.property(
			fc.array(fc.record({ low: fc.double({ noNaN: true }), high: fc.double({ noNaN: true }) }), {
				maxLength: 9,
			}),
			fc.nat(9),
			(values, elements) => {
				const bytes = variantBytes({
					dataType: DataType.ExtensionObject,
					arrayType: VariantArrayType.Array,
					value: values.map((one) => new Range(one)),
				});
				const { leaves, surplus, end } = new FlatReader().read(bytes, 0, list(range, elements));
				const expected = values.slice(0, elements).flatMap(({ low, high }) => [low, high]);
				while (expected.length < elements * 2) expected.push(notThere as never);
				expect([leaves, surplus, end]).toEqual([
					expected,
					Math.max(0, values.length - elements),
					bytes.length,
				]);
			},
		),
	);
});

test("optional fields that are left out and members of a union that are not chosen are not there", () => {
	const field = (name: string, shape: Shape, isOptional = false) => ({ name, shape, isOptional });
	const optional: Shape = {
		...{ kind: "structure", encoding: "i=7", form: "optional" },
		fields: [
			field("A", { kind: "value", builtIn: 3, type: "UInt8" }),
			field("B", { kind: "value", builtIn: 3, type: "UInt8" }, true),
			field("C", { kind: "value", builtIn: 3, type: "UInt8" }, true),
		],
	};
	const read = (shape: Shape, ...bytes: number[]) =>
		new FlatReader().read(structureBytes(Buffer.from(bytes)), 0, shape).leaves;
	expect(read(optional, 0b10, 0, 0, 0, 1, 3)).toEqual([1, notThere, 3]);
	expect(read(optional, 0b11, 0, 0, 0, 1, 2, 3)).toEqual([1, 2, 3]);
	const union: Shape = { ...optional, form: "union" };
	expect(read(union, 2, 0, 0, 0, 9)).toEqual([notThere, 9, notThere]);
	expect(read(union, 0, 0, 0, 0)).toEqual([notThere, notThere, notThere]);
});

test("what stands behind values that no tag can have is found: node ids, nested objects, matrices", () => {
	const shape: Shape = {
		...{ kind: "structure", encoding: "", form: "plain" },
		fields: [
			{ name: "Id", shape: { kind: "value", builtIn: 17 }, isOptional: false },
			{ name: "Any", shape: { kind: "value", builtIn: 22 }, isOptional: false },
			{ name: "Table", shape: { kind: "matrix", of: { kind: "value", builtIn: 3 } }, isOptional: false },
			{ name: "Last", shape: { kind: "value", builtIn: 12, type: "String" }, isOptional: false },
		],
	};
	const body = Buffer.concat([
		Buffer.from([3, 1, 0, 2, 0, 0, 0, 0x61, 0x62]),
		Buffer.from([0, 5, 1, 2, 0, 0, 0, 9, 9]),
		Buffer.from([2, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 1, 2, 3, 4, 5, 6]),
		Buffer.from([2, 0, 0, 0, 0x6f, 0x6b]),
	]);
	expect(new FlatReader().read(structureBytes(body), 0, shape).leaves).toEqual(["ok"]);
	expect(leavesOf(shape)).toEqual([{ suffix: ".Last", type: "String" }]);
});

test("a list never gets fewer tags, and never more than the bound", () => {
	expect(grown(list(double, 2), list(double, 5), 64)).toEqual(list(double, 5));
	expect(grown(list(double, 9), list(double, 5), 8)).toEqual(list(double, 8));
	expect(leavesOf(list(range, 2)).map(({ suffix }) => suffix)).toEqual([
		"[0].Low",
		"[0].High",
		"[1].Low",
		"[1].High",
	]);
	expect(leafCount(list(range, 2))).toBe(4);
});

const good = { sourceTimestamp: new Date(5_000), serverTimestamp: new Date(5_001) };

function samplesOf(shape: Shape, value: DataValueOptions) {
	const samples = new SampleColumns(4);
	const leaves = leavesOf(shape).map(({ type }, leaf) => ({ tagId: 10 + leaf, datatype: datatypes[type] }));
	const flat: FlatTarget = { shape, leaves, surplus: 0 };
	const after = { samples: new SampleColumns(4), tagId: 99, datatype: datatypes.Double };
	const message = encoded([
		{ clientHandle: 1, value },
		{ clientHandle: 2, value: { ...good, value: { dataType: DataType.Double, value: 42 } } },
	]);
	new DataChangeReader().read(
		bodyOf(message),
		[undefined, { samples, tagId: 0, datatype: datatypes.Double, flat }, after],
		0,
	);
	// Whatever the first value was, the one behind it is whole.
	expect(after.samples.value(0)).toBe(42);
	return Array.from({ length: samples.count }, (_, index) => ({
		tagId: samples.tagId[index],
		value: samples.value(index),
		status: samples.status[index],
		sourceMs: samples.sourceMs[index],
	}));
}

test("each value of a list is a sample with the item's times and status; what is missing says so", () => {
	const value = { dataType: DataType.Double, arrayType: VariantArrayType.Array, value: [1.5, 2.5] };
	const sample = (tagId: number, one: number | null, status = 0) => ({
		tagId,
		value: one,
		status,
		sourceMs: 5_000,
	});
	expect(samplesOf(list(double, 3), { ...good, value })).toEqual([
		sample(10, 1.5),
		sample(11, 2.5),
		sample(12, null, statusCodes.BadNoData),
	]);
	expect(samplesOf(list(double, 2), { ...good, value: { dataType: DataType.Double, value: 1 } })).toEqual([
		sample(10, null, statusCodes.BadTypeMismatch),
		sample(11, null, statusCodes.BadTypeMismatch),
	]);
	const structures = {
		...{ dataType: DataType.ExtensionObject, arrayType: VariantArrayType.Array },
		value: [new Range({ low: 1, high: 2 })],
	};
	expect(samplesOf(list(double, 1), { ...good, value: structures })).toEqual([
		sample(10, null, statusCodes.BadTypeMismatch),
	]);
	expect(samplesOf(list(range, 1), { ...good, value: structures })).toEqual([sample(10, 1), sample(11, 2)]);
});

/** The body of the notification in a message: behind sequence number, publish time, count, and the object's head. */
function bodyOf(message: Buffer): Buffer {
	return message.subarray(4 + 8 + 4 + 4 + 1 + 4);
}
