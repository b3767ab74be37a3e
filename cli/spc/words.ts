import type { Index } from "../../collector/spc/capability.ts";
import { lockedPoints } from "../../collector/spc/chart.ts";
import type { Analysis } from "./analyse.ts";

/** Chart names for people. */
export const titles: Readonly<Record<Analysis["chart"]["chart"], string>> = {
	imr: "Individuals and moving ranges (I-MR)",
	"xbar-r": "Means and ranges (X̄-R)",
	"xbar-s": "Means and standard deviations (X̄-S)",
	"between-within": "Between and within (I-MR-R/S)",
	individuals: "Individuals, mean and sigma known",
	ewma: "Exponentially weighted moving average (EWMA)",
	cusum: "Cumulative sums (CUSUM)",
	c: "Counts (c)",
	t2: "Hotelling's T²",
	q: "Q statistics, self-starting",
};

/** How many decimals show a hundredth of sigma; enough digits, and not more. */
export function decimalsFor(sigma: number): number {
	if (!(sigma > 0) || !Number.isFinite(sigma)) return 4;
	return Math.min(12, Math.max(0, 2 - Math.floor(Math.log10(sigma))));
}

/** A number with fixed decimals, or in powers of ten where that would be unreadable; empty for none. */
export function numberText(value: number | undefined, decimals: number): string {
	if (value === undefined || !Number.isFinite(value)) return "";
	const far = Math.abs(value) >= 1e9 || (decimals >= 12 && value !== 0);
	if (far) return value.toExponential(4);
	const text = value.toFixed(decimals);
	return /^-0\.?0*$/.test(text) ? text.slice(1) : text;
}

/** What the limits stand on, in words. */
export function basisText({ chart, options, points }: Analysis): string {
	const { baseline } = options;
	if (chart.n === 0) return `${points.count} points; mean and sigma given`;
	const from =
		baseline === undefined
			? "all points"
			: `baseline ${baseline.map(({ from, to }) => (from === to ? from : `${from}–${to}`)).join(", ")}`;
	const left = points.excluded.size === 0 ? "" : `, ${points.excluded.size} excluded`;
	return `${points.count} points; limits from ${from}, n = ${chart.n}${left}`;
}

/** How often this cries wolf. */
export function falseAlarmText({ falseAlarms, estimatedAlarm, options }: Analysis): string {
	const { runLength, by } = falseAlarms;
	if (runLength === undefined)
		return options.silent ? "no rules" : "no false alarm in 3 million points in control";
	const about = by === "exact" ? "" : "about ";
	const known = `a false alarm every ${about}${runLength < 100 ? runLength.toFixed(1) : runLength.toFixed(0)} points in control`;
	if (estimatedAlarm === undefined || estimatedAlarm < 0.0035) return known;
	const times = estimatedAlarm / 0.0027;
	return `${known} were the limits known; from so few points beyond three sigmas ${times < 2 ? times.toFixed(1) : times.toFixed(0)} times as often`;
}

/** The badge of few points. */
export function provisionalText({ chart }: Analysis, decimals: number): string | undefined {
	const { provisional } = chart;
	if (provisional === undefined) return undefined;
	const { points, lower, upper } = provisional;
	return `provisional: ${points} points of the ${lockedPoints} wanted; t-limits for the next one ${numberText(lower, decimals)} to ${numberText(upper, decimals)}`;
}

export interface IndexRow {
	readonly name: string;
	readonly value: string;
	/** Undefined for an index that has none. */
	readonly interval: string | undefined;
}

/** The indices that are there, in their order. */
export function indexRows({ capability: report }: Analysis): IndexRow[] {
	if (report === undefined) return [];
	return [report.capability, report.performance].flatMap((found, place) => {
		if (found === undefined) return [];
		const c = place === 0 ? "C" : "P";
		const rows: [string, number | undefined, Index["interval"]][] = [
			[`${c}p`, found.spread?.value, found.spread?.interval],
			[`${c}pl`, found.lower, undefined],
			[`${c}pu`, found.upper, undefined],
			[`${c}pk`, found.worst.value, found.worst.interval],
			[`${c}pm`, found.target, undefined],
		];
		return rows.flatMap(([name, value, interval]) =>
			value === undefined ? [] : [{ name, value: indexText(value), interval: intervalText(interval) }],
		);
	});
}

function indexText(value: number): string {
	return Math.abs(value) < 1e6 ? value.toFixed(3) : value.toExponential(3);
}

function intervalText(interval: Index["interval"]): string | undefined {
	return interval && `${indexText(interval.lower)} to ${indexText(interval.upper)}`;
}

/** Reasons why indices are not there, each once with its indices. */
export function refusalTexts({ capability }: Analysis): string[] {
	const byReason = new Map<string, string[]>();
	for (const [name, reason] of Object.entries(capability?.refused ?? {}))
		byReason.set(reason, [...(byReason.get(reason) ?? []), name[0]?.toUpperCase() + name.slice(1)]);
	return [...byReason].map(([reason, indices]) => `no ${indices.join(", ")}: ${reason}`);
}
