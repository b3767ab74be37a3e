import { normalCdf } from "./numerics/distributions.ts";
import { logGamma } from "./numerics/gamma.ts";

/** The control-chart constants of a subgroup's size. */
export interface ChartConstants {
	/** Mean and standard deviation of the range of n standard normal values. */
	readonly d2: number;
	readonly d3: number;
	/** Mean of their standard deviation. */
	readonly c4: number;
	/** D3 and D4: limits of ranges as multiples of their mean. */
	readonly rangeLower: number;
	readonly rangeUpper: number;
}

/** As printed in handbooks, where they have been rounded; for results that have to agree with those. */
const printed: ReadonlyMap<number, ChartConstants> = new Map([
	[2, { d2: 1.128, d3: 0.853, c4: 0.7979, rangeLower: 0, rangeUpper: 3.267 }],
	[3, { d2: 1.693, d3: 0.888, c4: 0.8862, rangeLower: 0, rangeUpper: 2.575 }],
	[4, { d2: 2.059, d3: 0.88, c4: 0.9213, rangeLower: 0, rangeUpper: 2.282 }],
	[5, { d2: 2.326, d3: 0.864, c4: 0.94, rangeLower: 0, rangeUpper: 2.115 }],
	[6, { d2: 2.534, d3: 0.848, c4: 0.9515, rangeLower: 0, rangeUpper: 2.004 }],
	[7, { d2: 2.704, d3: 0.833, c4: 0.9594, rangeLower: 0.076, rangeUpper: 1.924 }],
	[8, { d2: 2.847, d3: 0.82, c4: 0.965, rangeLower: 0.136, rangeUpper: 1.864 }],
	[9, { d2: 2.97, d3: 0.808, c4: 0.9693, rangeLower: 0.184, rangeUpper: 1.816 }],
	[10, { d2: 3.078, d3: 0.797, c4: 0.9727, rangeLower: 0.223, rangeUpper: 1.777 }],
]);

export type ConstantsKind = "exact" | "nist";

/** The largest subgroup that has constants: beyond it nobody uses ranges, and c4 is 1 to three digits. */
export const subgroupMax = 100;

/** Beyond this many sigmas a normal value is not seen. */
const reach = 9;
const step = 1 / 64;

let grid: readonly number[] | undefined;

/** Φ at equal steps. */
function gridOfNormal(): readonly number[] {
	grid ??= Array.from({ length: (2 * reach) / step + 1 }, (_, index) => normalCdf(index * step - reach));
	return grid;
}

const known = new Map<number, ChartConstants>();

/**
 * Constants for subgroups of 2 to 100 values. The exact ones come from the distribution of the range (H. L. Harter,
 * "Order Statistics and Their Use", 1969) by quadrature, to more than six digits.
 * @throws RangeError for other sizes
 */
export function chartConstants(size: number, kind: ConstantsKind = "exact"): ChartConstants {
	if (!Number.isInteger(size) || size < 2 || size > subgroupMax)
		throw new RangeError(`expected subgroups of 2 to ${subgroupMax} values, found ${size}`);
	const inPrint = kind === "nist" ? printed.get(size) : undefined;
	if (inPrint !== undefined) return inPrint;
	let exact = known.get(size);
	if (exact === undefined) {
		exact = computed(size);
		known.set(size, exact);
	}
	return exact;
}

function computed(n: number): ChartConstants {
	if (n === 2) return withFactors(2, 2 / Math.sqrt(Math.PI), Math.sqrt(2 - 4 / Math.PI));
	const phi = gridOfNormal();
	const densities = phi.map(
		(_, index) => Math.exp(-((index * step - reach) ** 2) / 2) / Math.sqrt(2 * Math.PI),
	);
	let d2 = 0;
	for (const p of phi) d2 += 1 - p ** n - (1 - p) ** n;
	d2 *= step;
	// E R² = ∫ 2r·P(R > r) dr by Simpson's rule, with P(R ≤ r) = n ∫ φ(x)·(Φ(x + r) − Φ(x))ⁿ⁻¹ dx by the trapezoidal one.
	let square = 0;
	for (let r = 1; r < phi.length; r++) {
		let within = 0;
		for (let x = 0; x < phi.length; x++) {
			const upper = phi[Math.min(x + r, phi.length - 1)] as number;
			within += (densities[x] as number) * (upper - (phi[x] as number)) ** (n - 1);
		}
		square += (r % 2 === 1 ? 4 : 2) * 2 * (r * step) * (1 - n * within * step);
	}
	square *= step / 3;
	return withFactors(n, d2, Math.sqrt(square - d2 * d2));
}

function withFactors(n: number, d2: number, d3: number): ChartConstants {
	const three = (3 * d3) / d2;
	return { d2, d3, c4: c4Of(n), rangeLower: Math.max(0, 1 - three), rangeUpper: 1 + three };
}

/** The mean standard deviation of n standard normal values, for any n from 2 on. */
export function c4Of(n: number, kind: ConstantsKind = "exact"): number {
	const inPrint = kind === "nist" ? printed.get(n) : undefined;
	if (inPrint !== undefined) return inPrint.c4;
	// Of large n the difference of two logarithms has lost digits; the series (N. L. Johnson and B. L. Welch, 1940) has not.
	if (n > 300) return 1 - 1 / (4 * n) - 7 / (32 * n ** 2) - 19 / (128 * n ** 3);
	return Math.sqrt(2 / (n - 1)) * Math.exp(logGamma(n / 2) - logGamma((n - 1) / 2));
}
