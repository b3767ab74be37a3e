import { type Chart, NoChart, shewhartPanel } from "./chart.ts";
import type { ConstantsKind } from "./constants.ts";
import { individualsBasis, movingRanges, rangePanel } from "./individuals.ts";
import { keptOnly } from "./numerics/column.ts";
import type { RuleName } from "./rules.ts";
import { equalSize, type SubgroupColumns } from "./subgroups.ts";
import { type SpreadBy, spreadPanel, xbarBasis } from "./xbar.ts";

/** What a between/within chart stands on: means of subgroups as single values, and the spread inside of them. */
export interface BetweenWithinBasis {
	readonly by: SpreadBy;
	readonly size: number;
	readonly center: number;
	/** Of the means, from their moving ranges. */
	readonly sigmaOfMeans: number;
	readonly meanRange: number;
	readonly within: number;
	/** What the means vary by beyond what the spread inside explains; 0 when it explains all. */
	readonly between: number;
	/** √(between² + within²): of a single value of a subgroup still to come. */
	readonly total: number;
	readonly subgroups: number;
	readonly n: number;
	readonly next: { readonly lower: number; readonly upper: number } | undefined;
}

/**
 * Components of variation of batches with several samples each (I-MR-R/S: D. J. Wheeler and D. S. Chambers, "Understanding
 * Statistical Process Control", 2nd ed., chapter 9). By ranges up to 8 values, by standard deviations beyond.
 * @throws NoChart with fewer than two subgroups side by side, with sizes that differ, or without variation
 */
export function betweenWithinBasis(
	columns: SubgroupColumns,
	labels: readonly string[],
	options: { readonly constants?: ConstantsKind; readonly keep?: (index: number) => boolean } = {},
): BetweenWithinBasis {
	const { keep = () => true, constants } = options;
	const size = equalSize(columns, labels, "; a mean of fewer values varies more");
	if (size < 2) throw new NoChart("expected at least 2 values in each subgroup, found 1");
	const by: SpreadBy = size <= 8 ? "range" : "deviation";
	const inside = xbarBasis(columns, labels, { by, keep, ...(constants && { constants }) });
	const means = individualsBasis(keptOnly(columns.mean, keep), constants);
	const between = Math.sqrt(Math.max(0, means.sigma ** 2 - inside.sigma ** 2 / size));
	return {
		...{ by, size, center: means.center, sigmaOfMeans: means.sigma, meanRange: means.meanRange as number },
		...{ within: inside.sigma, between, total: Math.hypot(between, inside.sigma) },
		...{ subgroups: means.n, n: inside.n, next: means.next },
	};
}

/** Three panels: the means as single values, their moving ranges, and the spread inside. */
export function betweenWithinChart(
	columns: SubgroupColumns,
	basis: BetweenWithinBasis,
	options: {
		readonly rules: readonly RuleName[];
		readonly constants?: ConstantsKind;
		readonly plotted?: (index: number) => boolean;
	},
): Chart {
	const { plotted = () => true, rules, constants } = options;
	const { center, sigmaOfMeans, meanRange, by, within, total, n, subgroups, next } = basis;
	const means = keptOnly(columns.mean, plotted);
	return {
		...{ chart: "between-within", n, center, sigma: total, value: columns.mean },
		panels: [
			shewhartPanel("mean", means, { center, sigma: sigmaOfMeans }, rules),
			rangePanel(movingRanges(means), meanRange, constants),
			spreadPanel(columns, { by, sigma: within }, { constants, plotted }),
		],
		provisional: next === undefined ? undefined : { points: subgroups, ...next },
	};
}
