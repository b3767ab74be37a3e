import fc from "fast-check";
import { expect, test } from "vitest";
import { type ClockStep, PlantClock } from "../../../agent/source/plant-clock.ts";

const startMs = Date.UTC(2026, 10, 23, 8);

/** What is told of messages given as [publish time, our time], both in seconds from the start. */
function told(...messages: [publishS: number, ourS: number][]): (ClockStep | undefined)[] {
	const clock = new PlantClock();
	return messages
		.map(([publishS, ourS]) => clock.published(startMs + publishS * 1_000, 5_000 + ourS * 1_000))
		.map((step) => step && { fromMs: step.fromMs - startMs, toMs: step.toMs - startMs });
}

test("a clock that is set forward is told with the times it left out, once", () => {
	expect(told([0, 0], [1, 1], [3_602, 2], [3_603, 3])).toEqual([
		undefined,
		undefined,
		{ fromMs: 1_000, toMs: 3_602_000 },
		undefined,
	]);
});

test("a clock that is set back is told, and so is its way forward again", () => {
	expect(told([0, 0], [1, 1], [-3_598, 2], [-3_597, 3], [4, 4])).toEqual([
		undefined,
		undefined,
		{ fromMs: 1_000, toMs: -3_598_000 },
		undefined,
		{ fromMs: -3_597_000, toMs: 4_000 },
	]);
});

test("messages that waited for a minute and come at once are no step, nor is the silence before them", () => {
	expect(told([0, 0], [1, 61], [2, 61.01], [30, 61.02], [60, 61.03], [61, 61.04], [62, 62])).toEqual(
		Array.from({ length: 7 }, () => undefined),
	);
});

test("a server that could not publish while its messages were asked for late is no step", () => {
	// Our process stood still: 60 s passed for both, the newest message came at once.
	expect(told([0, 0], [60, 60], [61, 61])).toEqual([undefined, undefined, undefined]);
});

test("after a new subscription nothing is compared with the one before", () => {
	const clock = new PlantClock();
	clock.published(startMs, 0);
	clock.reset();
	expect(clock.published(startMs + 3_600_000, 1_000)).toBeUndefined();
});

test("delays alone never make a step, and a step of a minute is told whatever the delays below a tenth of it (property)", () => {
	const cycle = fc.record({
		everyMs: fc.integer({ min: 50, max: 30_000 }),
		delayMs: fc.integer({ min: 0, max: 5_000 }),
	});
	fc.assert(
		fc.property(
			fc.array(cycle, { minLength: 2, maxLength: 50 }),
			fc.nat(),
			fc.constantFrom(0, 60_000, -60_000),
			(cycles, place, setMs) => {
				const clock = new PlantClock();
				const at = 1 + (place % (cycles.length - 1));
				let serverMs = startMs;
				let sentMs = 0;
				let seenMs = 0;
				const steps = cycles.map(({ everyMs, delayMs }, index) => {
					sentMs += everyMs;
					serverMs += everyMs + (index === at ? setMs : 0);
					seenMs = Math.max(seenMs, sentMs + delayMs);
					return clock.published(serverMs, seenMs);
				});
				const found = steps.flatMap((step, index) => (step === undefined ? [] : [index]));
				expect(found).toEqual(setMs === 0 ? [] : [at]);
			},
		),
	);
});
