import { ByteWriter } from "./bytes.ts";
import { type Datatype, datatypes } from "./datatype.ts";
import { type SampleColumns, type SampleValue, valueKind } from "./samples.ts";
import { isGood, qualityOf, qualityProperty, statusProperty } from "./status.ts";

/** A property of a metric; only the types this product sends. */
export type PropertyValue =
	| { readonly type: typeof datatypes.Int32 | typeof datatypes.UInt32; readonly value: number }
	| { readonly type: typeof datatypes.Double; readonly value: number }
	| { readonly type: typeof datatypes.Boolean; readonly value: boolean }
	| { readonly type: typeof datatypes.String; readonly value: string };

/** A metric as births and commands write it. */
export interface MetricFields {
	readonly name?: string;
	readonly alias?: number;
	/** Required in births and data [tck-id-payloads-name-birth-data-requirement]. */
	readonly timestampMs: number;
	readonly datatype: Datatype;
	/** Written in births only; in data it SHOULD NOT be there [tck-id-payloads-metric-datatype-not-req]. */
	readonly withDatatype?: boolean;
	readonly transient?: boolean;
	readonly value: SampleValue | boolean;
	readonly properties?: ReadonlyMap<string, PropertyValue>;
}

/**
 * Writes one Sparkplug B payload at a time into a reused buffer.
 * Field numbers are those of the published protobuf schema; signed integers of up to 32 bits travel as
 * two's complement in `int_value`, UInt32 in `int_value` as the specification (not Tahu) has it.
 */
export class PayloadWriter {
	readonly #out = new ByteWriter(64 * 1024);

	/** Starts a payload. `seq` is absent in commands and NDEATH [tck-id-payloads-ndeath-seq]. */
	begin(timestampMs: number, seq?: number): void {
		this.#out.reset();
		this.#out.byte(0x08);
		this.#out.varint(timestampMs);
		if (seq !== undefined) {
			this.#out.byte(0x18);
			this.#out.varint(seq);
		}
	}

	metric(fields: MetricFields): void {
		const out = this.#out;
		out.byte(0x12);
		const metric = out.openPart();
		if (fields.name !== undefined) {
			out.byte(0x0a);
			out.text(fields.name);
		}
		if (fields.alias !== undefined) {
			out.byte(0x10);
			out.varint(fields.alias);
		}
		out.byte(0x18);
		out.varint(fields.timestampMs);
		if (fields.withDatatype === true) {
			out.byte(0x20);
			out.varint(fields.datatype);
		}
		if (fields.transient === true) {
			out.byte(0x30);
			out.byte(1);
		}
		const value = typeof fields.value === "boolean" ? Number(fields.value) : fields.value;
		if (fields.properties !== undefined && fields.properties.size > 0) this.#properties(fields.properties);
		this.#value(fields.datatype, value);
		out.closePart(metric);
	}

	/** Writes sample `index` as a data metric: alias, no name, no data type; status only when not Good. */
	sample(
		alias: number,
		datatype: Datatype,
		samples: SampleColumns,
		index: number,
		historical: boolean,
	): void {
		const out = this.#out;
		out.byte(0x12);
		const metric = out.openPart();
		out.byte(0x10);
		out.varint(alias);
		out.byte(0x18);
		out.varint(Math.max(0, samples.sourceMs[index] as number));
		if (historical) {
			out.byte(0x28);
			out.byte(1);
		}
		const status = samples.status[index] as number;
		if (!isGood(status)) this.#properties(statusProperties(status));
		const kind = samples.kind[index];
		if (kind === valueKind.number) this.#number(datatype, samples.number[index] as number);
		else this.#value(datatype, samples.value(index));
		out.closePart(metric);
	}

	/** The payload written since `begin`; valid until the next `begin`, so copy it to keep it. */
	finish(): Buffer {
		return this.#out.bytes.subarray(0, this.#out.length);
	}

	#value(datatype: Datatype, value: SampleValue): void {
		const out = this.#out;
		if (value === null) {
			out.byte(0x38);
			out.byte(1);
		} else if (typeof value === "number") this.#number(datatype, value);
		else if (typeof value === "bigint") {
			out.byte(0x58);
			out.varint64(value);
		} else if (typeof value === "string") {
			out.byte(0x7a);
			out.text(value);
		} else {
			out.byte(0x82);
			out.byte(0x01);
			out.sized(value);
		}
	}

	#number(datatype: Datatype, value: number): void {
		const out = this.#out;
		switch (datatype) {
			case datatypes.Double:
				out.byte(0x69);
				out.float64(value);
				return;
			case datatypes.Float:
				out.byte(0x65);
				out.float32(value);
				return;
			case datatypes.Boolean:
				out.byte(0x70);
				out.byte(value === 0 ? 0 : 1);
				return;
			case datatypes.Int64:
			case datatypes.UInt64:
			case datatypes.DateTime:
				out.byte(0x58);
				if (value >= 0) out.varint(value);
				else out.varint64(BigInt(value));
				return;
			default:
				out.byte(0x50);
				out.varint(value >>> 0);
		}
	}

	#properties(properties: ReadonlyMap<string, PropertyValue>): void {
		const out = this.#out;
		out.byte(0x4a);
		const set = out.openPart();
		for (const key of properties.keys()) {
			out.byte(0x0a);
			out.text(key);
		}
		for (const property of properties.values()) {
			out.byte(0x12);
			const part = out.openPart();
			this.#propertyValue(property);
			out.closePart(part);
		}
		out.closePart(set);
	}

	#propertyValue(property: PropertyValue): void {
		const out = this.#out;
		out.byte(0x08);
		out.varint(property.type);
		switch (property.type) {
			case datatypes.Int32:
			case datatypes.UInt32:
				out.byte(0x18);
				out.varint(property.value >>> 0);
				return;
			case datatypes.Double:
				out.byte(0x31);
				out.float64(property.value);
				return;
			case datatypes.Boolean:
				out.byte(0x38);
				out.byte(property.value ? 1 : 0);
				return;
			case datatypes.String:
				out.byte(0x42);
				out.text(property.value);
		}
	}
}

/** `Quality` and the full status, for a metric that is not Good. */
export function statusProperties(status: number): Map<string, PropertyValue> {
	return new Map<string, PropertyValue>([
		[qualityProperty, { type: datatypes.Int32, value: qualityOf(status) }],
		[statusProperty, { type: datatypes.UInt32, value: status }],
	]);
}
