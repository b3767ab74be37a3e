import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fittingGaps, GapRecord } from "../../../agent/journal/gap-record.ts";
import { GapSummary } from "../../../agent/journal/gap-summary.ts";
import { type Gap, gapCauses } from "../../../common/contract/gap.ts";
import { recordBytesMax, recordSamplesMax, SampleColumns } from "../../../common/contract/samples.ts";
import { boundGap, covers, gapBody, recordOf, tagNames, told } from "./known-records.ts";

const range = { fromMs: 1, toMs: 2 };

const outage = (device: string, fromMs: number, tags: readonly string[] = ["T"]): Gap => ({
	device,
	tags,
	fromMs,
	toMs: fromMs + 1,
	cause: "server_unreachable",
	backfilled: false,
});

/** The record of these bodies, which must always be one that may be sent. */
function gapsOf(bodies: readonly Buffer[]): Gap[] {
	const record = new GapRecord(tagNames);
	for (const body of bodies) record.add(body);
	const body = record.body(77, range);
	const { device, gaps, openings, values } = told(body);
	expect([device, openings, values]).toEqual(["", [], []]);
	expect(body.length).toBeLessThanOrEqual(recordBytesMax);
	expect(gaps.length).toBeLessThanOrEqual(recordSamplesMax);
	return gaps;
}

describe("the record of a dropped range", () => {
	test("names the tags of a device, and says every tag where the names do not fit", () => {
		const many = Array.from({ length: 60 }, (_, part) =>
			recordOf(
				"Wide",
				Array.from({ length: 100 }, (_, index) => [10_000 + part * 100 + index, part, 1]),
			),
		);
		const gaps = gapsOf([...many, recordOf("U5", [[501, 4, 1]])]);
		expect(gaps).toEqual([boundGap("Wide", [], 0, 59), boundGap("U5", ["tag 501"], 4, 4)]);
	});

	test("keeps carried gaps apart up to a bound, then unites them by device and cause", () => {
		const few = Array.from({ length: 150 }, (_, index) => outage("U5", index * 10));
		expect(gapsOf(few.map((gap) => gapBody(gap)))).toEqual(few);
		const many = Array.from({ length: 500 }, (_, index) =>
			outage(`U${index % 3}`, index * 10, [`tag ${index % 2}`]),
		);
		const united = gapsOf(many.map((gap) => gapBody(gap)));
		expect(united.length).toBeLessThanOrEqual(200);
		for (const gap of many) expect(united.some((one) => covers(one, gap))).toBe(true);
	});

	test("of more devices than there is room for is a gap of the whole edge node", () => {
		const gaps = gapsOf(
			Array.from({ length: 3_000 }, (_, index) =>
				recordOf(`${"a long name of a unit ".repeat(5)}${index}`, [[index + 10, index, 1]]),
			),
		);
		expect(gaps).toEqual([boundGap("", [], 0, 2_999)]);
	});

	test("that a drop was interrupted does not double what it carries", () => {
		expect(gapsOf([gapBody(outage("U5", 1)), gapBody(outage("U5", 1))])).toEqual([outage("U5", 1)]);
	});

	test("of which nothing can be read is a gap of everything between the times of its file", () => {
		const record = new GapRecord(tagNames);
		record.add(Buffer.from("no record"));
		expect(told(record.body(77, { fromMs: 5, toMs: 9 })).gaps).toEqual([boundGap("", [], 5, 9)]);
	});

	test("covers everything that went into it, whatever that was, within a record's size", () => {
		const name = fc.constantFrom("U1", "U2", "U3", "Ofen ä/ö");
		const values = fc.record({
			device: name,
			samples: fc.array(fc.tuple(fc.integer({ min: 10, max: 40 }), fc.integer({ min: 0, max: 1e6 })), {
				minLength: 1,
				maxLength: 20,
			}),
		});
		const gap = fc.record({
			device: name,
			tags: fc.array(fc.string({ unit: "grapheme", maxLength: 128 }), { maxLength: 60 }),
			fromMs: fc.integer({ min: 0, max: 1e6 }),
			length: fc.nat(1e4),
			cause: fc.constantFrom(...gapCauses),
			backfilled: fc.boolean(),
		});
		fc.assert(
			fc.property(fc.array(fc.oneof(values, gap), { maxLength: 300 }), (parts) => {
				const wanted: Gap[] = [];
				const bodies = parts.map((part) => {
					if ("samples" in part) {
						for (const [id, ms] of part.samples) wanted.push(boundGap(part.device, [`tag ${id}`], ms, ms));
						return recordOf(
							part.device,
							part.samples.map(([id, ms]) => [id, ms, 1]),
						);
					}
					const { length, ...rest } = part;
					wanted.push({ ...rest, toMs: rest.fromMs + length });
					return gapBody({ ...rest, toMs: rest.fromMs + length });
				});
				const found = gapsOf(bodies);
				for (const one of wanted) {
					const parts = one.tags.length === 0 ? [one] : one.tags.map((tag) => ({ ...one, tags: [tag] }));
					for (const part of parts) expect(found.some((gap) => covers(gap, part))).toBe(true);
				}
			}),
			{ numRuns: 150 },
		);
	});
});

test("a gap with more names than a record holds becomes several, and of very many every tag", () => {
	const gap = (count: number) =>
		outage(
			"U5",
			1,
			Array.from({ length: count }, (_, index) => `a tag with quite a long name ${index}`),
		);
	expect(fittingGaps(gap(10))).toEqual([gap(10)]);
	const several = fittingGaps(gap(3_000));
	expect(several.length).toBeGreaterThan(1);
	expect(several.flatMap(({ tags }) => tags)).toEqual(gap(3_000).tags);
	expect(several.every((part) => gapBody(part).length <= recordBytesMax)).toBe(true);
	expect(fittingGaps(gap(50_000))).toEqual([{ ...gap(50_000), tags: [] }]);
});

test("taking the first gap leaves the others, and the same tag counts again when it is missing again", () => {
	const summary = new GapSummary((id) => `tag ${id}`);
	const samples = new SampleColumns(1);
	samples.tagId[0] = 501;
	samples.sourceMs[0] = 9;
	summary.values("U5", samples, 0, 1);
	summary.gap(outage("U6", 3));
	expect(summary.first()).toEqual(boundGap("U5", ["tag 501"], 9, 9));
	summary.takeFirst();
	expect(summary.first()).toEqual(outage("U6", 3));
	summary.values("U5", samples, 0, 1);
	expect(summary.gaps()).toContainEqual(boundGap("U5", ["tag 501"], 9, 9));
	summary.takeFirst();
	summary.takeFirst();
	expect(summary.first()).toBeUndefined();
});
