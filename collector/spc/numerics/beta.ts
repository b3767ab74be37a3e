import { logGamma } from "./gamma.ts";
import { invert } from "./invert.ts";

const termsMax = 10_000;

/** The regularised incomplete beta function I(x; a, b) for a, b > 0: DLMF 8.17.22. */
export function betaI(x: number, a: number, b: number): number {
	if (x <= 0) return 0;
	if (x >= 1) return 1;
	// The fraction converges fast below this place; above it the mirrored one does.
	if (x > (a + 1) / (a + b + 2)) return 1 - betaI(1 - x, b, a);
	return (Math.exp(logDensity(x, a, b)) * (x * (1 - x)) * fraction(x, a, b)) / a;
}

/** Where I(x; a, b) reaches p, for 0 < p < 1. */
export function betaIInverse(p: number, a: number, b: number): number {
	return invert({
		...{ p, low: 0, high: 1, guess: a / (a + b) },
		cdf: (x) => betaI(x, a, b),
		density: (x) => Math.exp(logDensity(x, a, b)),
	});
}

/** The logarithm of the beta density. */
function logDensity(x: number, a: number, b: number): number {
	const logBeta = logGamma(a) + logGamma(b) - logGamma(a + b);
	return (a - 1) * Math.log(x) + (b - 1) * Math.log1p(-x) - logBeta;
}

function fraction(x: number, a: number, b: number): number {
	const tiny = 1e-300;
	const kept = (value: number): number => (Math.abs(value) < tiny ? tiny : value);
	let c = 1;
	let d = 1 / kept(1 - ((a + b) * x) / (a + 1));
	let h = d;
	for (let m = 1; m < termsMax; m++) {
		const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
		d = 1 / kept(1 + even * d);
		c = kept(1 + even / c);
		h *= d * c;
		const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
		d = 1 / kept(1 + odd * d);
		c = kept(1 + odd / c);
		const factor = d * c;
		h *= factor;
		if (Math.abs(factor - 1) < 1e-16) break;
	}
	return h;
}
