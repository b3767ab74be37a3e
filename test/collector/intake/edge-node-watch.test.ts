import { describe, expect, test } from "vitest";
import { EdgeNodeLedger } from "../../../collector/intake/edge-node-ledger.ts";
import { EdgeNodeWatch } from "../../../collector/intake/edge-node-watch.ts";
import { OffsetRanges } from "../../../collector/intake/offset-ranges.ts";
import type { RecordRow } from "../../../collector/pipeline.ts";

const ranges = (first: number, last: number) => new OffsetRanges([{ first, last }]);
const at = (nowMs: number, changes: { atBirth?: boolean } = {}) => ({
	...{ nowMs, wallMs: 1_000_000 + nowMs, atBirth: false, isBusy: false, isWaiting: () => false },
	...changes,
});
const row = (epoch: number, offset: number, sourceMinMs: number) =>
	({ device: "U1", epoch, offset, sourceMinMs }) as RecordRow;

/** An edge node whose epoch 7 is stored up to offset 6, with one device complete up to 5 s. */
function stored(): EdgeNodeWatch {
	const watch = new EdgeNodeWatch(1, new EdgeNodeLedger([], [{ device: "U1", throughMs: 5_000 }]));
	watch.ledger.opened(7, 0, 0, 0);
	watch.ledger.apply(7, ranges(1, 6));
	watch.held([{ epoch: 7, first: 1, next: 7 }], at(0));
	return watch;
}

describe("a journal that begins anew", () => {
	test("stands behind the old one after 15 s, with one gap from where the device was to where it goes on", () => {
		const watch = stored();
		watch.ledger.opened(8, 0, 0, 1_000);
		watch.ledger.apply(8, ranges(1, 2));
		watch.stored(row(8, 2, 9_000));
		watch.ledger.mark("U1", 8, 2, 9_500);
		const held = [{ epoch: 8, first: 1, next: 3 }];
		expect(watch.held(held, at(15_999))).toMatchObject({ gaps: [], chained: undefined });
		expect(watch.advance().throughs, "not before it is clear what became of the old one").toEqual([]);
		const outcome = watch.held(held, at(16_000));
		expect(outcome.chained).toBe(8);
		expect(outcome.gaps).toMatchObject([
			{ device: "U1", cause: "journal_replaced", fromMs: 5_000, toMs: 1_016_000 },
		]);
		expect(watch.ledger.row(1, 8, ranges(1, 2))).toMatchObject({ previousEpoch: 7, previousLast: 6 });
		watch.stored(row(8, 2, 9_000));
		const { throughs, gaps } = watch.advance();
		expect(throughs).toMatchObject([{ device: "U1", throughMs: 9_500 }]);
		expect(gaps).toMatchObject([{ id: outcome.gaps[0]?.id, fromMs: 5_000, toMs: 9_000 }]);
	});

	test("its gap ends at the first sample after it, also when the Through of that record is earlier", () => {
		const watch = stored();
		watch.ledger.opened(8, 0, 0, 1_000);
		watch.ledger.apply(8, ranges(1, 2));
		watch.held([{ epoch: 8, first: 1, next: 3 }], at(16_000));
		watch.stored(row(8, 2, 9_000));
		watch.ledger.mark("U1", 8, 2, 8_700);
		expect(watch.advance().gaps).toMatchObject([{ fromMs: 5_000, toMs: 9_000 }]);
	});

	test("what the old one was known to hold and never sent is lost with it", () => {
		const watch = stored();
		watch.held([{ epoch: 7, first: 1, next: 10 }], at(1));
		watch.ledger.opened(8, 0, 0, 1_000);
		watch.ledger.apply(8, ranges(1, 1));
		const outcome = watch.held([{ epoch: 8, first: 1, next: 2 }], at(16_000));
		expect(outcome.lost).toEqual([{ epoch: 7, first: 7, last: 9, cause: "journal_replaced" }]);
	});

	test("an older copy of a journal: what lay behind it is lost", () => {
		const watch = stored();
		watch.held([{ epoch: 7, first: 1, next: 10 }], at(1));
		watch.ledger.opened(8, 7, 3, 1_000);
		const outcome = watch.held(
			[
				{ epoch: 7, first: 1, next: 4 },
				{ epoch: 8, first: 1, next: 2 },
			],
			at(2_000),
		);
		expect(outcome.lost).toEqual([{ epoch: 7, first: 7, last: 9, cause: "journal_replaced" }]);
	});
});

test("what is lost is told once until it is committed", () => {
	const watch = stored();
	const held = [{ epoch: 7, first: 9, next: 12 }];
	expect(watch.held(held, at(1)).lost).toHaveLength(1);
	expect(watch.held(held, at(2)).lost).toHaveLength(0);
	watch.ledger.apply(7, ranges(1, 8));
	expect(watch.held([{ epoch: 7, first: 11, next: 12 }], at(3)).lost).toHaveLength(1);
});

test("a record that was still on its way before a hole does not end it", () => {
	const watch = stored();
	watch.ledger.apply(7, ranges(1, 4));
	watch.held([{ epoch: 7, first: 9, next: 12 }], at(1));
	watch.stored(row(7, 5, 4_000));
	watch.ledger.apply(7, ranges(1, 8));
	watch.ledger.mark("U1", 7, 8, 6_000);
	expect(watch.advance().gaps, "complete up to the hole").toEqual([]);
	watch.stored(row(7, 9, 7_000));
	watch.ledger.apply(7, ranges(1, 9));
	watch.ledger.mark("U1", 7, 9, 7_500);
	expect(watch.advance().gaps).toMatchObject([{ fromMs: 6_000, toMs: 7_000 }]);
});

test("two agents: nothing is asked, lost or confirmed of either while they alternate", () => {
	const watch = stored();
	watch.held([{ epoch: 8, first: 1, next: 3 }], at(1_000));
	const outcome = watch.held([{ epoch: 7, first: 3, next: 9 }], at(2_000));
	expect(outcome).toMatchObject({ rivalsNoticed: true, asks: [], lost: [], gaps: [] });
	expect([...watch.rivals].sort()).toEqual([7, 8]);
	expect(watch.held([{ epoch: 8, first: 2, next: 3 }], at(20_000))).toMatchObject({
		lost: [],
		chained: undefined,
	});
});

test("gaps of a restore are filled when the device is complete beyond them", () => {
	const gap = {
		...{ id: "restore x 1 U1", edgeNode: 1, device: "U1", tags: [], fromMs: 5_000, toMs: 8_000 },
		...{ cause: "store_restored" as const, backfilled: false, noticedMs: 0 },
	};
	const watch = new EdgeNodeWatch(1, new EdgeNodeLedger([], [{ device: "U1", throughMs: 5_000 }]), [gap]);
	watch.ledger.apply(7, ranges(1, 2));
	watch.ledger.mark("U1", 7, 1, 7_999);
	expect(watch.advance().gaps).toEqual([]);
	watch.ledger.mark("U1", 7, 2, 8_000);
	expect(watch.advance().gaps).toEqual([{ ...gap, backfilled: true }]);
});
