import { ByteWriter } from "../../common/contract/bytes.ts";
import { gapMetric } from "../../common/contract/delivery.ts";
import { encodeGap, type Gap } from "../../common/contract/gap.ts";
import { nodeDevice } from "../../common/contract/ids.ts";
import { encodeOpened, type Opened, openedMetric } from "../../common/contract/opened.ts";
import { recordBytesMax, recordSamplesMax, SampleColumns } from "../../common/contract/samples.ts";
import type { Clock } from "../../common/runtime/clock.ts";
import type { Cycle, CycleSink, DeviceProgress, Journal, Position } from "../pipeline.ts";
import { encodeRecord, sampleBytesAtMost } from "../record-codec.ts";
import type { TagBook } from "../tag-book.ts";

/** Counters of the recorder; all grow from zero at start. */
export interface RecorderStats {
	readonly samples: number;
	readonly records: number;
	readonly refusedSamples: number;
}

interface Hole {
	fromMs: number;
	toMs: number;
	readonly tagIds: Set<number>;
}

/**
 * Turns cycles into records: at most 500 samples or 32 KiB of one device each. A record that the journal refuses
 * becomes part of a hole, which is written down as soon as the journal takes records again.
 */
export class Recorder implements CycleSink {
	readonly #journal: Journal;
	readonly #tags: TagBook;
	readonly #clock: Clock;
	readonly #out = new ByteWriter(64 * 1024);
	readonly #one = new SampleColumns(1);
	readonly #progress = new Map<string, DeviceProgress>();
	readonly #holes = new Map<string, Hole>();
	#samples = 0;
	#records = 0;
	#refusedSamples = 0;

	constructor(options: { journal: Journal; tags: TagBook; clock: Clock }) {
		this.#journal = options.journal;
		this.#tags = options.tags;
		this.#clock = options.clock;
	}

	/** The newest Through of each device. */
	get progress(): ReadonlyMap<string, DeviceProgress> {
		return this.#progress;
	}

	get stats(): RecorderStats {
		return { samples: this.#samples, records: this.#records, refusedSamples: this.#refusedSamples };
	}

	/** The first record of an epoch. */
	opened(opened: Opened): void {
		this.#nodeText(openedMetric, encodeOpened(opened));
	}

	gap(gap: Gap): void {
		this.#nodeText(gapMetric, encodeGap(gap));
	}

	cycle({ device, samples, throughMs }: Cycle): void {
		const before = this.#progress.get(device)?.throughMs;
		// Through never goes back: a source that starts again may repeat an older time.
		const after = throughMs === undefined ? before : Math.max(throughMs, before ?? throughMs);
		for (let from = 0; from < samples.count; ) {
			const count = this.#recordLength(samples, from);
			const last = from + count === samples.count;
			this.#record(device, last ? after : before, samples, from, count);
			from += count;
		}
		if (samples.count === 0 && after !== undefined && after !== before) {
			this.#progress.set(device, {
				throughMs: after,
				position: this.#progress.get(device)?.position ?? this.#journal.durable,
			});
		}
	}

	#recordLength(samples: SampleColumns, from: number): number {
		let bytes = 64;
		let count = 0;
		while (from + count < samples.count && count < recordSamplesMax) {
			bytes += sampleBytesAtMost(samples, from + count);
			if (count > 0 && bytes > recordBytesMax) break;
			count++;
		}
		return count;
	}

	#record(
		device: string,
		throughMs: number | undefined,
		samples: SampleColumns,
		from: number,
		count: number,
	): void {
		let position: Position | undefined;
		if (this.#holes.size === 0 || this.#writeHoles()) {
			this.#out.reset();
			encodeRecord(this.#out, { device, throughMs }, samples, from, count);
			position = this.#journal.append(this.#out.take());
		}
		if (position === undefined) {
			this.#lose(device, samples, from, count);
			return;
		}
		this.#records++;
		this.#samples += count;
		if (throughMs !== undefined) this.#progress.set(device, { throughMs, position });
	}

	#lose(device: string, samples: SampleColumns, from: number, count: number): void {
		this.#refusedSamples += count;
		let hole = this.#holes.get(device);
		if (hole === undefined) {
			hole = { fromMs: Number.POSITIVE_INFINITY, toMs: Number.NEGATIVE_INFINITY, tagIds: new Set() };
			this.#holes.set(device, hole);
		}
		for (let index = from; index < from + count; index++) {
			hole.fromMs = Math.min(hole.fromMs, samples.sourceMs[index] as number);
			hole.toMs = Math.max(hole.toMs, samples.sourceMs[index] as number);
			hole.tagIds.add(samples.tagId[index] as number);
		}
	}

	#writeHoles(): boolean {
		for (const [device, { fromMs, toMs, tagIds }] of this.#holes) {
			const tags = [...tagIds].map((id) => this.#tags.get(id)?.name ?? `tag ${id}`);
			if (
				!this.#nodeText(
					gapMetric,
					encodeGap({ device, tags, fromMs, toMs, cause: "journal_bound", backfilled: false }),
				)
			) {
				return false;
			}
			this.#holes.delete(device);
		}
		return true;
	}

	#nodeText(name: string, text: string): boolean {
		const tag = this.#tags.find(nodeDevice, name);
		if (tag === undefined) throw new Error(`the tag book has no ${name}`);
		const one = this.#one;
		one.count = 1;
		one.tagId[0] = tag.id;
		one.sourceMs[0] = this.#clock.wallMs();
		one.sourceRestTicks[0] = 0;
		one.serverLagTicks[0] = Number.NaN;
		one.status[0] = 0;
		one.setValue(0, text);
		this.#out.reset();
		encodeRecord(this.#out, { device: nodeDevice, throughMs: undefined }, one, 0, 1);
		const taken = this.#journal.append(this.#out.take()) !== undefined;
		if (taken) this.#records++;
		return taken;
	}
}
