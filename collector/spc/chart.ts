import type { Column } from "./numerics/column.ts";
import { type RuleName, RunRules } from "./rules.ts";
import { Signals } from "./signals.ts";

export const chartNames = [
	...(["imr", "xbar-r", "xbar-s", "between-within", "individuals"] as const),
	...(["ewma", "cusum", "c", "t2", "q"] as const),
] as const;
export type ChartName = (typeof chartNames)[number];

/** One for all points, or one for each; NaN where a point has none. */
export type Limit = number | Column;

/** One picture: what is plotted, around what, between what. */
export interface Panel {
	readonly name: string;
	readonly center: Limit;
	readonly lower: Limit;
	readonly upper: Limit;
	readonly statistic: Column;
	readonly signals: Signals;
}

/** Fewer points than this make limits that are called provisional. */
export const lockedPoints = 25;

/** Below `lockedPoints`: limits within which the next value lies with the probability that three sigmas promise. */
export interface Provisional {
	readonly points: number;
	readonly lower: number;
	readonly upper: number;
}

export interface Chart {
	readonly chart: ChartName;
	/** Values that centre and sigma were estimated from; 0 when they were given. */
	readonly n: number;
	readonly center: number;
	/** Of a single value. */
	readonly sigma: number;
	/** What was measured, a value or the mean of a subgroup, also where it is not plotted because it is excluded. */
	readonly value: Column;
	/** The first is the chart itself, with the signals that count; the others show spread. */
	readonly panels: readonly [Panel, ...Panel[]];
	readonly provisional: Provisional | undefined;
}

/** There can be no such chart of such data. `first` and `last` are the points that say so, from 1. */
export class NoChart extends Error {
	readonly first: number | undefined;
	readonly last: number | undefined;

	constructor(message: string, first?: number, last = first) {
		super(message);
		this.first = first;
		this.last = last;
	}
}

export function limitAt(limit: Limit, index: number): number {
	return typeof limit === "number" ? limit : (limit[index] as number);
}

/** A panel whose points are judged by run rules; zones are thirds of the way from the centre to the upper limit. */
export function shewhartPanel(
	name: string,
	statistic: Column,
	{ center, sigma, floor }: { center: number; sigma: Limit; floor?: number },
	rules: readonly RuleName[],
): Panel {
	const signals = new Signals();
	const watch = new RunRules(rules);
	for (let index = 0; index < statistic.length; index++) {
		const mask = watch.next(((statistic[index] as number) - center) / limitAt(sigma, index));
		if (mask !== 0) signals.addMask(index, mask);
	}
	const at = (sigmas: number, least: number): Limit =>
		typeof sigma === "number"
			? Math.max(center + sigmas * sigma, least)
			: sigma.map((one) => Math.max(center + sigmas * one, least));
	const lower = at(-3, floor ?? Number.NEGATIVE_INFINITY);
	return { name, center, lower, upper: at(3, Number.NEGATIVE_INFINITY), statistic, signals };
}

/** A panel that knows one rule: beyond its limits, strictly. */
export function limitPanel(
	name: string,
	statistic: Column,
	{ center, lower, upper }: { center: Limit; lower: Limit; upper: Limit },
): Panel {
	const signals = new Signals();
	for (let index = 0; index < statistic.length; index++) {
		const value = statistic[index] as number;
		if (value > limitAt(upper, index) || value < limitAt(lower, index)) signals.add(index, "beyond-limit");
	}
	return { name, center, lower, upper, statistic, signals };
}
