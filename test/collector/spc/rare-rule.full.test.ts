import { expect, test } from "vitest";
import { normalCdf } from "../../../collector/spc/numerics/distributions.ts";
import { SeededNormals } from "../../../collector/spc/numerics/random.ts";
import { RunRules } from "../../../collector/spc/rules.ts";

/**
 * Exact run length of "eight outside of one sigma, on both sides": a chain over the length of the run outside and whether it
 * has been on one side so far. Each state's mean is a + b·(mean from the beginning).
 */
function exactRunLength(): number {
	const p = 2 * normalCdf(-1);
	const q = 1 - p;
	type Line = readonly [a: number, b: number];
	const none: Line = [0, 0];
	const mixed = new Map<number, Line>();
	for (let length = 7; length >= 2; length--) {
		const [a, b] = mixed.get(length + 1) ?? none;
		mixed.set(length, [1 + p * a, q + p * b]);
	}
	let same: Line = [1 / (1 - p / 2), q / (1 - p / 2)];
	for (let length = 7; length >= 1; length--) {
		const [a, b] = mixed.get(length + 1) ?? none;
		same = [1 + (p / 2) * (same[0] + a), q + (p / 2) * (same[1] + b)];
	}
	return (1 + p * same[0]) / (1 - q - p * same[1]);
}

test("eight outside of one sigma on both sides are as rare as the chain says", () => {
	const exact = exactRunLength();
	// Simulations of it are often too short: one of them had 13,900 ± 430.
	expect(exact).toBeCloseTo(14_342.3, 1);
	const normals = new SeededNormals(20_261_123);
	const rules = new RunRules(["eight-outside-1-sigma"]);
	const runs = 10_000;
	let points = 0;
	for (let run = 0; run < runs; run++) {
		rules.restart();
		do points++;
		while (rules.next(normals.next()) === 0);
	}
	expect(Math.abs(points / runs / exact - 1)).toBeLessThan(0.03);
});
