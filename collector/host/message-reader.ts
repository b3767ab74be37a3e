import { BytesError } from "../../common/contract/bytes.ts";
import { type Datatype, datatypes } from "../../common/contract/datatype.ts";
import {
	decodeDetail,
	decodeHeld,
	deliveryMetrics,
	type HeldEpoch,
	tagProperty,
} from "../../common/contract/delivery.ts";
import { isEpoch, isOffset } from "../../common/contract/ids.ts";
import {
	MetricView,
	type PayloadHead,
	readPayload,
	readProperties,
} from "../../common/contract/payload-reader.ts";
import { recordSamplesMax, SampleColumns } from "../../common/contract/samples.ts";
import type { AliasTable, MetricDefinition } from "./alias-table.ts";

const view = new MetricView();

/** A metric as a birth declares it. */
export interface BornMetric {
	readonly name: string;
	readonly alias: number;
	readonly datatype: number;
	readonly eu: string | undefined;
	/** The tag it belongs to, where that is not its name. */
	readonly tag: string | undefined;
}

export interface Birth {
	readonly head: PayloadHead;
	readonly bdSeq: number;
	readonly held: readonly HeldEpoch[] | undefined;
	readonly metrics: readonly BornMetric[];
}

/** More metrics than this in one birth is not a plant. */
const birthMetricsMax = 200_000;

/**
 * Reads NBIRTH or DBIRTH. Values of a birth repeat what the journal has or will send, so they are not read.
 * @throws BytesError when the payload is not Sparkplug B.
 */
export function readBirth(payload: Uint8Array): Birth {
	const metrics: BornMetric[] = [];
	let bdSeq = -1;
	let held: HeldEpoch[] | undefined;
	const head = readPayload(payload, view, (metric) => {
		if (metric.name === undefined || metrics.length >= birthMetricsMax) return;
		if (metric.name === "bdSeq") bdSeq = Number(metric.value(datatypes.Int64) ?? -1);
		if (metric.name === deliveryMetrics.held && metric.bytes !== undefined) held = readHeld(metric.bytes);
		const properties = metric.properties === undefined ? undefined : readProperties(metric.properties);
		const eu = properties?.get("engUnit");
		const tag = properties?.get(tagProperty);
		metrics.push({
			name: metric.name,
			alias: metric.alias,
			datatype: metric.datatype,
			eu: typeof eu === "string" ? eu : undefined,
			tag: typeof tag === "string" && tag !== "" ? tag : undefined,
		});
	});
	return { head, bdSeq, held, metrics };
}

/** The bdSeq of NDEATH, or −1, and the head, which has a sequence number in DDEATH only. */
export function readDeath(payload: Uint8Array): { readonly head: PayloadHead; readonly bdSeq: number } {
	let bdSeq = -1;
	const head = readPayload(payload, view, (metric) => {
		if (metric.name === "bdSeq") bdSeq = Number(metric.value(datatypes.Int64) ?? -1);
	});
	return { head, bdSeq };
}

/** @throws BytesError for numbers that no journal can have. */
function readHeld(bytes: Uint8Array): HeldEpoch[] {
	const held = decodeHeld(bytes);
	if (!held.every(({ epoch, first, next }) => isEpoch(epoch) && isOffset(first) && isOffset(next)))
		throw new BytesError("expected epochs and offsets from 1 to 2^53 − 1 in Held, found others");
	return held;
}

/** What a Date can hold; beyond it is no time of a plant, and no integer that a double is sure of. */
const timeMsMax = 8.64e15;

/** What a data message holds. `samples` is fresh for every message and may be kept. */
export interface Data {
	readonly head: PayloadHead;
	readonly epoch: number | undefined;
	readonly offset: number | undefined;
	readonly throughMs: number | undefined;
	readonly hash: Uint8Array;
	/** In a message without samples: the record its Through refers to. */
	readonly lastOffset: number | undefined;
	readonly held: readonly HeldEpoch[] | undefined;
	readonly samples: SampleColumns;
	/** Sent later than it came about, as a backlog is. */
	readonly historical: boolean;
	/** Metrics that no birth declared, and values of another kind than declared. */
	readonly unknownAliases: number;
	readonly mistyped: number;
	/** Whether the edge node speaks confirmed delivery in this message. */
	readonly foreign: boolean;
}

const noHash = new Uint8Array(16);
/** Where the samples of a message are gathered; what is kept is a copy of their size. */
const gathered = new SampleColumns(recordSamplesMax);

/**
 * Reads NDATA or DDATA against the aliases of the present birth.
 * @throws BytesError when the payload is not Sparkplug B, or its Detail does not fit its samples.
 */
export function readData(
	payload: Uint8Array,
	device: string,
	aliases: AliasTable,
	samplesMax = recordSamplesMax,
): Data {
	const samples = gathered;
	samples.count = 0;
	samples.other.length = 0;
	let epoch: number | undefined;
	let offset: number | undefined;
	let throughMs: number | undefined;
	let held: HeldEpoch[] | undefined;
	let detail: Buffer | undefined;
	let unknownAliases = 0;
	let mistyped = 0;
	let historical = false;
	const head = readPayload(payload, view, (metric) => {
		const definition = aliases.find(device, metric.alias, metric.name);
		if (definition === undefined) {
			unknownAliases++;
			return;
		}
		switch (definition.role) {
			case "epoch":
				epoch = integer(metric);
				break;
			case "offset":
				offset = integer(metric);
				break;
			case "through":
				throughMs = Number(metric.value(datatypes.DateTime) ?? Number.NaN);
				break;
			case "detail":
				detail = metric.bytes;
				break;
			case "held":
				if (metric.bytes !== undefined) held = readHeld(metric.bytes);
				break;
			case "tag":
				if (metric.historical) historical = true;
				if (samples.count >= samplesMax)
					throw new BytesError(`expected at most ${samplesMax} samples in a message, found more`);
				if (!appendSample(samples, metric, definition)) mistyped++;
				break;
			default:
				break;
		}
	});
	let hash: Uint8Array = noHash;
	let lastOffset: number | undefined;
	if (detail !== undefined) {
		const count = samples.count;
		const decoded = decodeDetail(detail, samples);
		if (unknownAliases === 0 && mistyped === 0 && decoded.count !== count) {
			throw new BytesError(`expected ${decoded.count} samples as Detail says, found ${count}`);
		}
		hash = decoded.hash;
		lastOffset = decoded.lastOffset;
	}
	const foreign = epoch === undefined || !isEpoch(epoch) || (offset !== undefined && !isOffset(offset));
	if (throughMs !== undefined && !(Math.abs(throughMs) <= timeMsMax)) throughMs = undefined;
	return {
		head,
		epoch,
		offset,
		throughMs,
		hash,
		lastOffset,
		held,
		samples: samples.copy(),
		historical,
		unknownAliases,
		mistyped,
		foreign,
	};
}

function integer(metric: MetricView): number | undefined {
	const value = metric.value(datatypes.Int64);
	return typeof value === "bigint" ? Number(value) : undefined;
}

/** The sample without what Detail adds; the status of the plain metric stands until then. */
function appendSample(samples: SampleColumns, metric: MetricView, definition: MetricDefinition): boolean {
	const value = metric.value(definition.datatype as Datatype);
	if (value === undefined || metric.timestampMs < 0 || metric.timestampMs > timeMsMax) return false;
	samples.reserve(samples.count + 1);
	const index = samples.count++;
	samples.tagId[index] = definition.series;
	samples.sourceMs[index] = metric.timestampMs;
	samples.sourceRestTicks[index] = 0;
	samples.serverLagTicks[index] = Number.NaN;
	samples.status[index] = metric.status();
	// A value of bytes is a view on the message, which is reused.
	samples.setValue(index, value instanceof Uint8Array ? Buffer.from(value) : value);
	return true;
}
