import { limitAt, type Panel } from "../../collector/spc/chart.ts";
import { table } from "../table.ts";
import type { Analysis } from "./analyse.ts";
import { buckets, scaleOf } from "./scale.ts";
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

/** Up to so many points all of them are listed, beyond it only those with a signal. */
const listedMax = 50;
const signalsListedMax = 40;
/** Stands for one sign until colours, which have no width, are put in. */
const signalled = "\u0001";
const mainLines = 13;
const spreadLines = 6;

export interface TerminalOptions {
	readonly width: number;
	readonly color: boolean;
}

/** What a person sees: what it stands on, a small chart, the points, signals, capability. */
export function terminalText(analysis: Analysis, file: string, options: TerminalOptions): string {
	const { chart, points } = analysis;
	const decimals = decimalsFor(chart.chart === "t2" ? 1 : chart.sigma);
	const paint = (code: number, text: string) => (options.color ? `\u001b[${code}m${text}\u001b[0m` : text);
	const badge = provisionalText(analysis, decimals);
	const blocks = [
		[
			paint(1, `${titles[chart.chart]}  ${file}`),
			basisText(analysis),
			figures(analysis, decimals),
			...(badge === undefined ? [] : [paint(33, badge)]),
		].join("\n"),
		...chart.panels.map((panel, place) =>
			drawn(analysis, panel, { ...options, lines: place === 0 ? mainLines : spreadLines, main: place === 0 }),
		),
		pointTable(analysis, decimals),
		signalText(analysis, paint),
		capabilityText(analysis),
		[...analysis.notes.map((note) => `note: ${note}`), ...exclusions(points.excluded)].join("\n"),
	];
	return `${blocks.filter((block) => block !== "").join("\n\n")}\n`;
}

function figures({ chart, limits, phaseLimits }: Analysis, decimals: number): string {
	const [main] = chart.panels;
	const text = (value: number) => numberText(value, decimals);
	if (chart.chart === "t2")
		return `upper limit ${text(phaseLimits?.phase1 ?? 0)} in phase I, ${text(phaseLimits?.phase2 ?? 0)} in phase II`;
	const edges =
		limits === undefined
			? "limits by point"
			: `limits ${text(limits.lower)} to ${text(limits.upper)}${typeof main.upper === "number" ? "" : ", narrower at the beginning"}`;
	return `center ${text(chart.center)}, sigma ${numberText(chart.sigma, decimals + 2)}, ${edges}`;
}

/** Points as dots on lines, limits as dashes, the centre as a line; a column holds one point or several. */
function drawn(
	{ chart }: Analysis,
	panel: Panel,
	{ width, color, lines, main }: TerminalOptions & { lines: number; main: boolean },
): string {
	const { provisional } = chart;
	const next = main && provisional !== undefined ? [provisional.lower, provisional.upper] : [];
	const scale = scaleOf(panel, next);
	const decimals = Math.min(12, Math.max(0, 2 - Math.floor(Math.log10((scale.high - scale.low) / 4))));
	const line = (value: number) => Math.round(((scale.high - value) / (scale.high - scale.low)) * (lines - 1));
	const columns = Math.max(10, width - 22);
	const held = buckets(panel, columns);
	// Few points stand apart, so that a trend can be seen.
	const stretch = Math.max(1, Math.min(3, Math.floor(columns / Math.max(1, held.length))));
	const grid = Array.from({ length: lines }, () => new Array<string>(held.length * stretch).fill(" "));
	const put = (at: number, column: number, sign: string) => {
		const row = grid[at];
		if (row !== undefined) row[column] = sign;
	};
	for (const [place, bucket] of held.entries()) {
		for (let column = place * stretch; column < (place + 1) * stretch; column++) {
			if (Number.isFinite(bucket.center)) put(line(bucket.center), column, "─");
			for (const limit of next) put(line(limit), column, "·");
			for (const limit of [bucket.lower, bucket.upper])
				if (Number.isFinite(limit)) put(line(limit), column, "┄");
		}
		const column = place * stretch + Math.floor((stretch - 1) / 2);
		if (Number.isNaN(bucket.low)) continue;
		const one = bucket.to - bucket.from === 1;
		for (let at = line(bucket.high); at <= line(bucket.low); at++)
			put(at, column, one ? (bucket.signal ? signalled : "●") : "│");
		if (one || !bucket.signal) continue;
		if (bucket.high > bucket.upper) put(line(bucket.high), column, signalled);
		if (bucket.low < bucket.lower) put(line(bucket.low), column, signalled);
	}
	const labels = new Map<number, string>();
	const last = panel.statistic.length - 1;
	for (const limit of next) labels.set(line(limit), `t ${numberText(limit, decimals)}`);
	for (const [name, limit] of [
		["LCL", panel.lower],
		["UCL", panel.upper],
		["center", panel.center],
	] as const) {
		const value = limitAt(limit, last);
		if (Number.isFinite(value)) labels.set(line(value), `${name} ${numberText(value, decimals)}`);
	}
	const red = (text: string) => (color ? `\u001b[31m${text}\u001b[0m` : text);
	const body = grid.map((row, at) => {
		const text = row.join("").replaceAll(signalled, red("◆"));
		return `  ${text} ${labels.get(at) ?? ""}`.trimEnd();
	});
	return [`${panel.name}`, ...body].join("\n");
}

function rulesByPoint(panel: Panel, most: number): Map<number, string[]> {
	const rules = new Map<number, string[]>();
	for (const { index, rule } of panel.signals) {
		if (rules.size >= most && !rules.has(index)) break;
		rules.set(index, [...(rules.get(index) ?? []), rule]);
	}
	return rules;
}

function pointTable(analysis: Analysis, decimals: number): string {
	const { chart, points, sums } = analysis;
	const [main] = chart.panels;
	const all = chart.value.length <= listedMax;
	const rules = rulesByPoint(main, all ? listedMax : signalsListedMax);
	const listed = all ? Array.from(chart.value.keys(), (index) => index + 1) : [...rules.keys()];
	const spread = chart.panels[1];
	const text = (value: number | undefined) => numberText(value, decimals);
	const grouped = points.labels !== undefined;
	const plottedApart =
		main.statistic !== chart.value && !["imr", "individuals", "c", "t2"].includes(chart.chart);
	const showStatistic =
		plottedApart && !(grouped && ["xbar-r", "xbar-s", "between-within"].includes(chart.chart));
	const head = [
		...["point", ...(grouped ? ["subgroup"] : [])],
		...(chart.chart === "t2" ? ["T²"] : [grouped ? "mean" : "value"]),
		...(sums !== undefined ? ["high", "low"] : showStatistic ? [main.name] : []),
		...["lower", "upper"],
		...(spread === undefined ? [] : [spread.name]),
		"signals",
	];
	const rows = listed.map((index) => [
		...[index, ...(grouped ? [points.labels?.[index - 1] ?? ""] : [])],
		text(chart.value[index - 1]),
		...(sums !== undefined
			? [text(sums.high[index - 1]), text(sums.low[index - 1])]
			: showStatistic
				? [text(main.statistic[index - 1])]
				: []),
		...[text(limitAt(main.lower, index - 1)), text(limitAt(main.upper, index - 1))],
		...(spread === undefined ? [] : [text(spread.statistic[index - 1])]),
		points.excluded.has(index - 1) ? "excluded" : (rules.get(index) ?? []).join(", "),
	]);
	if (rows.length === 0) return "";
	const padded = alignNumbers(head, rows);
	const left = all ? "" : `\n(only points with a signal are listed, the first ${listed.length})`;
	return `${padded}${left}`;
}

/** Columns of numbers that were made text line up at their right end. */
function alignNumbers(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
	const right = head.map((name) => !["subgroup", "signals"].includes(name));
	const widths = head.map((name, at) => Math.max(name.length, ...rows.map((row) => String(row[at]).length)));
	const pad = (cell: string, at: number) => (right[at] ? cell.padStart(widths[at] ?? 0) : cell);
	return table(
		head.map((name, at) => pad(name, at)),
		rows.map((row) => row.map((cell, at) => pad(String(cell), at))),
	);
}

function signalText(analysis: Analysis, paint: (code: number, text: string) => string): string {
	const { chart, causes, options } = analysis;
	const rules = options.rules.length === 0 ? "" : `rules: ${options.rules.join(", ")}\n`;
	const lines = chart.panels.map((panel, place) => {
		const name = place === 0 ? "" : `${panel.name}: `;
		if (panel.signals.length === 0) return `${name}no signal`;
		const found = [...rulesByPoint(panel, signalsListedMax)].map(([index, names]) => {
			const why = causes?.get(index);
			const by =
				why === undefined
					? ""
					: `: ${why.map((cause) => `${cause.name} ${cause.given.toFixed(1)} (alone ${cause.alone.toFixed(1)})`).join(", ")}`;
			return `${index} ${names.join(", ")}${by}`;
		});
		const count = `${panel.signals.length} signal${panel.signals.length === 1 ? "" : "s"}`;
		const shown = place === 0 && causes === undefined ? "" : `\n  ${found.join("\n  ")}`;
		return paint(31, `${name}${count}`) + shown;
	});
	return `${rules}${falseAlarmText(analysis)}\n${lines.join("\n")}`;
}

function capabilityText(analysis: Analysis): string {
	const { capability, options } = analysis;
	if (capability === undefined) return "";
	const { lower, upper, target } = options.specification;
	const limits = [
		...(lower === undefined ? [] : [`LSL ${lower}`]),
		...(target === undefined ? [] : [`target ${target}`]),
		...(upper === undefined ? [] : [`USL ${upper}`]),
	].join(", ");
	const rows = indexRows(analysis).map(({ name, value, interval }) => [name, value, interval ?? ""]);
	return [
		`${limits}; n = ${capability.n}`,
		...(rows.length === 0 ? [] : [table(["index", "value", "95 % interval"], rows)]),
		...refusalTexts(analysis),
	].join("\n");
}

function exclusions(excluded: ReadonlyMap<number, string>): string[] {
	return [...excluded].slice(0, listedMax).map(([index, reason]) => `excluded ${index + 1}: ${reason}`);
}
