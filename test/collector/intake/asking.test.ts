import { expect, test } from "vitest";
import { Asking } from "../../../collector/intake/asking.ts";
import { OffsetRanges } from "../../../collector/intake/offset-ranges.ts";

const held = (next: number, epoch = 7) => [{ epoch, first: 1, next }];
const stored =
	(...pairs: [number, number][]) =>
	() =>
		new OffsetRanges(pairs.map(([first, last]) => ({ first, last })));

test("nothing is asked for while the prefix grows, also with a backlog before what came live", () => {
	const asking = new Asking();
	for (let prefix = 1; prefix < 20; prefix++)
		expect(asking.asks(held(100), stored([1, prefix], [50, 99]), prefix * 1_000)).toEqual([]);
});

test("what is missing is asked for when nothing has moved for a second, then after two, four, eight … 30 seconds", () => {
	const asking = new Asking();
	const asked: number[] = [];
	for (let nowMs = 0; nowMs <= 120_000; nowMs += 500)
		if (asking.asks(held(10), stored([1, 4], [6, 9]), nowMs).length > 0) asked.push(nowMs / 1_000);
	expect(asked).toEqual([1, 3, 7, 15, 31, 61, 91]);
});

test("sixteen ranges at most, the lowest first, and only of the oldest epoch that lacks something", () => {
	const asking = new Asking();
	const pairs = Array.from({ length: 40 }, (_, index): [number, number] => [index * 2 + 2, index * 2 + 2]);
	const both = [...held(100, 7), ...held(50, 8)];
	asking.asks(both, stored(...pairs), 0);
	const asks = asking.asks(both, stored(...pairs), 1_000);
	expect(asks).toHaveLength(16);
	expect(asks[0]).toEqual({ epoch: 7, first: 1, last: 1 });
	expect(asks.every(({ epoch }) => epoch === 7)).toBe(true);
});

test("a new session of the agent is asked without the pause of the old one", () => {
	const asking = new Asking();
	for (const nowMs of [0, 1_000, 3_000]) asking.asks(held(10), stored([1, 4]), nowMs);
	expect(asking.asks(held(10), stored([1, 4]), 3_500)).toEqual([]);
	asking.born();
	expect(asking.asks(held(10), stored([1, 4]), 3_500)).toEqual([{ epoch: 7, first: 5, last: 9 }]);
});
