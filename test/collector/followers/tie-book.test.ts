import fc from "fast-check";
import { expect, test } from "vitest";
import { TieBook, tiesMax } from "../../../collector/followers/tie-book.ts";

const seed = Number(process.env.TEST_SEED ?? 20261130);

test("each value's place is the number of values of its tag and source time before it", () => {
	const value = fc.record({
		series: fc.integer({ min: 0, max: 600 }),
		ms: fc.integer({ min: 0, max: 3 }).map((n) => 1_790_000_000_000 + n),
		rest: fc.integer({ min: 0, max: 2 }),
	});
	fc.assert(
		fc.property(fc.array(value, { maxLength: 2_000, size: "max" }), (values) => {
			const book = new TieBook();
			const counts = new Map<string, number>();
			for (const { series, ms, rest } of values) {
				const key = `${series} ${ms} ${rest}`;
				const before = counts.get(key) ?? 0;
				counts.set(key, before + 1);
				expect(book.place(series, ms, rest)).toBe(Math.min(before, tiesMax + 1));
			}
		}),
		{ seed, numRuns: 20 },
	);
});

test("the newest of every tag, and late values among the last 65,536, are never forgotten", () => {
	const book = new TieBook();
	expect(book.place(7, 5_000, 0)).toBe(0);
	for (let n = 0; n < 500_000; n++) expect(book.place(1_000 + (n % 50_000), 10_000 + n, 0)).toBe(0);
	expect(book.place(7, 5_000, 0)).toBe(1);
	expect(book.place(7, 4_000, 0)).toBe(0);
	for (let n = 500_000; n < 565_000; n++) book.place(1_000 + (n % 50_000), 10_000 + n, 0);
	expect(book.place(7, 4_000, 0)).toBe(1);
});
