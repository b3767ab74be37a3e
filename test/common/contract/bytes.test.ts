import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ByteReader, BytesError, ByteWriter, signed64, unsigned64 } from "../../../common/contract/bytes.ts";

const safe = fc.oneof(
	fc.nat(),
	fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
	fc.constantFrom(0, 127, 128, 2 ** 31, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER),
);
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

function written(write: (out: ByteWriter) => void): Buffer {
	const out = new ByteWriter(1);
	write(out);
	return out.take();
}

describe("a number", () => {
	test.each([
		["0", 0, "00"],
		["127 in one byte", 127, "7f"],
		["128 in two", 128, "8001"],
		["300, the example of protobuf's documentation", 300, "ac02"],
		["2^32 − 1", 2 ** 32 - 1, "ffffffff0f"],
		["2^32", 2 ** 32, "8080808010"],
		["2^53 − 1", Number.MAX_SAFE_INTEGER, "ffffffffffffff0f"],
	])("as a varint: %s", (_, value, hex) => {
		expect(written((out) => out.varint(value)).toString("hex")).toBe(hex);
		expect(new ByteReader(Buffer.from(hex, "hex")).varint()).toBe(value);
	});

	test("up to 2^53 − 1 reads back as a varint, and any signed one within as a zigzag", () => {
		fc.assert(
			fc.property(safe, fc.maxSafeInteger(), (natural, whole) => {
				const bytes = written((out) => {
					out.varint(natural);
					out.zigzag(whole);
				});
				const reader = new ByteReader(bytes);
				expect([reader.varint(), reader.zigzag()]).toEqual([natural, whole === 0 ? 0 : whole]);
				expect(reader.atEnd).toBe(true);
			}),
		);
	});

	test("too large to be exact keeps its size and sign as a zigzag, because a clock may stand at 1601", () => {
		fc.assert(
			fc.property(fc.double({ min: -(2 ** 62), max: 2 ** 62, noNaN: true }), (value) => {
				const whole = Math.trunc(value);
				const read = new ByteReader(written((out) => out.zigzag(whole))).zigzag();
				expect(read).toBe(whole === 0 ? 0 : whole);
			}),
		);
	});

	test("of 64 bits travels as two's complement", () => {
		expect(written((out) => out.varint64(-1n)).toString("hex")).toBe("ffffffffffffffffff01");
		fc.assert(
			fc.property(int64, (value) => {
				const reader = new ByteReader(written((out) => out.varint64(value)));
				reader.varint64();
				expect(BigInt(signed64(reader.low, reader.high))).toBe(value);
				expect(BigInt(unsigned64(reader.low, reader.high))).toBe(BigInt.asUintN(64, value));
			}),
		);
	});

	test("of 64 bits is a number exactly as long as a number is exact", () => {
		expect(unsigned64(0xffff_ffff, 0x1f_ffff)).toBe(Number.MAX_SAFE_INTEGER);
		expect(unsigned64(0, 0x20_0000)).toBe(2n ** 53n);
		expect(signed64(0xffff_ffff, 0xffff_ffff)).toBe(-1);
		expect(signed64(0, 0x8000_0000)).toBe(-(2n ** 63n));
	});

	test("of more than 2^53 − 1 is refused where a number is asked for", () => {
		const bytes = written((out) => out.varint64(2n ** 53n));
		expect(() => new ByteReader(bytes).varint()).toThrow(BytesError);
	});

	test("whose varint never ends is refused after ten bytes", () => {
		expect(() => new ByteReader(Buffer.alloc(1_000, 0xff)).varint64()).toThrow(/at most 10 bytes/);
	});
});

describe("a mixed message", () => {
	const message = fc.tuple(
		safe,
		int64,
		fc.double(),
		fc.float(),
		fc.string({ unit: "binary" }),
		fc.uint8Array(),
	);

	function mixed([natural, wide, double, float, text, raw]: [
		number,
		bigint,
		number,
		number,
		string,
		Uint8Array,
	]): Buffer {
		return written((out) => {
			out.varint(natural);
			out.varint64(wide);
			out.uint32(0xfedc_ba98);
			out.float64(double);
			out.float32(float);
			out.text(text);
			out.sized(raw);
			out.byte(0xff);
		});
	}

	function readMixed(bytes: Buffer) {
		const reader = new ByteReader(bytes);
		const natural = reader.varint();
		reader.varint64();
		const wide = BigInt(signed64(reader.low, reader.high));
		const fixed = reader.uint32();
		const rest = [
			reader.float64(),
			reader.float32(),
			reader.text(),
			Uint8Array.from(reader.sized()),
			reader.byte(),
		];
		return [natural, wide, fixed, ...rest, reader.atEnd];
	}

	test("reads back as it was written", () => {
		fc.assert(
			fc.property(message, (parts) => {
				const [natural, wide, double, float, text, raw] = parts;
				const expected = [natural, wide, 0xfedc_ba98, double, float, text, raw, 0xff, true];
				expect(readMixed(mixed(parts))).toEqual(expected);
			}),
		);
	});

	test("cut at any byte is refused by name, never read past its end", () => {
		fc.assert(
			fc.property(message, (parts) => {
				const whole = mixed(parts);
				for (let length = 0; length < whole.length; length++) {
					expect(() => readMixed(whole.subarray(0, length))).toThrow(BytesError);
				}
			}),
			{ numRuns: 30 },
		);
	});

	test("inside a larger one is bounded by the end that its reader was given", () => {
		const reader = new ByteReader(Buffer.from("0102030405", "hex"));
		reader.end = 2;
		expect(() => reader.uint32()).toThrow("expected 4 bytes at 0, found 2");
		expect(reader.raw(2)).toEqual(Buffer.from([1, 2]));
		expect(reader.atEnd).toBe(true);
	});
});

test("a writer that is used again does not change what was taken from it", () => {
	const out = new ByteWriter(4);
	out.text("first");
	const first = out.take();
	out.reset();
	out.text("second, longer");
	expect(new ByteReader(first).text()).toBe("first");
	expect(new ByteReader(out.take()).text()).toBe("second, longer");
});

describe("a part with its length before it", () => {
	test.each([0, 1, 127, 128, 300, 2 ** 14 - 1, 2 ** 14, 2 ** 21 - 1, 2 ** 21])("of %i bytes", (length) => {
		const content = Buffer.alloc(length, "part");
		const bytes = written((out) => {
			out.byte(7);
			const part = out.openPart();
			out.raw(content);
			out.closePart(part);
			out.byte(9);
		});
		const reader = new ByteReader(bytes);
		expect(reader.byte()).toBe(7);
		expect(reader.sized().equals(content)).toBe(true);
		expect(reader.byte()).toBe(9);
		expect(reader.atEnd).toBe(true);
	});

	test("within others stays whole when they are moved", () => {
		const bytes = written((out) => {
			const outer = out.openPart();
			for (const length of [3, 200, 20_000]) {
				const inner = out.openPart();
				out.raw(Buffer.alloc(length, String(length)));
				out.closePart(inner);
			}
			out.closePart(outer);
		});
		const outer = new ByteReader(new ByteReader(bytes).sized());
		for (const length of [3, 200, 20_000])
			expect(outer.sized().equals(Buffer.alloc(length, String(length)))).toBe(true);
		expect(outer.atEnd).toBe(true);
	});
});
