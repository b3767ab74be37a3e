import fc from "fast-check";
import { expect, test } from "vitest";
import { ThroughMarks } from "../../../collector/intake/through-marks.ts";

const step = fc.oneof(
	fc.record({ epoch: fc.integer({ min: 1, max: 3 }), offset: fc.integer({ min: 1, max: 50 }) }),
	fc.record({ cover: fc.integer({ min: 0, max: 50 }) }),
);

test("gives the latest time that is covered, whatever order the marks came in", () => {
	fc.assert(
		fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
			const marks = new ThroughMarks();
			let waiting: { epoch: number; offset: number }[] = [];
			for (const one of steps) {
				// In one epoch a later record never says less.
				if ("epoch" in one) {
					marks.add(one.epoch, one.offset, one.epoch * 1_000 + one.offset);
					waiting.push(one);
					continue;
				}
				const covered = waiting.filter(({ offset }) => offset <= one.cover);
				waiting = waiting.filter(({ offset }) => offset > one.cover);
				const latest = Math.max(-1, ...covered.map(({ epoch, offset }) => epoch * 1_000 + offset));
				expect(marks.take(() => one.cover)?.throughMs ?? -1).toBe(latest);
			}
		}),
	);
});

test("keeps its bound, and the latest mark with it", () => {
	const marks = new ThroughMarks();
	for (let offset = 1; offset <= 100_000; offset++) marks.add(7, offset, offset);
	expect(marks.take(() => 99_999)?.throughMs).toBeGreaterThan(98_000);
	expect(marks.take(() => 100_000)?.throughMs).toBe(100_000);
});
