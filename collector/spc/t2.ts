import { type Chart, limitPanel, NoChart } from "./chart.ts";
import {
	type Contribution,
	contributions,
	type HotellingBasis,
	hotellingLimits,
	hotellingStatistics,
	type Observations,
	pointMeans,
} from "./hotelling.ts";
import { keptOnly, nothing } from "./numerics/column.ts";

/** A T² chart also says, for each of its signals, which variables did it. */
export interface HotellingChart extends Chart {
	readonly causes: ReadonlyMap<number, readonly Contribution[]>;
}

/** Signals beyond this many go without their causes. */
const causesMax = 10_000;

/**
 * T² of each point: those of the baseline against limits of phase I, others against limits of phase II. `plotted` leaves out
 * what is excluded.
 */
export function hotellingChart(
	observations: Observations,
	basis: HotellingBasis,
	options: {
		readonly alpha: number;
		readonly baseline: (index: number) => boolean;
		readonly plotted?: (index: number) => boolean;
	},
): HotellingChart {
	const { plotted = () => true, alpha } = options;
	const means = pointMeans(observations);
	const statistic = hotellingStatistics(means, basis);
	const { phase1, phase2 } = hotellingLimits(basis, alpha);
	if (!Number.isFinite(phase2)) throw new NoChart(`expected more points than ${basis.m} for limits of T²`);
	const own = statistic.map((_, index) => (options.baseline(index) ? 1 : 0));
	const upper = own.every((one) => one === 1) ? phase1 : own.map((one) => (one === 1 ? phase1 : phase2));
	const panel = limitPanel("T²", keptOnly(statistic, plotted), { center: nothing, lower: 0, upper });
	const causes = new Map<number, readonly Contribution[]>();
	for (const { index } of panel.signals) {
		if (causes.size >= causesMax) break;
		const point = means.map((column) => column[index - 1] as number);
		causes.set(index, contributions(point, basis));
	}
	return {
		...{ chart: "t2", n: basis.m * basis.n, center: basis.names.length, sigma: 1, value: statistic },
		...{ panels: [panel], provisional: undefined, causes },
	};
}
