import { expect, test } from "vitest";
import { add, builder, finish, heartbeat, phase, temperature } from "./cycle-builder-rig.ts";

test("what a queue lost lies between the tag's sample before the overflow bit and the one that has it", () => {
	const unit = builder();
	const at = { ms: 10, ticks: 0 };
	add(unit, temperature, 10, 1, 0x480);
	// Nothing is known before a tag's first value.
	expect(finish(unit).counts.overflowed).toEqual([{ tagId: temperature, after: at, before: at }]);
	add(unit, temperature, 20, 2);
	add(unit, temperature, 40, 3, 0x480, 7);
	add(unit, temperature, 50, 4);
	add(unit, phase, 30, 1);
	expect(finish(unit).counts.overflowed).toEqual([
		{ tagId: temperature, after: { ms: 20, ticks: 0 }, before: { ms: 40, ticks: 7 } },
	]);
});

const serverMs = 1_790_000_000_000;
const year9999 = Date.UTC(9999, 11, 31);

test("source times ahead of the server's clock are counted, named once, and kept as they came", () => {
	const unit = builder("publish");
	add(unit, temperature, serverMs + 10_000, 1);
	expect(finish(unit, undefined, 0, serverMs).counts).toMatchObject({ fromFuture: 0, timeWrong: [] });
	add(unit, temperature, serverMs + 10_001, 2);
	add(unit, temperature, serverMs + 10_002, 3);
	const { counts, samples } = finish(unit, undefined, 0, serverMs);
	expect(counts).toMatchObject({ fromFuture: 2, timeFrozen: 0, timeWrong: [temperature] });
	expect(samples).toEqual([
		[temperature, serverMs + 10_001, 2],
		[temperature, serverMs + 10_002, 3],
	]);
	expect(unit.tagsTimeWrong).toEqual({ future: 1, frozen: 0 });
	// The server's clock has gone on: the same source is right again.
	add(unit, temperature, serverMs + 10_003, 4);
	finish(unit, undefined, 0, serverMs + 60_000);
	expect(unit.tagsTimeWrong).toEqual({ future: 0, frozen: 0 });
});

test("a clock of a source that stands still is flagged with its third further value of one time", () => {
	const unit = builder("publish");
	for (const value of [1, 2, 3]) add(unit, temperature, 10, value);
	expect(finish(unit).counts).toMatchObject({ timeFrozen: 0, timeWrong: [] });
	for (const value of [4, 5]) add(unit, temperature, 10, value);
	expect(finish(unit).counts).toMatchObject({ samples: 2, timeFrozen: 2, timeWrong: [temperature] });
	expect(unit.tagsTimeWrong).toEqual({ future: 0, frozen: 1 });
	add(unit, temperature, 11, 6);
	expect(finish(unit).counts.timeFrozen).toBe(0);
	expect(unit.tagsTimeWrong).toEqual({ future: 0, frozen: 0 });
});

test("one value of the year 9999 is kept, and moves neither the device nor its Through on", () => {
	const unit = builder();
	add(unit, temperature, year9999, 1);
	add(unit, heartbeat, year9999, 2);
	const first = finish(unit, undefined, 0, serverMs);
	expect(first.samples).toHaveLength(2);
	expect(first.throughMs).toBeUndefined();
	// A device whose every time is nonsense is at the newest of them.
	expect(unit.newestMs).toBe(year9999);
	add(unit, phase, serverMs - 5, 3);
	add(unit, heartbeat, serverMs, 4);
	expect(finish(unit, undefined, 0, serverMs).throughMs).toBe(serverMs);
	expect(unit.newestMs).toBe(serverMs);
});
