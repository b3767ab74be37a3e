import type { Position } from "../pipeline.ts";

/** Offsets `first` … `last` of one epoch, named by its chain number. */
export interface PositionRange {
	readonly chain: number;
	readonly first: number;
	readonly last: number;
}

/**
 * A set of journal positions as ordered, disjoint ranges. It holds at most `rangesMax` of them: beyond that the two
 * nearest ranges of one chain are joined, so the set may grow by records that were not asked for and never shrinks.
 */
export class PositionRanges {
	readonly #rangesMax: number;
	#ranges: PositionRange[] = [];

	constructor(rangesMax: number) {
		this.#rangesMax = rangesMax;
	}

	get isEmpty(): boolean {
		return this.#ranges.length === 0;
	}

	/** The lowest range, or undefined. */
	get lowest(): PositionRange | undefined {
		return this.#ranges[0];
	}

	/** Positions in the set. */
	get size(): number {
		return this.#ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
	}

	has(chain: number, offset: number): boolean {
		return this.#ranges.some(
			(range) => range.chain === chain && offset >= range.first && offset <= range.last,
		);
	}

	add(chain: number, first: number, last: number): void {
		if (last < first) return;
		const touches = (range: PositionRange) =>
			range.chain === chain && range.last >= first - 1 && range.first <= last + 1;
		const touched = this.#ranges.filter(touches);
		const merged = {
			chain,
			first: Math.min(first, ...touched.map((range) => range.first)),
			last: Math.max(last, ...touched.map((range) => range.last)),
		};
		const isBefore = (range: PositionRange) =>
			range.chain < chain || (range.chain === chain && range.last < first - 1);
		this.#ranges = [
			...this.#ranges.filter(isBefore),
			merged,
			...this.#ranges.filter((range) => !isBefore(range) && !touches(range)),
		];
		if (this.#ranges.length > this.#rangesMax) this.#joinNearest();
	}

	remove(chain: number, first: number, last: number): void {
		const lowest = this.#ranges[0];
		if (lowest === undefined) return;
		// Sending takes from the front, so this is nearly every call.
		if (lowest.chain === chain && lowest.first >= first && lowest.last > last) {
			if (last >= lowest.first) this.#ranges[0] = { chain, first: last + 1, last: lowest.last };
			return;
		}
		this.#ranges = this.#ranges.flatMap((range) => {
			if (range.chain !== chain || range.last < first || range.first > last) return [range];
			const rest: PositionRange[] = [];
			if (range.first < first) rest.push({ chain, first: range.first, last: first - 1 });
			if (range.last > last) rest.push({ chain, first: last + 1, last: range.last });
			return rest;
		});
	}

	/** Takes everything before `position` out. */
	trimBelow({ chain, offset }: Position): void {
		let gone = 0;
		for (const range of this.#ranges) {
			if (range.chain > chain || (range.chain === chain && range.last >= offset)) break;
			gone++;
		}
		if (gone > 0) this.#ranges.splice(0, gone);
		const lowest = this.#ranges[0];
		if (lowest?.chain === chain && lowest.first < offset)
			this.#ranges[0] = { chain, first: offset, last: lowest.last };
	}

	clear(): void {
		this.#ranges = [];
	}

	#joinNearest(): void {
		let nearest = -1;
		let distance = Number.POSITIVE_INFINITY;
		for (let at = 1; at < this.#ranges.length; at++) {
			const [before, after] = [this.#ranges[at - 1], this.#ranges[at]] as [PositionRange, PositionRange];
			if (before.chain !== after.chain || after.first - before.last >= distance) continue;
			distance = after.first - before.last;
			nearest = at;
		}
		if (nearest < 0) return;
		const [before, after] = this.#ranges.slice(nearest - 1, nearest + 1) as [PositionRange, PositionRange];
		this.#ranges.splice(nearest - 1, 2, { chain: before.chain, first: before.first, last: after.last });
	}
}
