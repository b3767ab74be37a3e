import type { OffsetRange } from "../pipeline.ts";

/** Ranges beyond the contiguous prefix that are kept at most; the next hole after that is asked for again. */
const rangesMax = 1_000;

/**
 * Which offsets of one epoch are stored: a contiguous prefix from 1 and a bounded list of further ranges. Pure values;
 * every change gives a new object, so that a failed commit has nothing to take back.
 */
export class OffsetRanges {
	readonly ranges: readonly OffsetRange[];

	constructor(ranges: readonly OffsetRange[] = []) {
		this.ranges = ranges;
	}

	/** The last offset of the contiguous prefix; 0 when offset 1 is missing. */
	get prefix(): number {
		const first = this.ranges[0];
		return first !== undefined && first.first === 1 ? first.last : 0;
	}

	/** The highest offset stored, 0 when none is. */
	get highest(): number {
		return this.ranges.at(-1)?.last ?? 0;
	}

	has(offset: number): boolean {
		return this.ranges.some(({ first, last }) => offset >= first && offset <= last);
	}

	/** The lowest missing range below `next`, or undefined when everything is there. */
	missing(next: number): OffsetRange | undefined {
		const from = this.prefix + 1;
		if (from >= next) return undefined;
		const following = this.ranges.find(({ first }) => first > from);
		return { first: from, last: Math.min(next, following?.first ?? next) - 1 };
	}

	/** Missing ranges below `next`, the lowest first, `count` of them at most. */
	allMissing(next: number, count: number): OffsetRange[] {
		const missing: OffsetRange[] = [];
		let from = 1;
		for (const { first, last } of this.ranges) {
			if (from >= next || missing.length === count) return missing;
			if (first > from) missing.push({ first: from, last: Math.min(first, next) - 1 });
			from = last + 1;
		}
		if (from < next && missing.length < count) missing.push({ first: from, last: next - 1 });
		return missing;
	}

	/** How many offsets below `next` are missing. */
	countMissing(next: number): number {
		const stored = this.ranges.reduce(
			(sum, { first, last }) => sum + Math.max(0, Math.min(last, next - 1) - first + 1),
			0,
		);
		return Math.max(0, next - 1 - stored);
	}

	/** Whether all of `first` … `last` is there. */
	hasAll(first: number, last: number): boolean {
		return this.ranges.some((range) => first >= range.first && last <= range.last);
	}

	/** The first offset from `first` on that is not there. */
	firstMissing(first: number): number {
		const range = this.ranges.find((candidate) => first >= candidate.first && first <= candidate.last);
		return range === undefined ? first : range.last + 1;
	}

	/** With `first` … `last` added, or undefined when the list of ranges would grow beyond its bound. */
	with(first: number, last: number): OffsetRanges | undefined {
		const before = this.ranges.filter((range) => range.last < first - 1);
		const after = this.ranges.filter((range) => range.first > last + 1);
		const touched = this.ranges.filter((range) => range.last >= first - 1 && range.first <= last + 1);
		const merged = {
			first: Math.min(first, ...touched.map((range) => range.first)),
			last: Math.max(last, ...touched.map((range) => range.last)),
		};
		const ranges = [...before, merged, ...after];
		return ranges.length > rangesMax ? undefined : new OffsetRanges(ranges);
	}
}
