import type { DataValue } from "node-opcua";
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
	const source = dataValue.sourceTimestamp ?? dataValue.serverTimestamp;
	const sourceMs = source?.getTime() ?? fallbackMs;
	const picoseconds = dataValue.sourceTimestamp
		? (dataValue.sourcePicoseconds ?? 0)
		: (dataValue.serverPicoseconds ?? 0);
	const restTicks = Math.floor(picoseconds / picosecondsPerTick) % ticksPerMs;
	const server = dataValue.serverTimestamp;
	samples.tagId[index] = tagId;
	samples.sourceMs[index] = sourceMs;
	samples.sourceRestTicks[index] = restTicks;
	samples.serverLagTicks[index] = server
		? (server.getTime() - sourceMs) * ticksPerMs +
			Math.floor((dataValue.serverPicoseconds ?? 0) / picosecondsPerTick) -
			restTicks
		: Number.NaN;
	const status = dataValue.statusCode?.value ?? 0;
	const raw: unknown = dataValue.value?.value;
	const value = convert(raw, datatype);
	samples.status[index] = value === undefined && isGood(status) ? statusCodes.BadTypeMismatch : status;
	samples.setValue(index, value ?? null);
}

/** The value as the data type has it; null stays null, and undefined means another kind of value. */
function convert(raw: unknown, datatype: Datatype): number | OtherValue | null | undefined {
	if (raw === null || raw === undefined) return null;
	switch (datatype) {
		case datatypes.Double:
			return typeof raw === "number" ? raw : undefined;
		case datatypes.Float:
			return typeof raw === "number" ? Math.fround(raw) : undefined;
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

/** node-opcua has 64-bit integers as [high, low] pairs of unsigned 32-bit numbers. */
function integer64(raw: unknown, signed: boolean): bigint | undefined {
	if (Array.isArray(raw) && raw.length === 2) {
		const bits = (BigInt(raw[0] >>> 0) << 32n) | BigInt(raw[1] >>> 0);
		return signed ? BigInt.asIntN(64, bits) : bits;
	}
	if (typeof raw === "bigint") return raw;
	return Number.isSafeInteger(raw) ? BigInt(raw as number) : undefined;
}

function localizedText(raw: unknown): string | undefined {
	const text = (raw as { text?: unknown }).text;
	return typeof text === "string" ? text : undefined;
}
