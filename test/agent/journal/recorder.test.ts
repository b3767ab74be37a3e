import { expect, test } from "vitest";
import type { AgentConfig } from "../../../agent/config.ts";
import { Recorder } from "../../../agent/journal/recorder.ts";
import type { Journal, Position } from "../../../agent/pipeline.ts";
import { decodeRecord } from "../../../agent/record-codec.ts";
import { TagBook } from "../../../agent/tag-book.ts";
import { ByteReader } from "../../../common/contract/bytes.ts";
import { decodeGap } from "../../../common/contract/gap.ts";
import { recordBytesMax, SampleColumns, type SampleValue } from "../../../common/contract/samples.ts";
import { SteppedClock } from "../../helpers/stepped-clock.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

const config = {
	devices: [
		{
			name: "U500",
			tags: [
				{ name: "TT01", type: "Double" },
				{ name: "Note", type: "String" },
			],
		},
		{
			name: "U600",
			tags: Array.from({ length: 20_000 }, (_, index) => ({
				name: `a rather long name ${index}`,
				type: "Double",
			})),
		},
	],
} as unknown as AgentConfig;

/** The journal's port with a door that can be shut; what it takes is what a disk would hold. */
class DoorJournal implements Pick<Journal, "append" | "durable"> {
	readonly bodies: Buffer[] = [];
	isOpen = true;
	/** So many records more, then the door shuts. */
	closesAfter = Number.POSITIVE_INFINITY;
	get durable(): Position {
		return { chain: 1, offset: this.bodies.length };
	}
	append(body: Buffer): Position | undefined {
		if (!this.isOpen) return undefined;
		this.bodies.push(body);
		if (--this.closesAfter === 0) this.isOpen = false;
		return { chain: 1, offset: this.bodies.length };
	}
}

async function recording() {
	const journal = new DoorJournal();
	const tags = await TagBook.open(temporaryFolder(), config);
	const recorder = new Recorder({ journal: journal as unknown as Journal, tags, clock: new SteppedClock() });
	const cycle = (
		values: readonly SampleValue[],
		throughMs: number | undefined,
		tag = "TT01",
		fromMs = 1_000,
	) => {
		const samples = new SampleColumns(values.length);
		samples.count = values.length;
		for (const [index, value] of values.entries()) {
			samples.tagId[index] = tags.find("U500", tag)?.id ?? 0;
			samples.sourceMs[index] = fromMs + index;
			samples.serverLagTicks[index] = Number.NaN;
			samples.setValue(index, value);
		}
		recorder.cycle({ device: "U500", samples, throughMs });
	};
	const records = () =>
		journal.bodies.map((body) => {
			const samples = new SampleColumns(1);
			const head = decodeRecord(new ByteReader(body), samples);
			return { ...head, first: samples.value(0), bytes: body.length };
		});
	/** One value of each of the first tags of the wide device, at the same time. */
	const wide = (count: number, sourceMs: number) => {
		const samples = new SampleColumns(count);
		samples.count = count;
		samples.tagId.set(
			Array.from({ length: count }, (_, index) => tags.find("U600", `a rather long name ${index}`)?.id ?? 0),
		);
		samples.sourceMs.fill(sourceMs);
		recorder.cycle({ device: "U600", samples, throughMs: undefined });
	};
	const gaps = () => records().flatMap(({ first }) => decodeGap(String(first)) ?? []);
	return { journal, recorder, cycle, records, wide, gaps };
}

test("a long cycle becomes records of at most 500 samples, and only the last says that the cycle is complete", async () => {
	const { cycle, records } = await recording();
	cycle([1], 900);
	cycle(
		Array.from({ length: 1_201 }, (_, index) => index),
		2_500,
	);
	expect(records().map(({ count, throughMs }) => [count, throughMs])).toEqual([
		[1, 900],
		[500, 900],
		[500, 900],
		[201, 2_500],
	]);
});

test("long texts make a record end before 32 KiB, and one alone may be larger", async () => {
	const { cycle, records } = await recording();
	cycle(
		Array.from({ length: 20 }, () => "x".repeat(4_000)),
		5_000,
		"Note",
	);
	expect(records().reduce((sum, { count }) => sum + count, 0)).toBe(20);
	expect(records().every(({ bytes }) => bytes <= recordBytesMax)).toBe(true);
	cycle(["y".repeat(40_000)], 6_000, "Note");
	expect(records().at(-1)).toMatchObject({ count: 1, throughMs: 6_000 });
});

test("Through never goes back", async () => {
	const { cycle, records, recorder } = await recording();
	cycle([1], 5_000);
	cycle([2], 4_000);
	expect(records().map(({ throughMs }) => throughMs)).toEqual([5_000, 5_000]);
	expect(recorder.progress.get("U500")).toEqual({ throughMs: 5_000, position: { chain: 1, offset: 2 } });
});

test("a cycle without samples makes no record, but moves Through to refer to the record before", async () => {
	const { cycle, records, recorder } = await recording();
	cycle([1], 5_000);
	cycle([], 6_000);
	expect(records()).toHaveLength(1);
	expect(recorder.progress.get("U500")).toEqual({ throughMs: 6_000, position: { chain: 1, offset: 1 } });
});

test("what the journal refused is counted, and written down as a gap before the next record", async () => {
	const { journal, cycle, records, recorder } = await recording();
	cycle([1], 1_000);
	journal.isOpen = false;
	cycle([2, 3], 2_000, "TT01", 1_500);
	cycle(["lost"], 2_100, "Note", 1_700);
	journal.isOpen = true;
	cycle([4], 3_000, "TT01", 2_500);
	expect(recorder.stats).toMatchObject({ samples: 2, refusedSamples: 3 });
	const [, gapRecord, next] = records();
	expect(decodeGap(String(gapRecord?.first))).toEqual({
		device: "U500",
		tags: ["TT01", "Note"],
		fromMs: 1_500,
		toMs: 1_700,
		cause: "journal_bound",
		backfilled: false,
	});
	expect(next).toMatchObject({ device: "U500", first: 4, throughMs: 3_000 });
});

test.each([
	[1_000, "several gaps", (gaps: number) => expect(gaps).toBeGreaterThan(1)],
	[20_000, "every tag", (gaps: number) => expect(gaps).toBe(1)],
])(
	"a hole of %i tags becomes %s, each in a record of its own that keeps the limit",
	async (count, _, expected) => {
		const { journal, wide, cycle, records, gaps } = await recording();
		journal.isOpen = false;
		wide(count, 5_000);
		journal.isOpen = true;
		cycle([1], 9_000);
		expected(gaps().length);
		const names = gaps().flatMap(({ tags }) => tags);
		expect(names.length === 0 || new Set(names).size === count).toBe(true);
		expect(
			gaps().every(({ device, fromMs, toMs }) => device === "U600" && fromMs === 5_000 && toMs === 5_000),
		).toBe(true);
		expect(records().every(({ bytes }) => bytes <= recordBytesMax)).toBe(true);
	},
);

test("a gap that the journal refuses is written when there is room, before anything newer", async () => {
	const { journal, recorder, cycle, records, gaps } = await recording();
	const outage = {
		device: "U500",
		tags: ["TT01"],
		fromMs: 1,
		toMs: 9,
		cause: "server_unreachable",
		backfilled: false,
	} as const;
	journal.isOpen = false;
	recorder.gap(outage);
	journal.isOpen = true;
	cycle([1], 1_000);
	expect(gaps()).toEqual([outage]);
	expect(records().at(-1)).toMatchObject({ device: "U500", first: 1 });
});

test("Through does not pass over a hole that is not written down yet", async () => {
	const { journal, recorder, cycle, gaps } = await recording();
	cycle([1], 1_000);
	journal.isOpen = false;
	cycle([2], 2_000, "TT01", 1_500);
	cycle([], 3_000);
	expect(recorder.progress.get("U500")).toMatchObject({ throughMs: 1_000 });
	journal.isOpen = true;
	// Silence alone is enough for the hole to be written.
	cycle([], 4_000);
	expect(gaps()).toMatchObject([{ fromMs: 1_500, toMs: 1_500, cause: "journal_bound" }]);
	expect(recorder.progress.get("U500")).toMatchObject({ throughMs: 4_000 });
});

test("a hole that is refused half-way goes on where it stopped and grows no further back", async () => {
	const { journal, wide, cycle, gaps } = await recording();
	journal.isOpen = false;
	wide(3_000, 5_000);
	journal.isOpen = true;
	journal.closesAfter = 1;
	wide(1, 6_000);
	expect(gaps()).toHaveLength(1);
	journal.isOpen = true;
	journal.closesAfter = Number.POSITIVE_INFINITY;
	cycle([1], 9_000);
	const found = gaps();
	expect(new Set(found.filter(({ toMs }) => toMs === 5_000).flatMap(({ tags }) => tags)).size).toBe(3_000);
	expect(found.at(-1)).toMatchObject({ tags: ["a rather long name 0"], fromMs: 6_000, toMs: 6_000 });
});
