// Columns that Sparkplug's own fields cannot carry, packed for the journal and for Delivery/Detail:
//
//   rest     0 | 1 varint…          ticks of 100 ns below the millisecond; 0 = all are zero
//   lag      0 | 1 zigzag+1…        server time minus source time in ticks; 0 = no server time anywhere,
//                                   and a single 0 in the list = none for this sample
//   status   runs, (length, u32)…   run-length coded StatusCodes; no runs = all Good

import { type ByteReader, BytesError, type ByteWriter } from "./bytes.ts";
import type { SampleColumns } from "./samples.ts";
import { ticksPerMs } from "./time.ts";

/** Packs `rest`, `lag` and `status` of samples `from` … `from + count − 1`. */
export function packColumns(out: ByteWriter, samples: SampleColumns, from: number, count: number): void {
	const end = from + count;
	packRest(out, samples.sourceRestTicks, from, end);
	packLag(out, samples.serverLagTicks, from, end);
	packStatus(out, samples.status, from, end);
}

/** The inverse of `packColumns`, into samples 0 … `count − 1`. */
export function unpackColumns(reader: ByteReader, samples: SampleColumns, count: number): void {
	unpackRest(reader, samples.sourceRestTicks, count);
	unpackLag(reader, samples.serverLagTicks, count);
	unpackStatus(reader, samples.status, count);
}

function packRest(out: ByteWriter, rest: Uint16Array, from: number, end: number): void {
	let any = 0;
	for (let index = from; index < end; index++) any |= rest[index] as number;
	out.byte(any === 0 ? 0 : 1);
	if (any === 0) return;
	for (let index = from; index < end; index++) out.varint(rest[index] as number);
}

function unpackRest(reader: ByteReader, rest: Uint16Array, count: number): void {
	if (reader.byte() === 0) {
		rest.fill(0, 0, count);
		return;
	}
	for (let index = 0; index < count; index++) {
		const ticks = reader.varint();
		if (ticks >= ticksPerMs)
			throw new BytesError(`expected a rest below ${ticksPerMs} ticks, found ${ticks}`);
		rest[index] = ticks;
	}
}

function packLag(out: ByteWriter, lag: Float64Array, from: number, end: number): void {
	let any = false;
	for (let index = from; index < end && !any; index++) any = !Number.isNaN(lag[index]);
	out.byte(any ? 1 : 0);
	if (!any) return;
	for (let index = from; index < end; index++) {
		const ticks = lag[index] as number;
		if (Number.isNaN(ticks)) out.byte(0);
		// Zero is taken by "none", so zero and positive lags move up by one.
		else out.zigzag(ticks >= 0 ? ticks + 1 : ticks);
	}
}

function unpackLag(reader: ByteReader, lag: Float64Array, count: number): void {
	if (reader.byte() === 0) {
		lag.fill(Number.NaN, 0, count);
		return;
	}
	for (let index = 0; index < count; index++) {
		const ticks = reader.zigzag();
		lag[index] = ticks === 0 ? Number.NaN : ticks > 0 ? ticks - 1 : ticks;
	}
}

function packStatus(out: ByteWriter, status: Uint32Array, from: number, end: number): void {
	let runs = 0;
	for (let index = from; index < end; index++)
		if (index === from || status[index] !== status[index - 1]) runs++;
	if (runs <= 1 && (end === from || status[from] === 0)) {
		out.varint(0);
		return;
	}
	out.varint(runs);
	for (let index = from; index < end; ) {
		const value = status[index] as number;
		let length = 1;
		while (index + length < end && status[index + length] === value) length++;
		out.varint(length);
		out.uint32(value);
		index += length;
	}
}

function unpackStatus(reader: ByteReader, status: Uint32Array, count: number): void {
	const runs = reader.varint();
	if (runs === 0) {
		status.fill(0, 0, count);
		return;
	}
	let index = 0;
	for (let run = 0; run < runs; run++) {
		const length = reader.varint();
		const value = reader.uint32();
		if (length > count - index) throw new BytesError(`expected ${count} statuses, found more`);
		status.fill(value, index, index + length);
		index += length;
	}
	if (index !== count) throw new BytesError(`expected ${count} statuses, found ${index}`);
}
