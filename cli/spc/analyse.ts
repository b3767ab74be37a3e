import { betweenWithinBasis, betweenWithinChart } from "../../collector/spc/between-within.ts";
import { type CapabilityReport, capabilityReport } from "../../collector/spc/capability-report.ts";
import { type Chart, type Limit, NoChart, type Panel } from "../../collector/spc/chart.ts";
import { countsBasis, countsChart } from "../../collector/spc/counts.ts";
import { type CusumSums, cusumChart } from "../../collector/spc/cusum.ts";
import { ewmaChart } from "../../collector/spc/ewma.ts";
import {
	cusumFalseAlarms,
	estimatedFalseAlarm,
	ewmaFalseAlarms,
	type FalseAlarms,
	ruleFalseAlarms,
} from "../../collector/spc/false-alarms.ts";
import { hotellingBasis, hotellingLimits } from "../../collector/spc/hotelling.ts";
import { individualsBasis, individualsChart, knownBasis } from "../../collector/spc/individuals.ts";
import { keptOnly } from "../../collector/spc/numerics/column.ts";
import { meanOf, standardDeviation } from "../../collector/spc/numerics/sums.ts";
import type { RuleName } from "../../collector/spc/rules.ts";
import { Signals } from "../../collector/spc/signals.ts";
import { qChart } from "../../collector/spc/small-sample.ts";
import { equalSize } from "../../collector/spc/subgroups.ts";
import { type HotellingChart, hotellingChart } from "../../collector/spc/t2.ts";
import { xbarBasis, xbarChart } from "../../collector/spc/xbar.ts";
import type { SpcOptions } from "./options.ts";
import { type Points, plottedValues, singleValues } from "./points.ts";
import { suspicions } from "./suspicions.ts";

/** A chart with what belongs beside it. */
export interface Analysis {
	readonly chart: Chart;
	readonly points: Points;
	readonly options: SpcOptions;
	/** The limits of the chart when all points have the same, or what they widen to. */
	readonly limits: { readonly lower: number; readonly upper: number } | undefined;
	readonly phaseLimits: { readonly phase1: number; readonly phase2: number } | undefined;
	readonly sums: CusumSums | undefined;
	readonly causes: HotellingChart["causes"] | undefined;
	readonly capability: CapabilityReport | undefined;
	readonly falseAlarms: FalseAlarms;
	/** Of single values with limits from so many points: the probability for each point, where it is known. */
	readonly estimatedAlarm: number | undefined;
	/** The lag-1 autocorrelation of the points that limits are made from; undefined below ten. */
	readonly lag1: number | undefined;
	readonly notes: readonly string[];
}

/** @throws NoChart */
export function analyse(points: Points, options: SpcOptions): Analysis {
	const drawn = draw(points, options, options.rules);
	const chart = options.silent ? silenced(drawn.chart) : drawn.chart;
	const [main] = chart.panels;
	const estimated = options.rules.includes("beyond-3-sigma") && chart.chart === "imr";
	return {
		...{ chart, points, options, sums: drawn.sums, causes: drawn.causes, phaseLimits: drawn.phaseLimits },
		limits: drawn.settled ?? bothNumbers(main.lower, main.upper),
		capability: capabilityOf(points, options, chart),
		falseAlarms: falseAlarmsOf(options),
		estimatedAlarm: estimated ? estimatedFalseAlarm(chart.n) : undefined,
		...(({ lag1, notes }) => ({ lag1, notes: [...points.notes, ...notes] }))(suspicions(points, options)),
	};
}

function silenced(chart: Chart): Chart {
	const [main, ...others] = chart.panels.map((panel) => ({ ...panel, signals: new Signals() }));
	return { ...chart, panels: [main as Panel, ...others] };
}

interface Drawn {
	readonly chart: Chart;
	readonly settled?: { readonly lower: number; readonly upper: number };
	readonly phaseLimits?: { readonly phase1: number; readonly phase2: number };
	readonly sums?: CusumSums;
	readonly causes?: HotellingChart["causes"];
}

function draw(points: Points, options: SpcOptions, rules: readonly RuleName[]): Drawn {
	const { constants, chart: name } = options;
	const { plotted, baseline, subgroups, labels = [] } = points;
	const common = { rules, constants, shown: points.values };
	switch (name) {
		case "imr": {
			const basis = individualsBasis(keptOnly(points.values, baseline), constants);
			return { chart: individualsChart(plottedValues(points), basis, common) };
		}
		case "individuals": {
			const basis = knownBasis(options.mean as number, options.sigma as number);
			return { chart: individualsChart(plottedValues(points), basis, common) };
		}
		case "xbar-r":
		case "xbar-s": {
			const columns = subgroups as NonNullable<typeof subgroups>;
			const by = name === "xbar-r" ? "range" : "deviation";
			const basis = xbarBasis(columns, labels, { by, constants, keep: baseline });
			return { chart: xbarChart(columns, basis, { rules, constants, plotted }) };
		}
		case "between-within": {
			const columns = subgroups as NonNullable<typeof subgroups>;
			const basis = betweenWithinBasis(columns, labels, { constants, keep: baseline });
			return { chart: betweenWithinChart(columns, basis, { rules, constants, plotted }) };
		}
		case "ewma":
		case "cusum":
			return weighted(points, options);
		case "c": {
			const basis =
				options.mean === undefined
					? countsBasis(keptOnly(points.values, baseline))
					: { center: options.mean, n: 0 };
			return { chart: countsChart(plottedValues(points), basis, common) };
		}
		case "q":
			return { chart: qChart(plottedValues(points), common) };
		case "t2":
			return multivariate(points, options);
	}
}

function weighted(points: Points, options: SpcOptions): Drawn {
	const { mean, sigma, n, size } = weightedBasis(points, options);
	const of = { n, sigma, shown: points.values };
	const values = plottedValues(points);
	const ofPoint = sigma / Math.sqrt(size);
	if (options.chart === "ewma") {
		const { lambda, width, ewmaLimits: limits } = options;
		const reach = width * ofPoint * Math.sqrt(lambda / (2 - lambda));
		const chart = ewmaChart(values, { mean, sigma: ofPoint, lambda, width, limits }, of);
		return { chart, settled: { lower: mean - reach, upper: mean + reach } };
	}
	const { k, h, fir } = options;
	const chart = cusumChart(values, { mean, sigma: ofPoint, k, h, head: fir ? h / 2 : 0 }, of);
	return { chart, sums: chart.sums };
}

/** Mean and sigma of single values: given, or estimated from the baseline by moving ranges, or within subgroups. */
function weightedBasis(points: Points, { mean, sigma, constants }: SpcOptions) {
	const { subgroups, labels = [], baseline } = points;
	const size =
		subgroups === undefined ? 1 : equalSize(subgroups, labels, "; a mean of fewer values varies more");
	if (mean !== undefined && sigma !== undefined) return { mean, sigma, n: 0, size };
	const basis =
		subgroups === undefined || size === 1
			? individualsBasis(keptOnly(points.values, baseline), constants)
			: xbarBasis(subgroups, labels, { by: size <= 8 ? "range" : "deviation", constants, keep: baseline });
	return { mean: mean ?? basis.center, sigma: sigma ?? basis.sigma, n: basis.n, size };
}

function multivariate(points: Points, { alpha }: SpcOptions): Drawn {
	const { observations, baseline, plotted } = points;
	if (observations.names.length < 2)
		throw new NoChart(`expected at least two columns of numbers for T², found ${observations.names.length}`);
	const basis = hotellingBasis(observations, baseline);
	const chart = hotellingChart(observations, basis, { alpha, baseline, plotted });
	return { chart, causes: chart.causes, phaseLimits: hotellingLimits(basis, alpha) };
}

function bothNumbers(lower: Limit, upper: Limit): { lower: number; upper: number } | undefined {
	return typeof lower === "number" && typeof upper === "number" ? { lower, upper } : undefined;
}

function falseAlarmsOf({ chart, rules, k, h, lambda, width, alpha, silent }: SpcOptions): FalseAlarms {
	if (silent) return { runLength: undefined, by: "exact" };
	if (chart === "cusum") return cusumFalseAlarms(k, h);
	if (chart === "ewma") return ewmaFalseAlarms(lambda, width);
	if (chart === "t2") return { runLength: 1 / alpha, by: "exact" };
	return ruleFalseAlarms(rules);
}

function capabilityOf(points: Points, options: SpcOptions, chart: Chart): CapabilityReport | undefined {
	const { specification } = options;
	if (specification.lower === undefined && specification.upper === undefined) return undefined;
	const given = options.mean !== undefined && options.sigma !== undefined;
	const counts = options.baseline === undefined ? points.plotted : points.baseline;
	const all = singleValues(points, counts);
	const overall =
		all.length < 2 || all.every((value) => value === all[0]) ? undefined : standardDeviation(all);
	return capabilityReport(
		{
			...{ mean: chart.center, within: chart.sigma, n: all.length, overall },
			overallMean: all.length === 0 ? chart.center : meanOf(all),
			refusal: given ? undefined : refusalOf(points, options),
		},
		specification,
	);
}

/** Why the baseline gives no capability; it has to be named, and without a point beyond its limits or a rule's signal. */
function refusalOf(points: Points, options: SpcOptions): string | undefined {
	if (options.chart === "q") return "a Q chart has no baseline: this is performance, not capability";
	if (options.baseline === undefined)
		return "there is no baseline (--baseline): this is performance, not capability";
	const rules: readonly RuleName[] = options.rules.length === 0 ? ["beyond-3-sigma"] : options.rules;
	const { panels } = draw(points, options, rules).chart;
	const out = new Set<number>();
	for (const { signals } of panels)
		for (const { index } of signals) if (points.baseline(index - 1)) out.add(index);
	if (out.size === 0) return undefined;
	const shown = [...out].sort((a, b) => a - b);
	const more = shown.length > 5 ? ` and ${shown.length - 5} more` : "";
	return `the baseline is not in control: signals at ${shown.slice(0, 5).join(", ")}${more}`;
}
