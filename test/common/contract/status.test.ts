import { StatusCodes } from "node-opcua";
import { describe, expect, test } from "vitest";
import { datatypeName, datatypes, isInteger64, isNumeric } from "../../../common/contract/datatype.ts";
import {
	hasOverflow,
	isGood,
	qualityOf,
	severity,
	statusCodes,
	statusOfQuality,
} from "../../../common/contract/status.ts";

const overflow = 0x480;

describe("an OPC UA status in Sparkplug's three words [tck-id-payloads-propertyset-quality-value-value]", () => {
	test.each([
		["Good", StatusCodes.Good, "good", 192],
		["Good with a reason", StatusCodes.GoodLocalOverride, "good", 192],
		["Uncertain, last usable value", StatusCodes.UncertainLastUsableValue, "uncertain", 0],
		["Uncertain, sensor not accurate", StatusCodes.UncertainSensorNotAccurate, "uncertain", 0],
		[
			"Uncertain, because the connection is lost",
			StatusCodes.UncertainNoCommunicationLastUsableValue,
			"uncertain",
			500,
		],
		["Bad", StatusCodes.Bad, "bad", 0],
		["Bad, the sensor failed", StatusCodes.BadSensorFailure, "bad", 0],
		["Bad, no such node", StatusCodes.BadNodeIdUnknown, "bad", 0],
		["Bad, waiting for the first value", StatusCodes.BadWaitingForInitialData, "bad", 0],
		["Bad, no communication", StatusCodes.BadNoCommunication, "bad", 500],
		["Bad, not connected", StatusCodes.BadNotConnected, "bad", 500],
		["Bad, the server is not connected", StatusCodes.BadServerNotConnected, "bad", 500],
		["Bad, the connection was closed", StatusCodes.BadConnectionClosed, "bad", 500],
		["Bad, a timeout", StatusCodes.BadTimeout, "bad", 500],
	])("%s", (_, { value }, severityName, quality) => {
		expect(severity(value)).toBe(severityName);
		expect(isGood(value)).toBe(severityName === "good");
		expect(qualityOf(value)).toBe(quality);
		// Limit and overflow bits change neither.
		expect(severity(value + overflow)).toBe(severityName);
		expect(qualityOf(value + overflow)).toBe(quality);
	});

	test("the reserved severity counts as bad", () => {
		expect(severity(0xc000_0000)).toBe("bad");
		expect(qualityOf(0xc000_0000)).toBe(0);
	});

	test.each([
		[192, statusCodes.Good],
		[500, statusCodes.BadNoCommunication],
		[0, statusCodes.Bad],
		[17, statusCodes.Bad],
	])("quality %d of a foreign edge node becomes a status of its kind", (quality, status) => {
		expect(statusOfQuality(quality)).toBe(status);
	});
});

test("our names for statuses are those of OPC UA", () => {
	for (const [name, code] of Object.entries(statusCodes)) {
		expect([name, StatusCodes[name as keyof typeof statusCodes].value]).toEqual([name, code]);
	}
});

test.each([
	["the overflow bit of a data value", 0x480, true],
	["the same bits under a reserved info type", 0xc80, false],
	["the same with a Bad status", 0x8031_0480, true],
	["the bit without the info type of a data value", 0x80, false],
	["the info type alone", 0x400, false],
	["Good", 0, false],
])("overflow: %s", (_, status, expected) => {
	expect(hasOverflow(status)).toBe(expected);
});

describe("a data type [tck-id-payloads-metric-datatype-value]", () => {
	test.each([
		["Int8", 1, true, false],
		["Int32", 3, true, false],
		["Int64", 4, false, true],
		["UInt32", 7, true, false],
		["UInt64", 8, false, true],
		["Float", 9, true, false],
		["Double", 10, true, false],
		["Boolean", 11, true, false],
		["String", 12, false, false],
		["DateTime", 13, true, false],
		["DataSet", 16, false, false],
		["Bytes", 17, false, false],
		["Template", 19, false, false],
	] as const)("%s is %d; travels as a number: %s; has 64 bits: %s", (name, code, numeric, wide) => {
		expect(datatypes[name]).toBe(code);
		expect(datatypeName(code)).toBe(name);
		expect(isNumeric(datatypes[name])).toBe(numeric);
		expect(isInteger64(datatypes[name])).toBe(wide);
	});

	test("that nobody defined has no name", () => {
		expect([0, 20, 35, -1].map(datatypeName)).toEqual([undefined, undefined, undefined, undefined]);
	});
});
