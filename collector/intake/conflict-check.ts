import type { ConflictRow, GapRow, HashPort, IncomingRecord } from "../pipeline.ts";
import { gapId } from "./batch.ts";

/** Repeats that are compared at one time; more than these are taken for what they nearly always are. */
const comparingMax = 200;
const samplesKeptMax = 500;
const tagsNamedMax = 100;

export interface ConflictCheckOptions {
	readonly store: HashPort;
	readonly tagOf: (series: number) => string | undefined;
	readonly wallMs: () => number;
	readonly onConflict: (conflict: ConflictRow, gap: GapRow) => void;
	readonly onFailed: (error: unknown) => void;
}

/**
 * Looks whether a record that came again is the one that is stored. Another content under the same epoch and offset
 * means that something is wrong with an agent: it is kept aside and raised, and its values are a gap.
 */
export class ConflictCheck {
	readonly #options: ConflictCheckOptions;
	#comparing = 0;

	constructor(options: ConflictCheckOptions) {
		this.#options = options;
	}

	/** A record whose offset is stored already. The record of a dropped range never conflicts. */
	repeated(record: IncomingRecord): void {
		if (record.last !== record.offset || this.#comparing >= comparingMax) return;
		this.#comparing++;
		const { store, onFailed } = this.#options;
		store
			.recordHash(record.edgeNode, record.epoch, record.offset)
			.then((stored) => {
				// Without a record the offset was written off, and this one comes too late.
				if (stored !== undefined && Buffer.compare(stored, record.hash) !== 0) this.#raise(record);
			})
			.catch(onFailed)
			.finally(() => {
				this.#comparing--;
			});
	}

	#raise(record: IncomingRecord): void {
		const { edgeNode, epoch, offset, device, hash, samples } = record;
		const { tagOf, wallMs, onConflict } = this.#options;
		const kept: unknown[] = [];
		const tags = new Set<string>();
		let fromMs = Number.POSITIVE_INFINITY;
		let toMs = Number.NEGATIVE_INFINITY;
		for (let index = 0; index < samples.count; index++) {
			const sourceMs = samples.sourceMs[index] as number;
			fromMs = Math.min(fromMs, sourceMs);
			toMs = Math.max(toMs, sourceMs);
			const tag = tagOf(samples.tagId[index] as number) ?? "";
			tags.add(tag);
			if (kept.length < samplesKeptMax)
				kept.push([tag, sourceMs, samples.status[index], String(samples.value(index))]);
		}
		const nowMs = wallMs();
		onConflict(
			{ edgeNode, epoch, offset, hash, device, receivedMs: nowMs, samples: JSON.stringify(kept) },
			{
				id: gapId(edgeNode, epoch, offset, -1),
				edgeNode,
				device,
				tags: tags.size > tagsNamedMax ? [] : [...tags],
				fromMs: Math.min(fromMs, toMs),
				toMs: samples.count === 0 ? fromMs : toMs,
				cause: "conflict",
				backfilled: false,
				noticedMs: nowMs,
			},
		);
	}
}
