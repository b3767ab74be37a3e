// The record that takes the place of a dropped range: a record of the edge node itself, like every other, with the
// opening of the epoch if that was in the range, and one `Data/Gap` sample for each gap.

import { ByteReader, BytesError, ByteWriter } from "../../common/contract/bytes.ts";
import { gapMetric } from "../../common/contract/delivery.ts";
import { decodeGap, encodeGap, type Gap } from "../../common/contract/gap.ts";
import { nodeDevice } from "../../common/contract/ids.ts";
import { openedMetric } from "../../common/contract/opened.ts";
import { recordBytesMax, recordSamplesMax, SampleColumns } from "../../common/contract/samples.ts";
import { decodeRecord, encodeRecord } from "../record-codec.ts";
import type { TagBook } from "../tag-book.ts";
import { GapSummary } from "./gap-summary.ts";

/** What the journal must know of tags to say what is in records. */
export type TagNames = Pick<TagBook, "get" | "find">;

/** The parts of a gap that would be longer are several gaps; of more than this many it becomes "every tag". */
const gapPartsMax = 8;
const gapTextBytesMax = 24 * 1024;
/** Beside the texts: head of the record, and for each sample its packed columns. */
const headBytes = 64;
const sampleBytes = 40;

/** Cuts a gap whose tags do not fit into one record into several, or makes it "every tag of the device". */
export function fittingGaps(gap: Gap): Gap[] {
	if (Buffer.byteLength(encodeGap(gap)) <= gapTextBytesMax) return [gap];
	const parts: Gap[] = [];
	let tags: string[] = [];
	let bytes = gapTextBytesMax;
	for (const tag of gap.tags) {
		const needed = Buffer.byteLength(JSON.stringify(tag)) + 1;
		if (bytes + needed > gapTextBytesMax) {
			if (parts.length === gapPartsMax) return [{ ...gap, tags: [] }];
			tags = [];
			parts.push({ ...gap, tags });
			bytes = Buffer.byteLength(encodeGap({ ...gap, tags: [] })) + needed;
		} else bytes += needed;
		tags.push(tag);
	}
	return parts;
}

/** Collects what the records of a dropped range held, one body after the other, and makes the record of it. */
export class GapRecord {
	readonly #summary: GapSummary;
	readonly #columns = new SampleColumns(recordSamplesMax);
	readonly #gapTag: number | undefined;
	readonly #openedTag: number | undefined;
	#opened: { readonly sourceMs: number; readonly text: string } | undefined;
	#unreadable = 0;
	#fromMs = Number.POSITIVE_INFINITY;
	#toMs = Number.NEGATIVE_INFINITY;

	constructor(tags: TagNames) {
		this.#summary = new GapSummary((id) => tags.get(id)?.name);
		this.#gapTag = tags.find(nodeDevice, gapMetric)?.id;
		this.#openedTag = tags.find(nodeDevice, openedMetric)?.id;
	}

	/** A record of the range, or the gap record of the range before it. */
	add(body: Buffer): void {
		const columns = this.#columns;
		let device: string;
		let count: number;
		try {
			({ device, count } = decodeRecord(new ByteReader(body), columns));
		} catch (error) {
			if (!(error instanceof BytesError)) throw error;
			this.#unreadable++;
			return;
		}
		if (device !== nodeDevice) {
			this.#summary.values(device, columns, 0, count);
			for (let index = 0; index < count; index++) this.#saw(columns.sourceMs[index] as number);
			return;
		}
		for (let index = 0; index < count; index++) {
			const tagId = columns.tagId[index];
			const text = columns.value(index);
			const gap = tagId === this.#gapTag && typeof text === "string" ? decodeGap(text) : undefined;
			if (gap !== undefined) {
				this.#summary.gap(gap);
				this.#saw(gap.fromMs);
				this.#saw(gap.toMs);
			} else if (tagId === this.#openedTag && typeof text === "string") {
				this.#opened = { sourceMs: columns.sourceMs[index] as number, text };
			} else this.#summary.values(device, columns, index, 1);
		}
	}

	/** Records that nobody can read any more are in the range. */
	addUnreadable(): void {
		this.#unreadable++;
	}

	/** Records are gone, and nobody knows what was in them: every tag of every device, in times of the wall clock. */
	addUnknown(fromMs: number, toMs: number): void {
		this.#summary.gap({ device: nodeDevice, tags: [], fromMs, toMs, cause: "unknown", backfilled: false });
	}

	/**
	 * The body of the record. What could not be read is a gap of every tag of every device between the times of what
	 * could; when nothing could, between `range`, times of the wall clock.
	 */
	body(nowMs: number, range: { readonly fromMs: number; readonly toMs: number }): Buffer {
		const summary = this.#summary;
		if (this.#unreadable > 0) {
			const isKnown = this.#fromMs <= this.#toMs;
			summary.unknown(isKnown ? this.#fromMs : range.fromMs, isKnown ? this.#toMs : range.toMs);
			this.#unreadable = 0;
		}
		for (let isCoarser = false; !this.#fits(); ) {
			if (summary.withoutLongestList()) continue;
			if (isCoarser) summary.coarsest();
			else summary.coarser();
			isCoarser = true;
		}
		const columns = this.#columns;
		columns.count = 0;
		if (this.#opened !== undefined) add(columns, this.#openedTag, this.#opened.sourceMs, this.#opened.text);
		for (const gap of summary.gaps()) add(columns, this.#gapTag, nowMs, encodeGap(gap));
		const out = new ByteWriter();
		encodeRecord(out, { device: nodeDevice, throughMs: undefined }, columns, 0, columns.count);
		return out.take();
	}

	#saw(sourceMs: number): void {
		this.#fromMs = Math.min(this.#fromMs, sourceMs);
		this.#toMs = Math.max(this.#toMs, sourceMs);
	}

	#fits(): boolean {
		const gaps = this.#summary.gaps();
		if (gaps.length + 1 > recordSamplesMax) return false;
		let bytes = headBytes + sampleBytes + Buffer.byteLength(this.#opened?.text ?? "");
		for (const gap of gaps) bytes += sampleBytes + Buffer.byteLength(encodeGap(gap));
		return bytes <= recordBytesMax;
	}
}

function add(columns: SampleColumns, tagId: number | undefined, sourceMs: number, text: string): void {
	const index = columns.count++;
	columns.tagId[index] = tagId ?? 0;
	columns.sourceMs[index] = sourceMs;
	columns.sourceRestTicks[index] = 0;
	columns.serverLagTicks[index] = Number.NaN;
	columns.status[index] = 0;
	columns.setValue(index, text);
}
