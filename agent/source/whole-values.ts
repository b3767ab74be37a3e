import type { SampleColumns } from "../../common/contract/samples.ts";
import type { TagColumns } from "./tag-columns.ts";

/**
 * A list or a structure is one value, though it is many tags: it comes again only as a whole. Two laboratory results at one
 * source time have most of their fields alike, and each of them must be told with all of them. Pure.
 */
export class WholeValues {
	readonly #columns: TagColumns;
	#samples: SampleColumns;
	#order: readonly number[] = [];
	#until = 0;
	#repeats = false;

	constructor(columns: TagColumns, samples: SampleColumns) {
		this.#columns = columns;
		this.#samples = samples;
	}

	/** Samples in the order in which they will be asked for. */
	begin(samples: SampleColumns, order: readonly number[]): void {
		this.#samples = samples;
		this.#order = order;
		this.#until = 0;
	}

	/** Whether the sample whose turn it is, or each sample of the value that it is a part of, repeats what is known. */
	repeats(turn: number, isRepeat: (index: number) => boolean): boolean {
		if (turn < this.#until) return this.#repeats;
		const { rank, shared } = this.#columns;
		const { tagId, sourceMs, sourceRestTicks } = this.#samples;
		const first = this.#order[turn] as number;
		const place = this.#columns.place(tagId[first] as number);
		if (shared[place] === 0) return isRepeat(first);
		this.#repeats = true;
		for (this.#until = turn; this.#until < this.#order.length; this.#until++) {
			const index = this.#order[this.#until] as number;
			const goesOn =
				rank[this.#columns.place(tagId[index] as number)] === rank[place] &&
				sourceMs[index] === sourceMs[first] &&
				sourceRestTicks[index] === sourceRestTicks[first] &&
				(index === first || tagId[index] !== tagId[first]);
			if (!goesOn) break;
			if (this.#repeats && !isRepeat(index)) this.#repeats = false;
		}
		return this.#repeats;
	}
}
