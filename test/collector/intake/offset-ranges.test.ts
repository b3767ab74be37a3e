import fc from "fast-check";
import { expect, test } from "vitest";
import { OffsetRanges } from "../../../collector/intake/offset-ranges.ts";

const seed = Number(process.env.TEST_SEED ?? 20261122);

/** The slow truth: a set of offsets. */
function model(offsets: ReadonlySet<number>, next: number) {
	let prefix = 0;
	while (offsets.has(prefix + 1)) prefix++;
	let last = prefix + 1;
	while (last + 1 < next && !offsets.has(last + 1)) last++;
	return {
		prefix,
		highest: Math.max(0, ...offsets),
		missing: prefix + 1 < next ? { first: prefix + 1, last } : undefined,
	};
}

test("ranges say of every offset what a set of offsets says", () => {
	const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 5 })), {
		maxLength: 40,
		size: "max",
	});
	fc.assert(
		fc.property(steps, fc.integer({ min: 1, max: 60 }), (added, next) => {
			const offsets = new Set<number>();
			let ranges = new OffsetRanges();
			for (const [first, more] of added) {
				const before = JSON.stringify(ranges.ranges);
				const grown = ranges.with(first, first + more);
				expect(JSON.stringify(ranges.ranges)).toBe(before);
				ranges = grown ?? ranges;
				for (let offset = first; offset <= first + more; offset++) offsets.add(offset);
			}
			const { prefix, highest, missing } = answersOf(ranges, next);
			expect({ prefix, highest, missing }).toEqual(model(offsets, next));
			for (let offset = 1; offset <= 50; offset++) expect(ranges.has(offset)).toBe(offsets.has(offset));
			// Kept as few as can be: no two ranges touch.
			for (const [index, range] of ranges.ranges.entries())
				expect(range.first).toBeGreaterThan((ranges.ranges[index - 1]?.last ?? -1) + 1);
		}),
		{ seed, numRuns: 500 },
	);
});

function answersOf(ranges: OffsetRanges, next: number) {
	return { prefix: ranges.prefix, highest: ranges.highest, missing: ranges.missing(next) };
}

test("beyond a thousand ranges nothing is added, except what joins two of them", () => {
	let ranges = new OffsetRanges();
	for (let index = 0; index < 1_000; index++) ranges = ranges.with(index * 2 + 1, index * 2 + 1) ?? ranges;
	expect(ranges.ranges).toHaveLength(1_000);
	expect(ranges.with(5_000, 5_000)).toBeUndefined();
	expect(ranges.with(2, 2)?.ranges).toHaveLength(999);
});
