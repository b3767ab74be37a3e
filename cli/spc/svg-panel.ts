import { type Limit, limitAt, type Panel } from "../../collector/spc/chart.ts";
import { isThere } from "../../collector/spc/numerics/column.ts";
import type { Analysis } from "./analyse.ts";
import { type Bucket, buckets, scaleOf, ticks } from "./scale.ts";
import { numberText } from "./words.ts";

/** Of the picture, and where plots begin and end in it. */
export const width = 960;
export const left = 76;
const right = 132;
const plotWidth = width - left - right;
/** Beyond so many points neighbours share a place, drawn from their least to their greatest. */
const placesMax = 900;
/** Up to so many points each one has a dot; signals always have. */
const dotsMax = 220;
const labelledSignalsMax = 60;

/** One panel of the picture, as elements of an SVG document. */
export function svgPanel(
	analysis: Analysis,
	panel: Panel,
	{ top, height, main }: { top: number; height: number; main: boolean },
): string {
	const { chart, points, options } = analysis;
	const { provisional } = chart;
	const count = panel.statistic.length;
	const outliers = main && ["imr", "individuals", "c"].includes(chart.chart);
	const hidden = outliers ? [...points.excluded.keys()].map((index) => chart.value[index] as number) : [];
	const next = main && provisional !== undefined ? [provisional.lower, provisional.upper] : [];
	const scale = scaleOf(panel, [...hidden, ...next]);
	const y = (value: number) => round(top + ((scale.high - value) / (scale.high - scale.low)) * height);
	const x = (index: number) => round(left + ((index + 0.5) / count) * plotWidth);
	const out: string[] = [];
	const marks = ticks(scale, main ? 7 : 3);
	const step = marks.length > 1 ? (marks[1] as number) - (marks[0] as number) : 1;
	const decimals = Math.max(0, Math.min(12, Math.ceil(-Math.log10(step) - 1e-9)));
	if (
		main &&
		typeof panel.lower === "number" &&
		typeof panel.upper === "number" &&
		Number.isFinite(panel.lower)
	)
		out.push(
			`<rect class="zone" x="${left}" y="${y(panel.upper)}" width="${plotWidth}" height="${round(y(panel.lower) - y(panel.upper))}"/>`,
		);
	for (const mark of marks) {
		out.push(`<path class="grid" d="M${left} ${y(mark)}H${left + plotWidth}"/>`);
		out.push(
			`<text class="small" x="${left - 8}" y="${y(mark) + 4}" text-anchor="end">${numberText(mark, decimals)}</text>`,
		);
	}
	out.push(`<rect class="frame" x="${left}" y="${top}" width="${plotWidth}" height="${height}"/>`);
	out.push(`<text x="${left}" y="${top - 7}">${escaped(panelTitle(analysis, panel, main))}</text>`);
	for (const index of everyTick(count))
		out.push(
			`<text class="small" x="${x(index - 1)}" y="${top + height + 16}" text-anchor="middle">${index}</text>`,
		);
	for (const { edge, starts } of boundaries(options.baseline, count)) {
		const at = round(left + (edge / count) * plotWidth);
		out.push(`<path class="phase" d="M${at} ${top}V${top + height}"/>`);
		const [begins, anchor] = starts ? ["baseline →", "start"] : ["← baseline", "end"];
		if (main)
			out.push(
				`<text class="small" x="${at + (starts ? 4 : -4)}" y="${top + 14}" text-anchor="${anchor}">${begins}</text>`,
			);
	}
	// A crowd of points would hide its limits.
	const crowded = count > placesMax;
	if (crowded) out.push(...series(panel, x, y));
	for (const [name, limit] of [
		["center", panel.center],
		["limit", panel.lower],
		["limit", panel.upper],
	] as const) {
		// Nothing is below nothing: the floor of a spread is no limit.
		const floor = limit === panel.lower && limit === 0 && panel.center !== 0;
		if (!floor) out.push(`<path class="${name}" d="${limitPath(limit, count, y)}"/>`);
	}
	for (const value of next) out.push(`<path class="t" d="M${left} ${y(value)}H${left + plotWidth}"/>`);
	out.push(...edgeLabels(panel, next, decimals + 2, y));
	if (!crowded) out.push(...series(panel, x, y));
	for (const [index, reason] of points.excluded) {
		const value = chart.value[index] as number;
		if (!outliers || !isThere(value)) continue;
		const hint = escaped(`${index + 1}: excluded, ${reason}`);
		out.push(
			`<circle class="excluded" cx="${x(index)}" cy="${y(value)}" r="3.5"><title>${hint}</title></circle>`,
		);
	}
	return out.join("\n");
}

/** The line through the points, broken where one is missing; dots while there is room, and red ones for signals. */
function series(panel: Panel, x: (index: number) => number, y: (value: number) => number): string[] {
	const { statistic } = panel;
	const held = buckets(panel, placesMax);
	const single = held.length === statistic.length;
	let path = "";
	let pen = false;
	for (const { from, to, low, high } of held) {
		if (Number.isNaN(low)) {
			pen = false;
			continue;
		}
		const at = x((from + to - 1) / 2);
		path += single
			? `${pen ? "L" : "M"}${at} ${y(low)}`
			: `${pen ? "L" : "M"}${at} ${y(high)}L${at} ${y(low)}`;
		pen = true;
	}
	const out = [`<path class="line" d="${path}"/>`];
	if (single && statistic.length <= dotsMax)
		for (const [index, value] of statistic.entries())
			if (isThere(value)) out.push(`<circle class="dot" cx="${x(index)}" cy="${y(value)}" r="2.6"/>`);
	if (!single) return [...out, ...beyondLimits(held, x, y)];
	const rules = new Map<number, string[]>();
	for (const { index, rule } of panel.signals) rules.set(index, [...(rules.get(index) ?? []), rule]);
	for (const [index, names] of rules) {
		const value = statistic[index - 1] as number;
		const hint = escaped(`${index}: ${names.join(", ")}`);
		out.push(
			`<circle class="signal" cx="${x(index - 1)}" cy="${y(value)}" r="4.5"><title>${hint}</title></circle>`,
		);
		if (rules.size > labelledSignalsMax) continue;
		const above = !(value < limitAt(panel.center, index - 1));
		out.push(
			`<text class="small red" x="${x(index - 1)}" y="${y(value) + (above ? -8 : 16)}" text-anchor="middle">${index}</text>`,
		);
	}
	return out;
}

/** Where many points share a place, only how far they are beyond the limits can be shown. */
function beyondLimits(
	held: readonly Bucket[],
	x: (index: number) => number,
	y: (value: number) => number,
): string[] {
	return held.flatMap(({ from, to, low, high, lower, upper, signal }) =>
		signal
			? [...(high > upper ? [high] : []), ...(low < lower ? [low] : [])].map(
					(value) => `<circle class="beyond" cx="${x((from + to - 1) / 2)}" cy="${y(value)}" r="2"/>`,
				)
			: [],
	);
}

function limitPath(limit: Limit, count: number, y: (value: number) => number): string {
	if (typeof limit === "number")
		return Number.isFinite(limit) ? `M${left} ${y(limit)}H${left + plotWidth}` : "";
	let path = "";
	let before = Number.NaN;
	const stepped = Math.max(1, Math.ceil(count / placesMax));
	for (let index = 0; index < count; index += stepped) {
		const value = limit[index] as number;
		if (!isThere(value)) continue;
		const from = round(left + (index / count) * plotWidth);
		const to = round(left + (Math.min(count, index + stepped) / count) * plotWidth);
		path += `${isThere(before) ? "L" : "M"}${from} ${y(value)}H${to}`;
		before = value;
	}
	return path;
}

/** What the lines are, at the right end; kept apart where they are close. */
function edgeLabels(
	panel: Panel,
	next: readonly number[],
	decimals: number,
	y: (value: number) => number,
): string[] {
	const last = panel.statistic.length - 1;
	const labels = [
		{ text: "UCL", value: limitAt(panel.upper, last), color: "red" },
		{ text: "CL", value: limitAt(panel.center, last), color: "green" },
		{ text: "LCL", value: limitAt(panel.lower, last), color: "red" },
		...next.map((value) => ({ text: "t", value, color: "amber" })),
	]
		.filter(({ value, text }) => Number.isFinite(value) && (text !== "LCL" || value !== 0))
		.sort((a, b) => b.value - a.value);
	let lowest = Number.NEGATIVE_INFINITY;
	return labels.map(({ text, value, color }) => {
		const at = Math.max(y(value) + 4, lowest + 13);
		lowest = at;
		return `<text class="${color}" x="${left + plotWidth + 8}" y="${at}">${text} ${numberText(value, decimals)}</text>`;
	});
}

function panelTitle({ points, options }: Analysis, panel: Panel, main: boolean): string {
	const of = main && options.chart !== "t2" ? ` of ${points.observations.names[0]}` : "";
	return `${panel.name}${of}`;
}

function everyTick(count: number): number[] {
	// A label of a million is wider than one of ten.
	const most = Math.min(20, plotWidth / (String(count).length * 8 + 16));
	const step = [1, 2, 5, 10]
		.flatMap((factor) => [0, 1, 2, 3, 4, 5, 6].map((power) => factor * 10 ** power))
		.sort((a, b) => a - b)
		.find((size) => count / size <= most) as number;
	const found = Array.from({ length: Math.floor(count / step) }, (_, index) => (index + 1) * step);
	return step === 1 ? found : [1, ...found.filter((tick) => tick > 2)];
}

/** Where parts of the baseline begin and end, between two points. */
function boundaries(
	baseline: Analysis["options"]["baseline"],
	count: number,
): { edge: number; starts: boolean }[] {
	return (baseline ?? [])
		.flatMap(({ from, to }) => [
			{ edge: from - 1, starts: true },
			{ edge: to, starts: false },
		])
		.filter(({ edge }) => edge > 0 && edge < count);
}

function round(value: number): number {
	return Math.round(value * 10) / 10;
}

/** Text that an XML document may hold: what has no place in one, as control characters, becomes a blank. */
export function escaped(text: string): string {
	return Array.from(text, (sign) => (sign < " " || sign === "\uFFFE" || sign === "\uFFFF" ? " " : sign))
		.join("")
		.replaceAll("&", "&amp;")
		.replaceAll("<", "&lt;")
		.replaceAll(">", "&gt;")
		.replaceAll('"', "&quot;");
}
