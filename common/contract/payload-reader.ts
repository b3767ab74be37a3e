import { ByteReader, BytesError, signed64, unsigned64 } from "./bytes.ts";
import { type Datatype, datatypes, isArray } from "./datatype.ts";
import type { OtherValue, SampleValue } from "./samples.ts";
import { qualityProperty, statusCodes, statusOfQuality, statusProperty } from "./status.ts";

/** Which member of the protobuf `oneof value` a metric carried. */
const valueField = {
	none: 0,
	int: 1,
	long: 2,
	float: 3,
	double: 4,
	bool: 5,
	string: 6,
	bytes: 7,
	skipped: 8,
};

/**
 * The metric being read. One object serves a whole payload, so copy what is to be kept.
 * `name` is undefined and `alias` −1 when absent; `timestampMs` and `datatype` are −1 when absent.
 */
export class MetricView {
	name: string | undefined;
	alias = -1;
	timestampMs = -1;
	datatype = -1;
	historical = false;
	transient = false;
	isNull = false;
	field = valueField.none;
	low = 0;
	high = 0;
	number = 0;
	text = "";
	bytes: Buffer | undefined;
	/** The encoded property set, or undefined. */
	properties: Buffer | undefined;

	reset(): void {
		this.name = undefined;
		this.alias = -1;
		this.timestampMs = -1;
		this.datatype = -1;
		this.historical = false;
		this.transient = false;
		this.isNull = false;
		this.field = valueField.none;
		this.bytes = undefined;
		this.properties = undefined;
	}

	/**
	 * The value as the data type of the birth has it, or undefined when the wire holds another kind of value.
	 * 64-bit integers are always bigint; UInt32 is accepted in `int_value` and `long_value`.
	 */
	value(datatype: Datatype): SampleValue | undefined {
		if (this.isNull) return null;
		switch (datatype) {
			case datatypes.Int8:
				return this.#isInteger() ? (this.low << 24) >> 24 : undefined;
			case datatypes.Int16:
				return this.#isInteger() ? (this.low << 16) >> 16 : undefined;
			case datatypes.Int32:
				return this.#isInteger() ? this.low | 0 : undefined;
			case datatypes.UInt8:
				return this.#isInteger() ? this.low & 0xff : undefined;
			case datatypes.UInt16:
				return this.#isInteger() ? this.low & 0xffff : undefined;
			case datatypes.UInt32:
				return this.#isInteger() ? this.low : undefined;
			case datatypes.Int64:
				return this.#isInteger() ? BigInt(signed64(this.low, this.high)) : undefined;
			case datatypes.UInt64:
				return this.#isInteger() ? BigInt(unsigned64(this.low, this.high)) : undefined;
			case datatypes.DateTime:
				return this.#isInteger() ? Number(signed64(this.low, this.high)) : undefined;
			case datatypes.Float:
			case datatypes.Double:
				return this.field === valueField.double || this.field === valueField.float ? this.number : undefined;
			case datatypes.Boolean:
				return this.field === valueField.bool ? this.low : undefined;
			case datatypes.String:
			case datatypes.Text:
			case datatypes.UUID:
				return this.field === valueField.string ? this.text : undefined;
			case datatypes.Bytes:
			case datatypes.File:
				return this.field === valueField.bytes ? (this.bytes as OtherValue) : undefined;
			default:
				if (!isArray(datatype)) return undefined;
				return this.field === valueField.bytes ? (this.bytes as OtherValue) : undefined;
		}
	}

	/** The full status when it is there, else what `Quality` says, else Good. */
	status(): number {
		if (this.properties === undefined) return statusCodes.Good;
		const properties = readProperties(this.properties);
		const status = properties.get(statusProperty);
		if (typeof status === "number") return status >>> 0;
		const quality = properties.get(qualityProperty);
		return typeof quality === "number" ? statusOfQuality(quality) : statusCodes.Good;
	}

	#isInteger(): boolean {
		return this.field === valueField.int || this.field === valueField.long;
	}
}

/** A payload's own fields; `seq` is −1 when absent. */
export interface PayloadHead {
	timestampMs: number;
	seq: number;
}

const propertiesMax = 64;

/**
 * Reads a payload, calling `onMetric` for each metric in wire order, and returns its own fields (which may
 * stand after the metrics). Unknown fields are skipped, as protobuf requires.
 *
 * @throws BytesError when the bytes are not a payload; metrics may have been handed over by then.
 */
export function readPayload(
	payload: Uint8Array,
	view: MetricView,
	onMetric: (metric: MetricView) => void,
): PayloadHead {
	const reader = new ByteReader(payload);
	const head: PayloadHead = { timestampMs: -1, seq: -1 };
	const total = reader.end;
	while (!reader.atEnd) {
		const tag = reader.varint();
		if (tag === 0x08) head.timestampMs = reader.varint();
		else if (tag === 0x18) head.seq = reader.varint();
		else if (tag === 0x12) {
			const length = reader.varint();
			const end = reader.position + length;
			if (end > total)
				throw new BytesError(`expected a metric of ${length} bytes, found ${total - reader.position}`);
			reader.end = end;
			readMetric(reader, view);
			reader.end = total;
			onMetric(view);
		} else skip(reader, tag);
	}
	return head;
}

function readMetric(reader: ByteReader, view: MetricView): void {
	view.reset();
	while (!reader.atEnd) {
		const tag = reader.varint();
		switch (tag) {
			case 0x0a:
				view.name = reader.text();
				break;
			case 0x10:
				view.alias = reader.varint();
				break;
			case 0x18:
				view.timestampMs = reader.varint();
				break;
			case 0x20:
				view.datatype = reader.varint();
				break;
			case 0x28:
				view.historical = reader.varint() !== 0;
				break;
			case 0x30:
				view.transient = reader.varint() !== 0;
				break;
			case 0x38:
				view.isNull = reader.varint() !== 0;
				break;
			case 0x4a:
				view.properties = reader.sized();
				break;
			case 0x50:
			case 0x58:
				reader.varint64();
				view.low = reader.low;
				view.high = reader.high;
				view.field = tag === 0x50 ? valueField.int : valueField.long;
				break;
			case 0x65:
				view.number = reader.float32();
				view.field = valueField.float;
				break;
			case 0x69:
				view.number = reader.float64();
				view.field = valueField.double;
				break;
			case 0x70:
				view.low = reader.varint() === 0 ? 0 : 1;
				view.field = valueField.bool;
				break;
			case 0x7a:
				view.text = reader.text();
				view.field = valueField.string;
				break;
			case 0x82:
				view.bytes = reader.sized();
				view.field = valueField.bytes;
				break;
			default:
				// DataSet (17), Template (18) and extensions: the metric is known by name, its value is not ours.
				if (tag >>> 3 >= 17) view.field = valueField.skipped;
				skip(reader, tag);
		}
	}
}

/** A property set as a map; nested sets and lists are skipped. At most 64 properties are kept. */
export function readProperties(bytes: Uint8Array): Map<string, number | bigint | boolean | string> {
	const reader = new ByteReader(bytes);
	const keys: string[] = [];
	const values: (number | bigint | boolean | string | undefined)[] = [];
	while (!reader.atEnd && values.length < propertiesMax) {
		const tag = reader.varint();
		if (tag === 0x0a) keys.push(reader.text());
		else if (tag === 0x12) values.push(readProperty(new ByteReader(reader.sized())));
		else skip(reader, tag);
	}
	const properties = new Map<string, number | bigint | boolean | string>();
	for (const [index, key] of keys.entries()) {
		const value = values[index];
		if (value !== undefined) properties.set(key, value);
	}
	return properties;
}

function readProperty(reader: ByteReader): number | bigint | boolean | string | undefined {
	let type = 0;
	let value: number | bigint | boolean | string | undefined;
	while (!reader.atEnd) {
		const tag = reader.varint();
		if (tag === 0x08) type = reader.varint();
		else if (tag === 0x18 || tag === 0x20) {
			reader.varint64();
			const signed = type === datatypes.Int64 || type === datatypes.DateTime;
			value = signed ? signed64(reader.low, reader.high) : unsigned64(reader.low, reader.high);
			if (type >= datatypes.Int8 && type <= datatypes.Int32) value = reader.low | 0;
		} else if (tag === 0x2d) value = reader.float32();
		else if (tag === 0x31) value = reader.float64();
		else if (tag === 0x38) value = reader.varint() !== 0;
		else if (tag === 0x42) value = reader.text();
		else skip(reader, tag);
	}
	return value;
}

function skip(reader: ByteReader, tag: number): void {
	switch (tag & 7) {
		case 0:
			reader.varint64();
			return;
		case 1:
			reader.raw(8);
			return;
		case 2:
			reader.sized();
			return;
		case 5:
			reader.raw(4);
			return;
		default:
			throw new BytesError(`expected a protobuf wire type, found ${tag & 7} in tag ${tag}`);
	}
}
