import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ReconciliationQuery, ReconciliationRow } from "../../../collector/read-port.ts";
import { readReconciliation } from "../../../collector/store/reconciliation-query.ts";
import { statusCodes } from "../../../common/contract/status.ts";
import { beganMs, type KnownSample, KnownStore, minuteMs } from "./known-store.ts";
import { ask, askSealedToo } from "./sealed-store.ts";

let store: KnownStore;
let db: DatabaseSync;

function open(): void {
	store = new KnownStore();
	store.series("U500", "TT01", "Double");
	store.series("U500", "Written", "UInt32");
	db = new DatabaseSync(store.path, { readOnly: true });
}
function close(): void {
	db.close();
	store.remove();
}
beforeEach(open);
afterEach(close);

const at = (minute: number) => beganMs + minute * minuteMs;

/** A cycle of `values` values at a minute that ends with the count; the first cycle has its own count. */
function cycle(minute: number, written: number | bigint, values = 5): KnownSample[] {
	const readings = Array.from({ length: values - 1 }, (_, index) => ({
		tag: "TT01",
		atMs: at(minute) - 1_000 * (values - 2 - index),
		value: 500 + index,
	}));
	return [...readings, { tag: "Written", atMs: at(minute), value: written }];
}

/** Cycles of five values at minutes `from` … `to`, each a record; `before` was written before the first. */
function cycles(
	from: number,
	to: number,
	options: { before?: number; without?: readonly number[] } = {},
): void {
	const { before = 0, without = [] } = options;
	for (let minute = from; minute <= to; minute++)
		if (!without.includes(minute)) store.record("U500", cycle(minute, before + (minute - from + 1) * 5));
}

/** Hot and sealed give the same answer. */
function rows(query: Partial<ReconciliationQuery> = {}, recordsMax?: number): Promise<ReconciliationRow[]> {
	return askSealedToo(store.file, store.path, (db, samples) =>
		readReconciliation(db, samples, { written: "Written", ...query }, recordsMax),
	);
}

const row = async (query: Partial<ReconciliationQuery> = {}, recordsMax?: number) =>
	(await rows(query, recordsMax))[0];
const period = (from: number, to: number) => ({ unit: "U500", fromMs: at(from), toMs: at(to) });

describe("a unit", () => {
	test("everything stored: from its first count to its last", async () => {
		cycles(0, 9);
		expect(await rows()).toEqual([
			{
				unit: "U500",
				batch: undefined,
				lot: undefined,
				fromMs: at(0),
				toMs: at(9),
				produced: 45,
				stored: 45,
				missing: 0,
				gaps: 0,
				restarted: false,
				complete: true,
			},
		]);
	});

	test("a period: from the first count in it to the last", async () => {
		cycles(0, 9);
		expect(await row({ unit: "U500", fromMs: at(2) - 1, toMs: at(7) + 1 })).toMatchObject({
			fromMs: at(2),
			toMs: at(7),
			produced: 25,
			stored: 25,
		});
		expect(await row(period(2, 7))).toMatchObject({ fromMs: at(2), toMs: at(7), produced: 25, stored: 25 });
	});

	test("what is missing between two counts is said, with the gaps that touch it", async () => {
		cycles(0, 9, { without: [4, 5] });
		expect(await row()).toMatchObject({ produced: 45, stored: 35, missing: 10, gaps: 0, restarted: false });
		const gap = { edgeNode: 1, tags: [], cause: "agent_down", backfilled: false, noticedMs: 0 } as const;
		store.commit({
			gaps: [
				{ ...gap, id: "node", device: "", fromMs: at(3), toMs: at(5) },
				{ ...gap, id: "unit", device: "U500", fromMs: at(5), toMs: at(6) },
				{ ...gap, id: "other", device: "U700", fromMs: at(3), toMs: at(5) },
				{ ...gap, id: "later", device: "U500", fromMs: at(20), toMs: at(21) },
			],
		});
		expect(await row(period(0, 9))).toMatchObject({ missing: 10, gaps: 2 });
		// The period ends before the gap of the unit, and the values that it misses are counted in it.
		expect(await row(period(0, 4))).toMatchObject({ toMs: at(6), missing: 10, gaps: 2 });
	});

	test("an outage over an end of the period shows: the count outside is taken", async () => {
		cycles(0, 9, { without: [2, 3, 6, 7] });
		expect(await row(period(3, 6))).toMatchObject({ fromMs: at(1), toMs: at(8), produced: 35, missing: 20 });
		// Nothing is stored of the period itself.
		expect(await row(period(2, 3))).toMatchObject({ fromMs: at(1), toMs: at(4), produced: 15, missing: 10 });
	});

	test("what the agent itself said of a lost server is no value of the source", async () => {
		cycles(0, 4);
		const said = (tag: string) => ({
			tag,
			atMs: at(4) + 5,
			value: null,
			status: statusCodes.BadNoCommunication,
		});
		store.record("U500", [said("TT01"), said("Written")]);
		// The server is back, and these have their old values still: Good, interpolated.
		const same = { atMs: at(4) + 20, status: 0x402 };
		store.record("U500", [
			{ ...same, tag: "TT01", value: 1 },
			{ ...same, tag: "Written", value: 25 },
		]);
		cycles(5, 9, { before: 25 });
		expect(await row()).toMatchObject({ produced: 45, stored: 45, missing: 0 });
	});

	test("a Bad value of the source is a value, a Bad count is none", async () => {
		cycles(0, 4);
		store.record("U500", [
			{ tag: "TT01", atMs: at(5) - 1, value: 1, status: statusCodes.Bad },
			{ tag: "Written", atMs: at(5), value: 999, status: statusCodes.Bad },
		]);
		store.record("U500", cycle(6, 32));
		store.record("U500", [{ tag: "Written", atMs: at(7), value: 33, status: statusCodes.Bad }]);
		expect(await row()).toMatchObject({ toMs: at(6), produced: 27, stored: 27, restarted: false });
	});

	test("of two counts at one time the greater holds, whichever record it is in", async () => {
		store.record("U500", cycle(0, 6));
		store.record("U500", [{ tag: "Written", atMs: at(0), value: 5 }]);
		cycles(1, 4, { before: 6 });
		store.record("U500", [{ tag: "Written", atMs: at(4), value: 27 }]);
		expect(await row()).toMatchObject({ produced: 21, stored: 21, missing: 0 });
	});

	test("a count that falls back cuts the period, and what is before and after is compared", async () => {
		cycles(0, 9);
		cycles(20, 24);
		expect(await row()).toMatchObject({
			fromMs: at(0),
			toMs: at(24),
			produced: 65,
			stored: 65,
			restarted: true,
		});
	});

	test("a source that begins again at the time of its last count is cut after that time", async () => {
		cycles(0, 4);
		store.record("U500", [{ tag: "Written", atMs: at(4), value: 1 }]);
		cycles(5, 6, { before: 1 });
		expect(await row()).toMatchObject({ produced: 25, stored: 26, missing: -1, restarted: true });
	});

	test("records that lie across an end of the period are divided", async () => {
		store.record(
			"U500",
			[0, 1, 2, 3].flatMap((minute) => cycle(minute, (minute + 1) * 5)),
		);
		store.record(
			"U500",
			[4, 5, 6, 7].flatMap((minute) => cycle(minute, (minute + 1) * 5)),
		);
		expect(await row(period(2, 5))).toMatchObject({ fromMs: at(2), toMs: at(5), produced: 15, stored: 15 });
		expect(await row(period(1, 2))).toMatchObject({ fromMs: at(1), toMs: at(2), produced: 5, stored: 5 });
	});

	test("64-bit counts are exact", async () => {
		store.series("U700", "Written", "UInt64");
		const first = 18_446_744_073_709_551_000n;
		for (const [minute, written] of [first, first + 1n, first + 2n].entries())
			store.record("U700", [{ tag: "Written", atMs: at(minute), value: written }]);
		expect(await row({ unit: "U700" })).toMatchObject({ produced: 2, stored: 2, restarted: false });
	});

	test("several edge nodes that have the unit count together", async () => {
		cycles(0, 4);
		store.commit({ edgeNodes: [{ id: 2, group: "site", edgeNode: "agent-2" }] });
		store.series("U500", "TT01", "Double", undefined, 2);
		store.series("U500", "Written", "UInt32", undefined, 2);
		// The second agent takes over.
		store.record("U500", cycle(5, 30), 2);
		store.record("U500", cycle(6, 35), 2);
		expect(await rows()).toHaveLength(1);
		expect(await row()).toMatchObject({ produced: 30, stored: 30, toMs: at(6) });
	});

	test("counts that begin late are found", async () => {
		for (let minute = -300; minute < 0; minute++)
			store.record("U500", [{ tag: "TT01", atMs: at(minute), value: 1 }]);
		cycles(0, 9);
		expect(await row()).toMatchObject({ fromMs: at(0), toMs: at(9), produced: 45, stored: 45 });
		for (let minute = 10; minute < 300; minute++)
			store.record("U500", [{ tag: "TT01", atMs: at(minute), value: 1 }]);
		expect(await row(period(-300, 300))).toMatchObject({ fromMs: at(0), toMs: at(9), produced: 45 });
	});

	test("at the bound the newest part is compared, and the row says so", async () => {
		cycles(0, 9);
		expect(await row({}, 4)).toMatchObject({
			fromMs: at(6),
			toMs: at(9),
			produced: 15,
			stored: 15,
			complete: false,
		});
		expect(await row({}, 0)).toMatchObject({ produced: undefined, missing: undefined, complete: false });
	});

	test("what one unit leaves of the bound is the next one's", async () => {
		store.series("U400", "Written", "UInt32");
		for (const minute of [0, 1]) store.record("U400", [{ tag: "Written", atMs: at(minute), value: minute }]);
		cycles(0, 9);
		expect(await rows({}, 8)).toMatchObject([
			{ unit: "U400", produced: 1, stored: 1, complete: true },
			{ unit: "U500", fromMs: at(4), produced: 25, stored: 25, complete: false },
		]);
	});

	test("without counts there are no figures; an unknown unit has no row", async () => {
		store.series("U900", "AT02", "Double");
		store.record("U900", [{ tag: "AT02", atMs: at(0), value: 1 }]);
		expect(await row({ unit: "U900" })).toMatchObject({
			unit: "U900",
			produced: undefined,
			stored: undefined,
		});
		expect(await rows({ unit: "U901" })).toEqual([]);
		expect((await rows()).map(({ unit }) => unit)).toEqual(["U500"]);
	});
});

test("a lot: one row for each visit of its batches, in order of time", async () => {
	cycles(0, 30, { without: [25] });
	store.series("U700", "Phase", "String");
	const visit = { lot: "L1", recipe: "R1", startObserved: true };
	store.commit({
		visits: [
			{ ...visit, unit: "U500", batch: "B2", fromMs: at(20) - 500, toMs: undefined },
			{ ...visit, unit: "U500", batch: "B1", fromMs: at(3) - 500, toMs: at(12) + 500 },
			{ ...visit, unit: "U700", batch: "B1", fromMs: at(15), toMs: at(16) },
			{ ...visit, lot: "L2", unit: "U500", batch: "B3", fromMs: at(13), toMs: at(18) },
		],
	});
	expect(await rows({ lot: "L1" })).toMatchObject([
		{ unit: "U500", batch: "B1", lot: "L1", fromMs: at(3), toMs: at(12), produced: 45, missing: 0 },
		{ unit: "U700", batch: "B1", lot: "L1", produced: undefined, fromMs: at(15), toMs: at(16) },
		{ unit: "U500", batch: "B2", lot: "L1", fromMs: at(20), toMs: at(30), produced: 50, missing: 5 },
	]);
	expect(await rows({ lot: "L3" })).toEqual([]);
});

test("equals a plain count, however the values came into records (property)", async () => {
	close();
	const aCycle = fc.record({
		values: fc.integer({ min: 1, max: 7 }),
		lost: fc.oneof({ weight: 8, arbitrary: fc.constant(false) }, fc.constant(true)),
		again: fc.oneof({ weight: 12, arbitrary: fc.constant(false) }, fc.constant(true)),
		said: fc.oneof({ weight: 8, arbitrary: fc.constant(false) }, fc.constant(true)),
		/** Cycles in one record. */
		together: fc.integer({ min: 1, max: 4 }),
		late: fc.integer({ min: 0, max: 3 }),
	});
	await fc.assert(
		fc.asyncProperty(fc.array(aCycle, { minLength: 1, maxLength: 40 }), async (given) => {
			fc.pre(given.filter(({ again }) => again).length <= 20);
			open();
			try {
				let written = 1_000_000;
				let begun = written;
				let before: number | undefined;
				const expected = { produced: 0, stored: 0, restarted: false };
				let waiting = 0;
				let open: { samples: KnownSample[]; order: number } | undefined;
				const records: { samples: KnownSample[]; order: number }[] = [];
				let storedSince = 0;
				for (const [minute, { values, lost, again, said, together, late }] of given.entries()) {
					if (again) {
						begun -= 5_000;
						written = begun;
					}
					written += values;
					if (said) {
						const status = statusCodes.BadNoCommunication;
						records.push({
							order: minute,
							samples: [{ tag: "TT01", atMs: at(minute) + 7, value: null, status }],
						});
					}
					if (lost) continue;
					storedSince += values;
					if (before !== undefined) {
						if (written < before) expected.restarted = true;
						else {
							expected.produced += written - before;
							expected.stored += storedSince;
						}
					}
					before = written;
					storedSince = 0;
					if (open === undefined || waiting === 0) {
						open = { samples: [], order: minute + late };
						records.push(open);
						waiting = together;
					}
					open.samples.push(...cycle(minute, written, values));
					waiting--;
				}
				// Records that were sent again come later than others.
				for (const { samples } of records.toSorted((a, b) => a.order - b.order))
					store.record("U500", samples);
				const found = (
					await ask(store.path, (db, samples) => readReconciliation(db, samples, { written: "Written" }))
				)[0];
				if (before === undefined) expect(found?.produced).toBeUndefined();
				else expect(found).toMatchObject({ ...expected, complete: true });
			} finally {
				close();
			}
		}),
		{ numRuns: 40 },
	);
	open();
});
