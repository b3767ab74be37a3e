import { type Chart, limitPanel, lockedPoints, NoChart, type Panel, shewhartPanel } from "./chart.ts";
import { type ConstantsKind, c4Of, chartConstants } from "./constants.ts";
import { type Column, isThere, keptOnly, nothing, present } from "./numerics/column.ts";
import { CompensatedSum, meanOf } from "./numerics/sums.ts";
import type { RuleName } from "./rules.ts";
import { nextMeanLimits } from "./small-sample.ts";
import { equalSize, type SubgroupColumns } from "./subgroups.ts";

/** By the ranges of subgroups of one size, or by their standard deviations, whatever their sizes. */
export type SpreadBy = "range" | "deviation";

/** What a chart of means stands on. */
export interface XbarBasis {
	readonly by: SpreadBy;
	/** The mean of all values. */
	readonly center: number;
	/** Of a single value, within subgroups. */
	readonly sigma: number;
	readonly subgroups: number;
	/** Values. */
	readonly n: number;
	readonly next: { readonly lower: number; readonly upper: number } | undefined;
}

/**
 * Centre and sigma of subgroups that stand for the process. By ranges sigma = R̄/d2; by standard deviations s̄/c4, where the sizes
 * differ the mean of the s/c4 weighted by (1 − c4²)⁻¹·c4², the one with the least variance (I. W. Burr, Industrial Quality
 * Control 23, 1969). Which subgroups count is said by `keep`.
 * @throws NoChart
 */
export function xbarBasis(
	columns: SubgroupColumns,
	labels: readonly string[],
	options: {
		readonly by: SpreadBy;
		readonly constants?: ConstantsKind;
		readonly keep?: (index: number) => boolean;
	},
): XbarBasis {
	const { by, constants = "exact", keep = () => true } = options;
	if (by === "range") equalSize(columns, labels, "; ranges of different sizes do not compare, xbar-s does");
	const { size, mean, range, deviation } = columns;
	const single = size.findIndex((n, index) => n < 2 && keep(index));
	if (single >= 0 && by === "range")
		throw new NoChart(
			`expected at least 2 values in each subgroup, found 1 in ${labels[single]}`,
			single + 1,
		);
	const kept = keptOnly(mean, keep);
	const m = present(kept).length;
	if (m < 2) throw new NoChart(`expected at least 2 subgroups to estimate from, found ${m}`);
	let n = 0;
	const [sum, squares] = [new CompensatedSum(), new CompensatedSum()];
	let freedom = 0;
	for (let index = 0; index < size.length; index++) {
		if (!keep(index)) continue;
		const own = size[index] as number;
		n += own;
		sum.add(own * (mean[index] as number));
		freedom += own - 1;
		if (own > 1) squares.add((own - 1) * (deviation[index] as number) ** 2);
	}
	const sigma =
		by === "range"
			? meanOf(present(keptOnly(range, keep))) / chartConstants(size[0] as number, constants).d2
			: sigmaByDeviations(size, keptOnly(deviation, keep), constants);
	if (!(sigma > 0)) throw new NoChart("expected values that differ within subgroups, found none that do");
	const center = sum.value / n;
	const sizes = { m, n: n / m };
	return {
		...{ by, center, sigma, subgroups: m, n },
		next: m < lockedPoints ? nextMeanLimits(center, Math.sqrt(squares.value / freedom), sizes) : undefined,
	};
}

function sigmaByDeviations(size: Uint32Array, deviation: Column, constants: ConstantsKind): number {
	const [sum, weights] = [new CompensatedSum(), new CompensatedSum()];
	for (let index = 0; index < size.length; index++) {
		const s = deviation[index] as number;
		if (!isThere(s)) continue;
		const c4 = c4Of(size[index] as number, constants);
		const weight = c4 ** 2 / (1 - c4 ** 2);
		sum.add((weight * s) / c4);
		weights.add(weight);
	}
	return weights.value === 0 ? 0 : sum.value / weights.value;
}

/** Means of subgroups, and their spread, against a basis. Excluded subgroups have nothing in `plotted`. */
export function xbarChart(
	columns: SubgroupColumns,
	basis: XbarBasis,
	options: {
		readonly rules: readonly RuleName[];
		readonly constants?: ConstantsKind;
		readonly plotted?: (index: number) => boolean;
	},
): Chart {
	const { center, sigma, by, n, next, subgroups } = basis;
	const { plotted = () => true, rules, constants } = options;
	const ofMean = oneOrMany(columns.size, (own) => sigma / Math.sqrt(own));
	const means = keptOnly(columns.mean, plotted);
	return {
		chart: by === "range" ? "xbar-r" : "xbar-s",
		...{ n, center, sigma, value: columns.mean },
		panels: [
			shewhartPanel("mean", means, { center, sigma: ofMean }, rules),
			spreadPanel(columns, basis, { constants, plotted }),
		],
		provisional: next === undefined ? undefined : { points: subgroups, ...next },
	};
}

/** Ranges or standard deviations within subgroups, three of their own sigmas around what sigma lets expect. */
export function spreadPanel(
	columns: SubgroupColumns,
	{ by, sigma }: Pick<XbarBasis, "by" | "sigma">,
	options: {
		readonly constants?: ConstantsKind | undefined;
		readonly plotted: (index: number) => boolean;
	},
): Panel {
	const { size, range, deviation } = columns;
	const around = (own: number): { center: number; lower: number; upper: number } => {
		if (by === "range") {
			const { d2, rangeLower, rangeUpper } = chartConstants(own, options.constants);
			return { center: d2 * sigma, lower: rangeLower * d2 * sigma, upper: rangeUpper * d2 * sigma };
		}
		const c4 = own < 2 ? nothing : c4Of(own, options.constants);
		const reach = 3 * Math.sqrt(1 - c4 ** 2);
		return { center: c4 * sigma, lower: Math.max(0, c4 - reach) * sigma, upper: (c4 + reach) * sigma };
	};
	const limits = {
		center: oneOrMany(size, (own) => around(own).center),
		lower: oneOrMany(size, (own) => around(own).lower),
		upper: oneOrMany(size, (own) => around(own).upper),
	};
	return by === "range"
		? limitPanel("range", keptOnly(range, options.plotted), limits)
		: limitPanel("standard deviation", keptOnly(deviation, options.plotted), limits);
}

/** One number where all sizes are the same, else one for each. */
function oneOrMany(size: Uint32Array, of: (size: number) => number): number | Column {
	const first = size[0] ?? 0;
	if (size.every((own) => own === first)) return of(first);
	const known = new Map<number, number>();
	return Float64Array.from(size, (own) => {
		const found = known.get(own) ?? of(own);
		known.set(own, found);
		return found;
	});
}
