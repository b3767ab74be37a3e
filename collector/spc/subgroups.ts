import { NoChart } from "./chart.ts";
import { type Column, nothing } from "./numerics/column.ts";
import { meanOf, squaredDeviations } from "./numerics/sums.ts";

/** Values of one subgroup after the other. Each subgroup is a point; where one is excluded it has nothing in `keep`. */
export interface Subgroups {
	readonly values: Column;
	/** Where each begins, and behind the last one where it ends. */
	readonly starts: Uint32Array;
	readonly labels: readonly string[];
}

/** Statistics of each subgroup. */
export interface SubgroupColumns {
	readonly size: Uint32Array;
	readonly mean: Column;
	readonly range: Column;
	/** Standard deviation with n − 1; nothing of a single value. */
	readonly deviation: Column;
}

export function subgroupColumns({ values, starts }: Subgroups): SubgroupColumns {
	const count = starts.length - 1;
	const size = new Uint32Array(count);
	const [mean, range, deviation] = [
		new Float64Array(count),
		new Float64Array(count),
		new Float64Array(count),
	];
	for (let index = 0; index < count; index++) {
		const own = values.subarray(starts[index], starts[index + 1]);
		let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
		for (const value of own) {
			if (value < low) low = value;
			if (value > high) high = value;
		}
		size[index] = own.length;
		mean[index] = low === high ? low : meanOf(own);
		range[index] = high - low;
		// Of equal values the rounding of their mean would remain.
		const squares = low === high ? 0 : squaredDeviations(own, mean[index]);
		deviation[index] = own.length < 2 ? nothing : Math.sqrt(squares / (own.length - 1));
	}
	return { size, mean, range, deviation };
}

/**
 * The size that all subgroups have.
 * @throws NoChart that names the first one which differs
 */
export function equalSize({ size }: SubgroupColumns, labels: readonly string[], instead: string): number {
	const first = size[0] as number;
	const other = size.findIndex((one) => one !== first);
	if (other >= 0) {
		const found = `${size[other]} in subgroup ${labels[other]}`;
		throw new NoChart(`expected ${first} values in each subgroup, found ${found}${instead}`, other + 1);
	}
	return first;
}
