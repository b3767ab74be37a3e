// The body of a journaled record, which is also what the record hash is taken over:
//
//   device   text
//   through  0 | 1 float64            milliseconds: everything up to here is in records up to this one
//   count    varint
//   tag ids  zigzag difference to the one before
//   source   float64 first, then zigzag difference in ms
//   packed   rest, lag, status        see contract/packed-columns.ts
//   kinds    1 = numbers only | 0, then one byte per sample
//   values   float64 | (1) 8 bytes integer | (2) text | (3) bytes

import { type ByteReader, BytesError, type ByteWriter } from "../common/contract/bytes.ts";
import { packColumns, unpackColumns } from "../common/contract/packed-columns.ts";
import {
	type OtherValue,
	recordSamplesMax,
	type SampleColumns,
	valueKind,
} from "../common/contract/samples.ts";

const otherType = { integer: 1, unsigned: 2, text: 3, bytes: 4 } as const;

export interface RecordHead {
	readonly device: string;
	readonly throughMs: number | undefined;
	readonly count: number;
}

/** Appends the body of one record, made of samples `from` … `from + count − 1`, to `out`. */
export function encodeRecord(
	out: ByteWriter,
	head: { device: string; throughMs: number | undefined },
	samples: SampleColumns,
	from: number,
	count: number,
): void {
	const end = from + count;
	out.text(head.device);
	out.byte(head.throughMs === undefined ? 0 : 1);
	if (head.throughMs !== undefined) out.float64(head.throughMs);
	out.varint(count);
	let tagId = 0;
	for (let index = from; index < end; index++) {
		out.zigzag((samples.tagId[index] as number) - tagId);
		tagId = samples.tagId[index] as number;
	}
	let sourceMs = count > 0 ? (samples.sourceMs[from] as number) : 0;
	if (count > 0) out.float64(sourceMs);
	for (let index = from + 1; index < end; index++) {
		out.zigzag((samples.sourceMs[index] as number) - sourceMs);
		sourceMs = samples.sourceMs[index] as number;
	}
	packColumns(out, samples, from, count);
	encodeValues(out, samples, from, end);
}

/**
 * Reads a body into samples 0 … `count − 1` of `samples`.
 * @throws BytesError when the bytes are not a record.
 */
export function decodeRecord(reader: ByteReader, samples: SampleColumns): RecordHead {
	const device = reader.text();
	const throughMs = reader.byte() === 0 ? undefined : reader.float64();
	const count = reader.varint();
	if (count > recordSamplesMax)
		throw new BytesError(`expected at most ${recordSamplesMax} samples, found ${count}`);
	samples.reserve(count);
	samples.count = count;
	let tagId = 0;
	for (let index = 0; index < count; index++) {
		tagId += reader.zigzag();
		samples.tagId[index] = tagId;
	}
	let sourceMs = count > 0 ? reader.float64() : 0;
	for (let index = 0; index < count; index++) {
		if (index > 0) sourceMs += reader.zigzag();
		samples.sourceMs[index] = sourceMs;
	}
	unpackColumns(reader, samples, count);
	decodeValues(reader, samples, count);
	return { device, throughMs, count };
}

/** Bytes that sample `index` will need at most, for cutting records at their size limit. */
export function sampleBytesAtMost(samples: SampleColumns, index: number): number {
	const fixed = 40;
	if (samples.kind[index] !== valueKind.other) return fixed;
	const value = samples.other[index];
	if (typeof value === "string") return fixed + value.length * 3;
	return fixed + (value instanceof Uint8Array ? value.length : 8);
}

function encodeValues(out: ByteWriter, samples: SampleColumns, from: number, end: number): void {
	let onlyNumbers = true;
	for (let index = from; index < end && onlyNumbers; index++)
		onlyNumbers = samples.kind[index] === valueKind.number;
	out.byte(onlyNumbers ? 1 : 0);
	for (let index = from; index < end; index++) {
		const kind = samples.kind[index] as number;
		if (!onlyNumbers) out.byte(kind);
		if (kind === valueKind.number) out.float64(samples.number[index] as number);
		else if (kind === valueKind.other) encodeOther(out, samples.other[index] as OtherValue);
	}
}

function encodeOther(out: ByteWriter, value: OtherValue): void {
	if (typeof value === "string") {
		out.byte(otherType.text);
		out.text(value);
	} else if (typeof value === "bigint") {
		out.byte(value < 0n ? otherType.integer : otherType.unsigned);
		out.varint64(value);
	} else {
		out.byte(otherType.bytes);
		out.sized(value);
	}
}

function decodeValues(reader: ByteReader, samples: SampleColumns, count: number): void {
	const onlyNumbers = reader.byte() === 1;
	for (let index = 0; index < count; index++) {
		const kind = onlyNumbers ? valueKind.number : reader.byte();
		samples.kind[index] = kind;
		if (kind === valueKind.number) samples.number[index] = reader.float64();
		else if (kind === valueKind.other) samples.other[index] = decodeOther(reader);
		else if (kind !== valueKind.null) throw new BytesError(`expected a value kind, found ${kind}`);
	}
}

function decodeOther(reader: ByteReader): OtherValue {
	const type = reader.byte();
	if (type === otherType.text) return reader.text();
	if (type === otherType.bytes) return Buffer.from(reader.sized());
	if (type !== otherType.integer && type !== otherType.unsigned)
		throw new BytesError(`expected a value type, found ${type}`);
	reader.varint64();
	const bits = (BigInt(reader.high) << 32n) | BigInt(reader.low);
	return type === otherType.integer ? BigInt.asIntN(64, bits) : bits;
}
