import fc from "fast-check";
import {
	DataType,
	type DataValueOptions,
	resolveNodeId,
	StatusCode,
	StatusCodes,
	Variant,
	VariantArrayType,
} from "node-opcua";
import { expect, test } from "vitest";
import { keepDataChangeBodies, takeBody } from "../../../agent/source/data-change-body.ts";
import { DataChangeReader } from "../../../agent/source/data-change-reader.ts";
import { type Datatype, datatypes, tagDatatypes } from "../../../common/contract/datatype.ts";
import { SampleColumns } from "../../../common/contract/samples.ts";
import { decoded, encoded } from "./encoded-notification.ts";
import { type ReferenceSample, referenceSample } from "./reference-data-value.ts";

const runs = 400;
const receivedMs = 1_790_000_000_000;

const pair = fc.tuple(fc.nat(0xffff_ffff), fc.nat(0xffff_ffff));
const text = fc.oneof(fc.string({ unit: "grapheme", maxLength: 20 }), fc.constant("x".repeat(17_000)));
const time = fc.oneof(
	fc.date({
		min: new Date("1601-01-02T00:00:00Z"),
		max: new Date("9999-12-31T00:00:00Z"),
		noInvalidDate: true,
	}),
	fc.constant(new Date(Date.UTC(1601, 0, 1))),
);

const scalars: readonly [DataType, fc.Arbitrary<unknown>][] = [
	[DataType.Boolean, fc.boolean()],
	[DataType.SByte, fc.integer({ min: -128, max: 127 })],
	[DataType.Byte, fc.nat(255)],
	[DataType.Int16, fc.integer({ min: -32_768, max: 32_767 })],
	[DataType.UInt16, fc.nat(65_535)],
	[DataType.Int32, fc.integer()],
	[DataType.UInt32, fc.nat(0xffff_ffff)],
	[DataType.Int64, pair],
	[DataType.UInt64, pair],
	[DataType.Float, fc.float()],
	[DataType.Double, fc.double()],
	[DataType.String, fc.option(text)],
	[DataType.DateTime, time],
	[DataType.Guid, fc.uuid()],
	[DataType.ByteString, fc.option(fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)))],
	[DataType.LocalizedText, fc.record({ text: fc.option(text), locale: fc.constant("en") })],
	[DataType.QualifiedName, fc.record({ namespaceIndex: fc.nat(9), name: fc.string() })],
	[DataType.NodeId, fc.constant(resolveNodeId("ns=1;s=other"))],
	[DataType.StatusCode, fc.constant(StatusCodes.BadNodeIdUnknown)],
];

const variant: fc.Arbitrary<Variant> = fc.oneof(
	fc.constant(new Variant({ dataType: DataType.Null })),
	...scalars.map(([dataType, values]) =>
		values.map((value) => new Variant({ dataType, value, arrayType: VariantArrayType.Scalar })),
	),
	...scalars
		.slice(0, 12)
		.map(([dataType, values]) =>
			fc
				.array(values, { maxLength: 3 })
				.map((value) => new Variant({ dataType, value, arrayType: VariantArrayType.Array })),
		),
);

const statuses = Object.values(StatusCodes).filter((code): code is StatusCode => code instanceof StatusCode);

const status = fc
	.tuple(fc.constantFrom(...statuses), fc.oneof(fc.constant(0), fc.nat(0xffff), fc.constant(0x480)))
	.map(([code, bits]) => (bits === 0 ? code : StatusCode.makeStatusCode(code, bits)));

const dataValue = fc.record({
	value: variant,
	statusCode: status,
	sourceTimestamp: fc.option(time, { nil: null }),
	sourcePicoseconds: fc.nat(999_999_999),
	serverTimestamp: fc.option(time, { nil: null }),
	serverPicoseconds: fc.nat(999_999_999),
});

const datatype = fc.constantFrom(...tagDatatypes).map((name): Datatype => datatypes[name]);

test("whatever a server sends, the bytes and node-opcua's objects of them say the same", () => {
	keepDataChangeBodies();
	const item = fc.record({ isKnown: fc.boolean(), datatype, value: dataValue });
	fc.assert(
		fc.property(fc.array(item, { maxLength: 8 }), (items) => {
			// Every third handle is nobody's.
			const handle = (index: number) => (items[index]?.isKnown === true ? index * 3 + 1 : index * 3 + 2);
			const samples = new SampleColumns(1);
			const targets = items.flatMap(({ isKnown, datatype }, index) => [
				undefined,
				isKnown ? { samples, tagId: index, datatype } : undefined,
				undefined,
			]);
			const message = encoded(
				items.map(({ value }, index) => ({ clientHandle: handle(index), value: value as DataValueOptions })),
			);
			const reference = decoded(message).monitoredItems ?? [];
			const unknown = new DataChangeReader().read(takeBody(decoded(message)) as Buffer, targets, receivedMs);
			expect(unknown).toBe(items.filter(({ isKnown }) => !isKnown).length);
			const expected = items.flatMap(
				({ isKnown, datatype }, index): (ReferenceSample & { tagId: number })[] => {
					const value = reference[index]?.value;
					return isKnown && value !== undefined
						? [{ tagId: index, ...referenceSample(value, datatype, receivedMs) }]
						: [];
				},
			);
			const found = Array.from({ length: samples.count }, (_, index) => ({
				tagId: samples.tagId[index],
				sourceMs: samples.sourceMs[index],
				rest: samples.sourceRestTicks[index],
				lag: samples.serverLagTicks[index],
				status: samples.status[index],
				value: samples.value(index),
			}));
			expect(found).toEqual(expected);
		}),
		{ numRuns: runs },
	);
});
