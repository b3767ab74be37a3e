import type { TagNames } from "../../../agent/journal/gap-record.ts";
import { decodeRecord, encodeRecord } from "../../../agent/record-codec.ts";
import type { Tag } from "../../../agent/tag-book.ts";
import { ByteReader, ByteWriter } from "../../../common/contract/bytes.ts";
import { datatypes } from "../../../common/contract/datatype.ts";
import { gapMetric } from "../../../common/contract/delivery.ts";
import { decodeGap, encodeGap, type Gap } from "../../../common/contract/gap.ts";
import { decodeOpened, encodeOpened, type Opened, openedMetric } from "../../../common/contract/opened.ts";
import { recordSamplesMax, SampleColumns, type SampleValue } from "../../../common/contract/samples.ts";

const gapTag = 1;
const openedTag = 2;

function tag(id: number, device: string, name: string): Tag {
	return { id, device, name, datatype: datatypes.Double, configured: true };
}

/** Names of tags: `tag 1207` is the seventh of device `U12`. */
export const tagNames: TagNames = {
	get(id) {
		if (id === gapTag) return tag(id, "", gapMetric);
		if (id === openedTag) return tag(id, "", openedMetric);
		return tag(id, deviceOf(id), nameOf(id));
	},
	find(device, name) {
		if (device !== "") return undefined;
		return name === gapMetric ? tag(gapTag, "", name) : tag(openedTag, "", name);
	},
};

export const deviceOf = (tagId: number) => `U${Math.floor(tagId / 100)}`;
export const nameOf = (tagId: number) => `tag ${tagId}`;

type Sample = readonly [tagId: number, sourceMs: number, value: SampleValue];

/** The body of a record of one device. */
export function recordOf(device: string, samples: readonly Sample[]): Buffer {
	const columns = new SampleColumns(samples.length);
	for (const [tagId, sourceMs, value] of samples) {
		const index = columns.count++;
		columns.tagId[index] = tagId;
		columns.sourceMs[index] = sourceMs;
		columns.serverLagTicks[index] = Number.NaN;
		columns.setValue(index, value);
	}
	const out = new ByteWriter();
	encodeRecord(out, { device, throughMs: undefined }, columns, 0, columns.count);
	return out.take();
}

export const gapBody = (gap: Gap, atMs = 1) => recordOf("", [[gapTag, atMs, encodeGap(gap)]]);
export const openedBody = (opened: Opened, atMs = 1) =>
	recordOf("", [[openedTag, atMs, encodeOpened(opened)]]);

export interface Told {
	readonly device: string;
	readonly gaps: Gap[];
	readonly openings: (Opened & { sourceMs: number })[];
	/** Tag id and source time of all other samples. */
	readonly values: [tagId: number, sourceMs: number][];
}

/** What a record holds: gaps, openings, and values. */
export function told(body: Buffer): Told {
	const columns = new SampleColumns(recordSamplesMax);
	const { device, count } = decodeRecord(new ByteReader(body), columns);
	const gaps: Gap[] = [];
	const openings: (Opened & { sourceMs: number })[] = [];
	const values: [tagId: number, sourceMs: number][] = [];
	for (let index = 0; index < count; index++) {
		const text = String(columns.value(index));
		const tagId = columns.tagId[index] as number;
		const sourceMs = columns.sourceMs[index] as number;
		const gap = tagId === gapTag ? decodeGap(text) : undefined;
		const opened = tagId === openedTag ? decodeOpened(text) : undefined;
		if (gap !== undefined) gaps.push(gap);
		else if (opened !== undefined) openings.push({ ...opened, sourceMs });
		else values.push([tagId, sourceMs]);
	}
	return { device, gaps, openings, values };
}

/** The gap that the journal's bound makes of a device's values. */
export function boundGap(device: string, tags: readonly string[], fromMs: number, toMs: number): Gap {
	return { device, tags, fromMs, toMs, cause: "journal_bound", backfilled: false };
}

/** Whether a gap says of everything that another says to be missing that it is. */
export function covers(gap: Gap, part: Gap): boolean {
	return (
		gap.cause === part.cause &&
		gap.backfilled === part.backfilled &&
		(gap.device === part.device || gap.device === "") &&
		gap.fromMs <= part.fromMs &&
		gap.toMs >= part.toMs &&
		(gap.tags.length === 0 || (part.tags.length > 0 && part.tags.every((tag) => gap.tags.includes(tag))))
	);
}
