import { type Datatype, datatypes } from "../../common/contract/datatype.ts";
import type { SampleValue } from "../../common/contract/samples.ts";

const integerRange: Partial<Record<Datatype, readonly [number, number]>> = {
	[datatypes.Int8]: [-128, 127],
	[datatypes.Int16]: [-32_768, 32_767],
	[datatypes.Int32]: [-2_147_483_648, 2_147_483_647],
	[datatypes.UInt8]: [0, 255],
	[datatypes.UInt16]: [0, 65_535],
	[datatypes.UInt32]: [0, 4_294_967_295],
};

/** A longer text or list of bytes is no value of a tag: it would not fit a record. */
export const textBytesMax = 16 * 1024;

/**
 * A value as the tag's data type has it; null stays null, and undefined means that it is another kind of value, which
 * is never guessed at. `raw` is a number, boolean, string, list of bytes, Date, object with a `text`, or a bigint.
 */
export function tagValue(raw: unknown, datatype: Datatype): SampleValue | undefined {
	if (raw === null || raw === undefined) return null;
	switch (datatype) {
		case datatypes.Double:
			return typeof raw === "number" ? raw : undefined;
		case datatypes.Float:
			return typeof raw === "number" ? single(raw) : undefined;
		case datatypes.Boolean:
			return typeof raw === "boolean" ? Number(raw) : undefined;
		case datatypes.DateTime:
			return raw instanceof Date ? raw.getTime() : undefined;
		case datatypes.String: {
			const text = typeof raw === "string" ? raw : localizedText(raw);
			return text !== undefined && Buffer.byteLength(text) <= textBytesMax ? text : undefined;
		}
		case datatypes.Bytes:
			return raw instanceof Uint8Array && raw.length <= textBytesMax ? raw : undefined;
		case datatypes.Int64:
		case datatypes.UInt64:
			return integer64(raw, datatype === datatypes.Int64);
		default: {
			const range = integerRange[datatype];
			const fits =
				range !== undefined &&
				Number.isInteger(raw) &&
				(raw as number) >= range[0] &&
				(raw as number) <= range[1];
			return fits ? (raw as number) : undefined;
		}
	}
}

/** The nearest Float, or undefined for a number beyond every Float. */
function single(raw: number): number | undefined {
	const rounded = Math.fround(raw);
	return Number.isFinite(raw) === Number.isFinite(rounded) ? rounded : undefined;
}

/** The integer, or undefined when it is none of the tag's 64 bits. */
function integer64(raw: unknown, signed: boolean): bigint | undefined {
	if (typeof raw !== "bigint" && !Number.isSafeInteger(raw)) return undefined;
	const value = BigInt(raw as bigint | number);
	const fits = signed ? BigInt.asIntN(64, value) === value : BigInt.asUintN(64, value) === value;
	return fits ? value : undefined;
}

function localizedText(raw: unknown): string | undefined {
	const text = (raw as { text?: unknown }).text;
	return typeof text === "string" ? text : undefined;
}
