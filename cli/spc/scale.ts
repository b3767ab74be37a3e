import { type Limit, limitAt, type Panel } from "../../collector/spc/chart.ts";
import { isThere } from "../../collector/spc/numerics/column.ts";

/** From the least to the greatest of what a panel shows, with a little room. */
export interface Scale {
	readonly low: number;
	readonly high: number;
}

/** @param more further numbers that have to be seen, such as values that are not plotted */
export function scaleOf(panel: Panel, more: readonly number[]): Scale {
	let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
	const take = (value: number) => {
		if (!Number.isFinite(value)) return;
		if (value < low) low = value;
		if (value > high) high = value;
	};
	const { statistic, lower, upper, center } = panel;
	for (let index = 0; index < statistic.length; index++) {
		take(statistic[index] as number);
		if (typeof lower !== "number") take(lower[index] as number);
		if (typeof upper !== "number") take(upper[index] as number);
	}
	for (const limit of [lower, upper, center]) if (typeof limit === "number") take(limit);
	for (const value of more) take(value);
	if (low > high) return { low: -1, high: 1 };
	const room = high > low ? (high - low) * 0.08 : Math.max(Math.abs(low) * 0.1, 1e-9);
	return { low: low - room, high: high + room };
}

/** Points that share a place in a picture: the least and the greatest of them, and what is in between. */
export interface Bucket {
	/** From 0, the last one not included. */
	readonly from: number;
	readonly to: number;
	readonly low: number;
	readonly high: number;
	readonly signal: boolean;
	readonly lower: number;
	readonly upper: number;
	readonly center: number;
}

/** At most so many buckets, each of equally many points; NaN where none of them is plotted. */
export function buckets(panel: Panel, most: number): Bucket[] {
	const { statistic, signals } = panel;
	const count = Math.min(most, statistic.length);
	const signalled = new Uint8Array(statistic.length);
	for (const { index } of signals) signalled[index - 1] = 1;
	return Array.from({ length: count }, (_, place) => {
		const from = Math.floor((place * statistic.length) / count);
		const to = Math.floor(((place + 1) * statistic.length) / count);
		let [low, high, signal] = [Number.NaN, Number.NaN, false];
		for (let index = from; index < to; index++) {
			const value = statistic[index] as number;
			if (!isThere(value)) continue;
			if (!(low <= value)) low = value;
			if (!(high >= value)) high = value;
			if (signalled[index] === 1) signal = true;
		}
		const at = (limit: Limit) => limitAt(limit, from);
		const edges = { lower: at(panel.lower), upper: at(panel.upper), center: at(panel.center) };
		return { from, to, low, high, signal, ...edges };
	});
}

/** Round numbers within a scale, at most so many. */
export function ticks({ low, high }: Scale, most: number): number[] {
	const raw = (high - low) / Math.max(1, most);
	const power = 10 ** Math.floor(Math.log10(raw));
	const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= raw) ?? raw;
	if (!(step > 0) || !Number.isFinite(step)) return [];
	const found: number[] = [];
	for (let tick = Math.ceil(low / step); tick * step <= high && found.length < most + 2; tick++)
		found.push(Number((tick * step).toPrecision(12)));
	return found;
}
