// Reading and writing the primitives that protobuf, the journal and Delivery/Detail share: varints,
// little-endian numbers, length-delimited bytes. 64-bit integers stay numbers while they are exact.

const twoTo32 = 0x1_0000_0000;
const twoTo21 = 0x20_0000;
const twoTo52 = 0x10_0000_0000_0000;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: false });

/** Thrown when input ends early or holds something impossible; callers turn it into a counted refusal. */
export class BytesError extends Error {
	override readonly name = "BytesError";
}

/** A growing byte buffer that is reused between messages. */
export class ByteWriter {
	bytes: Buffer;
	length = 0;

	constructor(capacity = 4096) {
		this.bytes = Buffer.allocUnsafe(capacity);
	}

	reset(): void {
		this.length = 0;
	}

	/** A copy of what was written, safe to keep while the writer is used again. */
	take(): Buffer {
		return Buffer.from(this.bytes.subarray(0, this.length));
	}

	#room(extra: number): void {
		const needed = this.length + extra;
		if (needed <= this.bytes.length) return;
		const grown = Buffer.allocUnsafe(Math.max(needed, this.bytes.length * 2));
		this.bytes.copy(grown, 0, 0, this.length);
		this.bytes = grown;
	}

	byte(value: number): void {
		this.#room(1);
		this.bytes[this.length++] = value;
	}

	/** An unsigned integer up to 2^53 − 1 in 1 to 8 bytes. */
	varint(value: number): void {
		this.#room(10);
		const bytes = this.bytes;
		while (value >= twoTo32) {
			bytes[this.length++] = (value & 0x7f) | 0x80;
			value = Math.floor(value / 128);
		}
		value = value >>> 0;
		while (value >= 0x80) {
			bytes[this.length++] = (value & 0x7f) | 0x80;
			value >>>= 7;
		}
		bytes[this.length++] = value;
	}

	/** A signed integer within ±2^63, small magnitudes in few bytes; exact as far as a number is. */
	zigzag(value: number): void {
		if (value < twoTo52 && value >= -twoTo52) this.varint(value >= 0 ? value * 2 : -value * 2 - 1);
		else this.varint64(value >= 0 ? BigInt(value) * 2n : BigInt(value) * -2n - 1n);
	}

	/** The 64 bits of an integer as an unsigned varint (two's complement when negative). */
	varint64(value: bigint): void {
		this.#room(10);
		let rest = BigInt.asUintN(64, value);
		while (rest >= 0x80n) {
			this.bytes[this.length++] = Number(rest & 0x7fn) | 0x80;
			rest >>= 7n;
		}
		this.bytes[this.length++] = Number(rest);
	}

	uint32(value: number): void {
		this.#room(4);
		this.bytes.writeUInt32LE(value >>> 0, this.length);
		this.length += 4;
	}

	float32(value: number): void {
		this.#room(4);
		this.bytes.writeFloatLE(value, this.length);
		this.length += 4;
	}

	float64(value: number): void {
		this.#room(8);
		this.bytes.writeDoubleLE(value, this.length);
		this.length += 8;
	}

	raw(value: Uint8Array): void {
		this.#room(value.length);
		this.bytes.set(value, this.length);
		this.length += value.length;
	}

	/** Length, then bytes. */
	sized(value: Uint8Array): void {
		this.varint(value.length);
		this.raw(value);
	}

	/** Begins a part whose length stands before it; what it returns goes to `closePart`. Parts may stand in each other. */
	openPart(): number {
		this.byte(0);
		return this.length;
	}

	/** Puts the part's length before it, moving the part when the length takes more than one byte. */
	closePart(start: number): void {
		const length = this.length - start;
		if (length < 0x80) {
			this.bytes[start - 1] = length;
			return;
		}
		let extra = 1;
		for (let rest = length >>> 14; rest > 0; rest >>>= 7) extra++;
		this.#room(extra);
		this.bytes.copyWithin(start + extra, start, this.length);
		const end = this.length + extra;
		this.length = start - 1;
		this.varint(length);
		this.length = end;
	}

	/** Length in bytes, then UTF-8. */
	text(value: string): void {
		const bytes = encoder.encode(value);
		this.sized(bytes);
	}
}

/** Reads what ByteWriter and protobuf write; every read is bounded by `end`. */
export class ByteReader {
	bytes: Buffer;
	position: number;
	end: number;

	constructor(bytes: Uint8Array) {
		this.bytes = Buffer.isBuffer(bytes)
			? bytes
			: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
		this.position = 0;
		this.end = this.bytes.length;
	}

	get atEnd(): boolean {
		return this.position >= this.end;
	}

	byte(): number {
		if (this.position >= this.end) throw new BytesError(`expected a byte at ${this.position}, found the end`);
		return this.bytes[this.position++] as number;
	}

	/** Low and high 32 bits of the last `varint64`, unsigned. */
	low = 0;
	high = 0;

	/** Reads 64 bits into `low` and `high` without allocating. */
	varint64(): void {
		let low = 0;
		let high = 0;
		for (let index = 0; index < 10; index++) {
			const byte = this.byte();
			const bits = byte & 0x7f;
			if (index < 4) low |= bits << (7 * index);
			else if (index === 4) {
				low |= bits << 28;
				high = bits >> 4;
			} else high |= bits << (7 * index - 32);
			if (byte < 0x80) {
				this.low = low >>> 0;
				this.high = high >>> 0;
				return;
			}
		}
		throw new BytesError(`expected a varint of at most 10 bytes before ${this.position}`);
	}

	/** An unsigned integer; more than 2^53 − 1 is an error. */
	varint(): number {
		const first = this.position < this.end ? (this.bytes[this.position] as number) : 0x80;
		if (first < 0x80) {
			this.position++;
			return first;
		}
		this.varint64();
		if (this.high >= twoTo21) throw new BytesError(`expected at most 2^53 − 1 before ${this.position}`);
		return this.high * twoTo32 + this.low;
	}

	zigzag(): number {
		const first = this.position < this.end ? (this.bytes[this.position] as number) : 0x80;
		if (first < 0x80) {
			this.position++;
			return first % 2 === 0 ? first / 2 : -(first + 1) / 2;
		}
		this.varint64();
		if (this.high < twoTo21) {
			const value = this.high * twoTo32 + this.low;
			return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
		}
		const bits = (BigInt(this.high) << 32n) | BigInt(this.low);
		return Number(bits % 2n === 0n ? bits / 2n : -(bits / 2n) - 1n);
	}

	uint32(): number {
		this.#need(4);
		const value = this.bytes.readUInt32LE(this.position);
		this.position += 4;
		return value;
	}

	float32(): number {
		this.#need(4);
		const value = this.bytes.readFloatLE(this.position);
		this.position += 4;
		return value;
	}

	float64(): number {
		this.#need(8);
		const value = this.bytes.readDoubleLE(this.position);
		this.position += 8;
		return value;
	}

	/** A view on the next `length` bytes; it shares memory with the input. */
	raw(length: number): Buffer {
		this.#need(length);
		const view = this.bytes.subarray(this.position, this.position + length);
		this.position += length;
		return view;
	}

	sized(): Buffer {
		return this.raw(this.varint());
	}

	text(): string {
		return decoder.decode(this.sized());
	}

	#need(length: number): void {
		if (length > this.end - this.position) {
			throw new BytesError(`expected ${length} bytes at ${this.position}, found ${this.end - this.position}`);
		}
	}
}

/** Two 32-bit halves as a signed 64-bit integer: a number when exact, else a bigint. */
export function signed64(low: number, high: number): number | bigint {
	const signedHigh = high | 0;
	if (signedHigh >= -twoTo21 && signedHigh < twoTo21) return signedHigh * twoTo32 + low;
	return BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low));
}

/** Two 32-bit halves as an unsigned 64-bit integer: a number when exact, else a bigint. */
export function unsigned64(low: number, high: number): number | bigint {
	if (high < twoTo21) return high * twoTo32 + low;
	return (BigInt(high) << 32n) | BigInt(low);
}
