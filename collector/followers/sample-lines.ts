// Samples as points of the measurement `sample`.
//
//   labels   edge_node, group, tag, unit
//   fields   status                       the full OPC UA status, in every point; a label would make a series of each
//            value                        every number, and a Boolean as 0 or 1: the one road for trends
//            ivalue, bvalue, svalue       the exact value of whole numbers and times (ms since 1970), Booleans, text
//   time     source time in ticks of 100 ns, and one nanosecond more for each value of that time before it
//
// A field has one type for ever, so a tag that changes its type conflicts with nothing. NaN and the infinities, which
// InfluxDB has no number for, are text in `svalue`; a 64-bit number beyond the signed range is its digits there. Bytes are
// base64, arrays JSON. A sample without a value has its status only.

import { decodeArray } from "../../common/contract/arrays.ts";
import { type Datatype, datatypes, isArray, isInteger64 } from "../../common/contract/datatype.ts";
import { type SampleColumns, valueKind } from "../../common/contract/samples.ts";
import { fitsInteger, floatField, LineRefused, textField, timeText } from "./line-protocol.ts";
import type { SeriesBook, SeriesEntry } from "./series-book.ts";
import { type TieBook, tiesMax } from "./tie-book.ts";

const nsPerTick = 100;

export interface Refusal {
	readonly pos: number;
	readonly reason: string;
	/** What is known of the sample, for a person. */
	readonly what: string;
}

export interface EncodedSamples {
	readonly lines: string[];
	readonly refusals: Refusal[];
	/** Samples that edge nodes write about themselves: they are told as gaps. */
	readonly ownRecords: number;
}

/** Samples of one reading, in order. */
export function sampleLines(
	samples: SampleColumns,
	pos: Float64Array,
	series: SeriesBook,
	ties: TieBook,
): EncodedSamples {
	const lines: string[] = [];
	const refusals: Refusal[] = [];
	let ownRecords = 0;
	for (let index = 0; index < samples.count; index++) {
		const id = samples.tagId[index] as number;
		const entry = series.entry(id);
		if (entry?.device === "") {
			ownRecords++;
			continue;
		}
		try {
			if (entry === undefined) throw new LineRefused(`the store does not name series ${id}`);
			lines.push(lineOf(samples, index, entry, ties));
		} catch (error) {
			if (!(error instanceof LineRefused)) throw error;
			refusals.push({
				pos: pos[index] as number,
				reason: error.message,
				what: `${entry?.device ?? ""}/${entry?.tag ?? id} at ${samples.sourceMs[index]} ms, status ${samples.status[index]}`,
			});
		}
	}
	return { lines, refusals, ownRecords };
}

/** Warms the book of ties with samples that were sent before. */
export function rememberTies(samples: SampleColumns, series: SeriesBook, ties: TieBook): void {
	for (let index = 0; index < samples.count; index++) {
		const entry = series.entry(samples.tagId[index] as number);
		if (entry === undefined || entry.device === "") continue;
		ties.place(entry.point, samples.sourceMs[index] as number, samples.sourceRestTicks[index] as number);
	}
}

function lineOf(samples: SampleColumns, index: number, entry: SeriesEntry, ties: TieBook): string {
	if (typeof entry.key !== "string") throw entry.key;
	const ms = samples.sourceMs[index] as number;
	const rest = samples.sourceRestTicks[index] as number;
	const fields = fieldsOf(samples, index, entry.datatype);
	const place = ties.place(entry.point, ms, rest);
	if (place > tiesMax) throw new LineRefused(`the tag has ${tiesMax + 1} values of this source time already`);
	return `${entry.key} status=${samples.status[index]}i${fields} ${timeText(ms, rest * nsPerTick + place)}`;
}

/** The fields beside `status`, each with a comma before it. */
function fieldsOf(samples: SampleColumns, index: number, datatype: Datatype): string {
	if (samples.kind[index] === valueKind.number)
		return numberFields(samples.number[index] as number, datatype);
	const value = samples.value(index);
	if (value === null || typeof value === "number") return "";
	if (typeof value === "bigint") return integerFields(value);
	if (typeof value === "string") return `,svalue=${textField(value)}`;
	return `,svalue=${textField(isArray(datatype) ? arrayText(datatype, value) : base64(value))}`;
}

function numberFields(value: number, datatype: Datatype): string {
	if (!Number.isFinite(value)) return `,svalue="${value}"`;
	if (datatype === datatypes.Boolean) return `,bvalue=${value !== 0},value=${value === 0 ? 0 : 1}`;
	const number = floatField(value);
	if (datatype === datatypes.Float || datatype === datatypes.Double) return `,value=${number}`;
	if (isInteger64(datatype) && Number.isInteger(value)) return integerFields(BigInt(value));
	return Number.isSafeInteger(value) ? `,ivalue=${value}i,value=${number}` : `,value=${number}`;
}

/** `value` is the nearest double: a trend needs a number, and the exact one is beside it. */
function integerFields(value: bigint): string {
	const exact = fitsInteger(value) ? `ivalue=${value}i` : `svalue="${value}"`;
	return `,${exact},value=${floatField(Number(value))}`;
}

function base64(bytes: Uint8Array): string {
	return `base64:${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64")}`;
}

function arrayText(datatype: Datatype, packed: Uint8Array): string {
	try {
		const values = decodeArray(datatype, packed).map((value) =>
			typeof value === "number" || typeof value === "bigint" ? String(value) : JSON.stringify(value),
		);
		return `[${values.join(",")}]`;
	} catch {
		return base64(packed);
	}
}
