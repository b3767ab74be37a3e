import { NoChart } from "./chart.ts";
import { cholesky, type Matrix, solve } from "./numerics/cholesky.ts";
import { type Column, isThere, nothing } from "./numerics/column.ts";
import { betaQuantile, fQuantile } from "./numerics/distributions.ts";
import { CompensatedSum, meanOf } from "./numerics/sums.ts";

/** What is measured together: a column for each variable, of single observations or of one subgroup after the other. */
export interface Observations {
	readonly names: readonly string[];
	readonly columns: readonly Column[];
	/** Where each subgroup begins, and behind the last one where it ends; undefined for single observations. */
	readonly starts: Uint32Array | undefined;
}

/** What a T² chart stands on. */
export interface HotellingBasis {
	readonly names: readonly string[];
	readonly mean: readonly number[];
	readonly covariance: Matrix;
	/** Points: subgroups, or single observations. */
	readonly m: number;
	/** Observations in each; 1 for single ones. */
	readonly n: number;
}

/** What each variable has to do with one point. */
export interface Contribution {
	readonly name: string;
	/** What T² would lose without the variable: Runger, Alt and Montgomery, J. Quality Technology 28 (1996). */
	readonly given: number;
	/** The variable's own squared distance, as if there were no other. */
	readonly alone: number;
}

/** The mean of each subgroup, or each observation itself: the points of the chart, a row for each variable. */
export function pointMeans({ columns, starts }: Observations): readonly Column[] {
	if (starts === undefined) return columns;
	return columns.map((column) =>
		Float64Array.from({ length: starts.length - 1 }, (_, at) =>
			meanOf(column.subarray(starts[at], starts[at + 1])),
		),
	);
}

/**
 * Means, and the covariances within subgroups (pooled) or of single observations (with m − 1), of the points that `keep` names.
 * @throws NoChart with too few points, sizes that differ, or a variable that the others explain
 */
export function hotellingBasis(
	observations: Observations,
	keep: (index: number) => boolean = () => true,
): HotellingBasis {
	const { names, columns, starts } = observations;
	const p = names.length;
	const means = pointMeans(observations);
	const kept = Array.from((means[0] as Column).keys()).filter(
		(at) => keep(at) && means.every((column) => isThere(column[at] as number)),
	);
	const m = kept.length;
	const n = sizeOf(starts);
	const degrees = n === 1 ? m - 1 : m * (n - 1);
	const least = n === 1 ? p + 2 : 2;
	if (m < least || degrees < p + (n === 1 ? 1 : 0))
		throw new NoChart(
			`expected at least ${n === 1 ? p + 2 : Math.max(2, Math.ceil(p / (n - 1)))} points for ${p} variables, found ${m}`,
		);
	const center = means.map((column) => meanOf(kept.map((at) => column[at] as number)));
	const rows: { at: number; around: readonly number[] }[] =
		starts === undefined
			? kept.map((at) => ({ at, around: center }))
			: kept.flatMap((point) => {
					const around = means.map((column) => column[point] as number);
					return Array.from({ length: n }, (_, k) => ({ at: (starts[point] as number) + k, around }));
				});
	const covariance = columns.map((left, i) =>
		columns.map((right, j) => {
			const sum = new CompensatedSum();
			for (const { at, around } of rows)
				sum.add(
					((left[at] as number) - (around[i] as number)) * ((right[at] as number) - (around[j] as number)),
				);
			return sum.value / degrees;
		}),
	);
	const explained = explainedVariable(covariance);
	if (explained !== undefined)
		throw new NoChart(
			explained === 0 || !((covariance[explained]?.[explained] ?? 0) > 0)
				? `expected values that differ, found one only in ${names[explained]}`
				: `expected variables that say something of their own, found ${names[explained]} explained by the others`,
		);
	return { names, mean: center, covariance, m, n };
}

function sizeOf(starts: Uint32Array | undefined): number {
	if (starts === undefined) return 1;
	const first = (starts[1] as number) - (starts[0] as number);
	for (let at = 1; at < starts.length - 1; at++) {
		const own = (starts[at + 1] as number) - (starts[at] as number);
		if (own !== first)
			throw new NoChart(`expected ${first} observations in each subgroup, found ${own}`, at + 1);
	}
	if (first === 1) throw new NoChart("expected at least 2 observations in each subgroup, found 1", 1);
	return first;
}

/** The first variable without which the matrix before it still was positive definite. */
function explainedVariable(covariance: Matrix): number | undefined {
	if (cholesky(covariance) !== undefined) return undefined;
	for (let size = 1; size <= covariance.length; size++)
		if (cholesky(covariance.slice(0, size).map((row) => row.slice(0, size))) === undefined) return size - 1;
	return undefined;
}

/** T² of each point against a basis; nothing where a variable is missing. */
export function hotellingStatistics(means: readonly Column[], basis: HotellingBasis): Column {
	const l = cholesky(basis.covariance) as Matrix;
	const apart = new Array<number>(basis.mean.length).fill(0);
	return (means[0] as Column).map((_, at) => {
		for (let i = 0; i < apart.length; i++) apart[i] = (means[i]?.[at] as number) - (basis.mean[i] as number);
		if (!apart.every(isThere)) return nothing;
		const solved = solve(l, apart);
		return Math.max(0, basis.n * apart.reduce((sum, x, i) => sum + x * (solved[i] as number), 0));
	});
}

/** What each variable contributes to the T² of one point, the greatest first. */
export function contributions(point: readonly number[], basis: HotellingBasis): Contribution[] {
	const { names, mean, covariance, n } = basis;
	const l = cholesky(covariance) as Matrix;
	const apart = point.map((value, i) => value - (mean[i] as number));
	const solved = solve(l, apart);
	return names
		.map((name, i) => {
			const unit = names.map((_, j) => (i === j ? 1 : 0));
			const inverse = solve(l, unit)[i] as number;
			return {
				name,
				given: (n * (solved[i] as number) ** 2) / inverse,
				alone: (n * (apart[i] as number) ** 2) / (covariance[i]?.[i] as number),
			};
		})
		.sort((a, b) => b.given - a.given);
}

/**
 * Upper limits of T²: phase I for the points that the basis was estimated from, phase II for others. By F, and by beta for single
 * observations of phase I (N. D. Tracy, J. C. Young and R. L. Mason, J. Quality Technology 24, 1992); χ² would be too low.
 */
export function hotellingLimits(
	{ names, m, n }: Pick<HotellingBasis, "names" | "m" | "n">,
	alpha: number,
): { readonly phase1: number; readonly phase2: number } {
	const p = names.length;
	if (n === 1) {
		return {
			phase1: ((m - 1) ** 2 / m) * betaQuantile(1 - alpha, p / 2, (m - p - 1) / 2),
			phase2: ((p * (m + 1) * (m - 1)) / (m * m - m * p)) * fQuantile(1 - alpha, p, m - p),
		};
	}
	const degrees = m * n - m - p + 1;
	const f = fQuantile(1 - alpha, p, degrees);
	return {
		phase1: ((p * (m - 1) * (n - 1)) / degrees) * f,
		phase2: ((p * (m + 1) * (n - 1)) / degrees) * f,
	};
}
