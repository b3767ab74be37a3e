import { comparePositions, type HeldRange, type Position } from "../../agent/pipeline.ts";
import type { Epoch } from "../../common/contract/ids.ts";

/** A record of the model: `last` > `offset` is the gap record of a dropped range. `index` counts all appended records. */
export interface ModelRecord {
	readonly chain: number;
	readonly epoch: number;
	readonly offset: number;
	readonly last: number;
	readonly index: number;
	/** In the first record of an epoch, and in a gap record that took its place. */
	readonly opening?: { readonly previousEpoch: number; readonly previousLast: number } | undefined;
}

interface ModelEpoch {
	readonly chain: number;
	readonly epoch: number;
	next: number;
	records: ModelRecord[];
}

const recordsPerSegment = 4;

/** What the agent's journal does for delivery, in memory: append, drop by a bound, trim whole segments, open again. */
export class ModelJournal {
	readonly #epochs: ModelEpoch[] = [];
	/** Every record ever appended, in order. */
	readonly appended: ModelRecord[] = [];
	/** Indexes that a bound dropped. */
	readonly dropped = new Set<number>();

	get current(): ModelEpoch {
		return this.#epochs.at(-1) as ModelEpoch;
	}

	open(epoch: number): void {
		const before = this.#epochs.at(-1);
		this.#epochs.push({ chain: (before?.chain ?? 0) + 1, epoch, next: 1, records: [] });
		this.append({ previousEpoch: before?.epoch ?? 0, previousLast: (before?.next ?? 1) - 1 });
	}

	append(opening?: ModelRecord["opening"]): void {
		const { chain, epoch, next, records } = this.current;
		const record = { chain, epoch, offset: next, last: next, index: this.appended.length, opening };
		this.appended.push(record);
		records.push(record);
		this.current.next++;
	}

	/** The bound drops the oldest segment: one record occupies its range from now on. */
	dropOldest(): void {
		const oldest = this.#epochs[0];
		if (oldest === undefined || oldest.records.length <= recordsPerSegment) return;
		const gone = oldest.records.splice(0, recordsPerSegment);
		const [first, last] = [gone[0], gone.at(-1)] as [ModelRecord, ModelRecord];
		for (const { epoch, offset, last: to } of gone)
			for (const record of this.appended)
				if (record.epoch === epoch && record.offset >= offset && record.offset <= to)
					this.dropped.add(record.index);
		const opening = gone.find((record) => record.opening !== undefined)?.opening;
		oldest.records.unshift({ ...first, last: last.last, index: last.index, opening });
	}

	held(): HeldRange[] {
		return this.#epochs.map(({ chain, epoch, next, records }) => ({
			chain,
			epoch: epoch as Epoch,
			first: records[0]?.offset ?? next,
			next,
		}));
	}

	/** The record at a place or the next one. */
	at(position: Position): ModelRecord | undefined {
		for (const { chain, records } of this.#epochs) {
			if (chain < position.chain) continue;
			const found = records.find(({ last }) => chain > position.chain || last >= position.offset);
			if (found !== undefined) return found;
		}
		return undefined;
	}

	trim(position: Position): void {
		for (;;) {
			const oldest = this.#epochs[0] as ModelEpoch;
			const segment = oldest.records.slice(0, recordsPerSegment);
			const end = segment.at(-1);
			if (end === undefined) {
				if (this.#epochs.length === 1) return;
				this.#epochs.shift();
				continue;
			}
			const isWhole = segment.length === recordsPerSegment || this.#epochs.length > 1;
			if (!isWhole || comparePositions({ chain: end.chain, offset: end.last }, position) >= 0) return;
			oldest.records.splice(0, segment.length);
		}
	}
}
