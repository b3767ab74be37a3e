import fc from "fast-check";
import { expect, test } from "vitest";
import { Sequence } from "../../../collector/host/sequence.ts";

const seed = Number(process.env.TEST_SEED ?? 20261123);

test("counts on from the birth, whatever its number, and 0 after 255", () => {
	const sequence = new Sequence();
	sequence.born(254);
	expect([255, 0, 1].map((seq) => sequence.take(seq, 0))).toEqual(["next", "next", "next"]);
});

test("what fills a hole in time was only late [tck-id-operational-behavior-host-reordering-success]", () => {
	const sequence = new Sequence();
	sequence.born(0);
	expect([3, 1, 4].map((seq) => sequence.take(seq, 0))).toEqual(["ahead", "late", "next"]);
	expect(sequence.isOverdue(2_000, 2_000)).toBe(true);
	expect(sequence.take(2, 2_000)).toBe("late");
	expect([sequence.isWaiting, sequence.isOverdue(60_000, 2_000)]).toEqual([false, false]);
});

test("the time runs from the first message that came ahead [tck-id-operational-behavior-host-reordering-start]", () => {
	const sequence = new Sequence();
	sequence.born(0);
	sequence.take(2, 100);
	sequence.take(4, 1_900);
	expect([sequence.isOverdue(2_099, 2_000), sequence.isOverdue(2_100, 2_000)]).toEqual([false, true]);
	sequence.giveUp();
	expect(sequence.isOverdue(9_000, 2_000)).toBe(false);
	expect(sequence.take(5, 9_000)).toBe("next");
});

test.each([
	["is none", -1],
	["is beyond 255", 256],
	["came before", 0],
])("a number that %s leaves everything in doubt, until the next birth", (_, seq) => {
	const sequence = new Sequence();
	sequence.born(0);
	expect([sequence.take(seq, 0), sequence.isOverdue(5_000, 2_000)]).toEqual(["ahead", true]);
	sequence.born(0);
	expect([sequence.isWaiting, sequence.take(1, 0)]).toEqual([false, "next"]);
});

test("any order in which a broker hands on what it got is no loss, and one message less is one", () => {
	fc.assert(
		fc.property(
			fc.integer({ min: 0, max: 255 }),
			fc.array(fc.nat(20), { minLength: 2, maxLength: 200 }),
			fc.boolean(),
			(born, places, isLost) => {
				const sequence = new Sequence();
				sequence.born(born);
				const sent = places.map((place, index) => ({ seq: (born + 1 + index) % 256, at: index + place }));
				if (isLost) sent.splice(Math.floor(sent.length / 2) - (sent.length === 2 ? 1 : 0), 1);
				for (const { seq } of sent.sort((a, b) => a.at - b.at)) sequence.take(seq, 0);
				expect(sequence.isOverdue(2_000, 2_000)).toBe(isLost);
			},
		),
		{ seed, numRuns: 5_000 },
	);
});
