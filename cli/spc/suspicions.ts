import { keptOnly, present } from "../../collector/spc/numerics/column.ts";
import { autocorrelation, autocorrelationLimit, grubbs } from "../../collector/spc/suspicion.ts";
import type { SpcOptions } from "./options.ts";
import type { Points } from "./points.ts";

/** Fewer values say nothing about how they follow each other. */
const lagFrom = 10;
const grubbsMax = 10_000;

/** What speaks against the values that limits are made from, in words. */
export function suspicions(
	points: Points,
	options: SpcOptions,
): { lag1: number | undefined; notes: string[] } {
	if (options.chart === "t2" || options.chart === "c") return { lag1: undefined, notes: [] };
	const values = keptOnly(points.values, points.baseline);
	const n = present(values).length;
	const lag1 = n < lagFrom ? undefined : autocorrelation(values);
	const notes: string[] = [];
	if (lag1 !== undefined && Math.abs(lag1) > autocorrelationLimit(n))
		notes.push(
			`points follow each other: lag-1 autocorrelation ${lag1.toFixed(2)}, beyond ±${autocorrelationLimit(n).toFixed(2)}; limits and rules are for independent ones`,
		);
	const test = n > grubbsMax || options.chart === "individuals" ? undefined : grubbs(values);
	if (test?.outlier)
		notes.push(
			`point ${test.index + 1} is an outlier among those that limits are made from: Grubbs' G ${test.g.toFixed(2)} above ${test.critical.toFixed(2)} at 5 %; look for its cause before it stays or is excluded`,
		);
	return { lag1, notes };
}
