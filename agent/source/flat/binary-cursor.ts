import { textBytesMax } from "../tag-value.ts";

/** Milliseconds from 1601-01-01, OPC UA's zero, to 1970. */
const epochMs = 11_644_473_600_000n;
const ticksPerMs = 10_000n;

/** Built-in types of Part 6 §5.1.2 that can be read here; DataValue, Variant and DiagnosticInfo are not among them. */
export function canReadBuiltIn(builtIn: number): boolean {
	return builtIn >= 1 && builtIn <= 22;
}

/** Reads the binary encoding of built-in types, Part 6 §5.2.2, one behind the other. A RangeError means an early end. */
export class BinaryCursor {
	readonly #bytes: Buffer;
	at: number;

	constructor(bytes: Buffer, at: number) {
		this.#bytes = bytes;
		this.at = at;
	}

	/** A value as `tagValue` takes it. */
	builtIn(type: number): unknown {
		switch (type) {
			case 1:
				return this.byte() !== 0;
			case 2:
				return this.#bytes.readInt8(this.#step(1));
			case 3:
				return this.byte();
			case 4:
				return this.#bytes.readInt16LE(this.#step(2));
			case 5:
				return this.#bytes.readUInt16LE(this.#step(2));
			case 6:
				return this.int32();
			case 7:
			case 19:
				return this.uint32();
			case 8:
				return this.#bytes.readBigInt64LE(this.#step(8));
			case 9:
				return this.#bytes.readBigUInt64LE(this.#step(8));
			case 10:
				return this.#bytes.readFloatLE(this.#step(4));
			case 11:
				return this.#bytes.readDoubleLE(this.#step(8));
			case 12:
			case 16:
				return this.#sized()?.toString("utf8") ?? null;
			case 13:
				return this.#dateTime();
			case 14:
				return this.#guid();
			case 15: {
				const bytes = this.#sized();
				// A copy, because what a tag had last is kept, and the message behind it must not be.
				return bytes === undefined ? null : bytes.length > textBytesMax ? bytes : Buffer.from(bytes);
			}
			case 17:
				return this.nodeId();
			case 18:
				return this.nodeId();
			case 20:
				this.#step(2);
				return this.#sized()?.toString("utf8") ?? null;
			case 21:
				return this.#localizedText();
			case 22:
				this.skipExtensionObject();
				return undefined;
			default:
				throw new RangeError(`expected a built-in type from 1 to 22, found ${type}`);
		}
	}

	byte(): number {
		return this.#bytes.readUInt8(this.#step(1));
	}

	int32(): number {
		return this.#bytes.readInt32LE(this.#step(4));
	}

	uint32(): number {
		return this.#bytes.readUInt32LE(this.#step(4));
	}

	/** The identifier without its namespace, `i=…` or `s=…`, §5.2.2.9 and §5.2.2.10. */
	nodeId(): string {
		const encoding = this.byte();
		const id = this.#identifier(encoding & 0x3f);
		if ((encoding & 0x80) !== 0) this.#sized();
		if ((encoding & 0x40) !== 0) this.#step(4);
		return id;
	}

	#identifier(form: number): string {
		switch (form) {
			case 0:
				return `i=${this.byte()}`;
			case 1:
				this.#step(1);
				return `i=${this.#bytes.readUInt16LE(this.#step(2))}`;
			case 2:
				this.#step(2);
				return `i=${this.uint32()}`;
			case 3:
				this.#step(2);
				return `s=${this.#sized()?.toString("utf8") ?? ""}`;
			case 4:
				this.#step(2);
				return `g=${this.#guid()}`;
			case 5:
				this.#step(2);
				return `b=${this.#sized()?.toString("base64") ?? ""}`;
			default:
				throw new RangeError(`expected the encoding of a node id, found ${form}`);
		}
	}

	/** §5.2.2.15 */
	skipExtensionObject(): void {
		this.nodeId();
		if (this.byte() !== 0) this.#sized();
	}

	/** Passes over bytes and returns where they begin. */
	#step(length: number): number {
		const from = this.at;
		if (length < 0 || from + length > this.#bytes.length)
			throw new RangeError(`a value of ${length} bytes ends behind its message`);
		this.at = from + length;
		return from;
	}

	#sized(): Buffer | undefined {
		const length = this.int32();
		if (length < 0) return undefined;
		const from = this.#step(length);
		return this.#bytes.subarray(from, from + length);
	}

	#dateTime(): Date | null {
		const ticks = this.#bytes.readBigInt64LE(this.#step(8));
		return ticks <= 0n ? null : new Date(Number(ticks / ticksPerMs - epochMs));
	}

	#guid(): string {
		const from = this.#step(16);
		const bytes = this.#bytes;
		const hex = (at: number, length: number) => bytes.toString("hex", from + at, from + at + length);
		const first = bytes.readUInt32LE(from).toString(16).padStart(8, "0");
		const second = bytes
			.readUInt16LE(from + 4)
			.toString(16)
			.padStart(4, "0");
		const third = bytes
			.readUInt16LE(from + 6)
			.toString(16)
			.padStart(4, "0");
		return `${first}-${second}-${third}-${hex(8, 2)}-${hex(10, 6)}`.toUpperCase();
	}

	/** §5.2.2.14 */
	#localizedText(): { text: string } | null {
		const parts = this.byte();
		if ((parts & 1) !== 0) this.#sized();
		const text = (parts & 2) === 0 ? undefined : this.#sized()?.toString("utf8");
		return text === undefined ? null : { text };
	}
}
