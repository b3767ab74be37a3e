import { expect, test } from "vitest";
import { ForeignRecords } from "../../../collector/host/foreign-records.ts";
import type { GapRow, IncomingRecord } from "../../../collector/pipeline.ts";
import { SampleColumns } from "../../../common/contract/samples.ts";
import { systemClock } from "../../../common/runtime/clock.ts";
import { quietTelemetry } from "../../helpers/quiet-telemetry.ts";

function rig(known: { highestOffset: number; completeMs: number | undefined }, isStoreBroken = false) {
	const records: IncomingRecord[] = [];
	const gaps: GapRow[] = [];
	const foreign = new ForeignRecords({
		intake: {
			record: (record) => {
				records.push(record);
				return undefined;
			},
			progress: () => undefined,
			held: () => undefined,
			gap: (row) => gaps.push(row),
			known: () => known,
		},
		store: {
			samplesKnown: async (_, __, samples) => {
				if (isStoreBroken) throw new Error("no store");
				return new Array(samples.count).fill(false);
			},
		},
		clock: systemClock,
		telemetry: quietTelemetry(),
	});
	return { foreign, records, gaps };
}

function message(...timesMs: number[]) {
	const samples = new SampleColumns(timesMs.length);
	samples.count = timesMs.length;
	for (const [index, sourceMs] of timesMs.entries()) {
		samples.tagId[index] = index + 1;
		samples.sourceMs[index] = sourceMs;
		samples.setValue(index, index);
	}
	return { device: "D1", sentMs: 9_000, samples, historical: false };
}

test("a store that cannot say what it knows: nothing is stored twice, and what is not stored is a gap", async () => {
	const { foreign, records, gaps } = rig({ highestOffset: 0, completeMs: undefined }, true);
	await foreign.data(1, message(5_000, 3_000, 4_000));
	expect(records).toEqual([]);
	expect(gaps).toMatchObject([{ device: "D1", fromMs: 3_000, toMs: 5_000, cause: "unknown" }]);
});

test("a collector that starts again goes on above its positions, and the time in which it was away is a gap", async () => {
	const { foreign, records, gaps } = rig({ highestOffset: 41, completeMs: 2_000 });
	await foreign.born(1, message(8_000));
	expect(records.map(({ offset }) => offset)).toEqual([42]);
	expect(gaps).toMatchObject([{ device: "", fromMs: 2_000, toMs: 9_000, cause: "unknown" }]);
});

test("what cannot be read is remembered by device up to a bound, by edge node beyond it, and forgotten when it is born", async () => {
	const { foreign, gaps } = rig({ highestOffset: 0, completeMs: undefined });
	const devices = 3_000;
	for (const edgeNode of [1, 2])
		for (let n = 0; n < devices; n++) foreign.unread(edgeNode, `D${n}`, 5_000 + n);
	// An agent has it all in its journal.
	foreign.notForeign(2);
	await foreign.born(1, message(8_000));
	expect(gaps).toHaveLength(2_001);
	expect(gaps.at(-1)).toMatchObject({ device: "", fromMs: 7_000, toMs: 9_000, cause: "unknown" });
	gaps.length = 0;
	for (let n = 0; n < devices; n++) foreign.unread(3, `D${n}`, 5_000);
	await foreign.born(3, message(8_000));
	expect(gaps).toHaveLength(2_001);
});
