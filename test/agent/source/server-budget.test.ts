import fc from "fast-check";
import { expect, test } from "vitest";
import { MinuteBudget } from "../../../agent/source/minute-budget.ts";
import { ServerBudget, ServerBudgets } from "../../../agent/source/server-budget.ts";

const minuteMs = 60_000;

function mostInAMinute(seenMs: readonly number[]): number {
	return Math.max(
		...seenMs.map((fromMs) => seenMs.filter((ms) => ms >= fromMs && ms < fromMs + minuteMs).length),
	);
}

function waits(atMs: readonly number[]): number[] {
	return atMs.slice(1).map((ms, index) => Math.round(ms - (atMs[index] as number)));
}

interface Fault {
	/** On its way to the server, and back. */
	readonly delayMs: number;
	/** It is we who end the session, or it goes with its connection. */
	readonly isExcused: boolean;
	/** Something came in it. */
	readonly hasPublished: boolean;
	/** So long it lives. */
	readonly livesMs: number;
}

/** Server times of sessions of a client that asks for one as soon as it may. */
function storm(faults: readonly Fault[]): number[] {
	const budget = new ServerBudget();
	const seenMs: number[] = [];
	let nowMs = 1_000;
	for (const { delayMs, isExcused, hasPublished, livesMs } of faults) {
		nowMs += budget.sessionWaitMs(nowMs);
		const asked = budget.askForSession(nowMs);
		nowMs += delayMs;
		seenMs.push(nowMs);
		nowMs += delayMs;
		asked.answered(nowMs);
		if (isExcused) budget.excuse(hasPublished);
		nowMs += livesMs;
	}
	return seenMs;
}

test("a server that drops each session at once is asked for the next one ten seconds later, no later and no sooner", () => {
	const seenMs = storm(
		Array.from({ length: 60 }, () => ({ delayMs: 0, isExcused: false, hasPublished: false, livesMs: 10 })),
	);
	expect(new Set(waits(seenMs))).toEqual(new Set([10_000]));
	expect(mostInAMinute(seenMs)).toBe(6);
});

test("a session that the server has not ended while it ran may be followed at once, once in a minute, and no long hole pays for it", () => {
	const seenMs = storm(
		Array.from({ length: 14 }, () => ({ delayMs: 0, isExcused: true, hasPublished: false, livesMs: 0 })),
	);
	expect(waits(seenMs).slice(0, 6)).toEqual([0, 12_000, 12_000, 12_000, 12_000, 12_000]);
	expect(Math.max(...waits(seenMs))).toBe(12_000);
	expect(mostInAMinute(seenMs)).toBe(6);
});

test("a server that is started again and again is read at once three times in a minute, and no long hole pays for it", () => {
	const seenMs = storm(
		Array.from({ length: 14 }, () => ({ delayMs: 0, isExcused: true, hasPublished: true, livesMs: 0 })),
	);
	expect(waits(seenMs).slice(0, 6)).toEqual([0, 0, 15_000, 15_000, 15_000, 15_000]);
	expect(Math.max(...waits(seenMs))).toBe(15_000);
	expect(mostInAMinute(seenMs)).toBe(6);
});

test("two at once after one that is still counted leave no hole when they are over together", () => {
	const wellFor = { delayMs: 0, isExcused: false, hasPublished: false };
	const seenMs = storm([
		{ ...wellFor, livesMs: 15_001 },
		{ ...wellFor, isExcused: true, hasPublished: true, livesMs: 0 },
		...Array.from({ length: 12 }, () => ({ ...wellFor, livesMs: 0 })),
	]);
	expect(waits(seenMs).slice(0, 8)).toEqual([15_001, 0, 12_000, 12_000, 12_000, 12_000, 12_000, 10_000]);
	expect(mostInAMinute(seenMs)).toBe(6);
});

test("whatever happens to sessions, the server sees six in any minute at most, and the next one is asked for within 15 s of an answer", () => {
	const fault = fc.record({
		delayMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 4_000 })),
		isExcused: fc.boolean(),
		hasPublished: fc.boolean(),
		livesMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 90_000 })),
	});
	fc.assert(
		fc.property(fc.array(fault, { minLength: 8, maxLength: 60 }), (faults) => {
			expect(mostInAMinute(storm(faults))).toBeLessThanOrEqual(6);
			const budget = new ServerBudget();
			let nowMs = 0;
			const hasPublishedBefore = faults.some((one) => one.isExcused && one.hasPublished);
			for (const { delayMs, isExcused, hasPublished, livesMs } of faults) {
				const waitMs = budget.sessionWaitMs(nowMs);
				expect(waitMs).toBeLessThanOrEqual(hasPublishedBefore ? 15_000.001 : 12_000.001);
				nowMs += waitMs;
				const asked = budget.askForSession(nowMs);
				nowMs += delayMs;
				asked.answered(nowMs);
				if (isExcused) budget.excuse(hasPublished);
				nowMs += livesMs;
			}
		}),
	);
});

test("a request that is still on its way counts from when it was sent", () => {
	const budget = new ServerBudget();
	const asked = budget.askForSession(0);
	expect(budget.sessionWaitMs(5_000)).toBe(5_000);
	asked.answered(6_000);
	asked.answered(9_000);
	expect(budget.sessionWaitMs(6_000)).toBe(10_000);
});

test("connections: five at once, then at most twenty in any minute, and none later than 4 s after the last", () => {
	const budget = new ServerBudget();
	const madeMs: number[] = [];
	let nowMs = 0;
	for (let n = 0; n < 100; n++) {
		nowMs += budget.attemptWaitMs(nowMs, false);
		budget.connecting(nowMs);
		madeMs.push(nowMs);
	}
	expect(waits(madeMs).slice(0, 4)).toEqual([0, 0, 0, 0]);
	expect(mostInAMinute(madeMs)).toBe(20);
	expect(Math.max(...waits(madeMs))).toBeLessThan(4_000);
});

test("an attempt that needs a session begins as much earlier as the last connection took, a second at most", () => {
	const budget = new ServerBudget();
	const connectTook = (ms: number) => {
		budget.connecting(1_000 - ms);
		budget.connected(1_000);
	};
	budget.askForSession(0);
	connectTook(300);
	expect([budget.attemptWaitMs(1_000, true), budget.sessionWaitMs(1_000)]).toEqual([8_700, 9_000]);
	expect([budget.isSessionNear(8_999), budget.isSessionNear(9_000)]).toEqual([false, true]);
	connectTook(999);
	connectTook(5_000);
	expect(budget.attemptWaitMs(1_000, true)).toBe(8_000);
	expect(budget.attemptWaitMs(1_000, false)).toBe(0);
});

test("short sessions that only ask how well a server can serve count, and do not put off the one that reads from it", () => {
	const budget = new ServerBudget();
	for (const atMs of [0, 15_000, 30_000, 45_000]) {
		expect(budget.mayAsk(atMs)).toBe(true);
		budget.asked(atMs);
	}
	expect(budget.sessionWaitMs(46_000)).toBe(0);
	budget.askForSession(46_000);
	expect(budget.mayAsk(50_000)).toBe(true);
	budget.asked(50_000);
	expect(budget.mayAsk(55_000)).toBe(false);
	expect(budget.sessionWaitMs(56_000)).toBe(4_000);
});

test("each endpoint has its own budget, for as long as it is configured", () => {
	const budgets = new ServerBudgets();
	budgets.of("a").askForSession(0);
	expect(budgets.of("b").sessionWaitMs(0)).toBe(0);
	budgets.keep(new Set(["a"]));
	expect(budgets.of("a").sessionWaitMs(0)).toBe(10_000);
	budgets.keep(new Set());
	expect(budgets.of("a").sessionWaitMs(0)).toBe(0);
});

test("a burst is paid for evenly, and possible again when fewer were asked for in the last minute", () => {
	const budget = new MinuteBudget(4);
	const madeMs: number[] = [];
	let nowMs = 0;
	for (let n = 0; n < 9; n++) {
		nowMs += budget.waitMs(nowMs, 3);
		budget.made(nowMs);
		madeMs.push(nowMs);
	}
	expect(waits(madeMs)).toEqual([0, 0, 30_000, 30_000, 0, 20_000, 20_000, 20_000]);
	expect(mostInAMinute(madeMs)).toBe(4);
});
