import { invert } from "./invert.ts";

/** Lanczos' approximation with g = 7 and nine terms, accurate to a double (P. Godfrey's coefficients, 2001). */
const lanczosG = 7;
const lanczos = [
	0.9999999999998099, 676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406,
	12.507343278686905, -0.13857109526572012, 0.000009984369578019572, 1.5056327351493116e-7,
];
const halfLogTwoPi = Math.log(2 * Math.PI) / 2;

/** ln Γ(x) for x > 0. */
export function logGamma(x: number): number {
	if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
	const z = x - 1;
	let sum = lanczos[0] as number;
	for (let index = 1; index < lanczos.length; index++) sum += (lanczos[index] as number) / (z + index);
	const t = z + lanczosG + 0.5;
	return halfLogTwoPi + (z + 0.5) * Math.log(t) - t + Math.log(sum);
}

const termsMax = 10_000;

/** The regularised lower incomplete gamma function P(a, x) for a > 0, x ≥ 0: DLMF 8.11.4. */
export function gammaP(a: number, x: number): number {
	if (x <= 0) return 0;
	return x < a + 1 ? series(a, x) : 1 - fraction(a, x);
}

/** Its complement Q(a, x) = 1 − P(a, x), exact also where it is tiny: DLMF 8.9.2. */
export function gammaQ(a: number, x: number): number {
	if (x <= 0) return 1;
	return x < a + 1 ? 1 - series(a, x) : fraction(a, x);
}

/** Where P(a, x) reaches p, for 0 < p < 1. */
export function gammaPInverse(a: number, p: number): number {
	let high = Math.max(1, 2 * a);
	while (gammaP(a, high) < p) high *= 2;
	const logA = logGamma(a);
	return invert({
		...{ p, low: 0, high, guess: a },
		cdf: (x) => gammaP(a, x),
		density: (x) => Math.exp((a - 1) * Math.log(x) - x - logA),
	});
}

function prefactor(a: number, x: number): number {
	return Math.exp(a * Math.log(x) - x - logGamma(a));
}

function series(a: number, x: number): number {
	let term = 1 / a;
	let sum = term;
	for (let n = 1; n < termsMax; n++) {
		term *= x / (a + n);
		sum += term;
		if (term < sum * 1e-17) break;
	}
	return sum * prefactor(a, x);
}

/** Lentz's way with a continued fraction (Thompson and Barnett, J. Comput. Phys. 64, 1986). */
function fraction(a: number, x: number): number {
	const tiny = 1e-300;
	let b = x + 1 - a;
	let c = 1 / tiny;
	let d = 1 / b;
	let h = d;
	for (let n = 1; n < termsMax; n++) {
		const an = -n * (n - a);
		b += 2;
		d = an * d + b;
		if (Math.abs(d) < tiny) d = tiny;
		c = b + an / c;
		if (Math.abs(c) < tiny) c = tiny;
		d = 1 / d;
		const factor = d * c;
		h *= factor;
		if (Math.abs(factor - 1) < 1e-16) break;
	}
	return h * prefactor(a, x);
}
