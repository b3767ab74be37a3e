import fc from "fast-check";
import { expect, test } from "vitest";
import { LotBook } from "../../../collector/lots/lot-book.ts";
import type { LotPort } from "../../../collector/quality/live-judge.ts";
import { batchOf, judgeOf, soakWindow, stored, type Told, told, unit } from "./told-story.ts";

const seed = Number(process.env.TEST_SEED ?? 20261122);
const check = <T>(property: fc.IPropertyWithHooks<T>) => fc.assert(property, { seed, numRuns: 300 });

const windows = [
	soakWindow(),
	soakWindow({ id: "quick", on_delay_s: 0, off_delay_s: 0, blanking_s: 5 }),
	soakWindow({ id: "always", phases: undefined, on_delay_s: 3 }),
	soakWindow({ id: "graced", grace_s: 6, on_delay_s: 2, off_delay_s: 0 }),
	soakWindow({ id: "gapped", max_gap_s: 4, on_delay_s: 3, stale_after_s: 7 }),
	soakWindow({ id: "linear", hold: "linear", on_delay_s: 4 }),
	soakWindow({
		id: "frozen",
		frozen: { tolerance: 1, suspect_after_s: 3, fail_after_s: 6 },
		exclusive: ["high"],
	}),
];
const fresh = () => judgeOf(windows, new LotBook([unit]) as LotPort);

/** Mostly forward in time, sometimes late: what a line tells, in the words of told-story. */
const story: fc.Arbitrary<Told[]> = fc
	.array(
		fc.tuple(
			fc.integer({ min: -8, max: 12 }),
			fc.oneof(
				{ weight: 6, arbitrary: fc.integer({ min: -4, max: 15 }).map((value) => `=${value}`) },
				{ weight: 1, arbitrary: fc.constant("=bad") },
				{ weight: 3, arbitrary: fc.constant(">") },
				{ weight: 2, arbitrary: fc.constantFrom("SOAK", "COOL", "IDLE").map((phase) => `:phase=${phase}`) },
				{
					weight: 4,
					arbitrary: fc
						.constantFrom("B1/L1/SOAK", "B2/L1/SOAK", "B3/L2/COOL", "//IDLE")
						.map((all) => `:${all}`),
				},
			),
		),
		{ minLength: 1, maxLength: 60, size: "max" },
	)
	.map((steps) => {
		let s = 20;
		return steps.flatMap(([by, word]) => {
			s = Math.max(0, s + by);
			return told(word === ">" ? `>${s}` : `${s}${word}`);
		});
	});

const cuts = (length: number) => fc.array(fc.integer({ min: 0, max: length }), { maxLength: 8 });

function partsOf<T>(items: readonly T[], at: readonly number[]): T[][] {
	const places = [0, ...[...at].sort((a, b) => a - b), items.length];
	return places.slice(1).map((end, index) => items.slice(places[index], end));
}

const storyWithCuts = story.chain((words) => fc.tuple(fc.constant(words), cuts(words.length)));

test("the stories are worth it: many raise, clear and close", () => {
	const seen = { raised: 0, cleared: 0, periods: 0, lots: 0, dirty: 0 };
	for (const words of fc.sample(story, { seed, numRuns: 300 })) {
		const judgement = fresh().judge(batchOf(words));
		seen.raised += judgement.occurrences.filter(({ clearedMs }) => clearedMs === undefined).length;
		seen.cleared += judgement.occurrences.filter(({ clearedBy }) => clearedBy === "returned").length;
		seen.periods += judgement.periods.length;
		seen.lots += judgement.due.length;
		seen.dirty += judgement.dirty.length;
	}
	for (const count of Object.values(seen)) expect(count).toBeGreaterThan(20);
});

test("discard leaves the state exactly as it was before the batch", () => {
	check(
		fc.property(story, story, (before, batch) => {
			const judge = fresh();
			judge.judge(batchOf(before));
			judge.keep();
			const saved = judge.save();
			judge.judge(batchOf(batch));
			judge.discard();
			expect(judge.save()).toBe(saved);
		}),
	);
});

test("a discarded batch, judged again in other parts, gives what it would have given", () => {
	check(
		fc.property(storyWithCuts, ([words, at]) => {
			const judge = fresh();
			const straight = fresh();
			judge.judge(batchOf(words));
			judge.discard();
			const parts = partsOf(words, at).map((part) => {
				const judgement = judge.judge(batchOf(part));
				judge.keep();
				return judgement;
			});
			expect(stored(parts)).toEqual(stored([straight.judge(batchOf(words))]));
		}),
	);
});

test("saving, loading and going on equals going on", () => {
	check(
		fc.property(storyWithCuts, ([words, at]) => {
			const straight = fresh();
			const once = straight.judge(batchOf(words));
			straight.keep();
			let judge = fresh();
			const parts = partsOf(words, at).map((part) => {
				const judgement = judge.judge(batchOf(part));
				judge.keep();
				const next = fresh();
				next.load(judge.save());
				expect(JSON.parse(next.save())).toEqual(JSON.parse(judge.save()));
				judge = next;
				return judgement;
			});
			expect(stored(parts)).toEqual(stored([once]));
			expect(JSON.parse(judge.save())).toEqual(JSON.parse(straight.save()));
		}),
	);
});

test("a saved state of another specification version begins its windows anew with the next phase", () => {
	const judge = fresh();
	judge.judge(batchOf(told("0:B1/L1/SOAK 1=12 >11")));
	judge.keep();
	const next = judgeOf([soakWindow()], undefined, 4);
	next.load(judge.save());
	expect(next.judge(batchOf(told("12=20 >40"))).occurrences).toEqual([]);
	const { occurrences } = next.judge(batchOf(told("50:batch=B2 51=12 >61")));
	expect(occurrences.map(({ specVersion, batch }) => [specVersion, batch])).toEqual([[4, "B2"]]);
});
