import { SampleColumns, type SampleValue, valueKind } from "../../common/contract/samples.ts";
import { severity } from "../../common/contract/status.ts";
import type { LastSample } from "../pipeline.ts";
import type { SourceTime } from "./backfill.ts";
import { timeFault } from "./source-times.ts";

export const filteredBy = { nobody: 0, server: 1, agent: 2 } as const;

/**
 * What is known of each tag that a device has or had, in columns: a tag's place in them is its id less the lowest that the
 * device has ever had. Pure.
 */
export class TagColumns {
	/** Order within the device. */
	rank = new Float64Array(0);
	/** 1 for a tag that is one of several parts of a value; they have the same rank. */
	shared = new Uint8Array(0);
	/** When something was last heard of the tag, monotonic. */
	heardMs = new Float64Array(0);
	/** When it was last looked at because nothing was heard of it, monotonic. */
	takenMs = new Float64Array(0);
	/** 1 where `last` holds a sample. */
	seen = new Uint8Array(0);
	/** Values in a row with the source time of the one before them, as far as it matters. */
	sameTimes = new Uint8Array(0);
	/** What is wrong with the tag's source times, as `timeFault` numbers it. */
	fault = new Uint8Array(0);
	last = new SampleColumns(0);
	/** How far the next sample must be from the last one, where `filtered` says so; infinite: only another status counts. */
	width = new Float64Array(0);
	/** 0 every value is a sample, 1 the server leaves some out, 2 the agent does. */
	filtered = new Uint8Array(0);
	/** 1 where a value that is the same as the last one says nothing new. */
	polled = new Uint8Array(0);
	/** A tag of which no sample was given for so long gives the next value whatever it is; 0 for ever. */
	silenceMs = new Float64Array(0);
	/** When a sample of it was last given, monotonic. */
	givenMs = new Float64Array(0);
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
		const wider = (old: Float64Array) => {
			const wide = new Float64Array(places);
			wide.set(old, moved);
			return wide;
		};
		const widerFlags = (old: Uint8Array) => {
			const wide = new Uint8Array(places);
			wide.set(old, moved);
			return wide;
		};
		this.#lowestId = lowest;
		this.rank = wider(this.rank);
		this.heardMs = wider(this.heardMs);
		this.takenMs = wider(this.takenMs);
		this.width = wider(this.width);
		this.silenceMs = wider(this.silenceMs);
		this.givenMs = wider(this.givenMs);
		this.filtered = widerFlags(this.filtered);
		this.polled = widerFlags(this.polled);
		this.shared = widerFlags(this.shared);
		this.seen = widerFlags(this.seen);
		this.sameTimes = widerFlags(this.sameTimes);
		this.fault = widerFlags(this.fault);
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

	/** Takes the order of tags; those that follow each other with the same rank are parts of one value. */
	setRanks(tags: readonly { readonly tag: { readonly id: number }; readonly rank: number }[]): void {
		for (const [index, { tag, rank }] of tags.entries()) {
			const place = this.place(tag.id);
			this.rank[place] = rank;
			this.shared[place] = tags[index - 1]?.rank === rank || tags[index + 1]?.rank === rank ? 1 : 0;
		}
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

	/**
	 * Whether a sample is within what is configured to be left out: the status of the last one, and no further from it than the
	 * deadband (Part 4 §7.22.2). Whatever is no number is compared as a whole.
	 */
	isWithin(place: number, samples: SampleColumns, index: number): boolean {
		const { last } = this;
		if (this.seen[place] === 0 || last.status[place] !== samples.status[index]) return false;
		const width = this.width[place] as number;
		if (width === Number.POSITIVE_INFINITY) return true;
		const a = last.value(place);
		const b = samples.value(index);
		if (sameValue(a, b)) return true;
		if (typeof a === "number" && typeof b === "number") return Math.abs(a - b) <= width;
		if (typeof a === "bigint" && typeof b === "bigint") return Math.abs(Number(a - b)) <= width;
		return false;
	}

	/** Whether the agent leaves a sample out: within the deadband, and not silent for too long. */
	isLeftOut(place: number, samples: SampleColumns, index: number, nowMs: number): boolean {
		if (this.filtered[place] !== filteredBy.agent || !this.isWithin(place, samples, index)) return false;
		const silenceMs = this.silenceMs[place] as number;
		return silenceMs === 0 || nowMs - (this.givenMs[place] as number) < silenceMs;
	}

	/**
	 * Whether a value that was polled says nothing new: the last sample once more, or a tag that still cannot be read, which
	 * servers answer with the time of the question.
	 */
	isUnchanged(place: number, samples: SampleColumns, index: number): boolean {
		if (this.seen[place] === 0) return false;
		const status = samples.status[index] as number;
		const isStillBad = severity(status) === "bad" && this.last.status[place] === status;
		return isStillBad || this.isSame(place, samples, index);
	}

	/** The source time of a tag's last sample; undefined while it has none. */
	lastTime(place: number): SourceTime | undefined {
		if (this.seen[place] !== 1) return undefined;
		return { ms: this.last.sourceMs[place] as number, ticks: this.last.sourceRestTicks[place] as number };
	}

	/** Tags whose source times are wrong at present, by what is wrong with them. */
	timesWrong(ids: readonly number[]): { future: number; frozen: number } {
		const found = { future: 0, frozen: 0 };
		for (const id of ids) {
			const wrong = this.fault[this.place(id)];
			if (wrong === timeFault.future) found.future++;
			else if (wrong === timeFault.frozen) found.frozen++;
		}
		return found;
	}

	/** The source time of each tag's last sample, of those that have one. */
	times(ids: readonly number[]): (readonly [number, SourceTime])[] {
		return ids.flatMap((id) => {
			const time = this.lastTime(this.place(id));
			return time === undefined ? [] : [[id, time] as const];
		});
	}
}

function sameValue(a: SampleValue, b: SampleValue): boolean {
	if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0;
	return Object.is(a, b);
}
