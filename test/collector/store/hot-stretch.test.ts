import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { samplesPerSeq } from "../../../collector/pipeline.ts";
import { fileOrder, readHotStretch } from "../../../collector/store/parts/hot-stretch.ts";
import { StoreFile } from "../../../collector/store/store-file.ts";
import { datatypes } from "../../../common/contract/datatype.ts";
import { SampleColumns, type SampleValue } from "../../../common/contract/samples.ts";
import { emptyBatch } from "./known-store.ts";

interface Sample {
	readonly series: number;
	readonly ms: number;
	readonly rest: number;
	readonly lag: number;
	readonly status: number;
	readonly value: SampleValue;
}

let directory: string;
let file: StoreFile;
let nextSeq = 1;
beforeEach(() => {
	directory = mkdtempSync(join(tmpdir(), "pilotline-stretch-"));
	file = new StoreFile(join(directory, "store.db"));
	file.commit({ ...emptyBatch, edgeNodes: [{ id: 1, group: "site", edgeNode: "agent-1" }] });
	file.commit({
		...emptyBatch,
		series: [1, 2, 3, 2 ** 20 - 1, 2 ** 20 + 7].map((id) => ({
			...{ id, edgeNode: 1, device: "U500", tag: `T${id}`, eu: undefined },
			datatype: id === 3 ? datatypes.UInt64 : datatypes.Double,
		})),
	});
	nextSeq = 1;
});
afterEach(() => {
	file.close();
	rmSync(directory, { recursive: true, force: true });
});

/** Commits one record; returns its samples as they are stored, with their positions. */
function record(samples: readonly Sample[]): unknown[] {
	const columns = new SampleColumns(samples.length);
	columns.count = samples.length;
	for (const [index, { series, ms, rest, lag, status, value }] of samples.entries()) {
		columns.tagId[index] = series;
		columns.sourceMs[index] = ms;
		columns.sourceRestTicks[index] = rest;
		columns.serverLagTicks[index] = lag;
		columns.status[index] = status;
		columns.setValue(index, value);
	}
	const seq = nextSeq++;
	file.commit({
		...emptyBatch,
		samples: columns,
		records: [
			{
				...{ seq, edgeNode: 1, epoch: 7, offset: seq, last: seq, device: "U500", samples: samples.length },
				...{ sourceMinMs: 0, sourceMaxMs: 0, throughMs: undefined, hash: new Uint8Array(16), receivedMs: 0 },
			},
		],
	});
	return samples.map((sample, index) => ({ ...sample, pos: seq * samplesPerSeq + index }));
}

async function stretch(fromPos = 0, toPos = nextSeq * samplesPerSeq) {
	const found = await readHotStretch(file.db, { fromPos, toPos });
	const { samples } = found;
	const rows = Array.from({ length: found.count }, (_, index) => ({
		series: samples.tagId[index] as number,
		ms: samples.sourceMs[index] as number,
		rest: samples.sourceRestTicks[index] as number,
		lag: samples.serverLagTicks[index] as number,
		status: samples.status[index] as number,
		value: samples.value(index),
		pos: found.pos[index] as number,
	}));
	return { found, rows };
}

const plain: Sample = { series: 1, ms: 1_764_547_200_123, rest: 9_999, lag: 20_000, status: 0, value: 1.5 };

const number = fc.oneof(fc.double(), fc.constantFrom(0, -0, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53));
const sample: fc.Arbitrary<Sample> = fc
	.record({
		series: fc.constantFrom(1, 1, 1, 2, 2 ** 20 - 1),
		ms: fc.oneof(
			fc.integer({ min: 1_764_547_200_000, max: 1_764_547_200_040 }),
			fc.constantFrom(-1, -62_135_596_800_000, 0, 8_640_000_000_000_000),
		),
		rest: fc.integer({ min: 0, max: 9_999 }),
		lag: fc.oneof(
			fc.integer({ min: -100, max: 200_000 }),
			fc.constant(Number.NaN),
			fc.constantFrom(2 ** 39 - 1, 1 - 2 ** 39, 2 ** 39, -(2 ** 39), 2 ** 52),
		),
		status: fc.constantFrom(0, 0, 0x8000_0000, 0xffff_ffff, 0x402),
		value: fc.oneof(number, fc.constantFrom(null, "SOAK", "")),
	})
	.chain((one) =>
		fc.oneof(
			{ weight: 5, arbitrary: fc.constant(one) },
			{
				weight: 1,
				arbitrary: fc
					.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.constant(2n ** 53n + 1n))
					.map((value) => ({ ...one, series: 3, value })),
			},
		),
	);

test("what is read of a stretch is what was committed, to the bit, whatever fits into a double and whatever does not", async () => {
	await fc.assert(
		fc.asyncProperty(
			fc.array(fc.array(sample, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 6 }),
			async (records) => {
				const fromPos = nextSeq * samplesPerSeq;
				const committed = records.flatMap(record);
				expect((await stretch(fromPos)).rows).toStrictEqual(committed);
			},
		),
		{ numRuns: 60 },
	);
});

test("a series beyond a million is read as those beside it are", async () => {
	const committed = record([plain, { ...plain, series: 2 ** 20 + 7 }, { ...plain, lag: Number.NaN }]);
	expect((await stretch()).rows).toStrictEqual(committed);
});

test("more records than are read at once, some of them empty, are all there", async () => {
	const committed = [500, 500, 0, 500, 500, 500, 1, 499, 500].flatMap((count) =>
		record(Array.from({ length: count }, (_, index) => ({ ...plain, value: index }))),
	);
	expect((await stretch()).rows).toStrictEqual(committed);
	expect((await stretch(2 * samplesPerSeq, 4 * samplesPerSeq)).rows).toHaveLength(500);
});

test("the order of a file is that of series, source time, its rest and position", async () => {
	await fc.assert(
		fc.asyncProperty(fc.array(sample, { minLength: 1, maxLength: 40 }), async (samples) => {
			const fromPos = nextSeq * samplesPerSeq;
			record(samples);
			const { found, rows } = await stretch(fromPos);
			const expected = rows
				.toSorted((a, b) => a.series - b.series || a.ms - b.ms || a.rest - b.rest || a.pos - b.pos)
				.map(({ pos }) => pos - (rows[0] as { pos: number }).pos);
			expect([...fileOrder(found)]).toEqual(expected);
		}),
		{ numRuns: 20 },
	);
	expect([...fileOrder((await stretch(0, 0)).found)]).toEqual([]);
});

test("samples that the records do not speak of, and those that are missing, are told with their place", async () => {
	record([plain, plain, plain]);
	record([plain]);
	const remove = (pos: number) => file.db.exec(`DELETE FROM sample WHERE pos = ${pos}`);
	const add = (pos: number) => file.db.exec(`INSERT INTO sample VALUES (${pos}, 1, 0, 0, NULL, 0, 1.0)`);
	remove(samplesPerSeq + 1);
	await expect(stretch()).rejects.toThrow(
		"expected sample 1 of record 1, as the records say, found sample 2 of record 1",
	);
	add(samplesPerSeq + 1);
	remove(2 * samplesPerSeq);
	await expect(stretch()).rejects.toThrow("expected sample 0 of record 2, as the records say, found none");
	add(2 * samplesPerSeq);
	add(2 * samplesPerSeq + 1);
	await expect(stretch()).rejects.toThrow(
		"expected 4 samples before position 1536, as the records say, found sample 1 of record 2",
	);
	remove(2 * samplesPerSeq + 1);
	add(5 * samplesPerSeq);
	await expect(stretch(3 * samplesPerSeq, 6 * samplesPerSeq)).rejects.toThrow(
		"expected no samples at positions 1536 to 3072, as the records say, found some",
	);
	expect(file.db.isTransaction).toBe(false);
});
