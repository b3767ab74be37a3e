/** What a value column holds at an index. */
export const valueKind = { null: 0, number: 1, other: 2 } as const;

/** Values that are not exact in a double. */
export type OtherValue = bigint | string | Uint8Array;
export type SampleValue = number | OtherValue | null;

/** At most this many samples in one record; the position of a sample is `seq × 512 + index`. */
export const recordSamplesMax = 500;
/** At most this many bytes in one record as journaled. */
export const recordBytesMax = 32 * 1024;

const bytesPerSample = 3 * 8 + 2 * 4 + 2 + 1;

/**
 * Samples of one device as columns, so that a hot path allocates no object per sample.
 * All arrays have at least `count` elements; the meaning of a number depends on the tag's data type:
 * a Boolean is 0 or 1, a DateTime is milliseconds since 1970. The arrays are views on one buffer, in the order of their
 * elements' sizes: seven buffers for each message cost the garbage collector more than its samples.
 */
export class SampleColumns {
	count = 0;
	/** The tag's id in its owner's book (agent: tag id; collector: series id). */
	tagId: Uint32Array;
	/** Source time, whole milliseconds since 1970. */
	sourceMs: Float64Array;
	/** Source time, rest in ticks of 100 ns. */
	sourceRestTicks: Uint16Array;
	/** Server time minus source time in ticks of 100 ns; NaN when the server sent no server time. */
	serverLagTicks: Float64Array;
	/** Full OPC UA StatusCode. */
	status: Uint32Array;
	kind: Uint8Array;
	number: Float64Array;
	/** Sparse: only indexes whose kind is `other`. */
	other: (OtherValue | undefined)[];

	constructor(capacity: number) {
		const buffer = new ArrayBuffer(capacity * bytesPerSample);
		this.sourceMs = new Float64Array(buffer, 0, capacity);
		this.serverLagTicks = new Float64Array(buffer, 8 * capacity, capacity);
		this.number = new Float64Array(buffer, 16 * capacity, capacity);
		this.tagId = new Uint32Array(buffer, 24 * capacity, capacity);
		this.status = new Uint32Array(buffer, 28 * capacity, capacity);
		this.sourceRestTicks = new Uint16Array(buffer, 32 * capacity, capacity);
		this.kind = new Uint8Array(buffer, 34 * capacity, capacity);
		this.other = [];
	}

	/** What all columns are views on; whoever hands it over to another thread must not use the columns again. */
	get buffer(): ArrayBuffer {
		return this.number.buffer as ArrayBuffer;
	}

	/** The samples there are, in columns of just their size. */
	copy(): SampleColumns {
		const { count } = this;
		const copy = new SampleColumns(count);
		copy.sourceMs.set(this.sourceMs.subarray(0, count));
		copy.serverLagTicks.set(this.serverLagTicks.subarray(0, count));
		copy.number.set(this.number.subarray(0, count));
		copy.tagId.set(this.tagId.subarray(0, count));
		copy.status.set(this.status.subarray(0, count));
		copy.sourceRestTicks.set(this.sourceRestTicks.subarray(0, count));
		copy.kind.set(this.kind.subarray(0, count));
		copy.other = this.other.slice();
		copy.count = count;
		return copy;
	}

	get capacity(): number {
		return this.tagId.length;
	}

	value(index: number): SampleValue {
		const kind = this.kind[index];
		if (kind === valueKind.number) return this.number[index] as number;
		return kind === valueKind.other ? (this.other[index] as OtherValue) : null;
	}

	setValue(index: number, value: SampleValue): void {
		if (typeof value === "number") {
			this.kind[index] = valueKind.number;
			this.number[index] = value;
		} else if (value === null) {
			this.kind[index] = valueKind.null;
		} else {
			this.kind[index] = valueKind.other;
			this.other[index] = value;
		}
	}

	/** Copies one sample from another set of columns to the end of this one; the room must be there. */
	copyFrom(from: SampleColumns, at: number): void {
		this.put(this.count++, from, at);
	}

	/** Copies all samples of another set of columns to the end of this one; the room must be there. */
	append(from: SampleColumns): void {
		const { count } = from;
		const at = this.count;
		this.tagId.set(from.tagId.subarray(0, count), at);
		this.sourceMs.set(from.sourceMs.subarray(0, count), at);
		this.sourceRestTicks.set(from.sourceRestTicks.subarray(0, count), at);
		this.serverLagTicks.set(from.serverLagTicks.subarray(0, count), at);
		this.status.set(from.status.subarray(0, count), at);
		this.kind.set(from.kind.subarray(0, count), at);
		this.number.set(from.number.subarray(0, count), at);
		if (from.other.length > 0)
			for (let index = 0; index < count; index++)
				if (from.kind[index] === valueKind.other) this.other[at + index] = from.other[index];
		this.count = at + count;
	}

	/** Copies one sample from another set of columns to a place of this one, which must be there. */
	put(index: number, from: SampleColumns, at: number): void {
		this.tagId[index] = from.tagId[at] as number;
		this.sourceMs[index] = from.sourceMs[at] as number;
		this.sourceRestTicks[index] = from.sourceRestTicks[at] as number;
		this.serverLagTicks[index] = from.serverLagTicks[at] as number;
		this.status[index] = from.status[at] as number;
		this.kind[index] = from.kind[at] as number;
		this.number[index] = from.number[at] as number;
		if (from.kind[at] === valueKind.other) this.other[index] = from.other[at];
	}

	/** Makes room for at least `capacity` samples, keeping what is there. */
	reserve(capacity: number): void {
		if (capacity <= this.capacity) return;
		const grown = new SampleColumns(Math.max(capacity, this.capacity * 2));
		grown.tagId.set(this.tagId);
		grown.sourceMs.set(this.sourceMs);
		grown.sourceRestTicks.set(this.sourceRestTicks);
		grown.serverLagTicks.set(this.serverLagTicks);
		grown.status.set(this.status);
		grown.kind.set(this.kind);
		grown.number.set(this.number);
		this.tagId = grown.tagId;
		this.sourceMs = grown.sourceMs;
		this.sourceRestTicks = grown.sourceRestTicks;
		this.serverLagTicks = grown.serverLagTicks;
		this.status = grown.status;
		this.kind = grown.kind;
		this.number = grown.number;
	}
}
