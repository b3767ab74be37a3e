// Draws one tag with uPlot. The line is a step, because a value holds until the next; it stops where a value was not
// Good or is missing, and nothing is drawn across.

import { shortTime, time } from "./page-text.js";

/** @typedef {{ atMs: number, min: number | null, max: number | null, last: number | null }} Point */

const dayMs = 86_400_000;
/** Lengths of the axes are for this size of the page's letters. */
const letterPx = 15;

/**
 * The points of the line, with an empty one wherever it must stop.
 * @param {any} trend
 * @returns {Point[]}
 */
function linePoints(trend) {
	const { buckets, before, notGood, gaps, coveredFromMs } = trend;
	/** @type {Point[]} */
	const points = buckets.atMs.map((/** @type {number} */ atMs, /** @type {number} */ index) => ({
		atMs,
		min: buckets.min[index],
		max: buckets.max[index],
		last: buckets.last[index],
	}));
	const held = Number(before?.value ?? Number.NaN);
	if (before !== undefined && before.status >>> 30 === 0 && before.value !== null && Number.isFinite(held)) {
		points.unshift({ atMs: coveredFromMs, min: held, max: held, last: held });
	}
	/** @param {number} atMs */
	const stop = (atMs) =>
		points.push({ atMs: Math.max(atMs, coveredFromMs), min: null, max: null, last: null });
	for (const { fromMs } of notGood) stop(fromMs);
	for (const gap of gaps) {
		if (gap.backfilled) continue;
		stop(gap.fromMs);
		// Also before the first value after it, because a gap's bounds may lie between two values that it parts.
		stop(Math.min(gap.toMs, trend.toMs) - 0.5);
	}
	// An empty point at the time of a value comes after it.
	return points.sort((a, b) => a.atMs - b.atMs || Number(a.last === null) - Number(b.last === null));
}

/**
 * The range of the axis: the values and the tag's limits, so that noise inside a window looks small.
 * @param {number[]} limits
 * @param {Point[]} points
 * @returns {[number, number]}
 */
function axisRange(limits, points) {
	let low = Number.POSITIVE_INFINITY;
	let high = Number.NEGATIVE_INFINITY;
	for (const value of [...limits, ...points.flatMap(({ min, max }) => [min, max])]) {
		if (typeof value !== "number") continue;
		low = Math.min(low, value);
		high = Math.max(high, value);
	}
	if (low > high) return [0, 1];
	const margin = high > low ? (high - low) * 0.08 : Math.max(Math.abs(high) * 0.05, 0.5);
	return [low - margin, high + margin];
}

export class TrendChart {
	/** @type {HTMLElement} */
	#host;
	/** @type {any} */
	#plot;
	/** @type {any} */
	#trend;
	/** @type {number[]} */
	#limits = [];
	/** @type {string} */
	#made = "";
	/** @type {(text: string) => void} */
	#read;

	/** @param {HTMLElement} host @param {(text: string) => void} read told what is under the pointer */
	constructor(host, read) {
		this.#host = host;
		this.#read = read;
		new ResizeObserver(() => this.#plot?.setSize(this.#size())).observe(host);
		matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
			this.#made = "";
			if (this.#trend?.kind === "number") this.show(this.#trend, this.#limits);
		});
	}

	/** @param {any} trend @param {number[]} limits of the tag's windows */
	show(trend, limits) {
		this.#trend = trend;
		this.#limits = limits;
		const points = linePoints(trend);
		const data = [
			points.map(({ atMs }) => atMs / 1000),
			points.map(({ max }) => max),
			points.map(({ min }) => min),
			points.map(({ last }) => last),
		];
		const identity = `${trend.unit}/${trend.tag}/${trend.eu}`;
		if (this.#plot === undefined || this.#made !== identity) {
			this.clear();
			this.#made = identity;
			this.#plot = this.#make(data);
		} else this.#plot.setData(data);
	}

	clear() {
		this.#plot?.destroy();
		this.#plot = undefined;
		this.#made = "";
		this.#host.replaceChildren();
		this.#read("");
	}

	#size() {
		return { width: this.#host.clientWidth, height: this.#host.clientHeight };
	}

	/** @param {unknown[]} data */
	#make(data) {
		const style = getComputedStyle(document.documentElement);
		const colour = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim();
		const { uPlot } = /** @type {any} */ (window);
		const stepped = uPlot.paths.stepped({ align: 1 });
		const scale = Number.parseFloat(style.fontSize) / letterPx;
		const font = `${12 * scale}px ${style.fontFamily}`;
		const axis = {
			font,
			stroke: colour("faint"),
			grid: { stroke: colour("line"), width: 1 },
			ticks: { stroke: colour("line"), width: 1 },
		};
		const edge = { paths: stepped, points: { show: false }, width: 0, stroke: "transparent" };
		const { tag, eu } = this.#trend;
		const options = {
			...this.#size(),
			legend: { show: false },
			cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
			scales: {
				x: { time: true, range: () => [this.#trend.fromMs / 1000, this.#trend.toMs / 1000] },
				y: { range: () => axisRange(this.#limits, linePoints(this.#trend)) },
			},
			axes: [
				{
					...axis,
					space: 70 * scale,
					size: 44 * scale,
					values: (/** @type {any} */ _plot, /** @type {number[]} */ at) => timeLabels(at),
				},
				{
					...axis,
					size: 70 * scale,
					label: eu ? `${tag}, ${eu}` : tag,
					labelFont: font,
					labelSize: 18 * scale,
				},
			],
			series: [
				{},
				edge,
				edge,
				{ paths: stepped, stroke: colour("plot"), width: 1.5, points: { show: false } },
			],
			bands: [{ series: [1, 2], fill: colour("band") }],
			hooks: {
				drawClear: [(/** @type {any} */ plot) => this.#background(plot, colour)],
				setCursor: [(/** @type {any} */ plot) => this.#read(this.#reading(plot))],
			},
		};
		return new uPlot(options, data, this.#host);
	}

	/** What is under the line: windows where they applied, violations, stretches without good values, gaps. */
	#background(/** @type {any} */ plot, /** @type {(name: string) => string} */ colour) {
		const { ctx, bbox } = plot;
		const { bands, occurrences, notGood, gaps, toMs } = this.#trend;
		const scale = devicePixelRatio || 1;
		const x = (/** @type {number} */ ms) => plot.valToPos(ms / 1000, "x", true);
		const y = (/** @type {number} */ value) => plot.valToPos(value, "y", true);
		const end = (/** @type {any} */ stretch) => x(stretch ?? toMs);
		ctx.save();
		ctx.beginPath();
		ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
		ctx.clip();
		for (const { low, high, fromMs, toMs: until } of bands) {
			const top = high === undefined ? bbox.top : y(high);
			const bottom = low === undefined ? bbox.top + bbox.height : y(low);
			ctx.fillStyle = colour("band");
			ctx.fillRect(x(fromMs), top, x(until) - x(fromMs), bottom - top);
			ctx.strokeStyle = colour("limit");
			ctx.lineWidth = scale;
			ctx.setLineDash([5 * scale, 4 * scale]);
			for (const limit of [low, high]) {
				if (limit === undefined) continue;
				ctx.beginPath();
				ctx.moveTo(x(fromMs), y(limit));
				ctx.lineTo(x(until), y(limit));
				ctx.stroke();
			}
			ctx.setLineDash([]);
		}
		for (const { startedMs, clearedMs } of occurrences) {
			const left = x(startedMs);
			const width = Math.max(end(clearedMs) - left, 2 * scale);
			ctx.fillStyle = colour("alarm-soft");
			ctx.fillRect(left, bbox.top, width, bbox.height);
			ctx.fillStyle = colour("alarm");
			ctx.fillRect(left, bbox.top, width, 3 * scale);
		}
		for (const stretch of notGood)
			hatch(ctx, x(stretch.fromMs), end(stretch.toMs), bbox, colour("hatch"), scale);
		for (const gap of gaps) hatch(ctx, x(gap.fromMs), x(gap.toMs), bbox, colour("warn"), scale);
		ctx.restore();
	}

	#reading(/** @type {any} */ plot) {
		const { idx } = plot.cursor;
		if (typeof idx !== "number") return "";
		const [at, max, min, last] = plot.data.map((/** @type {any[]} */ column) => column[idx]);
		const eu = this.#trend.eu ? ` ${this.#trend.eu}` : "";
		const when = `${shortTime(at * 1000).slice(0, 5)} ${time(at * 1000)}`;
		if (last === null || last === undefined) return `${when}: no good value`;
		const spread = min === max ? "" : ` (from ${round(min)} to ${round(max)})`;
		return `${when}: ${round(last)}${eu}${spread}`;
	}
}

/** @param {number} value */
function round(value) {
	return String(Number(value.toPrecision(6)));
}

/** Diagonal lines, so that a stretch is seen without its colour. */
function hatch(
	/** @type {CanvasRenderingContext2D} */ ctx,
	/** @type {number} */ left,
	/** @type {number} */ right,
	/** @type {{ left: number, top: number, width: number, height: number }} */ box,
	/** @type {string} */ colour,
	/** @type {number} */ scale,
) {
	const from = Math.max(left, box.left);
	const to = Math.min(Math.max(right, left + 2 * scale), box.left + box.width);
	if (to <= from) return;
	ctx.save();
	ctx.beginPath();
	ctx.rect(from, box.top, to - from, box.height);
	ctx.clip();
	ctx.strokeStyle = colour;
	ctx.lineWidth = scale;
	ctx.beginPath();
	const step = 7 * scale;
	for (let start = Math.floor((from - box.height) / step) * step; start < to; start += step) {
		ctx.moveTo(start, box.top + box.height);
		ctx.lineTo(start + box.height, box.top);
	}
	ctx.stroke();
	ctx.restore();
}

/** Hours and minutes; the date where a day begins or the first label is. @param {number[]} splits seconds */
function timeLabels(splits) {
	const long = splits.length > 1 && (splits[1] - splits[0]) * 1000 >= dayMs;
	let day = "";
	return splits.map((at) => {
		const [date, clock] = shortTime(at * 1000).split(" ");
		if (long) return date;
		const changed = date !== day;
		day = date;
		return changed ? `${clock}\n${date}` : clock;
	});
}
