// What a DataValue means, told a second time and in another way: from the objects that node-opcua decodes.

import { DataType, type DataValue, VariantArrayType } from "node-opcua";
import { tagValue } from "../../../agent/source/tag-value.ts";
import type { Datatype } from "../../../common/contract/datatype.ts";
import type { SampleValue } from "../../../common/contract/samples.ts";
import { isGood, statusCodes } from "../../../common/contract/status.ts";

export interface ReferenceSample {
	readonly sourceMs: number;
	readonly rest: number;
	readonly lag: number;
	readonly status: number;
	readonly value: SampleValue;
}

/** 1601 is no time, and nothing was measured before 1970. */
const earliestMs = 0;

function timeOf(time: Date | null, picoseconds: number): { ms: number; ticks: number } | undefined {
	const ms = time?.getTime() ?? Number.NaN;
	return ms >= earliestMs ? { ms, ticks: Math.floor(picoseconds / 100_000) } : undefined;
}

export function referenceSample(
	dataValue: DataValue,
	datatype: Datatype,
	receivedMs: number,
): ReferenceSample {
	const server = timeOf(dataValue.serverTimestamp, dataValue.serverPicoseconds);
	const source = timeOf(dataValue.sourceTimestamp, dataValue.sourcePicoseconds) ??
		server ?? { ms: receivedMs, ticks: 0 };
	const value = valueAs(dataValue, datatype);
	const status = dataValue.statusCode.value;
	const info = (status & 0xc80) === 0x480 ? 0x480 : 0;
	return {
		sourceMs: source.ms,
		rest: source.ticks,
		lag: server === undefined ? Number.NaN : (server.ms - source.ms) * 10_000 + server.ticks - source.ticks,
		status: value === undefined && isGood(status) ? (statusCodes.BadTypeMismatch | info) >>> 0 : status,
		value: value ?? null,
	};
}

function valueAs({ value: variant }: DataValue, datatype: Datatype): SampleValue | undefined {
	const raw: unknown = variant?.value;
	if (raw === null || raw === undefined) return null;
	if (variant.arrayType !== VariantArrayType.Scalar)
		return raw instanceof Uint8Array ? tagValue(Buffer.from(raw), datatype) : undefined;
	if (variant.dataType !== DataType.Int64 && variant.dataType !== DataType.UInt64)
		return tagValue(raw, datatype);
	// node-opcua has 64-bit integers as [high, low] pairs of unsigned 32-bit numbers.
	const [high, low] = raw as [number, number];
	const bits = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
	return tagValue(variant.dataType === DataType.Int64 ? BigInt.asIntN(64, bits) : bits, datatype);
}
