import { filterLevels } from "./monitored-item.ts";
import type { Sampling } from "./sampling.ts";

/** How many items a server takes samples of in another way than it was asked for. */
export interface RevisedItems {
	/** Sampled more slowly. */
	readonly samplingInterval: number;
	/** With a shorter queue. */
	readonly queueSize: number;
}

/** What a server made of what it was asked for, by place in the list of tags. Pure. */
export class ItemAnswers {
	/** What the item was asked for with; undefined where there is none. */
	#asked: (Sampling | undefined)[] = [];
	#intervalMs = new Float64Array(0);
	#queueSize = new Uint32Array(0);
	#filter = new Uint8Array(0);

	/** Makes room, keeping what is known. */
	grow(places: number): void {
		if (places <= this.#filter.length) return;
		const [intervalMs, queueSize] = [new Float64Array(places), new Uint32Array(places)];
		const filter = new Uint8Array(places);
		intervalMs.set(this.#intervalMs);
		queueSize.set(this.#queueSize);
		filter.set(this.#filter);
		[this.#intervalMs, this.#queueSize, this.#filter] = [intervalMs, queueSize, filter];
	}

	/** Another subscription may be another server's. */
	forget(): void {
		this.#asked = [];
		this.#filter.fill(filterLevels.whole);
	}

	answered(place: number, sampling: Sampling, intervalMs: number, queueSize: number): void {
		this.#asked[place] = sampling;
		this.#intervalMs[place] = intervalMs;
		this.#queueSize[place] = queueSize;
	}

	gone(place: number): void {
		this.#asked[place] = undefined;
		this.#filter[place] = filterLevels.whole;
	}

	askedWith(place: number): Sampling | undefined {
		return this.#asked[place];
	}

	/** How much of a filter the server takes for the item, as far as is known. */
	filterLevel(place: number): number {
		return this.#filter[place] ?? filterLevels.whole;
	}

	takesFilter(place: number, level: number): void {
		this.#filter[place] = level;
	}

	/** How long a change may take from the source to the queue. */
	intervalMs(place: number, sampling: Sampling, publishingMs: number): number {
		const wantedMs = sampling.intervalMs < 0 ? publishingMs : sampling.intervalMs;
		return this.#asked[place] === undefined
			? wantedMs
			: Math.max(wantedMs, this.#intervalMs[place] as number);
	}

	revised(publishingMs: number): RevisedItems {
		let [samplingInterval, queueSize] = [0, 0];
		for (const [place, sampling] of this.#asked.entries()) {
			if (sampling === undefined) continue;
			const wantedMs = sampling.intervalMs < 0 ? publishingMs : sampling.intervalMs;
			if ((this.#intervalMs[place] as number) > wantedMs) samplingInterval++;
			if ((this.#queueSize[place] as number) < sampling.queueSize) queueSize++;
		}
		return { samplingInterval, queueSize };
	}

	/** The shortest queue among those that are shorter than asked for. */
	shortestQueue(): number {
		let shortest = Number.POSITIVE_INFINITY;
		for (const [place, sampling] of this.#asked.entries())
			if (sampling !== undefined && (this.#queueSize[place] as number) < sampling.queueSize)
				shortest = Math.min(shortest, this.#queueSize[place] as number);
		return shortest;
	}
}
