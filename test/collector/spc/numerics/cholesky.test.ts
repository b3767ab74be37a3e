import fc from "fast-check";
import { expect, test } from "vitest";
import {
	cholesky,
	type Matrix,
	solve,
	squaredDistance,
} from "../../../../collector/spc/numerics/cholesky.ts";

test("the triangle of a known matrix", () => {
	const l = cholesky([
		[4, 12, -16],
		[12, 37, -43],
		[-16, -43, 98],
	]);
	expect(l).toEqual([
		[2, 0, 0],
		[6, 1, 0],
		[-8, 5, 3],
	]);
	expect(solve(l as Matrix, [-20, -43, 192])).toEqual([1, 2, 3]);
});

test("a matrix that is not positive definite has none", () => {
	for (const matrix of [
		[
			[1, 2],
			[2, 1],
		],
		[
			[1, 1],
			[1, 1],
		],
		[
			[0, 0],
			[0, 1],
		],
	])
		expect(cholesky(matrix)).toBeUndefined();
});

test("what is solved is a solution, and the squared distance is b times it", () => {
	const row = fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 4, maxLength: 4 });
	fc.assert(
		fc.property(fc.array(row, { minLength: 4, maxLength: 4 }), row, (rows, b) => {
			// R·Rᵀ + 1 is always positive definite.
			const a = rows.map((left, i) =>
				rows.map((right, j) => left.reduce((sum, x, k) => sum + x * (right[k] as number), i === j ? 1 : 0)),
			);
			const l = cholesky(a);
			expect(l).toBeDefined();
			const x = solve(l as Matrix, b);
			for (const [i, left] of a.entries())
				expect(left.reduce((sum, value, k) => sum + value * (x[k] as number), 0)).toBeCloseTo(
					b[i] as number,
					8,
				);
			const distance = squaredDistance(l as Matrix, b);
			expect(distance).toBeCloseTo(
				x.reduce((sum, value, k) => sum + value * (b[k] as number), 0),
				8,
			);
			expect(distance).toBeGreaterThanOrEqual(0);
		}),
		{ seed: 20_261_123 },
	);
});
