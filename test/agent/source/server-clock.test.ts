import { expect, test } from "vitest";
import { ServerClock } from "../../../agent/source/server-clock.ts";

const wallMs = 1_790_000_000_000;

/** Responses a second apart, each late by so much, of a server whose clock is ahead. */
function heard(clock: ServerClock, aheadMs: number, lateMs: readonly number[], fromS = 0) {
	return lateMs.map((late, index) => {
		const nowMs = (fromS + index) * 1_000;
		return clock.responded(wallMs + nowMs + aheadMs - late, wallMs + nowMs, nowMs);
	});
}

test("nothing is known before the first response", () => {
	const clock = new ServerClock();
	expect([clock.aheadMs, clock.serverMs]).toEqual([undefined, undefined]);
});

test("the least delayed response of the last minute tells the skew", () => {
	const clock = new ServerClock();
	expect(heard(clock, 300, [900, 4, 500, 80])).toEqual([undefined, undefined, undefined, undefined]);
	expect(clock.aheadMs).toBe(296);
	// What was heard two periods ago says nothing of a clock that drifts.
	heard(clock, -900, Array(65).fill(0), 30);
	expect(clock.aheadMs).toBe(-900);
});

test("a clock that is ahead is said at once, one that seems behind after a whole period, and its end once", () => {
	const ahead = new ServerClock();
	expect(heard(ahead, 5_000, [0, 0])).toEqual([5_000, undefined]);
	const behind = new ServerClock();
	expect(heard(behind, 0, [8_000, 0])).toEqual([undefined, undefined]);
	const slow = new ServerClock();
	const said = heard(slow, -5_000, Array(40).fill(0));
	expect(said.filter((each) => each !== undefined)).toEqual([-5_000]);
	expect(said.indexOf(-5_000)).toBe(30);
	expect(heard(slow, 0, [0], 41)).toEqual([0]);
});
