import { expect, test } from "vitest";
import type { DeviceConfig } from "../../../agent/config.ts";
import type { Cycle } from "../../../agent/pipeline.ts";
import { CycleBuilder } from "../../../agent/source/cycle-builder.ts";
import { noCounts } from "../../../agent/source/cycle-counts.ts";
import { datatypes } from "../../../common/contract/datatype.ts";
import { add, builder, finish, heartbeat, phase, temperature } from "./cycle-builder-rig.ts";

test("what comes queue by queue leaves in order of source time, then of the configuration, the heartbeat last", () => {
	const unit = builder();
	add(unit, heartbeat, 10, 10);
	add(unit, heartbeat, 20, 20);
	add(unit, temperature, 10, 400);
	add(unit, temperature, 20, 500);
	add(unit, phase, 20, "SOAK");
	const { samples, throughMs } = finish(unit);
	expect(samples).toEqual([
		[temperature, 10, 400],
		[heartbeat, 10, 10],
		[phase, 20, "SOAK"],
		[temperature, 20, 500],
		[heartbeat, 20, 20],
	]);
	expect(throughMs).toBe(20);
});

test("ticks below the millisecond decide too", () => {
	const unit = builder();
	add(unit, temperature, 10, 2, 0, 9_000);
	add(unit, temperature, 10, 1, 0, 1);
	expect(finish(unit).samples.map(([, , value]) => value)).toEqual([1, 2]);
});

test("with publish cycles as time base a silent cycle still says how far it is complete", () => {
	const unit = builder("publish");
	const { samples, throughMs } = finish(unit, 5_000);
	expect(samples).toEqual([]);
	expect(throughMs).toBe(5_000);
	expect(finish(builder(), 5_000).cycle).toBeUndefined();
});

test("a heartbeat says as much less as the slowest of the other tags may be sampled later", () => {
	const unit = builder();
	add(unit, heartbeat, 5_000, 1);
	expect(unit.finish(undefined, noCounts(), 1_000, 1_500)?.throughMs).toBe(3_500);
	// What was said stays true when a tag is sampled more slowly from then on.
	add(unit, heartbeat, 6_000, 2);
	expect(unit.finish(undefined, noCounts(), 1_000)?.throughMs).toBe(6_000);
});

test("a heartbeat that is not Good proves nothing", () => {
	const unit = builder();
	add(unit, heartbeat, 10, null, 0x80310000);
	expect(finish(unit)).toMatchObject({ throughMs: undefined, counts: { notGood: 1 } });
});

test("values that a new subscription repeats are dropped for ten seconds, and only when they are the same in time, status and value", () => {
	const unit = builder();
	add(unit, temperature, 10, 400);
	finish(unit);
	unit.expectRepeats(1_000);
	add(unit, temperature, 10, 400);
	expect(finish(unit)).toMatchObject({ samples: [], counts: { repeats: 1, samples: 0 } });
	add(unit, temperature, 10, 400);
	expect(finish(unit, undefined, 11_000)).toMatchObject({ samples: [], counts: { repeats: 1 } });
	add(unit, temperature, 10, 400);
	expect(finish(unit, undefined, 11_001).samples).toHaveLength(1);
	unit.expectRepeats(1_000);
	add(unit, temperature, 10, 400, 0x40000000);
	expect(finish(unit).samples).toHaveLength(1);
	unit.expectRepeats(1_000);
	add(unit, temperature, 11, 400);
	expect(finish(unit).samples).toHaveLength(1);
});

test("a repeated list of bytes is a repeat by its content, not by where it lies in memory", () => {
	const unit = builder();
	add(unit, temperature, 10, Buffer.from([1, 2]));
	finish(unit);
	unit.expectRepeats(1_000);
	add(unit, temperature, 10, Buffer.from([1, 2]));
	expect(finish(unit).counts.repeats).toBe(1);
	unit.expectRepeats(1_000);
	add(unit, temperature, 10, Buffer.from([1, 3]));
	expect(finish(unit).samples).toHaveLength(1);
});

test("after a restart: first values that the journal has are repeats, by the last sample or by Through; newer ones are not", () => {
	const last = { sourceMs: 10, sourceRestTicks: 0, status: 0, value: 400 };
	const unit = builder();
	unit.resume(100, new Map([[temperature, last]]));
	add(unit, temperature, 10, 400);
	add(unit, phase, 40, "RAMP");
	add(unit, heartbeat, 110, 110);
	const { samples, counts } = finish(unit);
	expect(samples).toEqual([[heartbeat, 110, 110]]);
	expect(counts.repeats).toBe(2);
});

test("two values with one source time both live", () => {
	const unit = builder();
	add(unit, temperature, 10, 1);
	add(unit, temperature, 10, 2);
	expect(finish(unit).samples.map(([, , value]) => value)).toEqual([1, 2]);
});

test("an overflow bit is counted, and such a value is Good all the same", () => {
	const unit = builder();
	add(unit, temperature, 10, 1, 0x00000480);
	expect(finish(unit).counts).toMatchObject({ notGood: 0, samples: 1, overflowed: [{ tagId: temperature }] });
});

function sourceTags(...tags: [id: number, name: string][]) {
	return tags.map(([id, name], rank) => ({
		rank,
		nodeId: `s=${name}`,
		tag: { id, device: "U500", name, datatype: datatypes.Double, configured: true },
	}));
}

test("a device that gets other tags keeps what it has gathered and what it knows of the tags that stay", () => {
	const unit = builder();
	add(unit, temperature, 10, 400);
	finish(unit);
	// In the middle of a cycle: TT01 leaves, tags with lower and higher numbers come.
	add(unit, phase, 20, "SOAK");
	add(unit, temperature, 20, 500);
	unit.retag(sourceTags([90, "TT09"], [phase, "Phase"], [heartbeat, "Heartbeat"], [7, "TT07"]));
	add(unit, 90, 20, 1);
	add(unit, 7, 20, 2);
	add(unit, heartbeat, 20, 20);
	const { samples, throughMs } = finish(unit);
	expect(samples).toEqual([
		[90, 20, 1],
		[phase, 20, "SOAK"],
		[temperature, 20, 500],
		[7, 20, 2],
		[heartbeat, 20, 20],
	]);
	expect(throughMs).toBe(20);
	unit.expectRepeats(0);
	add(unit, phase, 20, "SOAK");
	add(unit, 90, 20, 1);
	expect(finish(unit).counts).toMatchObject({ samples: 0, repeats: 2 });
});

test("the first value of a tag that came while the agent runs is new, however old it is; one that was there before is a repeat", () => {
	const unit = builder("publish");
	unit.resume(1_000, new Map());
	unit.retag(sourceTags([phase, "Phase"], [8, "TT08"], [9, "TT09"]));
	const last = { sourceMs: 500, sourceRestTicks: 0, status: 0, value: 3 };
	unit.resumeFurther([8, 9], new Map([[9, last]]));
	add(unit, 8, 400, 1);
	add(unit, 9, 500, 3);
	expect(finish(unit)).toMatchObject({ samples: [[8, 400, 1]], counts: { repeats: 1 } });
});

test("a tag that left with a Bad last word, and comes back with its old value, is said to have it still", () => {
	const unit = builder();
	add(unit, temperature, 10, 400);
	finish(unit);
	const others = sourceTags([phase, "Phase"], [heartbeat, "Heartbeat"]);
	unit.retag(others);
	unit.calledBad([temperature], 50);
	// Another change in between, while it is away.
	unit.retag(others);
	unit.retag(sourceTags([phase, "Phase"], [temperature, "TT01"], [heartbeat, "Heartbeat"]));
	unit.resumeFurther([temperature], new Map());
	add(unit, temperature, 10, 400);
	expect(finish(unit, undefined, 5_000).counts).toMatchObject({ samples: 0, repeats: 1 });
	const { samples } = unit.stillSame(7_000) as Cycle;
	expect([samples.count, samples.tagId[0], samples.value(0), samples.status[0]]).toEqual([
		...[1, temperature, 400, 0x402],
	]);
	// It is its first value only that may be a repeat.
	add(unit, temperature, 10, 400);
	expect(finish(unit, undefined, 8_000).counts).toMatchObject({ samples: 1, repeats: 0 });
});

test("what was to be said of a tag is not said any more once it has left", () => {
	const unit = builder();
	add(unit, temperature, 10, 400);
	finish(unit);
	unit.calledBad([temperature], 50);
	unit.expectRepeats(1_000);
	add(unit, temperature, 10, 400);
	finish(unit, undefined, 1_000);
	unit.retag(sourceTags([phase, "Phase"]));
	expect(unit.stillSame(9_000)).toBeUndefined();
});

test("a device says nothing of being complete while it has no tags, or not the one that is written last", () => {
	const publish = new CycleBuilder({ name: "U500", time_base: "publish" } as DeviceConfig, []);
	expect(finish(publish, 5_000).cycle).toBeUndefined();
	publish.retag(sourceTags([temperature, "TT01"]));
	expect(finish(publish, 6_000).throughMs).toBe(6_000);
	const unit = builder();
	unit.retag(sourceTags([temperature, "TT01"]));
	add(unit, temperature, 10, 400);
	expect(finish(unit, 9_000).throughMs).toBeUndefined();
	expect(unit.isTimedByServer).toBe(false);
	unit.retag(sourceTags([temperature, "TT01"], [heartbeat, "Heartbeat"]));
	add(unit, heartbeat, 20, 20);
	expect(finish(unit).throughMs).toBe(20);
});

test("a tag that was called Bad and has its old value still is said to have it, once, after two seconds, marked", () => {
	const unit = builder();
	add(unit, temperature, 10, 400);
	add(unit, phase, 12, "RAMP");
	finish(unit, 5);
	unit.calledBad([temperature, phase], 50);
	unit.expectRepeats(10_000);
	add(unit, temperature, 10, 400);
	add(unit, phase, 12, "RAMP");
	expect(finish(unit, 60, 10_000).samples).toEqual([]);
	expect(unit.stillSame(11_999)).toBeUndefined();
	// One that changes needs no such word.
	add(unit, phase, 70, "SOAK");
	expect(finish(unit, 80, 11_999).samples).toEqual([[phase, 70, "SOAK"]]);
	const said = unit.stillSame(12_000);
	expect(said).toMatchObject({ device: "U500", throughMs: undefined, samples: { count: 1 } });
	const { samples } = said as Cycle;
	expect([samples.tagId[0], samples.sourceMs[0], samples.value(0), samples.status[0]]).toEqual([
		...[temperature, 70, 400, 0x402],
	]);
	expect(unit.stillSame(20_000)).toBeUndefined();
	// What the server has last said of it is its old value still.
	add(unit, temperature, 10, 400);
	expect(finish(unit, 110, 20_000).counts.repeats).toBe(1);
});

test("tags of which nothing is heard are given in turn, each again only after the time", () => {
	const unit = builder();
	for (const tag of [phase, temperature, heartbeat]) add(unit, tag, 10, 1);
	finish(unit, undefined, 1_000);
	expect(unit.hearing.takeQuiet(999, 2_000, 10)).toEqual([]);
	expect(unit.hearing.takeQuiet(1_000, 2_000, 2)).toEqual([phase, temperature]);
	expect(unit.hearing.takeQuiet(1_999, 3_000, 2)).toEqual([heartbeat]);
	expect(unit.hearing.isHeardSince(temperature, 1_000)).toBe(false);
	add(unit, temperature, 20, 2);
	finish(unit, undefined, 3_500);
	expect(unit.hearing.takeQuiet(3_000, 4_000, 10).sort()).toEqual([phase, heartbeat]);
	expect(unit.hearing.isHeardSince(temperature, 1_000)).toBe(true);
});

test("a tag that was called Bad and of which nothing comes is to be asked for once; its old value stands only when all of it is the same", () => {
	const unit = builder();
	add(unit, temperature, 10, 400, 0x480);
	add(unit, phase, 10, 1);
	finish(unit);
	unit.calledBad([temperature, phase], 50);
	unit.expectRepeats(5_000);
	expect(unit.takeUntold(5_500)).toEqual([]);
	expect(unit.takeUntold(6_000)).toEqual([temperature, phase]);
	expect(unit.takeUntold(6_001)).toEqual([]);
	const read = (tagId: number, sourceMs: number, value: number, status = 0) => {
		const answer = builder();
		add(answer, tagId, sourceMs, value, status);
		return unit.stands(answer.samples, 0, 6_100);
	};
	expect(read(phase, 10, 2)).toBe(false);
	expect(read(phase, 11, 1)).toBe(false);
	expect(read(phase, 10, 1, 0x4094_0000)).toBe(false);
	expect(read(temperature, 10, 400)).toBe(true);
	const { samples } = unit.stillSame(6_100) as Cycle;
	expect([samples.count, samples.tagId[0], samples.value(0)]).toEqual([1, temperature, 400]);
	// After a message that is lost for good nothing is sure of any tag.
	unit.called.doubt(7_000);
	expect(unit.takeUntold(8_000)).toEqual([phase, temperature, heartbeat]);
	expect(unit.takeUntold(8_001)).toEqual([]);
});
