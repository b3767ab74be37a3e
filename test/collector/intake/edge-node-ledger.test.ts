import { describe, expect, test } from "vitest";
import { EdgeNodeLedger } from "../../../collector/intake/edge-node-ledger.ts";
import { OffsetRanges } from "../../../collector/intake/offset-ranges.ts";

const ranges = (...pairs: [number, number][]) =>
	new OffsetRanges(pairs.map(([first, last]) => ({ first, last })));

describe("Through of a device", () => {
	test("moves when everything up to its record is stored, and only then", () => {
		const ledger = new EdgeNodeLedger();
		ledger.apply(7, ranges([1, 2], [4, 5]));
		ledger.mark("U1", 7, 2, 200);
		ledger.mark("U1", 7, 5, 500);
		expect(ledger.advance()).toEqual([{ device: "U1", epoch: 7, offset: 2, throughMs: 200 }]);
		expect(ledger.advance()).toEqual([]);
		ledger.apply(7, ranges([1, 5]));
		expect(ledger.advance()).toEqual([{ device: "U1", epoch: 7, offset: 5, throughMs: 500 }]);
		expect(ledger.throughs).toEqual(new Map([["U1", 500]]));
	});

	test("never goes back", () => {
		const ledger = new EdgeNodeLedger([], [{ device: "U1", throughMs: 900 }]);
		ledger.apply(7, ranges([1, 1]));
		ledger.mark("U1", 7, 1, 500);
		expect(ledger.advance()).toEqual([]);
		expect(ledger.throughs.get("U1")).toBe(900);
	});

	test("enters an epoch only when the one before it is complete", () => {
		const ledger = new EdgeNodeLedger();
		ledger.held([
			{ epoch: 7, first: 1, next: 4 },
			{ epoch: 8, first: 1, next: 2 },
		]);
		ledger.apply(7, ranges([1, 2]));
		ledger.apply(8, ranges([1, 1]));
		ledger.opened(8, 7, 3, 0);
		ledger.mark("U1", 8, 1, 800);
		expect(ledger.advance()).toEqual([]);
		ledger.apply(7, ranges([1, 3]));
		expect(ledger.advance()).toEqual([{ device: "U1", epoch: 8, offset: 1, throughMs: 800 }]);
	});

	test("does not enter an epoch whose predecessor nobody here has seen, until that one is written off", () => {
		const ledger = new EdgeNodeLedger();
		ledger.apply(8, ranges([1, 1]));
		ledger.opened(8, 7, 3, 0);
		ledger.mark("U1", 8, 1, 800);
		expect(ledger.advance()).toEqual([]);
		const lost = ledger.held([{ epoch: 8, first: 1, next: 2 }]);
		expect(lost).toEqual([{ epoch: 7, first: 1, last: 3, cause: "store_restored" }]);
		ledger.apply(7, ranges([1, 3]));
		expect(ledger.advance()).toEqual([{ device: "U1", epoch: 8, offset: 1, throughMs: 800 }]);
	});

	test("enters the first epoch of all at once", () => {
		const ledger = new EdgeNodeLedger();
		ledger.apply(8, ranges([1, 1]));
		ledger.opened(8, 0, 0, 0);
		ledger.mark("U1", 8, 1, 800);
		expect(ledger.advance()).toHaveLength(1);
	});
});

describe("offsets that can never come any more", () => {
	test("are those below what the agent holds", () => {
		const ledger = new EdgeNodeLedger();
		ledger.apply(7, ranges([1, 2], [5, 6]));
		expect(ledger.held([{ epoch: 7, first: 5, next: 9 }])).toEqual([
			{ epoch: 7, first: 3, last: 4, cause: "store_restored" },
		]);
		expect(ledger.held([{ epoch: 7, first: 3, next: 9 }])).toEqual([]);
	});

	test("are those of an epoch that the agent no longer names, as far as the next one tells its length", () => {
		const ledger = new EdgeNodeLedger();
		ledger.apply(7, ranges([1, 2]));
		ledger.apply(8, ranges([1, 1]));
		ledger.opened(8, 7, 6, 0);
		expect(
			ledger.held([
				{ epoch: 7, first: 1, next: 7 },
				{ epoch: 8, first: 1, next: 2 },
			]),
		).toEqual([]);
		expect(ledger.held([{ epoch: 8, first: 1, next: 2 }])).toEqual([
			{ epoch: 7, first: 3, last: 6, cause: "store_restored" },
		]);
	});

	test("are none of an epoch that was stored whole", () => {
		const ledger = new EdgeNodeLedger();
		ledger.apply(7, ranges([1, 6]));
		ledger.opened(8, 7, 6, 0);
		expect(ledger.held([{ epoch: 8, first: 1, next: 2 }])).toEqual([]);
	});
});

test("a ledger made from the store's rows goes on where it stopped", () => {
	const ledger = new EdgeNodeLedger();
	ledger.opened(8, 7, 3, 0);
	const row = ledger.row(1, 8, ranges([1, 4], [6, 6]));
	expect(row).toEqual({
		edgeNode: 1,
		epoch: 8,
		previousEpoch: 7,
		previousLast: 3,
		ranges: [
			{ first: 1, last: 4 },
			{ first: 6, last: 6 },
		],
	});
	const next = new EdgeNodeLedger([row], [{ device: "U1", throughMs: 5 }]);
	expect(next.ranges(8).prefix).toBe(4);
	expect(next.row(1, 8, next.ranges(8))).toEqual(row);
	expect(next.completeMs).toBe(5);
});

describe("a collector that starts again with two epochs that name none before", () => {
	const restarted = (second: { first: number; last: number }) =>
		new EdgeNodeLedger(
			[
				{ edgeNode: 1, epoch: 7, previousEpoch: 0, previousLast: 0, ranges: [{ first: 1, last: 6 }] },
				{ edgeNode: 1, epoch: 8, previousEpoch: 0, previousLast: 0, ranges: [second] },
			],
			[{ device: "U1", throughMs: 5_000 }],
		);
	const held = [{ epoch: 8, first: 1, next: 9 }];

	test("puts the later one behind the other when both have begun: a journal was replaced", () => {
		const ledger = restarted({ first: 1, last: 4 });
		ledger.held(held);
		expect(ledger.replaced(8, 0)).toMatchObject({ epoch: 8, previousEpoch: 7 });
	});

	test("waits for the first record of the later one, which may name the other", () => {
		const ledger = restarted({ first: 3, last: 4 });
		ledger.held(held);
		expect(ledger.replaced(8, 60_000)).toBeUndefined();
		ledger.opened(8, 7, 6, 61_000);
		ledger.apply(8, ranges([1, 4]));
		expect(ledger.replaced(8, 90_000)).toBeUndefined();
		expect(ledger.isAfter(8, 7)).toBe(true);
	});
});
