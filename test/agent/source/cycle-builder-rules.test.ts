import { expect, test } from "vitest";
import { filteredBy } from "../../../agent/source/tag-columns.ts";
import { SampleColumns, type SampleValue } from "../../../common/contract/samples.ts";
import { add, builder, finish, heartbeat, phase, temperature } from "./cycle-builder-rig.ts";

/** Values of the temperature as they are read. */
function read(
	...values: (readonly [sourceMs: number, value: SampleValue, status?: number])[]
): SampleColumns {
	const samples = new SampleColumns(values.length);
	for (const [sourceMs, value, status = 0] of values) {
		const index = samples.count++;
		samples.tagId[index] = temperature;
		samples.sourceMs[index] = sourceMs;
		samples.serverLagTicks[index] = 10_000;
		samples.status[index] = status;
		samples.setValue(index, value);
	}
	return samples;
}

const rules = { filteredBy: filteredBy.agent, isPolled: false, silenceMs: undefined } as const;

test("within the deadband nothing is a sample but another status, what is Good again, and what was silent for too long", () => {
	const unit = builder();
	unit.hearing.setRules(temperature, { ...rules, width: 2, silenceMs: 5_000 });
	add(unit, temperature, 10, 400);
	expect(finish(unit, undefined, 1_000).samples).toHaveLength(1);
	add(unit, temperature, 11, 402);
	add(unit, temperature, 12, 398);
	expect(finish(unit, undefined, 2_000)).toMatchObject({ samples: [], counts: { leftOut: 2, samples: 0 } });
	// From the last value that was given, not from the last one that came.
	add(unit, temperature, 13, 402.5);
	expect(finish(unit, undefined, 3_000).samples).toEqual([[temperature, 13, 402.5]]);
	add(unit, temperature, 14, 402.5, 0x40000000);
	add(unit, temperature, 15, 402.5);
	expect(finish(unit, undefined, 3_500).samples).toHaveLength(2);
	add(unit, temperature, 16, 402.6);
	expect(finish(unit, undefined, 8_499).counts.leftOut).toBe(1);
	add(unit, temperature, 17, 402.7);
	expect(finish(unit, undefined, 8_500).samples).toEqual([[temperature, 17, 402.7]]);
	unit.calledBad([temperature], 20);
	add(unit, temperature, 21, 402.8);
	expect(finish(unit, undefined, 8_600).samples).toEqual([[temperature, 21, 402.8]]);
	add(unit, temperature, 22, 402.8);
	add(unit, phase, 22, "SOAK");
	expect(finish(unit, undefined, 8_700).samples).toEqual([[phase, 22, "SOAK"]]);
});

test("a width of 0 leaves equal values out, an infinite one every value of the same status; large integers count, too", () => {
	const unit = builder();
	unit.hearing.setRules(temperature, { ...rules, width: 0 });
	unit.hearing.setRules(phase, { ...rules, width: Number.POSITIVE_INFINITY });
	unit.hearing.setRules(heartbeat, { ...rules, width: 3 });
	const at = (sourceMs: number, value: number, word: string, count: bigint) => {
		add(unit, temperature, sourceMs, value);
		add(unit, phase, sourceMs, word);
		add(unit, heartbeat, sourceMs, count);
		return finish(unit).samples.map(([tagId]) => tagId);
	};
	expect(at(1, 5, "A", 2n ** 60n)).toEqual([phase, temperature, heartbeat]);
	expect(at(2, 5, "B", 2n ** 60n + 3n)).toEqual([]);
	expect(at(3, 5.1, "C", 2n ** 60n + 4n)).toEqual([temperature, heartbeat]);
});

test("a polled tag says something once: not the same again, and not that it still cannot be read", () => {
	const unit = builder();
	unit.hearing.setRules(temperature, { ...rules, width: undefined, isPolled: true });
	add(unit, temperature, 10, 400);
	expect(finish(unit).samples).toHaveLength(1);
	add(unit, temperature, 10, 400);
	expect(finish(unit, undefined, 60_000)).toMatchObject({ samples: [], counts: { repeats: 0, leftOut: 0 } });
	add(unit, temperature, 11, 400);
	expect(finish(unit).samples).toHaveLength(1);
	add(unit, temperature, 12, null, 0x80340000);
	expect(finish(unit)).toMatchObject({ counts: { gone: [temperature] } });
	add(unit, temperature, 13, null, 0x80340000);
	expect(finish(unit).samples).toEqual([]);
	add(unit, temperature, 14, null, 0x80310000);
	expect(finish(unit).samples).toHaveLength(1);
	// What was called Bad and has its old value still is said once, as after any reconnect.
	add(unit, temperature, 15, 400);
	finish(unit, undefined, 70_000);
	unit.calledBad([temperature], 16);
	add(unit, temperature, 15, 400);
	finish(unit, undefined, 71_000);
	expect(unit.stillSame(73_000)?.samples.count).toBe(1);
});

test("tags that may not be silent for so long are due once in that time; what is read of them is a sample when it is new", () => {
	const unit = builder();
	unit.hearing.setRules(temperature, { ...rules, width: 2, filteredBy: filteredBy.server, silenceMs: 5_000 });
	expect(unit.hearing.takeSilent(100_000, 10)).toEqual([]);
	add(unit, temperature, 10, 400);
	finish(unit, undefined, 1_000);
	expect(unit.hearing.takeSilent(5_999, 10)).toEqual([]);
	expect(unit.hearing.takeSilent(6_000, 0)).toEqual([]);
	expect(unit.hearing.takeSilent(6_000, 10)).toEqual([temperature]);
	expect(unit.hearing.takeSilent(10_999, 10)).toEqual([]);
	expect(unit.takeRead(read([10, 400]), 6_100)).toBeUndefined();
	const cycle = unit.takeRead(read([20, 401]), 6_200);
	expect([cycle?.samples.count, cycle?.samples.value(0), cycle?.throughMs]).toEqual([1, 401, undefined]);
	// The same value comes by itself once more, and then counts no longer.
	add(unit, temperature, 20, 401);
	expect(finish(unit, undefined, 6_300)).toMatchObject({ samples: [], counts: { repeats: 1 } });
	expect(unit.takeRead(read([30, null, 0x80340000]), 6_400)).toBeUndefined();
});

test("what should have come by itself: a newer time, or, where something is left out, more than that", () => {
	const unit = builder();
	add(unit, temperature, 10, 400);
	finish(unit);
	const isNews = (...value: Parameters<typeof read>[0]) => unit.hearing.isNews(temperature, read(value), 0);
	expect([isNews(10, 400), isNews(11, 400)]).toEqual([false, true]);
	unit.hearing.setRules(temperature, { ...rules, width: 2, filteredBy: filteredBy.server });
	expect([isNews(11, 402), isNews(11, 402.1), isNews(11, 400, 0x40000000)]).toEqual([false, true, true]);
	unit.hearing.setRules(temperature, { ...rules, width: undefined });
	expect(isNews(11, 400)).toBe(true);
});

test("where the server's time stands in for the source's, another time alone is no news", () => {
	const unit = builder();
	add(unit, temperature, 10, 400);
	finish(unit);
	const untimed = (value: SampleValue) => {
		const samples = read([5_000, value]);
		samples.serverLagTicks[0] = 0;
		return unit.hearing.isNews(temperature, samples, 0);
	};
	expect([untimed(400), untimed(401)]).toEqual([false, true]);
});
