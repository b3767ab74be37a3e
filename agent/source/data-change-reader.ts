import { BinaryStream, DataType, Variant, VariantArrayType } from "node-opcua";
import { type Datatype, datatypes } from "../../common/contract/datatype.ts";
import { SampleColumns, valueKind } from "../../common/contract/samples.ts";
import { hasOverflow, isGood, statusCodes } from "../../common/contract/status.ts";
import { ticksPerMs } from "../../common/contract/time.ts";
import { FlatReader, notThere, otherKind } from "./flat/flat-reader.ts";
import type { Shape } from "./flat/shape.ts";
import { tagValue, textBytesMax } from "./tag-value.ts";

/** Where the values of one monitored item go. */
export interface SampleTarget {
	readonly samples: SampleColumns;
	readonly tagId: number;
	readonly datatype: Datatype;
	/** For an item whose values are several tags; `tagId` and `datatype` are nobody's then. */
	readonly flat?: FlatTarget | undefined;
}

export interface FlatTarget {
	readonly shape: Shape;
	/** By leaf of the shape; undefined for a leaf that is no tag. */
	readonly leaves: readonly ({ readonly tagId: number; readonly datatype: Datatype } | undefined)[];
	/** Elements that came and have no place, since somebody looked. */
	surplus: number;
}

/** Which parts a DataValue has, Part 6 §5.2.2.17. They follow in the order value, status, source, server time. */
const has = { value: 1, status: 2, sourceTime: 4, serverTime: 8, sourcePico: 16, serverPico: 32 } as const;

/** InfoType DataValue with the Overflow bit, Part 4 §7.39. */
const overflowBits = 0x480;

/** The status of a Good value that its tag cannot have, or lacks. */
function mismatch(status: number, instead: number = statusCodes.BadTypeMismatch): number {
	return isGood(status) ? instead | (hasOverflow(status) ? overflowBits : 0) : status;
}

/** Milliseconds from 1601-01-01, OPC UA's zero, to 1970. */
const epochMs = 11_644_473_600_000;
/** 2³² ticks of 100 ns are this many milliseconds, and this many ticks more. */
const highMs = 429_496;
const highTicks = 7_296;
/** Of the upper half of the ticks, which are a signed number. */
const signBit = 0x8000_0000;

/** Stands for a value that no tag can have. */
const noValue = Symbol("a list");

/**
 * Reads the body of a DataChangeNotification (Part 4 §7.25.2) straight into columns: an object for each value, as a
 * decoder of general use makes them, would cost more than everything else that the agent does.
 *
 * Source time to 100 ns, server time, full status, and the value as the tag's data type has it. A Good value of
 * another kind becomes null with BadTypeMismatch, never a guess. Without a source time the server time stands in, and
 * without that the time of receipt.
 */
export class DataChangeReader {
	readonly #nowhere: SampleTarget = { samples: new SampleColumns(1), tagId: 0, datatype: datatypes.Double };
	readonly #flat = new FlatReader();
	#body: Buffer = Buffer.alloc(0);
	#view: DataView = new DataView(new ArrayBuffer(0));
	#at = 0;
	/** The time read last: milliseconds since 1970, or NaN for none, and ticks. */
	#ms = Number.NaN;
	#ticks = 0;
	#sourceTimesMissing = 0;

	/** Values since the last call whose source gave no time that a sample can have; the server's stands in. */
	takeSourceTimesMissing(): number {
		const missing = this.#sourceTimesMissing;
		this.#sourceTimesMissing = 0;
		return missing;
	}

	/**
	 * Appends every value to the target of its client handle and returns how many had none.
	 * @throws RangeError or Error when the bytes are not what the protocol says; some values may be appended then.
	 */
	read(body: Buffer, targets: readonly (SampleTarget | undefined)[], receivedMs: number): number {
		this.#body = body;
		this.#view = new DataView(body.buffer, body.byteOffset, body.length);
		this.#at = 4;
		const count = this.#view.getInt32(0, true);
		let unknown = 0;
		for (let item = 0; item < count; item++) {
			const handle = this.#view.getUint32(this.#at, true);
			this.#at += 4;
			const target = targets[handle];
			if (target === undefined) {
				unknown++;
				this.#nowhere.samples.count = 0;
			}
			this.#dataValue(target ?? this.#nowhere, receivedMs);
		}
		return unknown;
	}

	#dataValue({ samples, tagId, datatype, flat }: SampleTarget, receivedMs: number): void {
		const parts = this.#view.getUint8(this.#at++);
		if (flat !== undefined) {
			this.#flatValue(samples, flat, parts, receivedMs);
			return;
		}
		const index = samples.count;
		if (index >= samples.capacity) samples.reserve(index + 1);
		samples.kind[index] = valueKind.null;
		const fits = (parts & has.value) === 0 || this.#value(samples, index, datatype);
		const status = this.#stamp(samples, index, parts, receivedMs);
		samples.tagId[index] = tagId;
		samples.status[index] = fits ? status : mismatch(status);
		// Only a whole sample counts, should the bytes end in the middle of this one.
		samples.count = index + 1;
	}

	/** Reads what follows the value: writes both times and returns the status. */
	#stamp(samples: SampleColumns, index: number, parts: number, receivedMs: number): number {
		let status = 0;
		if ((parts & has.status) !== 0) {
			status = this.#view.getUint32(this.#at, true);
			this.#at += 4;
		}
		this.#time(parts & has.sourceTime, parts & has.sourcePico);
		const ownMs = this.#ms;
		const ownTicks = this.#ticks;
		this.#time(parts & has.serverTime, parts & has.serverPico);
		const serverMs = this.#ms;
		const serverTicks = this.#ticks;
		const isOwn = !Number.isNaN(ownMs);
		const isServer = !Number.isNaN(serverMs);
		if (!isOwn) this.#sourceTimesMissing++;
		const sourceMs = isOwn ? ownMs : isServer ? serverMs : receivedMs;
		const restTicks = isOwn ? ownTicks : isServer ? serverTicks : 0;
		samples.sourceMs[index] = sourceMs;
		samples.sourceRestTicks[index] = restTicks;
		samples.serverLagTicks[index] = (serverMs - sourceMs) * ticksPerMs + serverTicks - restTicks;
		return status;
	}

	/** A sample for each leaf of a value that is several tags, all with its times and, but for what a leaf lacks, its status. */
	#flatValue(samples: SampleColumns, flat: FlatTarget, parts: number, receivedMs: number): void {
		const first = samples.count;
		samples.reserve(first + Math.max(1, flat.leaves.length));
		const values = (parts & has.value) === 0 ? undefined : this.#leaves(flat);
		const status = this.#stamp(samples, first, parts, receivedMs);
		const sourceMs = samples.sourceMs[first] as number;
		const restTicks = samples.sourceRestTicks[first] as number;
		const lagTicks = samples.serverLagTicks[first] as number;
		let index = first;
		for (const [place, leaf] of flat.leaves.entries()) {
			if (leaf === undefined) continue;
			const raw = values?.[place] ?? null;
			const isThere = raw !== notThere;
			const value = isThere && raw !== otherKind ? tagValue(raw, leaf.datatype) : undefined;
			samples.setValue(index, value ?? null);
			samples.tagId[index] = leaf.tagId;
			samples.sourceMs[index] = sourceMs;
			samples.sourceRestTicks[index] = restTicks;
			samples.serverLagTicks[index] = lagTicks;
			samples.status[index] =
				value !== undefined ? status : isThere ? mismatch(status) : mismatch(status, statusCodes.BadNoData);
			index++;
		}
		samples.count = index;
	}

	#leaves(flat: FlatTarget): readonly unknown[] {
		const from = this.#at;
		try {
			const { leaves, surplus, end } = this.#flat.read(this.#body, from, flat.shape);
			flat.surplus += surplus;
			this.#at = end;
			return leaves;
		} catch {
			// Whatever it is, it is one Variant, and the values behind it are those of others.
			this.#at = from + 1;
			this.#raw(this.#view.getUint8(from));
			return flat.leaves.map(() => otherKind);
		}
	}

	/**
	 * Reads a time, Part 6 §5.2.2.5; the first moment of 1601 means "not set", and nothing was measured before 1970, which
	 * is as early as Sparkplug's times go.
	 */
	#time(isGiven: number, hasPicoseconds: number): void {
		this.#ms = Number.NaN;
		this.#ticks = 0;
		if (isGiven !== 0) {
			const low = this.#view.getUint32(this.#at, true);
			const high = this.#view.getUint32(this.#at + 4, true);
			this.#at += 8;
			// Ticks since 1601 do not fit a double; in two parts they do.
			const rest = high * highTicks + low;
			const ms = high * highMs + Math.floor(rest / ticksPerMs);
			if (ms >= epochMs && high < signBit) {
				this.#ms = ms - epochMs;
				this.#ticks = rest % ticksPerMs;
			}
		}
		// Counted in 10 ps and always less than a tick of 100 ns, which is as fine as a sample's time is.
		if (hasPicoseconds !== 0) this.#at += 2;
	}

	/** Reads a Variant, Part 6 §5.2.2.16. Returns whether it is a value of the tag's data type, or null. */
	#value(samples: SampleColumns, index: number, datatype: Datatype): boolean {
		const view = this.#view;
		const encoding = view.getUint8(this.#at++);
		if (encoding === DataType.Double) {
			const raw = view.getFloat64(this.#at, true);
			this.#at += 8;
			if (datatype !== datatypes.Double) return this.#set(samples, index, raw, datatype);
			samples.kind[index] = valueKind.number;
			samples.number[index] = raw;
			return true;
		}
		return this.#set(samples, index, this.#raw(encoding), datatype);
	}

	#set(samples: SampleColumns, index: number, raw: unknown, datatype: Datatype): boolean {
		const value = raw === noValue ? undefined : tagValue(raw, datatype);
		samples.setValue(index, value ?? null);
		return value !== undefined;
	}

	/** A value of any type as `tagValue` takes it; `noValue` for a list, which is no value of a tag. */
	#raw(encoding: number): unknown {
		const view = this.#view;
		const at = this.#at;
		switch (encoding) {
			case DataType.Null:
				return null;
			case DataType.Boolean:
				this.#at += 1;
				return view.getUint8(at) !== 0;
			case DataType.SByte:
				this.#at += 1;
				return view.getInt8(at);
			case DataType.Byte:
				this.#at += 1;
				return view.getUint8(at);
			case DataType.Int16:
				this.#at += 2;
				return view.getInt16(at, true);
			case DataType.UInt16:
				this.#at += 2;
				return view.getUint16(at, true);
			case DataType.Int32:
				this.#at += 4;
				return view.getInt32(at, true);
			case DataType.UInt32:
				this.#at += 4;
				return view.getUint32(at, true);
			case DataType.Int64:
				this.#at += 8;
				return view.getBigInt64(at, true);
			case DataType.UInt64:
				this.#at += 8;
				return view.getBigUint64(at, true);
			case DataType.Float:
				this.#at += 4;
				return view.getFloat32(at, true);
			case DataType.String:
				return this.#bytes()?.toString("utf8") ?? null;
			case DataType.ByteString: {
				const bytes = this.#bytes();
				// A copy, because what a tag had last is kept, and the message behind it must not be.
				return bytes === undefined || bytes.length > textBytesMax ? bytes : Buffer.from(bytes);
			}
			default:
				return this.#other();
		}
	}

	#bytes(): Buffer | undefined {
		const length = this.#view.getInt32(this.#at, true);
		this.#at += 4;
		if (length < 0) return undefined;
		const end = this.#at + length;
		if (end > this.#body.length) throw new RangeError(`a text of ${length} bytes ends behind its message`);
		const bytes = this.#body.subarray(this.#at, end);
		this.#at = end;
		return bytes;
	}

	/** Whatever is rare, as node-opcua decodes it. */
	#other(): unknown {
		const stream = new BinaryStream(this.#body);
		stream.length = this.#at - 1;
		const variant = new Variant(null);
		variant.decode(stream);
		this.#at = stream.length;
		const { value } = variant;
		if (variant.arrayType === VariantArrayType.Scalar || value === null) return value;
		// An array of bytes is what some servers send for a ByteString.
		return value instanceof Uint8Array ? Buffer.from(value) : noValue;
	}
}
