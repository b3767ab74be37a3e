import { expect, test } from "vitest";
import type { DeviceConfig } from "../../../agent/config.ts";
import { CycleBuilder } from "../../../agent/source/cycle-builder.ts";
import { noCounts } from "../../../agent/source/cycle-counts.ts";
import { datatypes } from "../../../common/contract/datatype.ts";
import { statusCodes } from "../../../common/contract/status.ts";

/** A builder of U500 with tags of these ids, named T1, T2 …; its time is the server's unless it is told by a tag. */
function builder(ids: readonly number[], timeBase: DeviceConfig["time_base"] = "publish"): CycleBuilder {
	const device = { name: "U500", time_base: timeBase } as DeviceConfig;
	return new CycleBuilder(device, tagsOf(ids));
}

const tagsOf = (ids: readonly number[]) =>
	ids.map((id) => ({
		rank: id,
		nodeId: `s=T${id}`,
		tag: { id, device: "U500", name: `T${id}`, datatype: datatypes.Double, configured: true },
	}));

function add(to: CycleBuilder, tagId: number, sourceMs: number, value: number): void {
	const { samples } = to;
	samples.reserve(samples.count + 1);
	const index = samples.count++;
	samples.tagId[index] = tagId;
	samples.sourceMs[index] = sourceMs;
	samples.sourceRestTicks[index] = 0;
	samples.serverLagTicks[index] = Number.NaN;
	samples.status[index] = 0;
	samples.setValue(index, value);
}

function finish(from: CycleBuilder, throughMs?: number, nowMs = 1_000) {
	const counts = noCounts();
	const cycle = from.finish(throughMs, counts, nowMs);
	const samples = Array.from({ length: cycle?.samples.count ?? 0 }, (_, index) => [
		cycle?.samples.tagId[index],
		cycle?.samples.sourceMs[index],
	]);
	return { samples, throughMs: cycle?.throughMs, repeats: counts.repeats };
}

test("who takes a device over drops what it has already, and takes what is new, also of tags that are new and old in time", () => {
	const first = builder([1, 2, 3]);
	add(first, 1, 100, 1);
	add(first, 2, 300, 2);
	finish(first, 1_000);
	const second = builder([1, 2, 4]);
	second.takeOver(first.left());
	add(second, 1, 100, 1);
	add(second, 2, 400, 3);
	add(second, 4, 5, 9);
	expect(finish(second, 1_100)).toEqual({
		samples: [
			[4, 5],
			[2, 400],
		],
		throughMs: 1_100,
		repeats: 1,
	});
	const { throughMs, newestMs } = second.left();
	expect([throughMs, newestMs]).toEqual([1_100, 400]);
});

test("a tag that came and has not told its first value is still new to the next one", () => {
	const first = builder([1]);
	add(first, 1, 100, 1);
	finish(first, 1_000);
	first.retag(tagsOf([1, 2]));
	first.resumeFurther([2], new Map());
	finish(first, 2_000);
	const second = builder([1, 2]);
	second.takeOver(first.left());
	add(second, 2, 50, 7);
	expect(finish(second, 2_100).samples).toEqual([[2, 50]]);
});

test("what an earlier run had stays a repeat over any number of them, and nothing else does", () => {
	const first = builder([1, 2]);
	first.resume(500, new Map());
	add(first, 1, 400, 1);
	expect(finish(first, 1_000)).toMatchObject({ samples: [], repeats: 1 });
	const second = builder([1, 2]);
	second.takeOver(first.left());
	add(second, 1, 400, 1);
	// It had been refused until now: nobody has this value.
	add(second, 2, 700, 2);
	expect(finish(second, 1_100)).toMatchObject({ samples: [[2, 700]], repeats: 1 });
});

test("a tag that was called Bad is called by its old value by the next one, once it is known to have it", () => {
	const first = builder([1]);
	add(first, 1, 100, 1);
	finish(first, 1_000);
	first.calledBad([1], 1_500);
	const second = builder([1]);
	second.takeOver(first.left());
	add(second, 1, 100, 1);
	expect(finish(second, 2_000, 10_000).samples).toEqual([]);
	expect(second.stillSame(11_999)).toBeUndefined();
	const same = second.stillSame(12_000);
	expect(same?.samples.sourceMs[0]).toBeGreaterThan(1_500);
	expect([same?.samples.count, same?.samples.value(0)]).toEqual([1, 1]);
	expect((same?.samples.status[0] as number) & 0xc000_0000).toBe(statusCodes.Good);
});

test("a device that comes to a running subscription says nothing until all is asked for and a value is there", () => {
	const device = builder([1, 2]);
	device.begin();
	add(device, 1, 100, 1);
	expect(finish(device, 1_000)).toEqual({ samples: [], throughMs: undefined, repeats: 0 });
	device.begun(1_000);
	add(device, 2, 90, 2);
	expect(finish(device, 1_100)).toMatchObject({
		samples: [
			[2, 90],
			[1, 100],
		],
		throughMs: 1_100,
	});
	const silent = builder([1]);
	silent.begin();
	silent.begun(1_000);
	expect(finish(silent, 1_000).throughMs).toBeUndefined();
	add(silent, 1, 1_050, 1);
	expect(finish(silent, 1_100).throughMs).toBe(1_100);
	expect(finish(silent, 1_200).throughMs).toBe(1_200);
});
