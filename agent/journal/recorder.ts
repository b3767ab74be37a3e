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
import { fittingGaps } from "./gap-record.ts";
import { GapSummary } from "./gap-summary.ts";

/** Counters of the recorder; all grow from zero at start. */
export interface RecorderStats {
	readonly samples: number;
	readonly records: number;
	readonly refusedSamples: number;
}

/**
 * Turns cycles into records: at most 500 samples or 32 KiB of one device each. What the journal refuses, values as well
 * as gaps, is remembered as gaps, bounded, which are written down as soon as the journal takes records again; until
 * then nothing newer is written and no Through goes on, so that a Through never passes over a hole in silence.
 */
export class Recorder implements CycleSink {
	readonly #journal: Journal;
	readonly #tags: TagBook;
	readonly #clock: Clock;
	readonly #onRefused: ((samples: number) => void) | undefined;
	readonly #out = new ByteWriter(64 * 1024);
	readonly #one = new SampleColumns(1);
	readonly #progress = new Map<string, DeviceProgress>();
	readonly #refused: GapSummary;
	/** What is left to write of a gap that is too long for one record. */
	#parts: Gap[] = [];
	#samples = 0;
	#records = 0;
	#refusedSamples = 0;

	/** `onRefused` is told of samples that the journal had no room for. */
	constructor(options: {
		journal: Journal;
		tags: TagBook;
		clock: Clock;
		onRefused?: (samples: number) => void;
	}) {
		this.#journal = options.journal;
		this.#tags = options.tags;
		this.#clock = options.clock;
		this.#onRefused = options.onRefused;
		this.#refused = new GapSummary((id) => options.tags.get(id)?.name);
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
		this.#refused.gap(gap);
		this.#writeRefused();
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
		if (samples.count === 0 && after !== undefined && after !== before && this.#writeRefused()) {
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
		if (this.#writeRefused()) {
			this.#out.reset();
			encodeRecord(this.#out, { device, throughMs }, samples, from, count);
			position = this.#journal.append(this.#out.take());
		}
		if (position === undefined) {
			this.#refusedSamples += count;
			this.#onRefused?.(count);
			this.#refused.values(device, samples, from, count);
			return;
		}
		this.#records++;
		this.#samples += count;
		if (throughMs !== undefined) this.#progress.set(device, { throughMs, position });
	}

	/** Writes down what was refused; false while the journal refuses that, too. */
	#writeRefused(): boolean {
		for (;;) {
			for (let part = this.#parts[0]; part !== undefined; part = this.#parts[0]) {
				if (!this.#nodeText(gapMetric, encodeGap(part))) return false;
				this.#parts.shift();
			}
			const gap = this.#refused.first();
			if (gap === undefined) return true;
			// While nothing of it is written it goes on growing.
			const [part, ...others] = fittingGaps(gap);
			if (part === undefined || !this.#nodeText(gapMetric, encodeGap(part))) return false;
			this.#refused.takeFirst();
			this.#parts = others;
		}
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
