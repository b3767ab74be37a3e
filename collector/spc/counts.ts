import { type Chart, NoChart, shewhartPanel } from "./chart.ts";
import { type Column, isThere, present } from "./numerics/column.ts";
import { meanOf } from "./numerics/sums.ts";
import type { RuleName } from "./rules.ts";

/** What a chart of counts stands on: the mean count of equal areas, and its square root as sigma (Poisson). */
export interface CountsBasis {
	readonly center: number;
	readonly n: number;
}

/** @throws NoChart for what is no count, and when all of them are 0 */
export function countsBasis(counts: Column): CountsBasis {
	const given = present(counts);
	if (given.length < 2)
		throw new NoChart(`expected at least 2 counts to estimate from, found ${given.length}`);
	const center = meanOf(given);
	if (center === 0) throw new NoChart("expected a count above 0, found 0 in all of them");
	return { center, n: given.length };
}

/** Counts within c̄ ± 3·√c̄, not below 0 (NIST/SEMATECH e-Handbook 6.3.3.1). @throws NoChart for what is no count */
export function countsChart(
	counts: Column,
	{ center, n }: CountsBasis,
	options: { readonly rules: readonly RuleName[]; readonly shown?: Column },
): Chart {
	const wrong = counts.findIndex((count) => count < 0 || (isThere(count) && !Number.isInteger(count)));
	if (wrong >= 0)
		throw new NoChart(`expected a count, 0 or a whole number above, found ${counts[wrong]}`, wrong + 1);
	const sigma = Math.sqrt(center);
	return {
		...{ chart: "c", n, center, sigma, value: options.shown ?? counts, provisional: undefined },
		panels: [shewhartPanel("count", counts, { center, sigma, floor: 0 }, options.rules)],
	};
}
