import { describe, expect, test } from "vitest";
import { BytesError } from "../../../common/contract/bytes.ts";
import { datatypes } from "../../../common/contract/datatype.ts";
import { MetricView, readPayload, readProperties } from "../../../common/contract/payload-reader.ts";
import { PayloadWriter } from "../../../common/contract/payload-writer.ts";
import { oracleDecode, oracleEncode } from "./sparkplug-oracle.ts";

/** What another implementation's property set reads back as, and the status it stands for. */
function read(properties: object) {
	let found: { properties: Record<string, unknown>; status: number } | undefined;
	readPayload(oracleEncode({ metrics: [{ alias: 1, properties }] }), new MetricView(), (metric) => {
		found = {
			properties: Object.fromEntries(readProperties(metric.properties as Buffer)),
			status: metric.status(),
		};
	});
	return found;
}

describe("a property of another implementation", () => {
	test.each([
		["Int32 below zero", { type: datatypes.Int32, int_value: 4_294_967_291 }, -5],
		["Int8 below zero", { type: datatypes.Int8, int_value: 4_294_967_295 }, -1],
		["UInt32", { type: datatypes.UInt32, int_value: 4_294_967_295 }, 4_294_967_295],
		["Int64 below zero", { type: datatypes.Int64, long_value: "18446744073709551611" }, -5],
		["UInt64, largest", { type: datatypes.UInt64, long_value: "18446744073709551615" }, 2n ** 64n - 1n],
		["DateTime", { type: datatypes.DateTime, long_value: "1700000000000" }, 1_700_000_000_000],
		["Float", { type: datatypes.Float, float_value: 1.5 }, 1.5],
		["Double", { type: datatypes.Double, double_value: 0.1 }, 0.1],
		["Boolean", { type: datatypes.Boolean, boolean_value: true }, true],
		["String", { type: datatypes.String, string_value: "µm" }, "µm"],
	])("%s reads as it was meant", (_, value, expected) => {
		expect(read({ keys: ["p"], values: [value] })?.properties).toEqual({ p: expected });
	});

	test("that is null, or that has no value for its key, is left out, and the others keep their keys", () => {
		const values = [
			{ type: datatypes.Int32, is_null: true },
			{ type: datatypes.String, string_value: "b" },
		];
		expect(read({ keys: ["a", "b", "c"], values })?.properties).toEqual({ b: "b" });
	});

	test("beyond the sixty-fourth is not kept", () => {
		const keys = Array.from({ length: 100 }, (_, index) => `p${index}`);
		// Interleaved sets do not exist in practice; keys come first and values after them.
		const values = keys.map((_, index) => ({ type: datatypes.Int32, int_value: index }));
		expect(Object.keys(read({ keys, values })?.properties ?? {})).toHaveLength(64);
	});

	test.each([
		["Quality 0", 0, 0x8000_0000],
		["Quality 500", 500, 0x8031_0000],
		["Quality 192", 192, 0],
	])(
		"%s alone stands for a status [tck-id-payloads-propertyset-quality-value-value]",
		(_, quality, status) => {
			expect(
				read({ keys: ["Quality"], values: [{ type: datatypes.Int32, int_value: quality }] })?.status,
			).toBe(status);
		},
	);

	test("is refused when it is cut", () => {
		expect(() => readProperties(Buffer.from("0a05616263", "hex"))).toThrow(BytesError);
	});
});

test("properties of each type that we write are those that the schema says", () => {
	const writer = new PayloadWriter();
	writer.begin(1);
	writer.metric({
		name: "TT01",
		timestampMs: 1,
		datatype: datatypes.Double,
		value: null,
		properties: new Map([
			["low", { type: datatypes.Double, value: -0.5 }],
			["on", { type: datatypes.Boolean, value: true }],
			["n", { type: datatypes.Int32, value: -5 }],
			["u", { type: datatypes.UInt32, value: 0x8031_0000 }],
			["unit", { type: datatypes.String, value: "" }],
		]),
	});
	const { metrics } = oracleDecode(writer.finish()) as { metrics: { properties: unknown }[] };
	expect(metrics[0]?.properties).toEqual({
		keys: ["low", "on", "n", "u", "unit"],
		values: [
			{ type: 10, double_value: -0.5 },
			{ type: 11, boolean_value: true },
			{ type: 3, int_value: 4_294_967_291 },
			{ type: 7, int_value: 0x8031_0000 },
			{ type: 12, string_value: "" },
		],
	});
});

test("a whole message, byte for byte, as written by hand from the published schema", () => {
	const writer = new PayloadWriter();
	writer.begin(1, 2);
	writer.metric({
		name: "a",
		alias: 3,
		timestampMs: 4,
		datatype: datatypes.Int8,
		withDatatype: true,
		value: -2,
	});
	expect(writer.finish().toString("hex")).toBe(
		// timestamp 1 | seq 2 | metric: name a, alias 3, timestamp 4, data type 1, int_value 4294967294
		"0801" + "1802" + "120f" + "0a0161" + "1003" + "1804" + "2001" + "50feffffff0f",
	);
});
