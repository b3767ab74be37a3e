import { expect, test } from "vitest";
import { buildBatch, gapId } from "../../../collector/intake/batch.ts";
import { OffsetRanges } from "../../../collector/intake/offset-ranges.ts";
import { WaitingRecords } from "../../../collector/intake/waiting-records.ts";
import { incoming } from "./incoming.ts";

const sample = (atMs: number) => ({ series: 5, atMs, value: atMs });
const stored = () => new OffsetRanges([{ first: 1, last: 2 }]);

test("a batch holds each record once: not what is stored, not what stands in it twice", () => {
	const records = [2, 3, 4, 3].map((offset) =>
		incoming(offset, [sample(offset * 10), sample(5)], { throughMs: offset }),
	);
	const batch = buildBatch(records, 100, stored);
	expect(batch.repeated).toHaveLength(2);
	expect(batch.rows).toMatchObject([
		{ seq: 100, offset: 3, samples: 2, sourceMinMs: 5, sourceMaxMs: 30, throughMs: 3 },
		{ seq: 101, offset: 4, samples: 2, sourceMinMs: 5, sourceMaxMs: 40, throughMs: 4 },
	]);
	expect([...batch.ranges.values()]).toMatchObject([
		{ edgeNode: 1, epoch: 7, ranges: { ranges: [{ first: 1, last: 4 }] } },
	]);
	expect(batch.judged).toMatchObject([
		{ from: 0, count: 2 },
		{ from: 2, count: 2 },
	]);
	expect(batch.samples.count).toBe(4);
	expect(batch.marks.map(({ offset }) => offset)).toEqual([3, 4]);
});

test("a record that would need one range too many is left for later, not half taken", () => {
	const full = new OffsetRanges(
		Array.from({ length: 1_000 }, (_, index) => ({ first: index * 2 + 1, last: index * 2 + 1 })),
	);
	const batch = buildBatch([incoming(9_000, [sample(1)])], 1, () => full);
	expect([batch.rows.length, batch.samples.count, batch.repeated.length]).toEqual([0, 0, 1]);
});

test("a gap has the same id however often it is told", () => {
	expect(gapId(1, 7, 3, 0)).toBe(gapId(1, 7, 3, 0));
	expect(new Set([gapId(1, 7, 3, 0), gapId(1, 7, 3, 1), gapId(1, 7, 30, 0), gapId(2, 7, 3, 0)]).size).toBe(4);
});

test("whoever brings more than there is room for waits until half of it is gone", async () => {
	const waiting = new WaitingRecords(10);
	const four = (offset: number, edgeNode = 1) => incoming(offset, [1, 2, 3, 4].map(sample), { edgeNode });
	expect(waiting.push(four(1))).toBeUndefined();
	expect(waiting.push(four(2))).toBeUndefined();
	let room = false;
	const first = waiting.push(four(3));
	const second = waiting.push(four(4, 2));
	expect(first).toBeDefined();
	void first?.then(() => {
		room = true;
	});
	expect(waiting.take(4).map(({ offset }) => offset)).toEqual([1]);
	await Promise.resolve();
	expect([waiting.samples, room]).toEqual([12, false]);
	// Only one edge node's records stand in a batch.
	expect(waiting.take(100).map(({ offset }) => offset)).toEqual([2, 3]);
	await Promise.all([first, second]);
	expect(room).toBe(true);
	expect(waiting.hasEpoch(2, 7)).toBe(true);
	expect(waiting.take(100)).toHaveLength(1);
	expect(waiting.hasEpoch(2, 7), "taken and not settled").toBe(true);
	waiting.settled();
	expect(waiting.hasEpoch(2, 7)).toBe(false);
	expect([waiting.isEmpty, waiting.samples]).toEqual([true, 0]);
});
