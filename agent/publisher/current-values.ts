import type { SampleColumns, SampleValue } from "../../common/contract/samples.ts";
import { statusCodes } from "../../common/contract/status.ts";
import type { Cycle } from "../pipeline.ts";

/** The newest value of a tag, for births. */
export interface CurrentValue {
	readonly value: SampleValue;
	readonly sourceMs: number;
	readonly status: number;
}

/** Keeps the newest sample of every tag by tag id, and grows with the tag book; births repeat them, and nothing else reads them. */
export class CurrentValues {
	readonly #columns: SampleColumns;
	#known: Uint8Array;

	constructor(columns: SampleColumns) {
		this.#columns = columns;
		this.#known = new Uint8Array(columns.capacity);
	}

	update({ samples }: Cycle): void {
		const mine = this.#columns;
		for (let index = 0; index < samples.count; index++) {
			const id = samples.tagId[index] as number;
			if (id >= this.#known.length) this.#grow(id + 1);
			if (this.#known[id] === 1 && (samples.sourceMs[index] as number) < (mine.sourceMs[id] as number))
				continue;
			this.#known[id] = 1;
			mine.sourceMs[id] = samples.sourceMs[index] as number;
			mine.status[id] = samples.status[index] as number;
			mine.setValue(id, samples.value(index));
		}
	}

	#grow(capacity: number): void {
		this.#columns.reserve(capacity);
		const known = new Uint8Array(this.#columns.capacity);
		known.set(this.#known);
		this.#known = known;
	}

	/** The value of a tag, or null with BadWaitingForInitialData when there was none yet. */
	get(tagId: number, nowMs: number): CurrentValue {
		if (this.#known[tagId] !== 1)
			return { value: null, sourceMs: nowMs, status: statusCodes.BadWaitingForInitialData };
		const { sourceMs, status } = this.#columns;
		return {
			value: this.#columns.value(tagId),
			sourceMs: sourceMs[tagId] as number,
			status: status[tagId] as number,
		};
	}
}
