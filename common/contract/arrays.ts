// Sparkplug's array types: packed little-endian in bytes_value; booleans as a count of four bytes and bits, the first in
// the highest place; text with a zero byte behind each (Sparkplug 3.0, 6.4.7, data types 22 to 34).

import { BytesError } from "./bytes.ts";
import { type Datatype, datatypeName, datatypes } from "./datatype.ts";

/** 64-bit integers are bigint, a DateTime is milliseconds since 1970. */
export type ArrayValues = readonly number[] | readonly bigint[] | readonly boolean[] | readonly string[];

interface Packing {
	readonly bytes: number;
	readonly read: (from: Buffer, at: number) => number | bigint;
	readonly write: (to: Buffer, value: number | bigint, at: number) => void;
}

const numberPacking = (
	bytes: number,
	read: (from: Buffer, at: number) => number,
	write: (to: Buffer, value: number, at: number) => void,
): Packing => ({ bytes, read, write: (to, value, at) => write(to, Number(value), at) });

const packings = new Map<number, Packing>([
	[
		datatypes.Int8Array,
		numberPacking(
			1,
			(b, at) => b.readInt8(at),
			(b, v, at) => b.writeInt8(v, at),
		),
	],
	[
		datatypes.Int16Array,
		numberPacking(
			2,
			(b, at) => b.readInt16LE(at),
			(b, v, at) => b.writeInt16LE(v, at),
		),
	],
	[
		datatypes.Int32Array,
		numberPacking(
			4,
			(b, at) => b.readInt32LE(at),
			(b, v, at) => b.writeInt32LE(v, at),
		),
	],
	[
		datatypes.UInt8Array,
		numberPacking(
			1,
			(b, at) => b.readUInt8(at),
			(b, v, at) => b.writeUInt8(v, at),
		),
	],
	[
		datatypes.UInt16Array,
		numberPacking(
			2,
			(b, at) => b.readUInt16LE(at),
			(b, v, at) => b.writeUInt16LE(v, at),
		),
	],
	[
		datatypes.UInt32Array,
		numberPacking(
			4,
			(b, at) => b.readUInt32LE(at),
			(b, v, at) => b.writeUInt32LE(v, at),
		),
	],
	[
		datatypes.FloatArray,
		numberPacking(
			4,
			(b, at) => b.readFloatLE(at),
			(b, v, at) => b.writeFloatLE(v, at),
		),
	],
	[
		datatypes.DoubleArray,
		numberPacking(
			8,
			(b, at) => b.readDoubleLE(at),
			(b, v, at) => b.writeDoubleLE(v, at),
		),
	],
	[
		datatypes.DateTimeArray,
		numberPacking(
			8,
			(b, at) => Number(b.readBigInt64LE(at)),
			(b, v, at) => b.writeBigInt64LE(BigInt(v), at),
		),
	],
	[
		datatypes.Int64Array,
		{
			bytes: 8,
			read: (from, at) => from.readBigInt64LE(at),
			write: (to, value, at) => to.writeBigInt64LE(BigInt(value), at),
		},
	],
	[
		datatypes.UInt64Array,
		{
			bytes: 8,
			read: (from, at) => from.readBigUInt64LE(at),
			write: (to, value, at) => to.writeBigUInt64LE(BigInt(value), at),
		},
	],
]);

const countBytes = 4;

/** @throws BytesError when the bytes are not an array of the type. */
export function decodeArray(datatype: Datatype, packed: Uint8Array): ArrayValues {
	const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
	if (datatype === datatypes.BooleanArray) return decodeBooleans(bytes);
	if (datatype === datatypes.StringArray) return decodeStrings(bytes);
	const packing = packingOf(datatype);
	if (bytes.length % packing.bytes !== 0)
		throw new BytesError(
			`expected a multiple of ${packing.bytes} bytes in a ${datatypeName(datatype)}, found ${bytes.length}`,
		);
	return Array.from({ length: bytes.length / packing.bytes }, (_, index) =>
		packing.read(bytes, index * packing.bytes),
	) as number[] | bigint[];
}

/** @throws BytesError for a text with a zero byte in it; RangeError for a value beyond the type. */
export function encodeArray(datatype: Datatype, values: ArrayValues): Buffer {
	if (datatype === datatypes.BooleanArray) return encodeBooleans(values as readonly boolean[]);
	if (datatype === datatypes.StringArray) return encodeStrings(values as readonly string[]);
	const packing = packingOf(datatype);
	const bytes = Buffer.alloc(values.length * packing.bytes);
	for (const [index, value] of (values as readonly (number | bigint)[]).entries())
		packing.write(bytes, value, index * packing.bytes);
	return bytes;
}

function packingOf(datatype: Datatype): Packing {
	const packing = packings.get(datatype);
	if (packing === undefined) throw new BytesError(`expected an array type, found data type ${datatype}`);
	return packing;
}

function decodeBooleans(bytes: Buffer): boolean[] {
	const count = bytes.length < countBytes ? -1 : bytes.readUInt32LE(0);
	const wanted = countBytes + Math.ceil(count / 8);
	if (count < 0 || bytes.length !== wanted)
		throw new BytesError(`expected ${wanted} bytes for ${count} booleans, found ${bytes.length}`);
	return Array.from(
		{ length: count },
		(_, index) => (((bytes[countBytes + (index >> 3)] as number) >> (7 - (index & 7))) & 1) === 1,
	);
}

function encodeBooleans(values: readonly boolean[]): Buffer {
	const bytes = Buffer.alloc(countBytes + Math.ceil(values.length / 8));
	bytes.writeUInt32LE(values.length, 0);
	for (const [index, value] of values.entries()) {
		const at = countBytes + (index >> 3);
		if (value) bytes[at] = (bytes[at] as number) | (0x80 >> (index & 7));
	}
	return bytes;
}

function decodeStrings(bytes: Buffer): string[] {
	if (bytes.length === 0) return [];
	if (bytes.at(-1) !== 0) throw new BytesError("expected a zero byte behind the last text of a StringArray");
	return bytes.subarray(0, -1).toString("utf8").split("\0");
}

function encodeStrings(values: readonly string[]): Buffer {
	const wrong = values.findIndex((value) => value.includes("\0"));
	if (wrong >= 0) throw new BytesError(`expected text without a zero byte, found one in text ${wrong}`);
	return Buffer.from(values.map((value) => `${value}\0`).join(""), "utf8");
}
