// The trend of one tag: its controls, its answer in words, and the chart.

import { ask } from "./ask.js";
import { byId, element, fill, row, setText } from "./page-elements.js";
import { dateTime, duration, measured, plural, words } from "./page-text.js";
import { TrendChart } from "./trend-chart.js";
import { chooseTrend, linkText, parseLink, periodFor } from "./trend-link.js";

const pointsMax = 2000;
/** A trend that took long is asked for less often. */
const askEveryMs = 2_000;
const restPerWork = 10;

export class Trend {
	#unit = /** @type {HTMLSelectElement} */ (byId("trend-unit"));
	#tag = /** @type {HTMLSelectElement} */ (byId("trend-tag"));
	#reading = byId("trend-reading");
	#chart = new TrendChart(byId("chart"), (text) => setText(this.#reading, text));
	/** @type {any[]} */
	#tags = [];
	/** @type {any[]} */
	#windows = [];
	/** @type {{ plantTimeMs: number, units: any[], violations: any[] }} */
	#now = { plantTimeMs: 0, units: [], violations: [] };
	/** @type {import("./trend-link.js").TrendLink | undefined} */
	#shown;
	#nextMs = 0;
	#running = false;

	constructor() {
		this.#unit.addEventListener("change", () => this.#go({ unit: this.#unit.value, tag: "" }));
		this.#tag.addEventListener("change", () => this.#go({ unit: this.#unit.value, tag: this.#tag.value }));
		for (const input of this.#periods()) input.addEventListener("change", () => this.#go({}));
		// A failure here shows in the next round, which asks again.
		addEventListener("hashchange", () => void this.refresh(true).catch(() => undefined));
	}

	get unit() {
		return this.#shown?.unit ?? "";
	}

	/** The address that shows a unit over the present period. @param {string} unit */
	href(unit) {
		return linkText({ unit, hours: this.#hours() });
	}

	/** The address that shows a violation. @param {any} violation */
	hrefOf({ unit, tag, startedMs }) {
		return linkText({
			unit,
			tag,
			hours: Math.max(this.#hours(), periodFor(this.#now.plantTimeMs - startedMs)),
		});
	}

	/** @param {any[]} tags @param {any[]} windows */
	know(tags, windows) {
		this.#tags = tags;
		this.#windows = windows;
	}

	/** @param {{ plantTimeMs: number, units: any[], violations: any[] }} now */
	follow(now) {
		this.#now = now;
	}

	/** Asks again when it is time, or at once. One question at a time. @param {boolean} [atOnce] */
	async refresh(atOnce = false) {
		const wanted = this.#choose();
		if (wanted === undefined || (!atOnce && performance.now() < this.#nextMs)) return;
		if (this.#running) {
			this.#nextMs = 0;
			return;
		}
		this.#running = true;
		const beganMs = performance.now();
		try {
			const width = Math.round(byId("chart").clientWidth * (devicePixelRatio || 1));
			const points = String(Math.min(pointsMax, Math.max(100, width)));
			const { unit, tag, hours } = wanted;
			const trend = await ask("trend", { unit, tag, hours: String(hours), points });
			if (this.#shown === wanted) this.#show(trend);
			this.#nextMs =
				performance.now() + Math.max(askEveryMs, restPerWork * (performance.now() - beganMs)) - 100;
		} finally {
			this.#running = false;
		}
		if (this.#shown !== wanted) await this.refresh(true);
	}

	/** Takes what is to be shown from the address, and sets the controls to it. */
	#choose() {
		const chosen = chooseTrend(parseLink(location.hash), this.#tags, this.#windows, this.#now);
		if (chosen === undefined) return undefined;
		const before = this.#shown;
		// Without a link the first choice stays, although something else may have become worth a look.
		const kept = before !== undefined && location.hash === "" ? before : chosen;
		if (before === undefined || linkText(before) !== linkText(kept)) this.#shown = kept;
		const { unit, tag, hours } = kept;
		const units = [...new Set(this.#tags.map((each) => each.unit))];
		const tags = [...new Set(this.#tags.filter((each) => each.unit === unit).map((each) => each.tag))];
		fill(this.#unit, units, () => units.map((name) => new Option(name)));
		fill(this.#tag, [unit, tags], () => tags.map((name) => new Option(name)));
		this.#unit.value = unit;
		this.#tag.value = tag;
		for (const input of this.#periods()) input.checked = Number(input.value) === hours;
		return this.#shown;
	}

	/** @param {{ unit?: string, tag?: string }} change */
	#go(change) {
		const { unit, tag } = { ...(this.#shown ?? { unit: "", tag: "" }), ...change };
		location.hash = linkText({ unit, ...(tag ? { tag } : {}), hours: this.#hours() });
	}

	#periods() {
		return /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("input[name=hours]"));
	}

	#hours() {
		return Number([...this.#periods()].find((input) => input.checked)?.value ?? 6);
	}

	/** @param {any} trend */
	#show(trend) {
		setText(byId("trend-summary"), summary(trend));
		const windows = this.#windows.filter(({ unit, tag }) => unit === trend.unit && tag === trend.tag);
		const keys = trendKeys(trend, windows);
		fill(byId("trend-key"), keys, () =>
			keys.map(({ name, text }) => element("li", { class: `key-${name}` }, text)),
		);
		const host = byId("chart");
		if (trend.kind === "number") {
			host.setAttribute("role", "img");
			this.#chart.show(
				trend,
				windows.flatMap(({ low, high }) => [low, high]).filter((limit) => typeof limit === "number"),
			);
			return;
		}
		this.#chart.clear();
		host.setAttribute("role", "group");
		const rows = trend.changes
			.toReversed()
			.map((/** @type {any} */ change) =>
				row(dateTime(change.atMs), measured(change.value), statusText(change.status)),
			);
		const body = element("tbody", {}, ...rows);
		const table = element("div", { class: "changes" }, element("table", {}, body));
		table.tabIndex = 0;
		host.replaceChildren(table);
	}
}

/** @param {number} status */
function statusText(status) {
	const grade = ["Good", "Uncertain", "Bad", "Bad"][status >>> 30];
	return status === 0 ? "Good" : `${grade} 0x${status.toString(16).padStart(8, "0")}`;
}

/** What the chart shows, in words. @param {any} trend */
function summary(trend) {
	const { unit, tag, eu, kind, samples, notGood, gaps, buckets, changes, phases, complete, coveredFromMs } =
		trend;
	const last = kind === "number" ? buckets.last.at(-1) : changes.at(-1)?.value;
	const lastMs = kind === "number" ? buckets.atMs.at(-1) : changes.at(-1)?.atMs;
	const parts = [`${unit} ${tag}: ${plural(samples, "value")}`];
	if (lastMs !== undefined) {
		const verb = kind === "number" ? "last good" : "last change to";
		parts.push(`${verb} ${measured(last)}${eu ? ` ${eu}` : ""} at ${dateTime(lastMs)}`);
	}
	const phase = phases.at(-1);
	if (phase?.value) parts.push(`${phase.value} since ${dateTime(phase.atMs)}`);
	const badMs = total(notGood, trend.toMs);
	if (notGood.length > 0)
		parts.push(`without good value ${duration(badMs)} (${words(notGood.at(-1).reason)})`);
	if (gaps.length > 0) parts.push(`${plural(gaps.length, "gap")} (${words(gaps[0].cause)})`);
	if (!complete) parts.push(`too many values: shown only from ${dateTime(coveredFromMs)}`);
	return `${parts.join("; ")}.`;
}

/** @param {any[]} stretches @param {number} endMs */
function total(stretches, endMs) {
	return stretches.reduce((sum, { fromMs, toMs }) => sum + ((toMs ?? endMs) - fromMs), 0);
}

/** What the marks mean, only those that are there. @param {any} trend @param {any[]} windows the tag's */
function trendKeys(trend, windows) {
	const { kind, bands, occurrences, notGood, gaps, eu } = trend;
	if (kind !== "number") return [{ name: "text", text: "Changes, the newest first" }];
	const keys = [{ name: "line", text: "value; grey around it: lowest and highest" }];
	const limits = new Map(bands.map((/** @type {any} */ band) => [band.window, bandText(band, eu)]));
	for (const text of limits.values()) keys.push({ name: "band", text });
	for (const window of windows) {
		if (!limits.has(window.id))
			keys.push({ name: "text", text: `window ${window.id} does not apply in this period` });
	}
	if (occurrences.length > 0) keys.push({ name: "violation", text: plural(occurrences.length, "violation") });
	if (notGood.length > 0) keys.push({ name: "bad", text: "no good value" });
	if (gaps.length > 0) keys.push({ name: "gap", text: "gap in the data" });
	return keys;
}

/** @param {any} band @param {string | undefined} eu */
function bandText({ window, low, high }, eu) {
	const unit = eu ? ` ${eu}` : "";
	const limits =
		low === undefined
			? `at most ${measured(high)}${unit}`
			: high === undefined
				? `at least ${measured(low)}${unit}`
				: `${measured(low)} to ${measured(high)}${unit}`;
	return `window ${window}: ${limits}, where it applies`;
}
