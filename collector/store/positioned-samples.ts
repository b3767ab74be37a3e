import { SampleColumns } from "../../common/contract/samples.ts";

/** Samples with their positions, as columns; `samples.tagId` holds series ids. */
export class PositionedSamples {
	readonly samples: SampleColumns;
	pos: Float64Array;

	constructor(capacity: number) {
		this.samples = new SampleColumns(capacity);
		this.pos = new Float64Array(capacity);
	}

	get count(): number {
		return this.samples.count;
	}

	/** Makes room for at least `capacity` samples, keeping what is there. */
	reserve(capacity: number): void {
		this.samples.reserve(capacity);
		if (this.pos.length >= this.samples.capacity) return;
		const pos = new Float64Array(this.samples.capacity);
		pos.set(this.pos);
		this.pos = pos;
	}

	/** The samples of these indexes, in their order, in columns of just their number. */
	picked(indexes: Uint32Array | readonly number[]): PositionedSamples {
		const picked = new PositionedSamples(indexes.length);
		for (let to = 0; to < indexes.length; to++) {
			const from = indexes[to] as number;
			picked.samples.put(to, this.samples, from);
			picked.pos[to] = this.pos[from] as number;
		}
		picked.samples.count = indexes.length;
		return picked;
	}
}
