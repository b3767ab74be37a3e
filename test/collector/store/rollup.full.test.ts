import fc from "fast-check";
import { expect, test } from "vitest";
import type { BucketSlice, SamplePiece } from "../../../collector/samples-port.ts";
import { readBuckets } from "../../../collector/store/sample-slices.ts";
import { statusCodes } from "../../../common/contract/status.ts";
import { beganMs, hourMs, KnownStore, minuteMs } from "./known-store.ts";
import { ask, compact, sealTo } from "./sealed-store.ts";

const piece: SamplePiece = {
	...{ unit: "U500", tag: "TT01", datatype: "Double", eu: undefined, series: [1] },
	...{ fromMs: beganMs - 3 * minuteMs - 7, toMs: beganMs + 40 * hourMs + 11 },
};

function close(a: BucketSlice, b: BucketSlice): void {
	const { mean: means, coverage: shares, ...exact } = a;
	const { mean, coverage, ...rest } = b;
	expect(rest).toEqual(exact);
	for (const [index, value] of means.entries()) {
		if (value === null) expect(mean[index]).toBeNull();
		else expect(mean[index]).toBeCloseTo(value, 6);
		expect(coverage[index]).toBeCloseTo(shares[index] as number, 9);
	}
}

test("buckets made of minutes equal buckets made of samples, across days, Bad values, late samples and gaps (property)", async () => {
	const value = fc.oneof(
		fc.double({ min: -1e3, max: 1e3, noNaN: true }).map((each) => each + 0),
		fc.constant(Number.NaN),
	);
	const sample = fc.record({
		atMs: fc.integer({ min: 0, max: 30 * hourMs }),
		value: fc.oneof({ weight: 9, arbitrary: value }, fc.constant(null)),
		status: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, fc.constantFrom(statusCodes.Bad, 0x40000000)),
	});
	const dense = fc.array(sample, { minLength: 60, maxLength: 300 });
	await fc.assert(
		fc.asyncProperty(
			dense,
			fc.constantFrom(1, 5, 60, 7),
			fc.boolean(),
			fc.boolean(),
			async (given, minutes, isLate, hasGap) => {
				const store = new KnownStore();
				try {
					store.series("U500", "TT01", "Double");
					// Many of one minute, so that minutes have an inside.
					const samples = given.map((each, index) => ({
						...each,
						...{ tag: "TT01", atMs: beganMs + (index % 3 === 0 ? each.atMs : each.atMs % (20 * minuteMs)) },
					}));
					store.records(
						"U500",
						samples.toSorted((a, b) => a.atMs - b.atMs),
						40,
					);
					const last = Math.ceil(samples.length / 40);
					const gap = { id: "g", edgeNode: 1, device: "U500", tags: [], cause: "agent_down" as const };
					const hole = { fromMs: beganMs + 5 * minuteMs, toMs: beganMs + 9 * minuteMs };
					if (hasGap) store.commit({ gaps: [{ ...gap, ...hole, backfilled: false, noticedMs: 1 }] });
					await sealTo(store.file, store.path, 1);
					await sealTo(store.file, store.path, last);
					if (isLate) store.record("U500", [{ tag: "TT01", atMs: beganMs + hourMs, value: 5 }]);
					const buckets = () =>
						ask(store.path, async (db, rows) => ({
							found: await readBuckets(db, rows, piece, minutes * minuteMs),
							stretches: rows.rollups("U500", piece, hasGap ? [hole] : []).length,
						}));
					const raw = await buckets();
					expect(raw.stretches).toBe(0);
					await compact(store);
					const rolled = await buckets();
					// A late sample in the middle of a day makes that day's minutes unusable.
					if (!isLate && !hasGap) expect(rolled.stretches).toBeGreaterThan(0);
					close(raw.found, rolled.found);
				} finally {
					store.remove();
				}
			},
		),
		{ numRuns: 12, endOnFailure: true },
	);
});
