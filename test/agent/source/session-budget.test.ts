import { expect, test } from "vitest";
import { SessionBudget } from "../../../agent/source/session-budget.ts";

/** Server times of sessions of a client that makes one whenever it may; each takes so long on its way, and back. */
function storm(delaysMs: readonly number[]): number[] {
	const budget = new SessionBudget();
	const seen: number[] = [];
	let nowMs = 1_000;
	for (const delayMs of delaysMs) {
		nowMs += budget.waitMs(nowMs);
		budget.made(nowMs);
		nowMs += delayMs;
		seen.push(nowMs);
		budget.answered(nowMs);
	}
	return seen;
}

test("a server sees six sessions in any minute at most, also when some requests take longer than others", () => {
	const seen = storm(
		Array.from({ length: 60 }, (_, index) => [0, 3_000, 20, 900, 5, 0, 40][index % 7] as number),
	);
	for (const fromMs of seen)
		expect(seen.filter((ms) => ms >= fromMs && ms < fromMs + 60_000).length).toBeLessThanOrEqual(6);
	// One after the other at once, those after them every ten seconds.
	expect(storm([0, 0, 0]).map((ms, index, all) => ms - (all[index - 1] ?? ms))).toEqual([0, 0, 10_000]);
});

test("a request that is still on its way counts from when it was sent", () => {
	const budget = new SessionBudget();
	budget.made(0);
	budget.made(100);
	expect(budget.waitMs(5_000)).toBe(5_100);
});
