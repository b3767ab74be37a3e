import { DataType, type DataValue, VariantArrayType } from "node-opcua";
import { type Datatype, datatypes } from "../../common/contract/datatype.ts";
import type { OtherValue, SampleColumns } from "../../common/contract/samples.ts";
import { isGood, statusCodes } from "../../common/contract/status.ts";
import { ticksPerMs } from "../../common/contract/time.ts";

/** Ticks of 100 ns in node-opcua's picoseconds below the millisecond. */
const picosecondsPerTick = 100_000;

const integerRange: Partial<Record<Datatype, readonly [number, number]>> = {
	[datatypes.Int8]: [-128, 127],
	[datatypes.Int16]: [-32_768, 32_767],
	[datatypes.Int32]: [-2_147_483_648, 2_147_483_647],
	[datatypes.UInt8]: [0, 255],
	[datatypes.UInt16]: [0, 65_535],
	[datatypes.UInt32]: [0, 4_294_967_295],
};

/** 1601-01-01, OPC UA's zero. */
const unsetMs = -11_644_473_600_000;

const textBytesMax = 16 * 1024;

/**
 * Appends an OPC UA data value to `samples`: source time to 100 ns, server time, full status, and the value as the
 * tag's data type has it. A Good value of another kind becomes null with BadTypeMismatch, never a guess. Without a
 * source time the server time stands in, and without that `fallbackMs`.
 */
export function appendDataValue(
	samples: SampleColumns,
	tagId: number,
	datatype: Datatype,
	dataValue: DataValue,
	fallbackMs: number,
): void {
	samples.reserve(samples.count + 1);
	const index = samples.count++;
	const serverMs = timeOf(dataValue.serverTimestamp);
	const ownMs = timeOf(dataValue.sourceTimestamp);
	const sourceMs = ownMs ?? serverMs ?? fallbackMs;
	const picoseconds =
		ownMs !== undefined
			? (dataValue.sourcePicoseconds ?? 0)
			: serverMs !== undefined
				? (dataValue.serverPicoseconds ?? 0)
				: 0;
	const restTicks = Math.floor(picoseconds / picosecondsPerTick) % ticksPerMs;
	samples.tagId[index] = tagId;
	samples.sourceMs[index] = sourceMs;
	samples.sourceRestTicks[index] = restTicks;
	samples.serverLagTicks[index] =
		serverMs !== undefined
			? (serverMs - sourceMs) * ticksPerMs +
				Math.floor((dataValue.serverPicoseconds ?? 0) / picosecondsPerTick) -
				restTicks
			: Number.NaN;
	const status = dataValue.statusCode?.value ?? 0;
	const value = convert(dataValue.value, datatype);
	samples.status[index] = value === undefined && isGood(status) ? statusCodes.BadTypeMismatch : status;
	samples.setValue(index, value ?? null);
}

/** A time in milliseconds, or undefined for none. Part 6 §5.2.2.5: the first day of 1601 means "not set". */
function timeOf(time: Date | null | undefined): number | undefined {
	const ms = time?.getTime() ?? Number.NaN;
	return ms > unsetMs ? ms : undefined;
}

/** The value as the data type has it; null stays null, and undefined means another kind of value. */
function convert(variant: DataValue["value"], datatype: Datatype): number | OtherValue | null | undefined {
	const raw: unknown = variant?.value;
	if (raw === null || raw === undefined) return null;
	// A list is no value of a tag. An array of bytes is what some servers send for a ByteString.
	if (variant.arrayType !== VariantArrayType.Scalar && datatype !== datatypes.Bytes) return undefined;
	switch (datatype) {
		case datatypes.Double:
			return typeof raw === "number" ? raw : undefined;
		case datatypes.Float:
			return typeof raw === "number" ? single(raw) : undefined;
		case datatypes.Boolean:
			return typeof raw === "boolean" ? Number(raw) : undefined;
		case datatypes.DateTime:
			return raw instanceof Date && !Number.isNaN(raw.getTime()) ? raw.getTime() : undefined;
		case datatypes.String: {
			const text = typeof raw === "string" ? raw : localizedText(raw);
			return text !== undefined && Buffer.byteLength(text) <= textBytesMax ? text : undefined;
		}
		case datatypes.Bytes:
			return raw instanceof Uint8Array && raw.length <= textBytesMax ? raw : undefined;
		case datatypes.Int64:
		case datatypes.UInt64:
			return integer64(raw, variant.dataType, datatype === datatypes.Int64);
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
function integer64(raw: unknown, dataType: DataType, signed: boolean): bigint | undefined {
	const value = wholeNumber(raw, dataType);
	if (value === undefined) return undefined;
	const fits = signed ? BigInt.asIntN(64, value) === value : BigInt.asUintN(64, value) === value;
	return fits ? value : undefined;
}

/** node-opcua has 64-bit integers as [high, low] pairs of unsigned 32-bit numbers; the server's type gives the sign. */
function wholeNumber(raw: unknown, dataType: DataType): bigint | undefined {
	if (Array.isArray(raw) && raw.length === 2) {
		const bits = (BigInt(raw[0] >>> 0) << 32n) | BigInt(raw[1] >>> 0);
		return dataType === DataType.Int64 ? BigInt.asIntN(64, bits) : bits;
	}
	if (typeof raw === "bigint") return raw;
	return Number.isSafeInteger(raw) ? BigInt(raw as number) : undefined;
}

function localizedText(raw: unknown): string | undefined {
	const text = (raw as { text?: unknown }).text;
	return typeof text === "string" ? text : undefined;
}
