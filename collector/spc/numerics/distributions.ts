// Distribution functions and quantiles of the normal, Student's t, χ², F and beta distributions. A quantile is asked for
// with 0 < p < 1; at the ends it is infinite, and outside of them NaN.

import { betaI, betaIInverse } from "./beta.ts";
import { gammaPInverse, gammaQ } from "./gamma.ts";

/** Φ(z), exact also far out in the lower tail. */
export function normalCdf(z: number): number {
	const tail = gammaQ(0.5, (z * z) / 2) / 2;
	return z < 0 ? tail : 1 - tail;
}

/** Where Φ reaches p. */
export function normalQuantile(p: number): number {
	if (!(p > 0 && p < 1)) return atTheEnds(p, Number.NEGATIVE_INFINITY);
	if (p === 0.5) return 0;
	// Both tails are asked for as lower ones, where p has all its digits.
	const tail = p < 0.5 ? p : 1 - p;
	const z = refine(tail < farTail ? farGuess(tail) : Math.sqrt(2 * gammaPInverse(0.5, 1 - 2 * tail)), tail);
	return p < 0.5 ? -z : z;
}

/** Below it 1 − 2p has lost the digits of p. */
const farTail = 1e-8;

/** From φ(z)/z ≈ tail, a fixed point that settles fast. */
function farGuess(tail: number): number {
	let z = Math.sqrt(-2 * Math.log(tail));
	for (let step = 0; step < 4; step++) z = Math.sqrt(-2 * Math.log(tail * z * Math.sqrt(2 * Math.PI)));
	return z;
}

/** Newton's method on the logarithm of the tail, which is nearly a parabola. */
function refine(z: number, tail: number): number {
	let better = z;
	for (let step = 0; step < 4; step++) {
		const found = normalCdf(-better);
		const density = Math.exp((-better * better) / 2) / Math.sqrt(2 * Math.PI);
		better += (Math.log(found / tail) * found) / density;
	}
	return better;
}

/** Student's t with `df` degrees of freedom. */
export function studentTQuantile(p: number, df: number): number {
	if (!(p > 0 && p < 1)) return atTheEnds(p, Number.NEGATIVE_INFINITY);
	if (p === 0.5) return 0;
	const x = betaIInverse(2 * Math.min(p, 1 - p), df / 2, 0.5);
	const t = Math.sqrt((df * (1 - x)) / x);
	return p < 0.5 ? -t : t;
}

/** How likely Student's t with `df` degrees of freedom is to exceed `t` ≥ 0, exact also far out. */
export function studentTTail(t: number, df: number): number {
	return betaI(df / (df + t * t), df / 2, 0.5) / 2;
}

/** χ² with `df` degrees of freedom. */
export function chiSquaredQuantile(p: number, df: number): number {
	return p > 0 && p < 1 ? 2 * gammaPInverse(df / 2, p) : atTheEnds(p, 0);
}

/** F with `df1` and `df2` degrees of freedom. */
export function fQuantile(p: number, df1: number, df2: number): number {
	if (!(p > 0 && p < 1)) return atTheEnds(p, 0);
	const x = betaIInverse(p, df1 / 2, df2 / 2);
	// Near 1 the complement has more digits.
	const rest = x > 0.5 ? betaIInverse(1 - p, df2 / 2, df1 / 2) : 1 - x;
	return (df2 * (1 - rest)) / (df1 * rest);
}

/** Beta with the shapes `a` and `b`. */
export function betaQuantile(p: number, a: number, b: number): number {
	if (p === 1) return 1;
	return p > 0 && p < 1 ? betaIInverse(p, a, b) : atTheEnds(p, 0);
}

function atTheEnds(p: number, lowest: number): number {
	if (p === 0) return lowest;
	return p === 1 ? Number.POSITIVE_INFINITY : Number.NaN;
}
