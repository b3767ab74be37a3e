import { describe, expect, test } from "vitest";
import { type Datatype, datatypes } from "../../../common/contract/datatype.ts";
import { MetricView, readPayload, readProperties } from "../../../common/contract/payload-reader.ts";
import { PayloadWriter, statusProperties } from "../../../common/contract/payload-writer.ts";
import { SampleColumns, type SampleValue } from "../../../common/contract/samples.ts";
import { oracleDecode, oracleEncode } from "./sparkplug-oracle.ts";

const timestampMs = 1_790_000_000_123;

/** A value, its data type, and how the specification has it on the wire. */
const vectors: readonly [string, Datatype, SampleValue, Record<string, unknown>][] = [
	["Int8 −1 as two's complement in int_value", datatypes.Int8, -1, { int_value: 4_294_967_295 }],
	["Int8 127", datatypes.Int8, 127, { int_value: 127 }],
	["Int16 −32768", datatypes.Int16, -32_768, { int_value: 4_294_934_528 }],
	["Int32 −2147483648", datatypes.Int32, -2_147_483_648, { int_value: 2_147_483_648 }],
	["UInt8 255", datatypes.UInt8, 255, { int_value: 255 }],
	["UInt16 65535", datatypes.UInt16, 65_535, { int_value: 65_535 }],
	["UInt32 4294967295 in int_value", datatypes.UInt32, 4_294_967_295, { int_value: 4_294_967_295 }],
	["Int64 −5", datatypes.Int64, -5n, { long_value: "18446744073709551611" }],
	["Int64 smallest", datatypes.Int64, -(2n ** 63n), { long_value: "9223372036854775808" }],
	["UInt64 largest", datatypes.UInt64, 2n ** 64n - 1n, { long_value: "18446744073709551615" }],
	["UInt64 2^53 + 1 is exact", datatypes.UInt64, 2n ** 53n + 1n, { long_value: "9007199254740993" }],
	["Float 1.5", datatypes.Float, 1.5, { float_value: 1.5 }],
	["Double 0.1", datatypes.Double, 0.1, { double_value: 0.1 }],
	["Double −0", datatypes.Double, -0, { double_value: -0 }],
	["Double infinite", datatypes.Double, Number.POSITIVE_INFINITY, { double_value: Number.POSITIVE_INFINITY }],
	["Boolean true", datatypes.Boolean, 1, { boolean_value: true }],
	["Boolean false", datatypes.Boolean, 0, { boolean_value: false }],
	["String of several scripts", datatypes.String, "µ 電解質 🔋", { string_value: "µ 電解質 🔋" }],
	["empty String", datatypes.String, "", { string_value: "" }],
	["DateTime", datatypes.DateTime, 1_700_000_000_000, { long_value: "1700000000000" }],
	["DateTime before 1970", datatypes.DateTime, -1, { long_value: "18446744073709551615" }],
	["Bytes", datatypes.Bytes, Uint8Array.of(0, 255, 7), { bytes_value: [0, 255, 7] }],
	["null instead of any value [tck-id-payloads-metric-datatype]", datatypes.Double, null, { is_null: true }],
];

function sampleOf(value: SampleValue, status = 0): SampleColumns {
	const samples = new SampleColumns(1);
	samples.count = 1;
	samples.sourceMs[0] = timestampMs;
	samples.status[0] = status;
	samples.setValue(0, value);
	return samples;
}

describe.each(vectors)("%s", (_, datatype, value, onTheWire) => {
	test("is written as the specification has it", () => {
		const writer = new PayloadWriter();
		writer.begin(timestampMs, 7);
		writer.sample(12, datatype, sampleOf(value), 0, false);
		expect(oracleDecode(writer.finish())).toEqual({
			timestamp: String(timestampMs),
			seq: "7",
			metrics: [{ alias: "12", timestamp: String(timestampMs), ...onTheWire }],
		});
	});

	test("is read as it was", () => {
		const bytes = oracleEncode({
			timestamp: timestampMs,
			metrics: [{ alias: 12, timestamp: timestampMs, ...onTheWire }],
		});
		const seen: unknown[] = [];
		readPayload(bytes, new MetricView(), (metric) => {
			const read = metric.value(datatype);
			seen.push(read instanceof Uint8Array ? Uint8Array.from(read) : read);
		});
		expect(seen).toEqual([value]);
	});
});

test("UInt32 is also accepted in long_value, where other implementations put it", () => {
	const bytes = oracleEncode({ metrics: [{ alias: 1, long_value: 4_294_967_295 }] });
	let read: unknown;
	readPayload(bytes, new MetricView(), (metric) => {
		read = metric.value(datatypes.UInt32);
	});
	expect(read).toBe(4_294_967_295);
});

test("a value of another kind than the birth says is no value, never a guess", () => {
	const bytes = oracleEncode({ metrics: [{ alias: 1, string_value: "12" }] });
	let read: unknown = "untouched";
	readPayload(bytes, new MetricView(), (metric) => {
		read = metric.value(datatypes.Double);
	});
	expect(read).toBeUndefined();
});

test("a birth metric carries name, alias, data type and properties; a data metric only the alias [tck-id-payloads-alias-data-cmd-requirement]", () => {
	const writer = new PayloadWriter();
	writer.begin(timestampMs, 0);
	writer.metric({
		name: "F500.TT01",
		alias: 3,
		timestampMs,
		datatype: datatypes.Double,
		withDatatype: true,
		transient: true,
		value: 500.25,
		properties: new Map([["engUnit", { type: datatypes.String, value: "degC" }]]),
	});
	expect(oracleDecode(writer.finish())).toEqual({
		timestamp: String(timestampMs),
		seq: "0",
		metrics: [
			{
				name: "F500.TT01",
				alias: "3",
				timestamp: String(timestampMs),
				datatype: 10,
				is_transient: true,
				double_value: 500.25,
				properties: { keys: ["engUnit"], values: [{ type: 12, string_value: "degC" }] },
			},
		],
	});
});

test("a sample that is not Good carries Quality and the full status, a Good one neither [tck-id-payloads-propertyset-quality-value-value]", () => {
	const writer = new PayloadWriter();
	writer.begin(timestampMs);
	writer.sample(1, datatypes.Double, sampleOf(null, 0x80310000), 0, true);
	writer.sample(2, datatypes.Double, sampleOf(1, 0x00000480), 0, false);
	const { metrics } = oracleDecode(writer.finish()) as { metrics: Record<string, unknown>[] };
	expect(metrics).toEqual([
		{
			alias: "1",
			timestamp: String(timestampMs),
			is_historical: true,
			is_null: true,
			properties: {
				keys: ["Quality", "StatusCode"],
				values: [
					{ type: 3, int_value: 500 },
					{ type: 7, int_value: 0x80310000 },
				],
			},
		},
		{ alias: "2", timestamp: String(timestampMs), double_value: 1 },
	]);
});

test("properties read back with their types, and the status they say is the metric's", () => {
	const writer = new PayloadWriter();
	writer.begin(timestampMs);
	writer.metric({
		alias: 1,
		timestampMs,
		datatype: datatypes.Double,
		value: null,
		properties: statusProperties(0x40920000),
	});
	readPayload(writer.finish(), new MetricView(), (metric) => {
		expect(metric.status()).toBe(0x40920000);
		expect(Object.fromEntries(readProperties(metric.properties as Buffer))).toEqual({
			Quality: 0,
			StatusCode: 0x40920000,
		});
	});
});

test("fields that we do not know are skipped and the rest is read", () => {
	// An unknown payload field 100 (fixed32), then a metric with a Template value (field 18) before one we can read.
	const unknownField = Buffer.from("a50601020304", "hex");
	const templateMetric = Buffer.from("12051008920100", "hex");
	const known = oracleEncode({ seq: 5, metrics: [{ alias: 9, double_value: 2.5 }] });
	const read: unknown[] = [];
	const head = readPayload(
		Buffer.concat([unknownField, templateMetric, known]),
		new MetricView(),
		(metric) => {
			read.push([metric.alias, metric.value(datatypes.Double)]);
		},
	);
	expect(read).toEqual([
		[8, undefined],
		[9, 2.5],
	]);
	expect(head.seq).toBe(5);
});
