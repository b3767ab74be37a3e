import { type Limit, limitAt, type Panel } from "../../collector/spc/chart.ts";
import { isThere } from "../../collector/spc/numerics/column.ts";
import type { Analysis } from "./analyse.ts";
import { type Bucket, buckets, scaleOf, ticks } from "./scale.ts";
import {
	basisText,
	decimalsFor,
	falseAlarmText,
	indexRows,
	numberText,
	provisionalText,
	refusalTexts,
	titles,
} from "./words.ts";

const width = 960;
const [left, right] = [76, 132];
const plotWidth = width - left - right;
const [mainHeight, spreadHeight, gap] = [280, 120, 46];
/** Beyond so many points neighbours share a place, drawn from their least to their greatest. */
const placesMax = 900;
/** Up to so many points each one has a dot; signals always have. */
const dotsMax = 220;
const labelledSignalsMax = 60;
const causesShownMax = 8;

const style = `text{font-family:system-ui,"Segoe UI","DejaVu Sans",sans-serif;font-size:12px;fill:#1f2933}
.title{font-size:18px;font-weight:600}.small{font-size:11px;fill:#52606d}.badge{font-weight:600;fill:#7a4b00}
.center{stroke:#3e7a4e;stroke-width:1.2}.limit{stroke:#b42318;stroke-width:1.2;stroke-dasharray:6 4;fill:none}
.t{stroke:#b7791f;stroke-width:1.2;stroke-dasharray:2 3}.zone{fill:#eef4f0}.grid{stroke:#e4e7eb}.frame{stroke:#9aa5b1;fill:none}
.line{stroke:#2f6690;stroke-width:1.3;fill:none;stroke-linejoin:round}.dot{fill:#2f6690}.signal{fill:#b42318;stroke:#fff}.beyond{fill:#b42318}
.excluded{fill:#fff;stroke:#7b8794}.phase{stroke:#7b8794;stroke-dasharray:2 4}.red{fill:#b42318}.green{fill:#2b5d39}.amber{fill:#8a5a10}`;

/** The chart as a picture: an SVG document that needs nothing else. */
export function svgText(analysis: Analysis, file: string): string {
	const { chart } = analysis;
	const decimals = decimalsFor(chart.chart === "t2" ? 1 : chart.sigma);
	const badge = provisionalText(analysis, decimals);
	const foot = footLines(analysis);
	const out: string[] = [];
	let y = 30;
	out.push(`<text class="title" x="${left}" y="${y}">${escaped(titles[chart.chart])}</text>`);
	out.push(`<text class="small" x="${width - 16}" y="${y}" text-anchor="end">${escaped(file)}</text>`);
	y += 20;
	for (const line of [basisText(analysis), ...wrapped(falseAlarmText(analysis))]) {
		out.push(`<text class="small" x="${left}" y="${y}">${escaped(line)}</text>`);
		y += 16;
	}
	y -= 16;
	if (badge !== undefined) {
		y += 24;
		out.push(
			`<rect x="${left}" y="${y - 14}" width="${textWidth(badge) + 16}" height="20" rx="4" fill="#fff3d6" stroke="#e0b252"/>`,
		);
		out.push(`<text class="badge" x="${left + 8}" y="${y}">${escaped(badge)}</text>`);
	}
	y += 34;
	for (const [place, panel] of chart.panels.entries()) {
		const height = place === 0 ? mainHeight : spreadHeight;
		out.push(drawn(analysis, panel, { top: y, height, main: place === 0 }));
		y += height + gap;
	}
	for (const line of foot) {
		out.push(`<text x="${left}" y="${y}">${escaped(line)}</text>`);
		y += 18;
	}
	const said = `${titles[chart.chart]} of ${file}: ${basisText(analysis)}; ${chart.panels[0].signals.length} signals`;
	return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y + 4}" width="${width}" height="${y + 4}" role="img" aria-label="${escaped(said)}">
<title>${escaped(said)}</title>
<style>${style}</style>
<rect width="100%" height="100%" fill="#fff"/>
${out.join("\n")}
</svg>
`;
}

function drawn(
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
	out.push(...series(panel, x, y));
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

function footLines(analysis: Analysis): string[] {
	const { options, chart, capability, causes } = analysis;
	const { lower, upper, target } = options.specification;
	const limits = [
		lower === undefined ? "" : `LSL ${lower}`,
		target === undefined ? "" : `target ${target}`,
		upper === undefined ? "" : `USL ${upper}`,
	].filter((text) => text !== "");
	const indices = indexRows(analysis).map(
		({ name, value, interval }) => `${name} ${value}${interval === undefined ? "" : ` (${interval})`}`,
	);
	const rules = options.rules.length === 0 ? [] : [`rules: ${options.rules.join(", ")}`];
	const signals = chart.panels.map(({ name, signals: { length } }) => `${name} ${length}`).join(", ");
	const did = [...(causes ?? [])].slice(0, causesShownMax).flatMap(([index, why]) => {
		const shares = why.map(
			({ name, given, alone }) => `${name} ${given.toFixed(1)} (alone ${alone.toFixed(1)})`,
		);
		return wrapped(`${index}: T² would lose without ${shares.join(", ")}`);
	});
	return [
		...wrapped(`signals: ${signals}`),
		...did,
		...rules.flatMap(wrapped),
		...(capability === undefined
			? []
			: wrapped(`${limits.join(", ")}; n = ${capability.n}; ${indices.join("; ")}`)),
		...refusalTexts(analysis).flatMap(wrapped),
		...analysis.notes.flatMap((note) => wrapped(`note: ${note}`)),
	];
}

function wrapped(text: string): string[] {
	const most = 120;
	const lines: string[] = [];
	let line = "";
	for (const word of text.split(" ")) {
		if (line.length + word.length > most) {
			lines.push(line);
			line = "";
		}
		line += line === "" ? word : ` ${word}`;
	}
	return [...lines, line];
}

function textWidth(text: string): number {
	return Math.round(text.length * 6.6);
}

function round(value: number): number {
	return Math.round(value * 10) / 10;
}

/** Text that an XML document may hold: what has no place in one, as control characters, becomes a blank. */
function escaped(text: string): string {
	return Array.from(text, (sign) => (sign < " " || sign === "\uFFFE" || sign === "\uFFFF" ? " " : sign))
		.join("")
		.replaceAll("&", "&amp;")
		.replaceAll("<", "&lt;")
		.replaceAll(">", "&gt;")
		.replaceAll('"', "&quot;");
}
