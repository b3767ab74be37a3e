import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ByteReader, BytesError, ByteWriter } from "../../../common/contract/bytes.ts";
import { decodeDetail, decodeHeld, encodeDetail, encodeHeld } from "../../../common/contract/delivery.ts";
import { packColumns, unpackColumns } from "../../../common/contract/packed-columns.ts";
import { SampleColumns } from "../../../common/contract/samples.ts";

interface Packed {
	readonly rest: number;
	readonly lag: number;
	readonly status: number;
}

const statuses = fc.constantFrom(0, 0, 0, 0x480, 0x8031_0000, 0x4092_0000, 0xffff_ffff);
const packed = fc.record<Packed>({
	rest: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 9_999 })),
	lag: fc.oneof(
		fc.constantFrom(Number.NaN, 0, -1, 1),
		fc.integer({ min: -(10 ** 9), max: 10 ** 9 }),
		// A sensor whose clock stands at 1601 or 1970, or that lives in the year 2300.
		fc.constantFrom(-86_000_000_000_000_000, 17_900_000_000_000_000, 134_000_000_000_000_000),
	),
	status: statuses,
});
const columns = fc.array(packed, { maxLength: 60 });

function columnsOf(rows: readonly Packed[]): SampleColumns {
	const samples = new SampleColumns(rows.length);
	samples.count = rows.length;
	for (const [index, { rest, lag, status }] of rows.entries()) {
		samples.sourceRestTicks[index] = rest;
		samples.serverLagTicks[index] = lag;
		samples.status[index] = status;
	}
	return samples;
}

function rowsOf(samples: SampleColumns, count: number): Packed[] {
	return Array.from({ length: count }, (_, index) => ({
		rest: samples.sourceRestTicks[index] as number,
		lag: samples.serverLagTicks[index] as number,
		status: samples.status[index] as number,
	}));
}

describe("packed columns", () => {
	test("read back into columns that held something else, from any part of a longer set", () => {
		fc.assert(
			fc.property(columns, fc.nat({ max: 5 }), (rows, before) => {
				const from = Math.min(before, rows.length);
				const count = rows.length - from;
				const out = new ByteWriter();
				packColumns(out, columnsOf(rows), from, count);
				const into = new SampleColumns(count);
				into.sourceRestTicks.fill(77);
				into.serverLagTicks.fill(77);
				into.status.fill(77);
				const reader = new ByteReader(out.take());
				unpackColumns(reader, into, count);
				expect(rowsOf(into, count)).toEqual(rows.slice(from));
				expect(reader.atEnd).toBe(true);
			}),
		);
	});

	test("of Good samples at whole milliseconds without a server time cost three bytes", () => {
		const out = new ByteWriter();
		packColumns(
			out,
			columnsOf(Array.from({ length: 500 }, () => ({ rest: 0, lag: Number.NaN, status: 0 }))),
			0,
			500,
		);
		expect(out.take().toString("hex")).toBe("000000");
	});

	test.each([
		["a rest of a whole millisecond", "01904e" + "00" + "00"],
		["a run longer than the samples", "0000" + "01" + "02" + "00003180"],
		["runs shorter than the samples", "0000" + "01" + "00" + "00003180"],
		["a number of runs without an end", "0000" + "ffffffff0f"],
	])("with %s are refused", (_, hex) => {
		expect(() => unpackColumns(new ByteReader(Buffer.from(hex, "hex")), new SampleColumns(1), 1)).toThrow(
			BytesError,
		);
	});
});

describe("Delivery/Detail", () => {
	const hash = Buffer.from("00112233445566778899aabbccddeeff", "hex");

	test("reads back, and cut at any byte is refused", () => {
		fc.assert(
			fc.property(columns, fc.maxSafeInteger().map(Math.abs), (rows, lastOffset) => {
				const out = new ByteWriter();
				encodeDetail(out, { hash, lastOffset }, columnsOf(rows), 0, rows.length);
				const bytes = out.take();
				const into = new SampleColumns(0);
				expect(decodeDetail(bytes, into)).toEqual({
					hash: new Uint8Array(hash),
					lastOffset,
					count: rows.length,
				});
				expect(rowsOf(into, rows.length)).toEqual(rows);
				for (let length = 0; length < bytes.length; length++) {
					expect(() => decodeDetail(bytes.subarray(0, length), into)).toThrow(BytesError);
				}
			}),
			{ numRuns: 40 },
		);
	});

	test("of a message without samples still names the record that its Through refers to", () => {
		const out = new ByteWriter();
		encodeDetail(out, { hash, lastOffset: 41 }, new SampleColumns(0), 0, 0);
		expect(out.take().toString("hex")).toBe(`01${hash.toString("hex")}2900000000`);
	});

	test("of 501 samples or of another format is refused by name", () => {
		const head = `01${hash.toString("hex")}00`;
		const decode = (hex: string) => decodeDetail(Buffer.from(hex, "hex"), new SampleColumns(0));
		expect(() => decode(`${head}f503000000`)).toThrow("expected at most 500 samples, found 501");
		expect(() => decode(`02${hash.toString("hex")}0000000000`)).toThrow("expected Detail format 1, found 2");
	});
});

describe("Delivery/Held", () => {
	const epochs = fc.array(
		fc.record({
			epoch: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
			first: fc.nat(),
			next: fc.nat(),
		}),
		{ maxLength: 20 },
	);

	test("reads back, and cut at any byte is refused", () => {
		fc.assert(
			fc.property(epochs, (held) => {
				const bytes = encodeHeld(held);
				expect(decodeHeld(bytes)).toEqual(held);
				for (let length = 0; length < bytes.length; length++) {
					expect(() => decodeHeld(bytes.subarray(0, length))).toThrow(BytesError);
				}
			}),
		);
	});

	test("that names more epochs than can be, or is of another format, is refused before anything is made of it", () => {
		expect(() => decodeHeld(Buffer.from("01ffffffff0f", "hex"))).toThrow("expected at most 1000 epochs");
		expect(() => decodeHeld(Buffer.from("0900", "hex"))).toThrow("expected Held format 1, found 9");
	});
});
