import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeRecord, encodeRecord } from "../../agent/record-codec.ts";
import { ByteReader, BytesError, ByteWriter } from "../../common/contract/bytes.ts";
import { SampleColumns, type SampleValue } from "../../common/contract/samples.ts";

interface Sample {
	readonly tagId: number;
	readonly sourceMs: number;
	readonly rest: number;
	readonly lag: number;
	readonly status: number;
	readonly value: SampleValue;
}

const anyValue = fc.oneof(
	fc.constant(null),
	fc.double(),
	fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
	fc.string({ unit: "binary" }),
	fc.uint8Array({ maxLength: 50 }),
);
const anySample = fc.record<Sample>({
	tagId: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
	sourceMs: fc.integer({ min: -(2 ** 45), max: 2 ** 45 }),
	rest: fc.integer({ min: 0, max: 9_999 }),
	lag: fc.oneof(fc.constant(Number.NaN), fc.integer({ min: -(2 ** 50), max: 2 ** 50 })),
	status: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
	value: anyValue,
});

function columnsOf(samples: readonly Sample[]): SampleColumns {
	const columns = new SampleColumns(samples.length);
	columns.count = samples.length;
	for (const [index, { tagId, sourceMs, rest, lag, status, value }] of samples.entries()) {
		columns.tagId[index] = tagId;
		columns.sourceMs[index] = sourceMs;
		columns.sourceRestTicks[index] = rest;
		columns.serverLagTicks[index] = lag;
		columns.status[index] = status;
		columns.setValue(index, value);
	}
	return columns;
}

function samplesOf(columns: SampleColumns): Sample[] {
	return Array.from({ length: columns.count }, (_, index) => {
		const value = columns.value(index);
		return {
			tagId: columns.tagId[index] as number,
			sourceMs: columns.sourceMs[index] as number,
			rest: columns.sourceRestTicks[index] as number,
			lag: columns.serverLagTicks[index] as number,
			status: columns.status[index] as number,
			value: value instanceof Uint8Array ? Uint8Array.from(value) : value,
		};
	});
}

test("a record reads back as it was written, to the tick and the bit", () => {
	fc.assert(
		fc.property(
			fc.string(),
			fc.option(fc.double({ noNaN: true }), { nil: undefined }),
			fc.array(anySample, { maxLength: 40 }),
			(device, throughMs, samples) => {
				const out = new ByteWriter();
				encodeRecord(out, { device, throughMs }, columnsOf(samples), 0, samples.length);
				const columns = new SampleColumns(1);
				const head = decodeRecord(new ByteReader(out.take()), columns);
				expect(head).toEqual({ device, throughMs, count: samples.length });
				expect(samplesOf(columns)).toEqual(samples);
			},
		),
	);
});

test("a part of a longer set of columns reads back alone", () => {
	fc.assert(
		fc.property(fc.array(anySample, { minLength: 3, maxLength: 10 }), (samples) => {
			const out = new ByteWriter();
			encodeRecord(out, { device: "U500", throughMs: 1 }, columnsOf(samples), 1, samples.length - 2);
			const columns = new SampleColumns(0);
			decodeRecord(new ByteReader(out.take()), columns);
			expect(samplesOf(columns)).toEqual(samples.slice(1, -1));
		}),
	);
});

test("a body cut at any byte is refused", () => {
	const out = new ByteWriter();
	const samples: Sample[] = [
		{ tagId: 4, sourceMs: 1_790_000_000_000, rest: 7, lag: 20_000, status: 0x80310000, value: null },
		{ tagId: 9, sourceMs: 1_790_000_000_100, rest: 0, lag: Number.NaN, status: 0, value: "RAMP" },
		{ tagId: 5, sourceMs: 1_790_000_000_100, rest: 0, lag: 0, status: 0, value: 500.25 },
	];
	encodeRecord(out, { device: "U500", throughMs: 5 }, columnsOf(samples), 0, 3);
	const whole = out.take();
	for (let length = 0; length < whole.length; length++) {
		expect(
			() => decodeRecord(new ByteReader(whole.subarray(0, length)), new SampleColumns(3)),
			`cut at ${length}`,
		).toThrow(BytesError);
	}
});

test("a numeric value costs at most 25 bytes, with server times that differ for each", () => {
	const samples = Array.from({ length: 100 }, (_, index): Sample => {
		return {
			tagId: index + 1,
			sourceMs: 1_790_000_000_000 + index * 37,
			rest: 0,
			lag: 100_000 + index * 991,
			status: 0,
			value: Math.sin(index),
		};
	});
	const out = new ByteWriter();
	encodeRecord(out, { device: "U500", throughMs: 1_790_000_000_000 }, columnsOf(samples), 0, samples.length);
	expect(out.length / samples.length).toBeLessThanOrEqual(25);
});
