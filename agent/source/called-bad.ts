import type { SampleColumns } from "../../common/contract/samples.ts";
import type { TagColumns } from "./tag-columns.ts";

/** Part 4 §7.39.1: a data value (InfoType) that no source wrote (HistorianBits: interpolated). */
const notFromSource = 0x402;
/** So long after its old value came again a tag that was called Bad waits for a new one, where a queue may hold one. */
const stillSameAfterMs = 2_000;
/** What a server repeats of its own accord comes within this time. */
const untoldAfterMs = 1_000;

/** Tags of one device that the agent called Bad itself, until they give a value. Pure. */
export class CalledBad {
	/** Since when each is known to have its old value still; 0 while that is not known. */
	readonly #sinceMs = new Map<number, number>();
	/** When those of which nothing has come are to be asked for. */
	#untoldAfterMs = Number.POSITIVE_INFINITY;
	/** After a lost message: any tag may have a newer value than is known, until they are taken. */
	isDoubtful = false;
	#areItemsAnew = false;
	#stillSameAfterMs = stillSameAfterMs;
	/** The source time at which they were called so last. */
	atMs = Number.NEGATIVE_INFINITY;

	get size(): number {
		return this.#sinceMs.size;
	}

	get tagIds(): number[] {
		return [...this.#sinceMs.keys()];
	}

	has(tagId: number): boolean {
		return this.#sinceMs.has(tagId);
	}

	add(tagIds: readonly number[], sourceMs: number): void {
		for (const id of tagIds) this.#sinceMs.set(id, 0);
		this.atMs = Math.max(this.atMs, sourceMs);
	}

	/** It has given another value. */
	delete(tagId: number): void {
		this.#sinceMs.delete(tagId);
	}

	/** Nothing is said of tags that left; when one comes back, its old value may have to be said. */
	keep(isThere: ReadonlySet<number>): void {
		for (const id of this.#sinceMs.keys()) if (!isThere.has(id)) this.#sinceMs.set(id, 0);
	}

	/** Its old value has come again. */
	isStillThere(tagId: number, nowMs: number): void {
		if (this.#sinceMs.get(tagId) === 0) this.#sinceMs.set(tagId, nowMs);
	}

	/** The server was asked and has its old value: nothing else is waited for. */
	stands(tagId: number, nowMs: number): void {
		this.isStillThere(tagId, nowMs - stillSameAfterMs);
	}

	/** A message is lost for good: of any tag the server may have a newer value, which it does not send by itself. */
	doubt(nowMs: number): void {
		this.isDoubtful = true;
		this.#untoldAfterMs = nowMs + untoldAfterMs;
	}

	/** Items are made anew: each begins with what its tag has at that moment, and nothing older follows. */
	itemsAnew(): void {
		this.#areItemsAnew = true;
	}

	/** A server is connected again and may repeat each tag's present value. */
	expectRepeats(nowMs: number): void {
		this.#stillSameAfterMs = this.#areItemsAnew ? 0 : stillSameAfterMs;
		this.#areItemsAnew = false;
		this.#untoldAfterMs = nowMs + untoldAfterMs;
	}

	/**
	 * Of these tags those to be asked for: after a lost message all of them; else those that were called Bad and of which nothing
	 * has come in the time in which present values come, because a server took a subscription over without repeating them.
	 * Once for each such time.
	 */
	takeUntold(nowMs: number, ofThese: readonly number[]): readonly number[] {
		if (nowMs < this.#untoldAfterMs) return [];
		this.#untoldAfterMs = Number.POSITIVE_INFINITY;
		const isDoubtful = this.isDoubtful;
		this.isDoubtful = false;
		if (isDoubtful) return ofThese;
		const isThere = new Set(ofThese);
		return [...this.#sinceMs].flatMap(([id, sinceMs]) => (sinceMs === 0 && isThere.has(id) ? [id] : []));
	}

	/**
	 * Writes those that have had their old values for long enough into `samples`, marked as not written by the plant, with the
	 * source time at which it is known; once.
	 */
	takeStillSame(nowMs: number, columns: TagColumns, sourceMs: number, samples: SampleColumns): void {
		const { seen, last } = columns;
		samples.count = 0;
		samples.other.length = 0;
		for (const [id, sinceMs] of this.#sinceMs) {
			const at = columns.place(id);
			if (sinceMs === 0 || nowMs - sinceMs < this.#stillSameAfterMs || seen[at] === 0) continue;
			this.#sinceMs.delete(id);
			samples.reserve(samples.count + 1);
			const index = samples.count++;
			samples.tagId[index] = id;
			samples.sourceMs[index] = sourceMs;
			samples.sourceRestTicks[index] = 0;
			samples.serverLagTicks[index] = Number.NaN;
			samples.status[index] = ((last.status[at] as number) & 0xffff_0000) | notFromSource;
			samples.setValue(index, last.value(at));
		}
	}
}
