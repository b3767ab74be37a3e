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
		picked.fill(this, indexes);
		return picked;
	}

	/** Holds these of another's samples, in their order, and nothing else; the room must be there. */
	fill(from: PositionedSamples, indexes: Uint32Array | readonly number[]): void {
		const { samples, pos } = this;
		samples.other.length = 0;
		for (let to = 0; to < indexes.length; to++) {
			const at = indexes[to] as number;
			samples.put(to, from.samples, at);
			pos[to] = from.pos[at] as number;
		}
		samples.count = indexes.length;
	}
}
