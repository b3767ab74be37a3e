// One file of the journal.
//
//   file     header frame, then record frames; append-only; at most `segment_bytes` plus one record
//   frame    length u32 | crc32 u32 | payload           little-endian; the CRC is over the payload
//   header   magic, format, chain number, epoch, first offset, epoch before, its last offset
//   record   offset varint | body                        see ../record-codec.ts
//   name     <chain, 8 digits>-<first offset, 16 digits>.journal, so that names sort in order of writing
//
// A range that a bound dropped becomes a file with the same beginning of its name that ends in .gap: a frame with
// magic, format, chain number, epoch, first and last offset of the range, epoch before and its last offset; then the
// frame of the one record that occupies the range. Both kinds begin with .new behind their name and lose it when the gap
// record, or the segment's header, is on disk.
//
// Reading stops at the first frame that is empty, incomplete or whose CRC differs: the torn tail. It is cut off at the
// next opening and counted; what stands behind it can only be the rest of the same unfinished write. After a power cut
// a file system may give back zeros where the write had not arrived, and zeros are an empty frame with the right CRC.

import { crc32 } from "node:zlib";
import { ByteReader, BytesError, ByteWriter } from "../../common/contract/bytes.ts";

const segmentFormat = 1;
export const frameHeadBytes = 8;
/** A longer one is not written and not believed; a record of 32 KiB with one huge value inside still has to fit. */
export const frameBytesMax = 16 * 1024 * 1024;

const magic = 0x314a4c50;
const gapMagic = 0x31474c50;
const gapFormat = 1;

export interface SegmentHeader {
	readonly chain: number;
	readonly epoch: number;
	readonly first: number;
	/** The epoch before this one and its last offset, or zeros for the first epoch of a journal. */
	readonly previousEpoch: number;
	readonly previousLast: number;
}

/** A payload in its frame. Frames wait in memory: each has a buffer of its own, or it would keep a shared slab alive. */
function frame(payload: Uint8Array): Buffer {
	const framed = Buffer.allocUnsafeSlow(frameHeadBytes + payload.length);
	framed.writeUInt32LE(payload.length, 0);
	framed.writeUInt32LE(crc32(payload), 4);
	framed.set(payload, frameHeadBytes);
	return framed;
}

/** The frame of a record: its offset, then its body. */
export function recordFrame(offset: number, body: Uint8Array): Buffer {
	const out = new ByteWriter(body.length + 10);
	out.varint(offset);
	out.raw(body);
	return frame(out.bytes.subarray(0, out.length));
}

/** The payload that starts at `position`, or undefined at the end and at a torn tail. */
export function readFrame(bytes: Buffer, position: number): Buffer | undefined {
	if (position + frameHeadBytes > bytes.length) return undefined;
	const length = bytes.readUInt32LE(position);
	const start = position + frameHeadBytes;
	if (length === 0 || length > frameBytesMax || start + length > bytes.length) return undefined;
	const payload = bytes.subarray(start, start + length);
	return crc32(payload) === bytes.readUInt32LE(position + 4) ? payload : undefined;
}

export function encodeHeader(header: SegmentHeader): Buffer {
	const out = new ByteWriter(64);
	out.uint32(magic);
	out.varint(segmentFormat);
	out.varint(header.chain);
	out.varint(header.epoch);
	out.varint(header.first);
	out.varint(header.previousEpoch);
	out.varint(header.previousLast);
	return frame(out.bytes.subarray(0, out.length));
}

/** Undefined when it is not a header. @throws BytesError that names a newer format. */
function decodeHeader(payload: Buffer): SegmentHeader | undefined {
	const reader = formatReader(payload, magic, segmentFormat);
	if (reader === undefined) return undefined;
	return {
		chain: reader.varint(),
		epoch: reader.varint(),
		first: reader.varint(),
		previousEpoch: reader.varint(),
		previousLast: reader.varint(),
	};
}

/** A reader behind magic and format, or undefined when the magic is another. */
function formatReader(payload: Buffer, expected: number, newest: number): ByteReader | undefined {
	const reader = new ByteReader(payload);
	if (payload.length < 5 || reader.uint32() !== expected) return undefined;
	const format = reader.varint();
	if (format > newest) throw new BytesError(`expected segment format ${newest}, found the newer ${format}`);
	return reader;
}

/** A whole gap file: `body` occupies the offsets `header.first` to `last`. */
export function encodeGapFile(header: SegmentHeader, last: number, body: Uint8Array): Buffer {
	const out = new ByteWriter(64);
	out.uint32(gapMagic);
	out.varint(gapFormat);
	out.varint(header.chain);
	out.varint(header.epoch);
	out.varint(header.first);
	out.varint(last);
	out.varint(header.previousEpoch);
	out.varint(header.previousLast);
	return Buffer.concat([frame(out.bytes.subarray(0, out.length)), recordFrame(header.first, body)]);
}

/** What a gap file holds, or undefined when it is not whole. @throws BytesError that names a newer format. */
export function decodeGapFile(
	bytes: Buffer,
): { header: SegmentHeader; last: number; body: Buffer } | undefined {
	const head = readFrame(bytes, 0);
	const reader = head === undefined ? undefined : formatReader(head, gapMagic, gapFormat);
	if (head === undefined || reader === undefined) return undefined;
	const payload = readFrame(bytes, frameHeadBytes + head.length);
	if (payload === undefined) return undefined;
	const [chain, epoch, first, last] = [reader.varint(), reader.varint(), reader.varint(), reader.varint()];
	const header = { chain, epoch, first, previousEpoch: reader.varint(), previousLast: reader.varint() };
	const { offset, body } = splitRecord(payload);
	return offset === first && last >= first ? { header, last, body } : undefined;
}

/** The offset and body in a record's payload. The body shares memory with the payload. */
export function splitRecord(payload: Buffer): { offset: number; body: Buffer } {
	const reader = new ByteReader(payload);
	const offset = reader.varint();
	return { offset, body: payload.subarray(reader.position) };
}

/** What a scan of a whole segment found. `validBytes` is where the torn tail begins, if any. */
export interface SegmentScan {
	readonly header: SegmentHeader | undefined;
	readonly next: number;
	readonly validBytes: number;
}

/** Walks a segment from its start up to offset `limit`; pure, so that every cut of every byte can be tested. */
export function scanSegment(bytes: Buffer, limit = Number.POSITIVE_INFINITY): SegmentScan {
	const head = readFrame(bytes, 0);
	const header = head === undefined ? undefined : decodeHeader(head);
	if (head === undefined || header === undefined) return { header: undefined, next: 0, validBytes: 0 };
	let position = frameHeadBytes + head.length;
	let next = header.first;
	for (;;) {
		const payload = readFrame(bytes, position);
		if (payload === undefined) return { header, next, validBytes: position };
		const { offset } = splitRecord(payload);
		if (offset >= limit) return { header, next, validBytes: position };
		next = offset + 1;
		position += frameHeadBytes + payload.length;
	}
}

export function segmentName(chain: number, first: number): string {
	return `${String(chain).padStart(8, "0")}-${String(first).padStart(16, "0")}.journal`;
}

/** The name of the gap file whose range begins at `first`; it sorts before a segment that begins there, too. */
export function gapName(chain: number, first: number): string {
	return segmentName(chain, first).replace(/journal$/, "gap");
}

export const segmentNamePattern = /^\d{8}-\d{16}\.(journal|gap)$/;

/** What follows the name of a gap file until it is on disk, and that of a segment until its header is. */
export const unfinishedSuffix = ".new";
