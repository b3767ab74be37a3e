// Confirmed delivery on ordinary Sparkplug metrics (design: "On the wire"). A host that does not know these
// names ignores them; an edge node that does not send them is taken as a foreign one.

import { ByteReader, BytesError, ByteWriter } from "./bytes.ts";
import { packColumns, unpackColumns } from "./packed-columns.ts";
import { recordSamplesMax, type SampleColumns } from "./samples.ts";

/** Version of the Delivery metrics, in NBIRTH. */
export const deliveryVersion = 1;

/** Metric names. The first four stand in data messages, the next two in NBIRTH and NDATA, the rest in NCMD. */
export const deliveryMetrics = {
	epoch: "Delivery/Epoch",
	offset: "Delivery/Offset",
	through: "Delivery/Through",
	detail: "Delivery/Detail",
	version: "Delivery/Version",
	held: "Delivery/Held",
	host: "Delivery/Host",
	confirmed: "Delivery/Confirmed",
	resendFrom: "Delivery/Resend From",
	resendTo: "Delivery/Resend To",
} as const;

/**
 * Aliases of what the edge node itself has besides its tags, the same in every session, so that a command that was under
 * way while the node was born anew cannot mean another metric. Far above the aliases of tags, which are counted from 1.
 */
export const nodeAliases = {
	bdSeq: 2_000_000_000,
	[deliveryMetrics.epoch]: 2_000_000_001,
	[deliveryMetrics.offset]: 2_000_000_002,
	[deliveryMetrics.through]: 2_000_000_003,
	[deliveryMetrics.detail]: 2_000_000_004,
	[deliveryMetrics.version]: 2_000_000_005,
	[deliveryMetrics.held]: 2_000_000_006,
	[deliveryMetrics.host]: 2_000_000_007,
	[deliveryMetrics.confirmed]: 2_000_000_008,
	[deliveryMetrics.resendFrom]: 2_000_000_009,
	[deliveryMetrics.resendTo]: 2_000_000_010,
} as const;

/** The tag, of the edge node itself, whose samples are rows for the gap ledger (JSON text, see gap.ts). */
export const gapMetric = "Data/Gap";

/** Property of a metric, in births: the tag it belongs to, where the metric's name had to be another one. */
export const tagProperty = "Tag";

/** Bytes of the record hash: SHA-256 of the journaled record, cut. */
export const recordHashBytes = 16;

/** A run of offsets that an agent still holds for one epoch: `first` … `next − 1`. */
export interface HeldEpoch {
	readonly epoch: number;
	readonly first: number;
	readonly next: number;
}

const detailFormat = 1;
const heldFormat = 1;
const heldEpochsMax = 1000;

/**
 * Packs Delivery/Detail. `lastOffset` is the last offset that the record occupies (its own, or the end of a dropped range);
 * in a message without samples, the record its Through refers to.
 */
export function encodeDetail(
	out: ByteWriter,
	detail: { hash: Uint8Array; lastOffset: number },
	samples: SampleColumns,
	from: number,
	count: number,
): void {
	out.reset();
	out.byte(detailFormat);
	out.raw(detail.hash);
	out.varint(detail.lastOffset);
	out.varint(count);
	packColumns(out, samples, from, count);
}

export interface Detail {
	readonly hash: Uint8Array;
	readonly lastOffset: number;
	readonly count: number;
}

/**
 * Reads Delivery/Detail into the packed columns of `samples`.
 * @throws BytesError when the bytes are not a Detail or speak of more samples than a record may hold.
 */
export function decodeDetail(bytes: Uint8Array, samples: SampleColumns): Detail {
	const reader = new ByteReader(bytes);
	const format = reader.byte();
	if (format !== detailFormat)
		throw new BytesError(`expected Detail format ${detailFormat}, found ${format}`);
	// Not a slice of a shared slab: it goes to another thread, and the whole slab would go with it.
	const hash = new Uint8Array(reader.raw(recordHashBytes));
	const lastOffset = reader.varint();
	const count = reader.varint();
	if (count > recordSamplesMax)
		throw new BytesError(`expected at most ${recordSamplesMax} samples, found ${count}`);
	samples.reserve(count);
	unpackColumns(reader, samples, count);
	return { hash, lastOffset, count };
}

/** Packs Delivery/Held, oldest epoch first. */
export function encodeHeld(held: readonly HeldEpoch[]): Buffer {
	const out = new ByteWriter(64);
	out.byte(heldFormat);
	out.varint(held.length);
	for (const { epoch, first, next } of held) {
		out.varint(epoch);
		out.varint(first);
		out.varint(next);
	}
	return out.take();
}

/** @throws BytesError when the bytes are not a Held or name more epochs than can be. */
export function decodeHeld(bytes: Uint8Array): HeldEpoch[] {
	const reader = new ByteReader(bytes);
	const format = reader.byte();
	if (format !== heldFormat) throw new BytesError(`expected Held format ${heldFormat}, found ${format}`);
	const count = reader.varint();
	if (count > heldEpochsMax) throw new BytesError(`expected at most ${heldEpochsMax} epochs, found ${count}`);
	return Array.from({ length: count }, () => ({
		epoch: reader.varint(),
		first: reader.varint(),
		next: reader.varint(),
	}));
}
