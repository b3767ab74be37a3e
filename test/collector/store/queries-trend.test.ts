import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { TrendAnswer, TrendQuery } from "../../../collector/read-port.ts";
import { foldBuckets, foldChanges, foldNotGood, TrendSamples } from "../../../collector/store/trend-fold.ts";
import { readTrend } from "../../../collector/store/trend-query.ts";
import { statusCodes } from "../../../common/contract/status.ts";
import { beganMs, hourMs, type KnownSample, KnownStore, knownOccurrence, minuteMs } from "./known-store.ts";
import { ask, askSealedToo, sealTo } from "./sealed-store.ts";

let store: KnownStore;
let db: DatabaseSync;

beforeEach(() => {
	store = new KnownStore();
	store.series("U500", "F500.TT01", "Double", "degC");
	store.series("U500", "Phase", "String");
	db = new DatabaseSync(store.path, { readOnly: true });
});
afterEach(() => {
	db.close();
	store.remove();
});

const tag = "F500.TT01";
const at = (minute: number) => beganMs + minute * minuteMs;
const sample = (minute: number, value: KnownSample["value"], status = 0): KnownSample => ({
	tag,
	atMs: at(minute),
	value,
	status,
});
const phase = (minute: number, value: string) => ({ tag: "Phase", atMs: at(minute), value });

/** Hot and sealed give the same answer. */
async function trend(fromMinute: number, toMinute: number, points = 10): Promise<TrendAnswer> {
	const query = { unit: "U500", tag, fromMs: at(fromMinute), toMs: at(toMinute), points, phaseTag: "Phase" };
	const answer = await trendOf(query);
	if (answer === undefined) throw new Error("expected a trend");
	return answer;
}

function trendOf(query: TrendQuery): Promise<TrendAnswer | undefined> {
	return askSealedToo(store.file, store.path, (db, rows) => readTrend(db, rows, query));
}

describe("buckets", () => {
	test("a spike of one sample stays visible in its bucket", async () => {
		const samples = Array.from({ length: 600 }, (_, index) => sample(index / 10, 500 + (index % 3)));
		samples[315] = sample(31.5, 900);
		store.records("U500", samples);
		const { buckets, samples: count, eu, datatype, complete } = await trend(0, 60, 6);
		expect({ count, eu, datatype, complete }).toEqual({
			count: 600,
			eu: "degC",
			datatype: "Double",
			complete: true,
		});
		expect(buckets.max).toEqual([502, 502, 502, 900, 502, 502]);
		expect(buckets.min).toEqual([500, 500, 500, 500, 500, 500]);
		expect(buckets.atMs.map((ms) => (ms - beganMs) / minuteMs)).toEqual([9.9, 19.9, 29.9, 39.9, 49.9, 59.9]);
	});

	test("samples outside the period are not in it, those on its ends are", async () => {
		store.record("U500", [sample(0, 1), sample(10, 2), sample(20, 3), sample(30, 4)]);
		const answer = await trend(10, 20, 10);
		expect(answer.buckets.last).toEqual([2, 3]);
		expect(answer.before).toEqual({ atMs: at(0), value: 1, status: 0 });
	});

	test("late records are sorted in by source time", async () => {
		store.record("U500", [sample(20, 3)]);
		store.record("U500", [sample(10, 2), sample(5, 1)]);
		expect((await trend(0, 30, 100)).buckets.last).toEqual([1, 2, 3]);
	});

	test("64-bit integers are plotted", async () => {
		store.series("U500", "Counter", "UInt64");
		store.record("U500", [{ tag: "Counter", atMs: at(1), value: 18_446_744_073_709_551_615n }]);
		const query = { unit: "U500", tag: "Counter", fromMs: at(0), toMs: at(9), points: 9, phaseTag: "Phase" };
		expect((await trendOf(query))?.buckets.last).toEqual([2 ** 64]);
	});

	test("never more than asked for, never a value that was not there (property)", async () => {
		const value = fc.oneof(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.constant(Number.NaN));
		const status = fc.constantFrom(0, statusCodes.Bad, 0x40000000);
		fc.assert(
			fc.property(
				fc.array(fc.record({ ms: fc.integer({ min: 0, max: 1000 }), value, status }), { maxLength: 200 }),
				fc.integer({ min: 1, max: 50 }),
				(given, points) => {
					const samples = new TrendSamples();
					for (const each of given)
						samples.push(
							{ atMs: each.ms, restTicks: 0, pos: samples.count },
							{ number: each.value, status: each.status, filled: true },
						);
					const period = { fromMs: 0, toMs: 1000, points };
					const buckets = foldBuckets(samples, samples.order(), period);
					const good = given
						.filter((each) => each.status === 0 && !Number.isNaN(each.value))
						.map((each) => each.value);
					expect(buckets.last.length).toBeLessThanOrEqual(points);
					for (const each of [...buckets.min, ...buckets.max, ...buckets.last]) expect(good).toContain(each);
					if (good.length > 0) {
						expect(Math.min(...buckets.min)).toBe(Math.min(...good));
						expect(Math.max(...buckets.max)).toBe(Math.max(...good));
					}
					const stretches = foldNotGood(samples, samples.order(), period, undefined);
					expect(stretches.length).toBeLessThanOrEqual(500 + 2 * points);
					expect(stretches.length > 0).toBe(good.length < given.length);
				},
			),
		);
	});
});

describe("stretches without a good value", () => {
	test("a Bad stretch is not bridged and ends with the next good value", async () => {
		store.record("U500", [
			sample(0, 500),
			sample(10, 777, statusCodes.BadNoCommunication),
			sample(20, null, statusCodes.BadNoCommunication),
			sample(30, 501),
		]);
		const { notGood, buckets } = await trend(0, 40, 4);
		expect(notGood).toEqual([
			{ fromMs: at(10), toMs: at(30), status: statusCodes.BadNoCommunication, reason: "bad" },
		]);
		// The value that came with the Bad status is in no bucket.
		expect(buckets.max).toEqual([500, 501]);
	});

	test("one that begins before the period and one that goes on after it", async () => {
		store.record("U500", [sample(-30, 1, statusCodes.Bad)]);
		store.record("U500", [sample(10, 2), sample(20, 3, 0x408f0000)]);
		expect((await trend(0, 40)).notGood).toEqual([
			{ fromMs: at(0), toMs: at(10), status: statusCodes.Bad, reason: "bad" },
			{ fromMs: at(20), toMs: undefined, status: 0x408f0000, reason: "uncertain" },
		]);
	});

	test.each([
		["null", null, "no_value"],
		["NaN", Number.NaN, "not_a_number"],
		["infinity", Number.POSITIVE_INFINITY, "not_a_number"],
	] as const)("Good with %s is a stretch too", async (_name, value, reason) => {
		store.record("U500", [sample(0, 1), sample(10, value), sample(20, 2)]);
		const { notGood, buckets } = await trend(0, 40, 40);
		expect(notGood).toEqual([{ fromMs: at(10), toMs: at(20), status: 0, reason }]);
		expect(buckets.last).toEqual([1, 2]);
	});

	test("thousands of them are merged below the width of a bucket", async () => {
		const samples = new TrendSamples();
		for (let ms = 0; ms < 20_000; ms++) {
			const status = ms % 2 === 0 ? 0 : statusCodes.Bad;
			samples.push({ atMs: ms, restTicks: 0, pos: ms }, { number: 1, status, filled: true });
		}
		const found = foldNotGood(samples, samples.order(), { fromMs: 0, toMs: 20_000, points: 100 }, undefined);
		expect(found.length).toBeLessThanOrEqual(700);
		expect(found.at(-1)).toMatchObject({ toMs: undefined });
	});
});

describe("text, phases and what was judged", () => {
	test("a text tag is told as its changes, the newest within the limit", async () => {
		store.record("U500", [phase(0, "RAMP"), phase(5, "RAMP"), phase(10, "SOAK"), phase(20, "COOL")]);
		const query = { unit: "U500", tag: "Phase", fromMs: at(0), toMs: at(60), points: 2, phaseTag: "Phase" };
		expect(await trendOf(query)).toMatchObject({
			kind: "text",
			samples: 4,
			changes: [
				{ atMs: at(10), value: "SOAK", status: 0 },
				{ atMs: at(20), value: "COOL", status: 0 },
			],
			buckets: { atMs: [] },
		});
	});

	test("phases begin with the one that held before; a Bad one says nothing", async () => {
		store.record("U500", [phase(-100, "RAMP")]);
		store.record("U500", [sample(1, 1), phase(10, "SOAK"), { ...phase(11, "?"), status: statusCodes.Bad }]);
		expect((await trend(0, 20)).phases).toEqual([
			{ atMs: at(-100), value: "RAMP", status: 0 },
			{ atMs: at(10), value: "SOAK", status: 0 },
		]);
	});

	test("gaps of the tag, of its unit and of its edge node, and no other", async () => {
		store.record("U500", [sample(1, 1)]);
		const gap = (id: string, device: string, tags: string[], from = 0) => ({
			id,
			edgeNode: 1,
			device,
			tags,
			fromMs: at(from),
			toMs: at(from + 5),
			cause: "agent_down" as const,
			backfilled: false,
			noticedMs: 0,
		});
		store.commit({
			gaps: [
				gap("tag", "U500", [tag], 3),
				gap("unit", "U500", [], 2),
				gap("node", "", [], 1),
				gap("other-tag", "U500", ["Phase"]),
				gap("other-unit", "U400", []),
				gap("later", "U500", [], 90),
			],
		});
		expect((await trend(0, 60)).gaps.map(({ id }) => id)).toEqual(["tag", "unit", "node"]);
	});

	test("runs, visits and violations that touch the period", async () => {
		store.record("U500", [sample(1, 1)]);
		const period = {
			window: "w",
			specVersion: 1,
			unit: "U500",
			batch: "B1",
			lot: "L1",
			goodSamples: 1,
			badSamples: 0,
			violations: 0,
		};
		store.commit({
			periods: [
				{ ...period, id: "in", fromMs: at(5), toMs: at(15) },
				{ ...period, id: "past", fromMs: at(-50), toMs: at(-40) },
			],
			visits: [
				{
					unit: "U500",
					batch: "B1",
					lot: "L1",
					recipe: "R",
					fromMs: at(-10),
					toMs: undefined,
					startObserved: true,
				},
			],
			occurrences: [
				{ ...knownOccurrence, startedMs: at(5), clearedMs: at(8) },
				{ ...knownOccurrence, id: "other", tag: "other" },
			],
		});
		const { runs, visits, occurrences } = await trend(0, 60);
		expect(runs).toEqual([{ window: "w", specVersion: 1, fromMs: at(5), toMs: at(15) }]);
		expect(visits.map(({ batch }) => batch)).toEqual(["B1"]);
		expect(occurrences.map(({ id }) => id)).toEqual(["occurrence-1"]);
	});

	test("changes are collapsed and limited", async () => {
		const change = (atMs: number, value: string) => ({ atMs, value, status: 0 });
		expect(foldChanges([change(3, "b"), change(1, "a"), change(2, "a")], 5)).toEqual([
			change(1, "a"),
			change(3, "b"),
		]);
	});
});

describe("bounds", () => {
	test("beyond the bound of samples the newest are covered, and the answer says from when", async () => {
		const samples = Array.from({ length: 1000 }, (_, index) => sample(index, index));
		store.records("U500", samples);
		const query = { unit: "U500", tag, fromMs: at(0), toMs: at(999), points: 100, phaseTag: "Phase" };
		const bounded = () => ask(store.path, (db, rows) => readTrend(db, rows, query, 350));
		const answer = (await bounded()) as TrendAnswer;
		expect(answer.complete).toBe(false);
		expect(answer.coveredFromMs).toBe(at(699) + 1);
		expect(answer.samples).toBe(300);
		expect(answer.before).toMatchObject({ value: 699 });
		expect(answer.buckets.max.at(-1)).toBe(999);
		// What is sealed is not read record by record, so the bound is met to the sample.
		await sealTo(store.file, store.path, 10);
		expect(await bounded()).toMatchObject({
			...{ complete: false, coveredFromMs: at(649) + 1, samples: 350, before: { value: 649 } },
		});
	});

	test("a tag that the store does not have is undefined", async () => {
		const query = { unit: "U500", fromMs: 0, toMs: hourMs, points: 5, phaseTag: "Phase" };
		expect(await trendOf({ ...query, tag: "none" })).toBeUndefined();
		expect(await trendOf({ ...query, unit: "", tag })).toBeUndefined();
		expect(await trendOf({ ...query, unit: "' OR 1=1 --", tag })).toBeUndefined();
	});

	test("a tag without samples in the period has an empty line", async () => {
		store.record("U500", [sample(0, 1)]);
		const answer = await trend(10, 20);
		expect(answer).toMatchObject({ samples: 0, buckets: { atMs: [] }, before: { value: 1 } });
	});
});
