import fc from "fast-check";
import { expect, test } from "vitest";
import { PositionRanges } from "../../../agent/publisher/position-ranges.ts";

const change = fc.record({
	do: fc.constantFrom("add" as const, "remove" as const, "trim" as const),
	chain: fc.integer({ min: 1, max: 3 }),
	first: fc.integer({ min: 1, max: 40 }),
	length: fc.integer({ min: 0, max: 12 }),
});

test("is the same as a plain set of positions, in order, as long as its bound is not reached", () => {
	fc.assert(
		fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
			const ranges = new PositionRanges(1_000);
			let plain = new Set<number>();
			for (const { do: what, chain, first, length } of changes) {
				const last = first + length - 1;
				if (what === "add") ranges.add(chain, first, last);
				else if (what === "remove") ranges.remove(chain, first, last);
				else ranges.trimBelow({ chain, offset: first });
				if (what === "trim") plain = new Set([...plain].filter((key) => key >= chain * 1_000 + first));
				for (let at = first; what !== "trim" && at <= last; at++) {
					if (what === "add") plain.add(chain * 1_000 + at);
					else plain.delete(chain * 1_000 + at);
				}
			}
			expect(ranges.size).toBe(plain.size);
			expect(ranges.isEmpty).toBe(plain.size === 0);
			const lowest = ranges.lowest;
			expect(lowest === undefined ? undefined : lowest.chain * 1_000 + lowest.first).toBe(
				plain.size === 0 ? undefined : Math.min(...plain),
			);
			for (let chain = 1; chain <= 3; chain++)
				for (let at = 1; at <= 55; at++) expect(ranges.has(chain, at)).toBe(plain.has(chain * 1_000 + at));
		}),
		{ numRuns: 500 },
	);
});

test("beyond its bound it joins the nearest ranges of one chain and forgets nothing", () => {
	const ranges = new PositionRanges(3);
	for (const first of [1, 10, 12, 30]) ranges.add(1, first, first);
	for (const first of [1, 10, 11, 12, 30]) expect(ranges.has(1, first)).toBe(true);
	for (const first of [2, 13, 29]) expect(ranges.has(1, first)).toBe(false);
});
