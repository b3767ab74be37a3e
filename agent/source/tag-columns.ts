import { SampleColumns, type SampleValue, valueKind } from "../../common/contract/samples.ts";
import type { LastSample } from "../pipeline.ts";
import type { SourceTime } from "./backfill.ts";

/**
 * What is known of each tag that a device has or had, in columns: a tag's place in them is its id less the lowest that the
 * device has ever had. Pure.
 */
export class TagColumns {
	/** Order within the device. */
	rank = new Float64Array(0);
	/** When something was last heard of the tag, monotonic. */
	heardMs = new Float64Array(0);
	/** When it was last looked at because nothing was heard of it, monotonic. */
	takenMs = new Float64Array(0);
	/** 1 where `last` holds a sample. */
	seen = new Uint8Array(0);
	last = new SampleColumns(0);
	#lowestId = 0;

	place(id: number): number {
		return id - this.#lowestId;
	}

	/** Makes room for further tag ids, keeping what is known of the others. */
	cover(ids: readonly number[]): void {
		const before = this.rank.length;
		const lowest = ids.reduce(
			(least, id) => Math.min(least, id),
			before > 0 ? this.#lowestId : (ids[0] ?? 0),
		);
		const highest = ids.reduce((most, id) => Math.max(most, id), this.#lowestId + before - 1);
		const places = highest - lowest + 1;
		if (places === before) return;
		const moved = before > 0 ? this.#lowestId - lowest : 0;
		const last = new SampleColumns(places);
		for (let place = 0; place < before; place++) last.put(place + moved, this.last, place);
		const seen = new Uint8Array(places);
		seen.set(this.seen, moved);
		const wider = (old: Float64Array) => {
			const wide = new Float64Array(places);
			wide.set(old, moved);
			return wide;
		};
		this.#lowestId = lowest;
		this.rank = wider(this.rank);
		this.heardMs = wider(this.heardMs);
		this.takenMs = wider(this.takenMs);
		this.seen = seen;
		this.last = last;
	}

	/** Takes over what an earlier run has written last, where this run has not seen anything; returns the newest time. */
	recall(ids: readonly number[], samples: ReadonlyMap<number, LastSample>): number {
		let newestMs = Number.NEGATIVE_INFINITY;
		for (const id of ids) {
			const sample = samples.get(id);
			const place = this.place(id);
			if (sample === undefined || this.seen[place] === 1) continue;
			this.seen[place] = 1;
			this.last.sourceMs[place] = sample.sourceMs;
			this.last.sourceRestTicks[place] = sample.sourceRestTicks;
			this.last.status[place] = sample.status;
			this.last.setValue(place, sample.value);
			newestMs = Math.max(newestMs, sample.sourceMs);
		}
		return newestMs;
	}

	/** The last sample of each tag that has one. */
	samples(ids: readonly number[]): Map<number, LastSample> {
		const { last } = this;
		const samples = new Map<number, LastSample>();
		for (const id of ids) {
			const place = this.place(id);
			if (this.seen[place] === 0) continue;
			samples.set(id, {
				sourceMs: last.sourceMs[place] as number,
				sourceRestTicks: last.sourceRestTicks[place] as number,
				status: last.status[place] as number,
				value: last.value(place),
			});
		}
		return samples;
	}

	remember(place: number, samples: SampleColumns, index: number): void {
		const { last } = this;
		const kind = samples.kind[index] as number;
		this.seen[place] = 1;
		last.sourceMs[place] = samples.sourceMs[index] as number;
		last.sourceRestTicks[place] = samples.sourceRestTicks[index] as number;
		last.status[place] = samples.status[index] as number;
		last.kind[place] = kind;
		last.number[place] = samples.number[index] as number;
		if (kind === valueKind.other) last.other[place] = samples.other[index];
	}

	/** Whether a sample has the source time, status and value of the tag's last one. */
	isSame(place: number, samples: SampleColumns, index: number): boolean {
		const { last } = this;
		return (
			last.sourceMs[place] === samples.sourceMs[index] &&
			last.sourceRestTicks[place] === samples.sourceRestTicks[index] &&
			last.status[place] === samples.status[index] &&
			last.kind[place] === samples.kind[index] &&
			sameValue(last.value(place), samples.value(index))
		);
	}

	/** The source time of each tag's last sample, of those that have one. */
	times(ids: readonly number[]): (readonly [number, SourceTime])[] {
		const { last } = this;
		return ids.flatMap((id) => {
			const place = this.place(id);
			if (this.seen[place] === 0) return [];
			const [ms, ticks] = [last.sourceMs[place] as number, last.sourceRestTicks[place] as number];
			return [[id, { ms, ticks }] as const];
		});
	}
}

function sameValue(a: SampleValue, b: SampleValue): boolean {
	if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0;
	return Object.is(a, b);
}
